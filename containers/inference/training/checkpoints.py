"""Where a training run stands, written so that a killed one goes on as if nothing had happened."""

import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

_FILE: Final = "checkpoint.pt"


@dataclass
class Progress:
    """What a run knows at the end of an epoch, besides its weights and its optimiser."""

    epochs: int = 0
    """Epochs that are over."""
    best: float = -1.0
    """The highest score so far,"""
    best_epoch: int = 0
    """the epoch that reached it,"""
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    """and its weights."""


class Checkpoints:
    """One file in a directory, replaced as a whole after each epoch; without a directory nothing is kept.

    `identity` says what the run is made of (data, sizes, schedule, seed): a checkpoint of another run is left alone.
    """

    def __init__(self, directory: Path | None = None, identity: str = "") -> None:
        self._path = directory / _FILE if directory else None
        self._identity = identity

    def save(
        self, network: torch.nn.Module, optimiser: torch.optim.Optimizer, chance: random.Random, progress: Progress
    ) -> None:
        """Write everything that the next epoch depends on, whole or not at all."""
        if not self._path:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Where this epoch is the best, its weights are the network's own: a large model's take a gigabyte.
        is_best = progress.best_epoch == progress.epochs
        version, internal, gauss = chance.getstate()
        content = {
            "identity": self._identity,
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "chance": [version, list(internal), gauss],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
            "progress": {**vars(progress), **({"best_weights": {}} if is_best else {})},
        }
        unfinished = self._path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)

    def restored(self, network: torch.nn.Module, optimiser: torch.optim.Optimizer, chance: random.Random) -> Progress:
        """Where this very run stood, everything put back as it was; a new beginning where nothing of it was saved."""
        if not self._path or not self._path.exists():
            return Progress()
        saved: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        if saved["identity"] != self._identity:
            return Progress()
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        version, internal, gauss = saved["chance"]
        chance.setstate((version, tuple(internal), gauss))
        torch.set_rng_state(saved["torch"])
        torch.cuda.set_rng_state_all(saved["cuda"])
        progress = Progress(**saved["progress"])
        if progress.epochs and not progress.best_weights:
            progress.best_weights = {name: weight.cpu().clone() for name, weight in network.state_dict().items()}
        return progress
