"""The same network in torch: in bfloat16 on a GPU where there is one, else in float32 on the processor.

Serving imports this, and with it torch and transformers, only where INFERENCE_ENGINE=torch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import transformers

from containers.inference.engines import Logits, padded, runs_of
from containers.inference.torch_network import read_network
from containers.inference.wide_part import with_wide_part

_ON_GPU: Final = (65_536, 1.0)
"""Most tokens of a run and most padding: a GPU is filled by width first."""
_ON_PROCESSOR: Final = (2048, 0.1)


class TorchEngine:
    """`config.json` and `model.safetensors` of a model directory; see `engines.Engine`."""

    def __init__(self, directory: Path, threads: int, pad_id: int, precision: torch.dtype | None = None) -> None:
        """`precision` where it is not to be the one that suits the device."""
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        on_gpu = self._device == "cuda"
        if not on_gpu:
            torch.set_num_threads(threads)
        transformers.logging.disable_progress_bar()  # it is no JSON line
        network = read_network(directory)
        for deep_part in (network.roberta, network.classifier):  # the wide part's counts stay exact
            deep_part.to(precision or (torch.bfloat16 if on_gpu else torch.float32))
        self._network = network.to(self._device).eval()
        self._most_tokens, self._padding = _ON_GPU if on_gpu else _ON_PROCESSOR
        self._pad_id = pad_id

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """See `engines.Engine`."""
        rows = dict[int, Logits]()
        with torch.inference_mode():
            for run in runs_of([len(window) for window in windows], self._most_tokens, self._padding):
                parts = padded([windows[index] for index in run], self._pad_id)
                ids, mask = (torch.from_numpy(part).to(self._device) for part in parts)
                found = with_wide_part(self._network, self._network(ids, mask).logits, ids, mask)
                rows.update(zip(run, found.float().cpu().numpy(), strict=True))
        return np.asarray([rows[index] for index in range(len(windows))], dtype=np.float32)
