"""The figures of a model on texts that it has not seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.windows import Probabilities

_BINS = 15
LENGTHS = {"up to 10 words": (0, 10), "11 to 40": (11, 40), "41 to 110": (41, 110), "over 110": (111, 10**9)}


@dataclass(frozen=True)
class Share:
    """A proportion with its 95 % interval (Wilson, 1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """Between 0 and 1; 0 where there was nothing to count."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.96, self.of, self.value
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


@dataclass(frozen=True)
class ClassFigures:
    """One class against the rest."""

    precision: Share
    recall: Share

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision.value + self.recall.value
        return 2 * self.precision.value * self.recall.value / both if both else 0.0


@dataclass(frozen=True)
class RiskFigures:
    """What happens above one threshold of the risk class."""

    threshold: float
    sensitivity: Share
    predictive_value: Share
    flagged: Share


@dataclass(frozen=True)
class Figures:
    """Everything measured on one set of texts."""

    accuracy: Share
    macro_f1: float
    calibration_error: float
    classes: Mapping[str, ClassFigures]
    risk: Mapping[str, RiskFigures]


def measure(texts: Sequence[LabelledText], found: Probabilities, thresholds: Mapping[str, float]) -> Figures:
    """Figures of the probabilities against the texts' labels; macro-F1 is over the classes that the texts hold."""
    wanted, chosen = np.array([LABELS.index(text.label) for text in texts]), found.argmax(axis=1)
    classes = {
        label: _against_rest(wanted == index, chosen == index)
        for index, label in enumerate(LABELS)
        if (wanted == index).any()
    }
    at_risk, risk = wanted == LABELS.index(RISK_CLASS), found[:, LABELS.index(RISK_CLASS)]
    return Figures(
        accuracy=Share(int((wanted == chosen).sum()), len(wanted)),
        macro_f1=sum(figures.f1 for figures in classes.values()) / len(classes),
        calibration_error=_calibration_error(found.max(axis=1), wanted == chosen),
        classes=classes,
        risk={level: _above(value, risk, at_risk) for level, value in thresholds.items()},
    )


def by_group(
    texts: Sequence[LabelledText],
    found: Probabilities,
    groups: Mapping[str, Sequence[bool]],
    thresholds: Mapping[str, float],
) -> dict[str, Figures]:
    """The figures of each named group that is not empty."""
    return {
        name: measure(
            [text for text, keep in zip(texts, kept, strict=True) if keep], found[np.asarray(kept)], thresholds
        )
        for name, kept in groups.items()
        if any(kept)
    }


def groups_of(texts: Sequence[LabelledText], attribute: str) -> dict[str, list[bool]]:
    """Texts that share `kind`, `language` or `length` (in words), by its value."""
    values = [_length(text.text) if attribute == "length" else str(getattr(text, attribute)) for text in texts]
    return {value: [other == value for other in values] for value in sorted(set(values))}


def _length(text: str) -> str:
    words = text.count(" ") + 1
    return next(name for name, (low, high) in LENGTHS.items() if low <= words <= high)


def _against_rest(wanted: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> ClassFigures:
    hits = int((wanted & chosen).sum())
    return ClassFigures(Share(hits, int(chosen.sum())), Share(hits, int(wanted.sum())))


def _above(value: float, risk: npt.NDArray[np.float64], at_risk: npt.NDArray[np.bool_]) -> RiskFigures:
    flagged = risk >= value
    hits = int((flagged & at_risk).sum())
    return RiskFigures(
        value, Share(hits, int(at_risk.sum())), Share(hits, int(flagged.sum())), Share(int(flagged.sum()), len(risk))
    )


def _calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over equal bins of confidence (Guo et al., 2017)."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(confidence[bins == number].mean() - right[bins == number].mean()) * (bins == number).sum()
        for number in range(_BINS)
        if (bins == number).any()
    ]
    return float(sum(gaps) / len(confidence))
