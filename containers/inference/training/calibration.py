"""Fitted on validation after training: the temperature, and the risk thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from containers.inference.classifier import Classifier
from containers.inference.training.intervals import most_misses, share_interval
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.scored_texts import ScoredTexts

RISK_CLASS = "Suicidal"
RAISED_SENSITIVITY: Final = 0.96
"""Share of new texts of the risk class that `raised` reaches, in 95 of 100 samples of them."""
HIGH_PRECISION: Final = 0.5
"""Share of the texts from `high` on that are of the risk class: every second alarm at once is one, at the least."""
HIGH_SENSITIVITY: Final = 0.8
"""Share of new texts at risk that `high` reaches in any case, in 95 of 100 samples: this comes before precision."""

_COOLEST, _WARMEST = 0.5, 3.0


class TooLittleToCalibrate(ValueError):
    """Nothing that was held apart is of the risk class: give the trainer collected texts too."""


@dataclass(frozen=True)
class RiskThreshold:
    """A probability of the risk class, what it was chosen for, and what it did on validation."""

    value: float
    aim: str
    """`sensitivity` or `precision`."""
    target: float
    is_promised: bool
    """Whether validation holds enough texts for the target to be reached on new ones in 95 of 100 samples."""
    reached: int
    """Validation texts of the risk class from the threshold on,"""
    positives: int
    """of so many;"""
    flagged: int
    """and texts of any class from it on."""


def fitted_temperature(classifier: Classifier, scored: ScoredTexts) -> float:
    """The divisor of the logits, 0.5 to 3, under which the wanted labels are least surprising.

    Looked for in steps of a quarter, and then in steps of 0.05 around the best: there is one lowest point.
    """
    wanted = [LABELS.index(text.label) for text in scored.texts]

    def surprise(temperature: float) -> float:
        tried = with_temperature(classifier, temperature)
        chosen = scored.probabilities(tried)[np.arange(len(wanted)), wanted]
        return float(-np.log(np.maximum(chosen, 1e-9)).mean())

    coarse = min(_steps(_COOLEST, _WARMEST, 0.25), key=surprise)
    return min(_steps(max(_COOLEST, coarse - 0.2), min(_WARMEST, coarse + 0.2), 0.05), key=surprise)


def _steps(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * number, 2) for number in range(round((high - low) / step) + 1)]


def with_temperature(classifier: Classifier, temperature: float) -> Classifier:
    """The same classifier, calibrated anew."""
    return classifier.described_as(replace(classifier.description, temperature=temperature))


def require_texts_at_risk(is_risk: Sequence[bool]) -> None:
    """Before anything is taught, and again where thresholds are chosen. Raises TooLittleToCalibrate."""
    if not any(is_risk):
        raise TooLittleToCalibrate(f"no validation text is labelled {RISK_CLASS}: no threshold can be chosen")


def risk_thresholds(risk: npt.NDArray[np.float64], is_risk: Sequence[bool]) -> dict[str, RiskThreshold]:
    """`raised` and `high`, to four decimals, from the probabilities of the risk class on validation.

    `raised` is the highest probability that promises its sensitivity for new texts (`intervals.most_misses`). `high`
    is the lowest whose precision has its lower 95 % bound at the target, though never so high that it loses more of the
    texts at risk than HIGH_SENSITIVITY allows, and never below `raised`. Raises TooLittleToCalibrate.
    """
    require_texts_at_risk(is_risk)
    at_risk = np.asarray(is_risk, dtype=bool)
    raised, promised = _sensitive(np.sort(risk[at_risk]))
    high, precise = _precise(risk, at_risk)
    return {
        "raised": _described(raised, "sensitivity", RAISED_SENSITIVITY, promised, risk, at_risk),
        "high": _described(max(raised, high), "precision", HIGH_PRECISION, precise, risk, at_risk),
    }


def _sensitive(ascending: npt.NDArray[np.float64]) -> tuple[float, bool]:
    """The threshold for the sensitivity; with too few texts the lowest of them, which promises nothing."""
    misses = most_misses(len(ascending), RAISED_SENSITIVITY)
    return _floor(ascending[misses or 0]), misses is not None


def _precise(risk: npt.NDArray[np.float64], at_risk: npt.NDArray[np.bool_]) -> tuple[float, bool]:
    order = np.argsort(-risk, kind="stable")
    falling, reached = risk[order], np.cumsum(at_risk[order])
    positives = int(at_risk.sum())
    misses = most_misses(positives, HIGH_SENSITIVITY)
    enough = reached >= positives - (int((1 - HIGH_SENSITIVITY) * positives) if misses is None else misses)
    least = int(np.argmax(enough))
    precise = [
        place
        for place in range(least, len(falling))
        if share_interval(int(reached[place]), place + 1)[0] >= HIGH_PRECISION
    ]
    return _floor(falling[max(precise, default=least)]), bool(precise)


def _described(
    value: float, aim: str, target: float, promised: bool, risk: npt.NDArray[np.float64], at_risk: npt.NDArray[np.bool_]
) -> RiskThreshold:
    flagged = risk >= value
    return RiskThreshold(
        value, aim, target, promised, int((flagged & at_risk).sum()), int(at_risk.sum()), int(flagged.sum())
    )


def _floor(value: float) -> float:
    return float(np.floor(value * 1e4) / 1e4)
