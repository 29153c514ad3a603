"""`python -m infra.package auth`: a function's archive, the same bytes from the same tree, named by their hash."""

import argparse
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FUNCTIONS: Final = ("auth", "appointments", "messages", "admin", "ml_feedback")
DATA_FILES: Final[dict[str, frozenset[str]]] = {
    "auth": frozenset({"common_passwords.bloom"}),
    "admin": frozenset({"openapi.json"}),
}
"""What a function reads beside its code."""
LOCK: Final = "requirements.txt"

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can tell
_READABLE_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


class StrayFile(Exception):
    """A file that is neither code nor a known data file lies in a folder that is packaged; the message names it."""


@dataclass(frozen=True)
class Archive:
    """A zip file of a function: its own folder at the root, shared/, and its lock as requirements.txt."""

    function: str
    content: bytes

    @property
    def object_name(self) -> str:
        """Where it lies in a bucket: another name exactly where the content is another."""
        return f"{self.function}-{hashlib.sha256(self.content).hexdigest()[:32]}.zip"

    def write_to(self, folder: Path) -> Path:
        """Write it into a folder, which is made where there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.object_name
        path.write_bytes(self.content)
        return path


def package(function: str, root: Path = ROOT) -> Archive:
    """The archive of one of FUNCTIONS from the tree at `root`. Raises StrayFile."""
    own = root / "functions" / function
    files = {str(path.relative_to(own)): path for path in _files(own, DATA_FILES.get(function, frozenset()) | {LOCK})}
    files |= {str(path.relative_to(root)): path for path in _files(root / "shared", frozenset())}
    written = io.BytesIO()
    # Stored rather than compressed: what zlib writes differs between its versions.
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name].read_bytes())
    return Archive(function, written.getvalue())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name.replace("\\", "/"), _LONG_AGO)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE_FILE
    return entry


def _files(folder: Path, data_files: frozenset[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if path.is_dir() or "__pycache__" in within.parts:
            continue
        if path.is_symlink() or (path.suffix != ".py" and str(within) not in data_files):
            raise StrayFile(f"{path}: neither code nor a data file that infra/package.py names")
        yield path


def main(arguments: list[str]) -> int:
    """Write the archives of the functions named and print their paths; 1 where a stray file lies among them."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("functions", nargs="+", choices=FUNCTIONS, metavar="FUNCTION", help=", ".join(FUNCTIONS))
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="folder to write to (dist)")
    given = parser.parse_args(arguments)
    for function in given.functions:
        try:
            archive = package(function)
        except StrayFile as error:
            sys.stderr.write(f"bloom: {error}\n")
            return 1
        sys.stdout.write(f"{archive.write_to(given.into)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
