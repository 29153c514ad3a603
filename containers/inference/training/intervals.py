"""How sure a figure is: intervals of shares and of F1, and what a threshold may promise for rows not seen yet."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

SURE: Final = 0.95
_Z: Final = 1.96
_DRAWS: Final = 1_000


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Lower and upper 95 % bound of a share (Wilson, 1927); from 0 to 1 where there was nothing to count."""
    if not of:
        return 0.0, 1.0
    z, n, p = _Z, of, hits / of
    middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


def f1_intervals(confusion: npt.NDArray[np.int64], seed: int) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """95 % intervals of each class's F1 and of their mean over the classes that there are texts of.

    `confusion` counts texts by class (rows) and by what was said (columns). The texts are drawn again 1,000 times
    (Efron, 1979); the same seed gives the same intervals.
    """
    total = int(confusion.sum())
    drawn = np.random.default_rng(seed).multinomial(total, confusion.ravel() / max(1, total), size=_DRAWS)
    each = f1_scores(drawn.reshape(_DRAWS, *confusion.shape))
    present = confusion.sum(axis=1) > 0
    return [_middle(scores) for scores in each.T], _middle(each[:, present].mean(axis=1))


def f1_scores(confusions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """F1 of each class for each of many confusion matrices (the last two axes); 0 for a class that nothing is of."""
    both = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    return np.asarray(2 * np.diagonal(confusions, axis1=-2, axis2=-1) / np.maximum(both, 1), dtype=np.float64)


def most_misses(positives: int, target: float) -> int | None:
    """How many of so many positives a threshold may miss and still reach the target on as many new ones.

    A threshold that is read off a sample flatters itself: at 0.90 there it reaches 0.86 to 0.89 on new rows. If it
    stands at the k-th lowest of n positives, how many of n new ones fall below it follows a beta-binomial law whatever
    the scores are like; this is the largest number missed for which the target is reached in at least 95 of 100 such
    new samples. None where no number will do: there are too few positives to promise anything.
    """
    fitting = [misses for misses in range(positives) if _reaches(misses, positives, target) >= SURE]
    return max(fitting, default=None)


def _reaches(misses: int, of: int, target: float) -> float:
    """The chance that of as many new positives enough reach the threshold that missed these."""
    allowed = math.floor((1 - target) * of + 1e-9)
    if misses > allowed:
        return 0.0
    return math.fsum(_chance(lost, of, misses + 1, of - misses) for lost in range(allowed + 1))


def _chance(lost: int, of: int, a: int, b: int) -> float:
    """Beta-binomial probability of `lost` among `of`."""
    ways = math.lgamma(of + 1) - math.lgamma(lost + 1) - math.lgamma(of - lost + 1)
    return math.exp(ways + _log_beta(lost + a, of - lost + b) - _log_beta(a, b))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _middle(drawn: npt.NDArray[np.float64] | Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
