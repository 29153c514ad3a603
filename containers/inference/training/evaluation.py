"""The figures of a model on texts that it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.intervals import share_interval
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.windows import Probabilities

RELIABILITY_BINS: Final = 10
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
        return share_interval(self.hits, self.of)


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
class ReliabilityBin:
    """Texts that were judged with about the same confidence, and how often that judgment was right."""

    confidence: float
    """Their mean."""
    right: Share


@dataclass(frozen=True)
class Figures:
    """Everything measured on one set of texts."""

    accuracy: Share
    macro_f1: float
    calibration_error: float
    classes: Mapping[str, ClassFigures]
    risk: Mapping[str, RiskFigures]
    confusion: npt.NDArray[np.int64]
    """Texts by class (rows) and by what was said of them (columns), both in the order of LABELS."""
    reliability: Sequence[ReliabilityBin]
    """Equal bins of confidence that hold a text, rising."""


def measure(texts: Sequence[LabelledText], found: Probabilities, thresholds: Mapping[str, float]) -> Figures:
    """Figures of the probabilities against the texts' labels; macro-F1 is over the classes that the texts hold."""
    wanted, chosen = np.array([LABELS.index(text.label) for text in texts]), found.argmax(axis=1)
    classes = {
        label: _against_rest(wanted == index, chosen == index)
        for index, label in enumerate(LABELS)
        if (wanted == index).any()
    }
    bins = _reliability(found.max(axis=1), wanted == chosen)
    at_risk, risk = wanted == LABELS.index(RISK_CLASS), found[:, LABELS.index(RISK_CLASS)]
    return Figures(
        accuracy=Share(int((wanted == chosen).sum()), len(wanted)),
        macro_f1=sum(figures.f1 for figures in classes.values()) / len(classes),
        calibration_error=sum(abs(one.confidence - one.right.value) * one.right.of for one in bins) / len(wanted),
        classes=classes,
        risk={level: _above(value, risk, at_risk) for level, value in thresholds.items()},
        confusion=np.bincount(wanted * len(LABELS) + chosen, minlength=len(LABELS) ** 2).reshape(len(LABELS), -1),
        reliability=bins,
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
    """Texts that share `kind`, `language` or `length` (in words), by its value; lengths rising."""
    values = [_length(text.text) if attribute == "length" else str(getattr(text, attribute)) for text in texts]
    order = [*LENGTHS, *sorted(set(values) - set(LENGTHS))]
    return {value: [other == value for other in values] for value in order if value in values}


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


def _reliability(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> list[ReliabilityBin]:
    """The bins whose gaps make the expected calibration error (Guo et al., 2017)."""
    bins = np.minimum((confidence * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        ReliabilityBin(float(confidence[within].mean()), Share(int(right[within].sum()), int(within.sum())))
        for within in (bins == number for number in range(RELIABILITY_BINS))
        if within.any()
    ]
