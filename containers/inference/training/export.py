"""The trained network as `model.onnx` and `model.safetensors`, in the precision that serves it best."""

import hashlib
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data
from safetensors.torch import save_file
from transformers import XLMRobertaForSequenceClassification

from containers.inference.model_directory import WEIGHTS
from containers.inference.packed_weights import SCALE, write_weights
from containers.inference.training.network import class_logits
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID

Precision = Literal["float32", "int8-weights", "int8"]
"""How weights are kept.

`int8-weights` is unpacked to float32 when loaded: a quarter of the size, for a small network, and one file holds the
numbers of both engines. `int8` also computes in int8 and keeps its embeddings packed, which pays for a network of
xlm-roberta-base's size: a quarter of the memory, and half of the time or less. It is run a window at a time, since it
scales activations by the largest of a run.
"""
_OPSET = 17
_LARGE = 4096
"""Elements from which a weight matrix is worth packing."""
_EIGHT_BITS, _SEVEN_BITS = 127, 64
"""The largest packed weight, either way."""


class _Logits(torch.nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    def __init__(self, network: XLMRobertaForSequenceClassification) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        return class_logits(self.network, input_ids, attention_mask)


def export(network: XLMRobertaForSequenceClassification, folder: Path, precision: Precision) -> None:
    """Writes what each engine reads; what was trained further on has its weights in `model.safetensors`."""
    weights = network.state_dict()
    if precision == "int8-weights":
        write_weights({name: weight.numpy() for name, weight in weights.items()}, folder / WEIGHTS["torch"])
    else:
        halves = {name: weight.half() if weight.is_floating_point() else weight for name, weight in weights.items()}
        save_file(
            {name: weight.contiguous() for name, weight in halves.items()},
            str(folder / WEIGHTS["torch"]),
            {"format": "pt"},
        )
    export_onnx(network, folder / WEIGHTS["onnx"], precision)


def export_onnx(network: XLMRobertaForSequenceClassification, path: Path, precision: Precision) -> None:
    """Writes the network with input `input_ids` (windows, tokens) and output `logits`.

    There is an input `attention_mask` too, of the same shape, but for `int8`, whose windows are never padded. Its
    weights lie in a second file beside the first, `.data` after its name: the runtime maps it, and of the embeddings
    only those that texts ask for ever take memory. `int8-weights` finds them in `model.safetensors` beside it.
    """
    model = _traced(network, one_by_one=precision == "int8")
    if precision == "int8-weights":
        _read_from(model, network, path.with_name(WEIGHTS["torch"]))
    elif precision == "int8":
        _pack_tables(model)
        _quantise(model)
        weights = path.with_name(f"{path.name}.data")
        weights.unlink(missing_ok=True)
        convert_model_to_external_data(model, location=weights.name, size_threshold=_LARGE)
    onnx.save(model, str(path))


def _traced(network: XLMRobertaForSequenceClassification, one_by_one: bool) -> onnx.ModelProto:
    exported = _Logits(network).eval()  # the exporter puts it back into the mode that it was in
    ids = torch.tensor([[START_ID, 5, 6, END_ID], [START_ID, 7, END_ID, PAD_ID]])
    inputs, sizes = {"input_ids": ids, "attention_mask": (ids != PAD_ID).long()}, {0: "windows", 1: "tokens"}
    if one_by_one:
        inputs, sizes = {"input_ids": ids[:1]}, {1: "tokens"}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated, its successor needs another package
        torch.onnx.export(
            exported,
            tuple(inputs.values()),
            buffer,
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_axes=dict.fromkeys(inputs, sizes) | ({} if one_by_one else {"logits": {0: "windows"}}),
            opset_version=_OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def _read_from(model: onnx.ModelProto, network: XLMRobertaForSequenceClassification, packed: Path) -> None:
    """Every large weight is read from the file; nodes that the runtime folds away when loading unpack it."""
    places = _places(packed)
    names = dict[bytes, tuple[str, bool]]()
    for name, weight in network.state_dict().items():
        if weight.numel() >= _LARGE:
            names[_content(weight.numpy().T)] = name, True
            names[_content(weight.numpy())] = name, False
    unpacking = []
    for weight in list(model.graph.initializer):
        name, is_turned = names.get(_content(numpy_helper.to_array(weight)), ("", False))
        if not name:
            continue
        model.graph.initializer.remove(weight)
        read = [place for place in (name, f"{name}{SCALE}") if place in places]
        whole = len(read) == 1 and not is_turned
        model.graph.initializer.extend(places[place].tensor(weight.name if whole else place, packed) for place in read)
        if not whole:
            rows = f"{weight.name}.rows" if is_turned else weight.name
            unpacking += _unpacked(rows, *read)
            unpacking += [helper.make_node("Transpose", [rows], [weight.name])] if is_turned else []
    for node in reversed(unpacking):
        model.graph.node.insert(0, node)


def _content(values: npt.NDArray[Any]) -> bytes:
    """What two arrays have in common that hold the same numbers in the same shape."""
    return hashlib.sha256(f"{values.dtype} {values.shape} ".encode() + np.ascontiguousarray(values).tobytes()).digest()


@dataclass(frozen=True)
class _Place:
    """Where an array lies in a file of safetensors."""

    kind: int
    shape: Sequence[int]
    offset: int
    length: int

    def tensor(self, name: str, file: Path) -> onnx.TensorProto:
        """A weight of the graph whose numbers are there."""
        tensor = TensorProto(name=name, data_type=self.kind, dims=self.shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", file.name), ("offset", self.offset), ("length", self.length)):
            tensor.external_data.add(key=key, value=str(value))
        return tensor


_KINDS: Final = {"I8": TensorProto.INT8, "F32": TensorProto.FLOAT, "I32": TensorProto.INT32, "I64": TensorProto.INT64}


def _places(file: Path) -> dict[str, _Place]:
    """What a file of safetensors holds, by name; its header tells (its length in 8 bytes, then JSON)."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
    header.pop("__metadata__", None)
    return {
        name: _Place(_KINDS[told["dtype"]], told["shape"], 8 + length + start, end - start)
        for name, told in header.items()
        for start, end in [told["data_offsets"]]
    }


def _pack_tables(model: onnx.ModelProto) -> None:
    """Every large embedding as int8 with one scale a row; only the rows that are looked up are unpacked."""
    tables = {weight.name: weight for weight in _large_matrices(model)}
    nodes = []
    for node in model.graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None:
            nodes.append(node)
            continue
        _replace_by_packed(model, table, axis=1)
        name, ids, rows = table.name, node.input[1], node.output[0]
        nodes += [
            helper.make_node("Gather", [f"{name}.packed", ids], [f"{rows}.packed"]),
            helper.make_node("Gather", [f"{name}.scale", ids], [f"{rows}.scale"]),
            *_unpacked(rows, f"{rows}.packed", f"{rows}.scale"),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _large_matrices(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [
        weight
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and np.prod(weight.dims) >= _LARGE
    ]


def _replace_by_packed(model: onnx.ModelProto, weight: onnx.TensorProto, axis: int, most: int = _EIGHT_BITS) -> None:
    """The weight as `NAME.packed`, int8 of at most `most`, and `NAME.scale`, one for each line along the axis."""
    values = numpy_helper.to_array(weight)
    scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12) / most
    packed = np.round(values / scale).astype(np.int8)
    model.graph.initializer.remove(weight)
    model.graph.initializer.append(numpy_helper.from_array(packed, f"{weight.name}.packed"))
    model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{weight.name}.scale"))


def _unpacked(output: str, packed: str, scale: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [packed], [f"{output}.float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.float", scale], [output]),
    ]


def _quantise(model: onnx.ModelProto) -> None:
    """Products with large matrices in int8: a scale for each column of the weights, one for the activations of a run.

    Weights take seven of the eight bits: processors without int8 dot products (VNNI) add pairs of products in 16 bits,
    where eight would saturate, and a message's scores would depend on the machine that it met.
    """
    weights = {weight.name: weight for weight in _large_matrices(model)}
    nodes, quantised = list[onnx.NodeProto](), set[str]()
    for node in model.graph.node:
        weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None:
            nodes.append(node)
            continue
        _replace_by_packed(model, weight, axis=0, most=_SEVEN_BITS)
        activations, name, product = node.input[0], weight.name, node.output[0]
        if activations not in quantised:
            quantised.add(activations)
            nodes.append(
                helper.make_node(
                    "DynamicQuantizeLinear", [activations], [f"{activations}.{part}" for part in ("q", "scale", "zero")]
                )
            )
        nodes += [
            helper.make_node(
                "MatMulInteger", [f"{activations}.q", f"{name}.packed", f"{activations}.zero"], [f"{product}.packed"]
            ),
            helper.make_node("Mul", [f"{activations}.scale", f"{name}.scale"], [f"{product}.scale"]),
            *_unpacked(product, f"{product}.packed", f"{product}.scale"),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
