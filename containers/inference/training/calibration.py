"""Fitted on validation after training: the temperature, and the risk thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from containers.inference.classifier import Classifier
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.scored_texts import ScoredTexts

RISK_CLASS = "Suicidal"
SENSITIVITY_TARGETS: Mapping[str, float] = {"raised": 0.95, "high": 0.75}
"""Share of the validation texts of the risk class that must reach each threshold."""
_MARGIN = 0.01
"""Asked for on top, since the thresholds are read off the very texts that they are chosen on."""


def fitted_temperature(classifier: Classifier, scored: ScoredTexts) -> float:
    """The divisor of the logits, 0.5 to 3, under which the wanted labels are least surprising."""
    wanted = [LABELS.index(text.label) for text in scored.texts]

    def surprise(temperature: float) -> float:
        tried = with_temperature(classifier, temperature)
        chosen = scored.probabilities(tried)[np.arange(len(wanted)), wanted]
        return float(-np.log(np.maximum(chosen, 1e-9)).mean())

    return min((round(float(t), 2) for t in np.arange(0.5, 3.0, 0.05)), key=surprise)


def with_temperature(classifier: Classifier, temperature: float) -> Classifier:
    """The same classifier, calibrated anew."""
    return classifier.described_as(replace(classifier.description, temperature=temperature))


def risk_thresholds(risk: npt.NDArray[np.float64], is_risk: Sequence[bool]) -> dict[str, float]:
    """For each target the highest probability, to four decimals, that enough of the texts at risk reach."""
    at_risk = np.sort(risk[np.asarray(is_risk)])
    missed = {level: int((1 - target - _MARGIN) * len(at_risk)) for level, target in SENSITIVITY_TARGETS.items()}
    return {level: float(np.floor(at_risk[count] * 1e4) / 1e4) for level, count in missed.items()}
