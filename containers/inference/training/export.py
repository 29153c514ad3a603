"""The trained network as `model.onnx`, in the precision that serves it best."""

import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data
from transformers import XLMRobertaForSequenceClassification

from containers.inference.training.network import class_logits
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID

Precision = Literal["float32", "int8-weights", "int8"]
"""How weights are kept.

`int8-weights` is unpacked to float32 when loaded: a quarter of the size, for a small network. `int8` also computes in
int8 and keeps its embeddings packed, which pays for a network of xlm-roberta-base's size: a quarter of the memory,
and half of the time or less. It is run a window at a time, since it scales activations by the largest of a run.
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


def export_onnx(network: XLMRobertaForSequenceClassification, path: Path, precision: Precision) -> None:
    """Writes the network with input `input_ids` (windows, tokens) and output `logits`.

    There is an input `attention_mask` too, of the same shape, but for `int8`, whose windows are never padded. Its
    weights lie in a second file beside the first, `.data` after its name: the runtime maps it, and of the embeddings
    only those that texts ask for ever take memory.
    """
    model = _traced(network, one_by_one=precision == "int8")
    if precision == "int8-weights":
        _pack(model)
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


def _pack(model: onnx.ModelProto) -> None:
    """Every large matrix as int8 with one scale a row, unpacked by nodes that the runtime folds away when loading."""
    unpacking = []
    for weight in _large_matrices(model):
        values = numpy_helper.to_array(weight)
        # An embedding is read by row; a matrix multiplied from the right sums over rows, and has its scale per column.
        axis = 1 if values.shape[0] > values.shape[1] * 8 else 0
        _replace_by_packed(model, weight, axis)
        unpacking += _unpacked(weight.name, f"{weight.name}.packed", f"{weight.name}.scale")
    for node in reversed(unpacking):
        model.graph.node.insert(0, node)


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
