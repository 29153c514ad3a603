"""The trained network as `model.onnx`, in the precision that serves it best."""

import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import XLMRobertaForSequenceClassification

from containers.inference.training.network import class_logits
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID

Precision = Literal["float32", "int8-weights", "int8"]
"""How weights are kept.

`int8-weights` is unpacked to float32 when loaded: a quarter of the size, and a text's scores do not depend on what
it is batched with. `int8` also computes in int8, which pays for a network of xlm-roberta-base's size only.
"""
_OPSET = 17
_LARGE = 4096
"""Elements from which a weight matrix is worth packing."""


class _Logits(torch.nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    def __init__(self, network: XLMRobertaForSequenceClassification) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return class_logits(self.network, input_ids, attention_mask)


def export_onnx(network: XLMRobertaForSequenceClassification, path: Path, precision: Precision) -> None:
    """Writes the network with inputs `input_ids`, `attention_mask` (windows, tokens) and output `logits`."""
    model = _traced(network)
    if precision == "int8-weights":
        _pack(model)
    onnx.save(model, str(path))
    if precision == "int8":
        _quantise(path)


def _traced(network: XLMRobertaForSequenceClassification) -> onnx.ModelProto:
    network.eval()
    ids = torch.tensor([[START_ID, 5, 6, END_ID], [START_ID, 7, END_ID, PAD_ID]])
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated, its successor needs another package
        torch.onnx.export(
            _Logits(network),
            (ids, (ids != PAD_ID).long()),
            buffer,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={name: {0: "windows", 1: "tokens"} for name in ("input_ids", "attention_mask")}
            | {"logits": {0: "windows"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def _pack(model: onnx.ModelProto) -> None:
    """Every large matrix as int8 with one scale a row, unpacked by nodes that the runtime folds away when loading."""
    unpacking = []
    for weight in list(model.graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.ndim != 2 or values.size < _LARGE:
            continue
        # An embedding is read by row; a matrix multiplied from the right sums over rows, and has its scale per column.
        axis = 1 if values.shape[0] > values.shape[1] * 8 else 0
        scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12) / 127
        packed = np.round(values / scale).astype(np.int8)
        name = weight.name
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(numpy_helper.from_array(packed, f"{name}.packed"))
        model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
        unpacking += [
            helper.make_node("Cast", [f"{name}.packed"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
        ]
    for node in reversed(unpacking):
        model.graph.node.insert(0, node)


def _quantise(path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(path), str(path), weight_type=QuantType.QInt8, per_channel=True)
