"""Where a finished model goes: what lay there stays until the new one is whole and has shown that it serves."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from containers.inference.model_directory import MANIFEST, read_manifest


@contextmanager
def replaced(output: Path) -> Iterator[Path]:
    """A folder to write a model into; where the block ends well, that model takes the place of the one in `output`.

    Where it does not, `output` stays as it was. What lies there beside a model is left alone in any case.
    """
    output.mkdir(parents=True, exist_ok=True)
    # Within, for a move from another file system is a copy, which may end half-way.
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=output) as folder:
        yield Path(folder)
        _take_the_place(Path(folder), output)


def _take_the_place(folder: Path, output: Path) -> None:
    """File by file, the manifest last: killed meanwhile, there is no manifest, and so nothing that serves."""
    new = sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST)
    left = _files_of_model(output) - {path.name for path in new}
    (output / MANIFEST).unlink(missing_ok=True)
    for name in left:
        (output / name).unlink(missing_ok=True)
    for path in new:
        path.replace(output / path.name)


def _files_of_model(directory: Path) -> set[str]:
    """The names in its manifest; none where that cannot be read."""
    try:
        named = read_manifest(directory)["sha256"]
    except (OSError, KeyError, TypeError, ValueError):
        return set()
    return {name for name in named if name == Path(name).name}
