"""Where models lie, as paths or URLs: brought here to go on from, and kept once they are trained."""

from pathlib import Path
from typing import Final

from containers.inference.model_directory import MANIFEST

_READ_TO_GO_ON: Final = ("config.json", "model.safetensors", "tokenizer.json")


def brought(url: str, folder: Path) -> Path:
    """The directory of a model that training can go on from; a distant one is copied into the folder."""
    if "://" not in url:
        return Path(url)
    import fsspec

    files, root = fsspec.core.url_to_fs(url)
    folder.mkdir()
    for name in _READ_TO_GO_ON:
        files.get_file(f"{root}/{name}", str(folder / name))
    return folder


def brought_file(url: str, folder: Path) -> Path:
    """The same for one file, whose name it keeps."""
    if "://" not in url:
        return Path(url)
    import fsspec

    files, path = fsspec.core.url_to_fs(url)
    local: Path = folder / path.rpartition("/")[2]
    files.get_file(path, str(local))
    return local


def kept(directory: Path, url: str) -> None:
    """Copy a model's directory to where models are kept; its manifest last, so that half a model is none."""
    import fsspec

    files, root = fsspec.core.url_to_fs(url)
    files.makedirs(root, exist_ok=True)
    for path in sorted(directory.iterdir(), key=lambda found: found.name == MANIFEST):
        files.put_file(str(path), f"{root}/{path.name}")
