"""Labelled texts with the network's rows for them, so that calibration need not run it for each temperature."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from containers.inference.classifier import Classifier, Window
from containers.inference.engines import Logits
from containers.inference.training.labelled_texts import LabelledText
from containers.inference.windows import Probabilities

_WINDOWS_A_RUN = 64


@dataclass(frozen=True)
class ScoredTexts:
    """Texts in order, the windows of each, and one row of logits per window over all texts."""

    texts: Sequence[LabelledText]
    windows: Sequence[list[Window]]
    logits: Logits

    def probabilities(self, classifier: Classifier) -> Probabilities:
        """Shape (texts, labels), combined and calibrated as the classifier serves them."""
        counts = np.array([len(windows) for windows in self.windows])
        ends = np.cumsum(counts)
        # Nothing is to be combined for a text of one window, and most have one: all of them in one step.
        found = _calibrated(self.logits[ends - counts], classifier.description.temperature)
        for row in np.flatnonzero(counts > 1).tolist():
            found[row] = classifier.probabilities(self.windows[row], self.logits[ends[row] - counts[row] : ends[row]])
        return found

    def where(self, kept: Sequence[bool]) -> "ScoredTexts":
        """Only the texts that are marked."""
        ends = np.cumsum([len(windows) for windows in self.windows])
        rows = np.split(self.logits, ends[:-1])
        chosen = [index for index, keep in enumerate(kept) if keep]
        return replace(
            self,
            texts=[self.texts[index] for index in chosen],
            windows=[self.windows[index] for index in chosen],
            logits=np.concatenate([rows[index] for index in chosen]),
        )


def _calibrated(logits: Logits, temperature: float) -> Probabilities:
    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def score_texts(classifier: Classifier, texts: Sequence[LabelledText]) -> ScoredTexts:
    """Runs the network over every window of the texts, those of like length together."""
    as_written = classifier.description.as_written
    windows = [classifier.windows((as_written and text.written) or text.text) for text in texts]
    flat = [window for one in windows for window in one]
    order = sorted(range(len(flat)), key=lambda index: len(flat[index]))
    logits = np.zeros((len(flat), len(classifier.description.labels)), dtype=np.float32)
    for start in range(0, len(order), _WINDOWS_A_RUN):
        chosen = order[start : start + _WINDOWS_A_RUN]
        logits[chosen] = classifier.logits([flat[index] for index in chosen])
    return ScoredTexts(texts, windows, logits)
