"""A text's label and calibrated probabilities: normalised, windowed, scored, combined."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from tokenizers import Tokenizer

from containers.inference.engines import Engine, Logits, OnnxEngine
from containers.inference.model_directory import (
    WEIGHTS,
    EngineName,
    ModelDescription,
    ModelUnusable,
    describe,
    fetched,
)
from containers.inference.normalisation import normalise
from containers.inference.windows import Probabilities, close_ups, combine, window_spans

Window = list[int]
_CALM: Final = "Normal"
"""The class of texts of no distress."""


@dataclass(frozen=True)
class Prediction:
    """What the model thinks of one text."""

    label: str
    """The class of the highest score: the one that the text as a whole is of, see `windows.combine`."""
    confidence: float
    """That score."""
    scores: dict[str, float]
    """Calibrated probability per class, adding up to 1; see `windows.combine` for texts of several windows."""


class Classifier:
    """A verified model with its tokenizer, safe to use from one thread at a time."""

    def __init__(self, description: ModelDescription, tokenizer: Tokenizer, engine: Engine) -> None:
        self.description = description
        self._tokenizer = tokenizer
        self._engine = engine
        self._risk_classes = [description.labels.index(label) for label in description.thresholds]
        self._calm = description.labels.index(_CALM) if _CALM in description.labels else None

    def described_as(self, description: ModelDescription) -> "Classifier":
        """The same network under another description, of another temperature for one."""
        return Classifier(description, self._tokenizer, self._engine)

    def over(self, engine: Engine) -> "Classifier":
        """The same description and tokenizer over another network."""
        return Classifier(self.description, self._tokenizer, engine)

    def windows(self, text: str) -> list[Window]:
        """The text's token ids in windows that the network can read; nothing of the text is left out.

        A text of several windows is read a second time in close-ups, which count for its risk alone: one sentence
        among a hundred everyday words would weigh too little.
        """
        described = self.description
        read = text if described.as_written else normalise(text)
        ids = self._tokenizer.encode(read, add_special_tokens=False).ids
        spans = window_spans(len(ids), described.window_tokens - 2, described.window_overlap)
        if len(spans) > 1:
            spans += close_ups(len(ids), described.window_tokens - 2)
        return [[described.start_id, *ids[start:end], described.end_id] for start, end in spans]

    def logits(self, windows: Sequence[Window]) -> Logits:
        """The engine's rows for these windows."""
        return self._engine.logits(windows)

    def probabilities(self, windows: Sequence[Window], logits: Logits) -> Probabilities:
        """One calibrated distribution for the text whose windows and rows these are."""
        scaled = logits.astype(np.float64) / self.description.temperature
        exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        per_window = exponents / exponents.sum(axis=1, keepdims=True)
        widest = max(map(len, windows))
        weights = [len(window) if len(window) == widest else 0 for window in windows]
        return combine(per_window, weights, self._risk_classes, self._calm)

    def prediction(self, windows: Sequence[Window], logits: Logits) -> Prediction:
        """The answer for the text whose windows and rows these are."""
        probabilities = self.probabilities(windows, logits)
        best = int(probabilities.argmax())
        scores = {label: round(float(p), 6) for label, p in zip(self.description.labels, probabilities, strict=True)}
        label = self.description.labels[best]
        return Prediction(label, scores[label], scores)

    def predict(self, text: str) -> Prediction:
        """Windows, rows and answer in one step, for callers that need no batching."""
        windows = self.windows(text)
        return self.prediction(windows, self.logits(windows))


def load(location: str, threads: int, manifest_sha256: str = "", engine: EngineName = "onnx") -> Classifier:
    """The classifier of a model directory, warmed and self-tested; raises ModelUnusable."""
    with fetched(location, manifest_sha256, engine) as directory:
        description = describe(directory)
        try:
            tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
            network = _engine(engine, directory, threads, description.pad_id)
        except ModelUnusable:
            raise
        except Exception as error:
            raise ModelUnusable(f"{location}: {type(error).__name__} while loading model or tokenizer") from error
    # A tokenizer may come with the truncation that it was trained under; here nothing of a text is left out.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    classifier = Classifier(description, tokenizer, network)
    _pass_self_test(classifier, location)
    return classifier


def _engine(name: EngineName, directory: Path, threads: int, pad_id: int) -> Engine:
    if name == "onnx":
        return OnnxEngine(directory / WEIGHTS["onnx"], threads, pad_id)
    try:
        from containers.inference.torch_engine import TorchEngine
    except ImportError as error:
        raise ModelUnusable(f"INFERENCE_ENGINE=torch: {error.name} is not installed") from error
    return TorchEngine(directory, threads, pad_id)


def _pass_self_test(classifier: Classifier, location: str) -> None:
    """Runs the model on its own self-test sentences, which warms it too."""
    for number, (text, expected) in enumerate(classifier.description.self_test, start=1):
        label = classifier.predict(text).label
        if label != expected:
            raise ModelUnusable(f"{location}: self-test sentence {number} is {label}, expected {expected}")
