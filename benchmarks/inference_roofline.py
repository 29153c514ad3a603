"""`python -m benchmarks.inference_roofline MODEL.onnx`: what a core can do, and where a run of the network goes."""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SHAPES: Final = ((64, 768, 768), (64, 768, 3072), (64, 3072, 768), (512, 768, 3072), (512, 3072, 768))
"""Products of the network at 64 and at 512 tokens: rows, summed over, columns."""
SECONDS: Final = 0.5
LAYERS, WIDTH, INNER = 12, 768, 3072
KINDS: Final = {
    "products in int8": ("MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
    "scaling activations": ("DynamicQuantizeLinear",),
    "attention": ("MatMul", "FusedMatMul", "Softmax", "Transpose", "Where", "Attention", "MultiHeadAttention"),
    "GELU": ("Gelu", "BiasGelu", "FastGelu", "QuickGelu", "Erf"),
    "layer norms": ("LayerNormalization", "SkipLayerNormalization"),
}


def operations(tokens: int) -> float:
    """Multiplications and additions for a window of so many tokens, in 10⁹: the last layer answers for one alone."""
    layer = 2 * tokens * (4 * WIDTH**2 + 2 * WIDTH * INNER) + 4 * tokens**2 * WIDTH
    last = 2 * tokens * 2 * WIDTH**2 + 2 * (2 * WIDTH**2 + 2 * WIDTH * INNER) + 4 * tokens * WIDTH
    return ((LAYERS - 1) * layer + last) / 1e9


def main(path: Path) -> None:
    """Print, as JSON, the best rate of each precision in 10⁹ operations a second, and how a run's time is spent."""
    rates = {precision: max(_rate(precision, *shape) for shape in SHAPES) for precision in ("float32", "int8")}
    print(json.dumps({"rates": rates, "spent": {tokens: _spent(path, tokens) for tokens in (64, 256)}}))


def _rate(precision: str, rows: int, depth: int, columns: int) -> float:
    chance = np.random.default_rng(1)
    weights: npt.NDArray[Any] = chance.integers(-64, 65, (depth, columns)).astype(np.int8)
    left: npt.NDArray[Any] = chance.integers(0, 256, (rows, depth)).astype(np.uint8)
    operator, of, to = "MatMulInteger", TensorProto.UINT8, TensorProto.INT32
    if precision == "float32":
        weights, left = weights.astype(np.float32), left.astype(np.float32)
        operator, of, to = "MatMul", TensorProto.FLOAT, TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(operator, ["left", "weights"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", of, [rows, depth])],
        [helper.make_tensor_value_info("product", to, [rows, columns])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = _session(model.SerializeToString())
    return 2 * rows * depth * columns / _least(session, {"left": left}) / 1e9


def _spent(path: Path, tokens: int) -> dict[str, float]:
    """Milliseconds of the best run, and the share of each kind of operator in a profiled one."""
    feed = {"input_ids": np.random.default_rng(1).integers(4, 250_000, (1, tokens))}
    least = _least(_session(path), feed)
    with tempfile.TemporaryDirectory() as folder:
        options = _options()
        options.enable_profiling, options.profile_file_prefix = True, f"{folder}/profile"
        session = _session(path, options)
        for _ in range(5):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text())
    shares: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and "op_name" in event.get("args", {}):
            kinds = (kind for kind, names in KINDS.items() if event["args"]["op_name"] in names)
            shares[next(kinds, "the rest")] += event["dur"]
    return {"ms": least * 1000, **{kind: spent / shares.total() for kind, spent in shares.most_common()}}


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return options


def _session(model: Path | bytes, options: Any = None) -> Any:
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options or _options(), providers=["CPUExecutionProvider"])


def _least(session: Any, feed: dict[str, npt.NDArray[Any]]) -> float:
    """Seconds of the core's time that the fastest run takes: what else the machine does can only add."""
    session.run(None, feed)
    least, until = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        started = time.process_time()
        session.run(None, feed)
        least = min(least, time.process_time() - started)
    return least


if __name__ == "__main__":
    main(Path(sys.argv[1]))
