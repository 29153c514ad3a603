"""What turns windows of token ids into scores; ONNX Runtime on the processor is the one that serves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

Logits = npt.NDArray[np.float32]


class Engine(Protocol):
    """A loaded network."""

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """One row of class scores (before softmax) per window, in the order given."""
        ...


class OnnxEngine:
    """`model.onnx` of a model directory: inputs `input_ids` and `attention_mask`, output `logits`."""

    def __init__(self, path: Path, threads: int, pad_id: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # below: the runtime's own notices, which are not JSON lines
        # A thread that spins while it waits for work would take the processor that the requests need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._pad_id = pad_id

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """See `Engine`; shorter windows are padded to the longest and masked."""
        input_ids, attention_mask = padded(windows, self._pad_id)
        (logits,) = self._session.run(["logits"], {"input_ids": input_ids, "attention_mask": attention_mask})
        return np.asarray(logits, dtype=np.float32)


def padded(windows: Sequence[Sequence[int]], pad_id: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids and mask, both of shape (windows, longest window)."""
    longest = max(map(len, windows))
    input_ids = np.full((len(windows), longest), pad_id, dtype=np.int64)
    attention_mask = np.zeros_like(input_ids)
    for row, window in enumerate(windows):
        input_ids[row, : len(window)] = window
        attention_mask[row, : len(window)] = 1
    return input_ids, attention_mask
