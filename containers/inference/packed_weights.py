"""A network's weights in `model.safetensors`, large matrices as int8 with one scale a row: a quarter of the size.

What is read back is what the exported network computes with, so that both engines give a text the same scores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[Any]]
SCALE: Final = ":scale"
"""After a packed weight's name: what its rows are multiplied by."""
_LARGE: Final = 4096
"""Elements from which a matrix is worth packing."""
_MOST: Final = 127


def packed(weights: Weights) -> dict[str, npt.NDArray[Any]]:
    """Every large matrix in two parts, the others as they are."""
    found = dict[str, npt.NDArray[Any]]()
    for name, values in weights.items():
        if values.ndim != 2 or values.size < _LARGE or values.dtype.kind != "f":
            found[name] = np.ascontiguousarray(values)
            continue
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / _MOST
        found[name] = np.round(values / scale).astype(np.int8)
        found[name + SCALE] = scale.astype(np.float32)
    return found


def unpacked(stored: Weights) -> dict[str, npt.NDArray[Any]]:
    """The weights again, in float32; whole numbers stay what they are."""
    found = dict[str, npt.NDArray[Any]]()
    for name, values in stored.items():
        scale = stored.get(name + SCALE)
        if scale is not None:
            found[name] = values.astype(np.float32) * scale
        elif not name.endswith(SCALE):
            found[name] = values.astype(np.float32) if values.dtype.kind == "f" else values
    return found


def read_weights(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The weights of a file, packed or not."""
    from safetensors.numpy import load_file

    return unpacked(load_file(path))


def is_packed(path: Path) -> bool:
    """Whether the file is there and holds packed weights."""
    from safetensors import safe_open

    if not path.is_file():
        return False
    with safe_open(path, framework="numpy") as file:
        return any(name.endswith(SCALE) for name in list(file.keys()))


def write_weights(weights: Weights, path: Path) -> None:
    """Write them packed."""
    from safetensors.numpy import save_file

    save_file(packed(weights), path, metadata={"format": "pt"})
