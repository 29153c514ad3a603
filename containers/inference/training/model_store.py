"""Where models lie, as paths or URLs: brought here to go on from, and kept once they are trained."""

import secrets
import shutil
from pathlib import Path
from typing import Any, Final

from containers.inference.model_directory import MANIFEST, digest, files_read_by, read_manifest

READ_TO_GO_ON: Final = ("config.json", "model.safetensors", "tokenizer.json")
"""Of a model's directory, what training begins with."""
CHECKSUM: Final = "#sha256="
"""Behind a path or URL, before the SHA-256 of what must lie there: of a file, or of a model's manifest."""
KEY_NAME: Final = "holdout.key"
"""Lies beside the models; who may only use those must not read it."""
_KEY_BYTES: Final = 32
_CHECKPOINT: Final = ".pt"


class FileAltered(ValueError):
    """A file is not the one that its checksum names."""


def brought(url: str, folder: Path) -> Path:
    """The directory of a model that training can go on from; a distant one is copied into the folder.

    What serving needs comes too, where the directory has a manifest: then it can also be compared with, and each of
    these files has to be the one that the manifest names. `…#sha256=HEX` pins the manifest. Raises FileAltered.
    """
    place, _, pinned = url.partition(CHECKSUM)
    if "://" in place:
        _copied(place, folder)
    here = folder if "://" in place else Path(place)
    _check(here, pinned)
    return here


def brought_file(url: str, folder: Path) -> Path:
    """The same for one file, whose name it keeps; `…#sha256=HEX` pins its content. Raises FileAltered."""
    place, _, checksum = url.partition(CHECKSUM)
    local = Path(place)
    if "://" in place:
        files, path = _place(place)
        local = folder / path.rpartition("/")[2]
        files.get_file(path, str(local))
    if checksum and digest(local) != checksum.lower():
        raise FileAltered(f"{local.name}: its SHA-256 is {digest(local)}, not the one that is named for it")
    return local


def _copied(url: str, folder: Path) -> None:
    files, root = _place(url)
    folder.mkdir()
    wanted = set(READ_TO_GO_ON)
    if files.exists(f"{root}/{MANIFEST}"):
        files.get_file(f"{root}/{MANIFEST}", str(folder / MANIFEST))
        wanted.update(files_read_by("onnx", read_manifest(folder)))
    for name in sorted(wanted):
        files.get_file(f"{root}/{name}", str(folder / name))


def _check(directory: Path, pinned: str) -> None:
    """A checkpoint as others publish it has no manifest, and then nothing to be held against."""
    has_manifest = (directory / MANIFEST).exists()
    if pinned and not (has_manifest and digest(directory / MANIFEST) == pinned.lower()):
        raise FileAltered(f"{MANIFEST} of the model to go on from is not the one that is named for it")
    if not has_manifest:
        return
    manifest = read_manifest(directory)
    for name in sorted({*READ_TO_GO_ON, *files_read_by("onnx", manifest)}):
        if (directory / name).exists() and digest(directory / name) != manifest["sha256"].get(name):
            raise FileAltered(f"{name} of the model to go on from does not match its checksum in {MANIFEST}")


def kept(directory: Path, url: str) -> None:
    """Copy a model's directory to where models are kept; its manifest last, so that half a model is none.

    What an attempt that was killed meanwhile has copied whole stays: whoever may add objects may not replace any.
    """
    files, root = _place(url)
    files.makedirs(root, exist_ok=True)
    for path in sorted(directory.iterdir(), key=lambda found: found.name == MANIFEST):
        copy = f"{root}/{path.name}"
        if not (files.exists(copy) and files.size(copy) == path.stat().st_size):
            files.put_file(str(path), copy)


def resumed(url: str, folder: Path) -> bool:
    """Bring what an earlier attempt at the same run left behind last; whether there was anything."""
    files, root = _place(url)
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(path for path in _found(files, root) if path.endswith(_CHECKPOINT))
    for path in found[-1:]:
        files.get_file(path, str(folder / path.rpartition("-")[2]))
    return bool(found)


def left_behind(path: Path, url: str) -> None:
    """Keep a checkpoint of a run that goes on for another attempt at it, whole or not at all.

    It goes beside the earlier ones: whoever may add objects to a bucket may not replace or remove any.
    """
    files, root = _place(url)
    files.makedirs(root, exist_ok=True)
    written = f"{root}/{path.stat().st_mtime_ns:020d}-{path.name}"
    with files.transaction, path.open("rb") as own, files.open(written, "wb") as copy:
        shutil.copyfileobj(own, copy)


def cleared(url: str) -> bool:
    """Remove what was left behind; False where that is not allowed here, and is left to the bucket's own rules."""
    files, root = _place(url)
    try:
        if files.exists(root):
            files.rm(root, recursive=True)
    except OSError:
        return False
    return True


def holdout_key(url: str) -> bytes:
    """The secret by which patients are told off to train or to judge; made once and kept beside the models.

    Whoever knew it could tell which corrections are learnt from and which are not, and spoil the first alone.
    """
    files, root = _place(url)
    path = f"{root}/{KEY_NAME}"
    if not files.exists(path):
        files.makedirs(root, exist_ok=True)
        files.pipe_file(path, secrets.token_bytes(_KEY_BYTES))
    return bytes(files.cat_file(path))


def _found(files: Any, root: str) -> list[str]:
    return list(files.find(root)) if files.exists(root) else []


def _place(url: str) -> tuple[Any, str]:
    import fsspec

    files, root = fsspec.core.url_to_fs(url.rstrip("/"))
    return files, root
