"""The manifest of a model directory: what each file's content is, and which of them `model.onnx` reads."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto

from containers.inference.model_directory import MANIFEST, WEIGHTS, digest


def sealed(folder: Path) -> list[Path]:
    """Write the manifest of all that lies in the directory; the files that it covers."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    manifest = {"numbersOfOnnx": _numbers_of(folder), "sha256": {path.name: digest(path) for path in files}}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return files


def network_name(folder: Path) -> str:
    """Twelve digits that change with anything that the exported network computes with."""
    read = [WEIGHTS["onnx"], *_numbers_of(folder)]
    return hashlib.sha256("".join(digest(folder / name) for name in read).encode()).hexdigest()[:12]


def version_digits(folder: Path, decides: Mapping[str, Any]) -> str:
    """Twelve digits that change with anything that an answer follows from.

    That is the network that was exported, and what `bloom.json` says is done before it and after: `decides`.
    """
    content = json.dumps([network_name(folder), decides], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _numbers_of(folder: Path) -> list[str]:
    """The files beside `model.onnx` in which its numbers lie."""
    weights = onnx.load(str(folder / WEIGHTS["onnx"]), load_external_data=False).graph.initializer
    outside = [weight.external_data for weight in weights if weight.data_location == TensorProto.EXTERNAL]
    return sorted({entry.value for entries in outside for entry in entries if entry.key == "location"})
