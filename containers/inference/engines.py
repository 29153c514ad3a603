"""What turns windows of token ids into scores, and which windows share a run of the network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

Logits = npt.NDArray[np.float32]


class Engine(Protocol):
    """A loaded network."""

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """One row of class scores (before softmax) per window, in the order given.

        The windows may be of any lengths and in any order: the engine itself decides which of them share a run.
        """
        ...


class OnnxEngine:
    """`model.onnx` of a model directory: input `input_ids`, output `logits`.

    Without an input `attention_mask` it has to be run a window at a time: there is nothing to tell padding by, and its
    arithmetic looks at the whole of a run, so that a text's scores would move with its company.
    """

    def __init__(self, path: Path, threads: int, pad_id: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # below: the runtime's own notices, which are not JSON lines
        # A thread that spins while it waits for work would take the processor that the requests need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._most_tokens = _MOST_TOKENS if "attention_mask" in self._inputs else 0
        self._pad_id = pad_id

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """See `Engine`."""
        rows = dict[int, Logits]()
        for run in runs_of([len(window) for window in windows], self._most_tokens, _PADDING):
            parts = padded([windows[index] for index in run], self._pad_id)
            given = dict(zip(("input_ids", "attention_mask"), parts, strict=True))
            (found,) = self._session.run(["logits"], {name: given[name] for name in self._inputs})
            rows.update(zip(run, found, strict=True))
        return np.asarray([rows[index] for index in range(len(windows))], dtype=np.float32)


_MOST_TOKENS: Final = 2048
_PADDING: Final = 0.1


def runs_of(lengths: Sequence[int], most_tokens: int, padding: float) -> list[list[int]]:
    """Which windows share a run, as indices into `lengths`, the shortest first.

    A run of several takes at most `most_tokens` tokens, and what pads its shorter windows is at most the share
    `padding` of what they hold: a processor's core gains little by width and loses all that it spends on padding.
    """
    runs: list[list[int]] = []
    held = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        held += lengths[index]
        taken = lengths[index] * (len(runs[-1]) + 1) if runs else 0
        if runs and taken <= min(most_tokens, held * (1 + padding)):
            runs[-1].append(index)
        else:
            runs.append([index])
            held = lengths[index]
    return runs


def padded(windows: Sequence[Sequence[int]], pad_id: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids and mask, both of shape (windows, longest window)."""
    longest = max(map(len, windows))
    input_ids = np.full((len(windows), longest), pad_id, dtype=np.int64)
    attention_mask = np.zeros_like(input_ids)
    for row, window in enumerate(windows):
        input_ids[row, : len(window)] = window
        attention_mask[row, : len(window)] = 1
    return input_ids, attention_mask
