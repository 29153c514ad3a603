"""Whether what patients write still looks like what the model learnt from: one measure at a time, with its chance.

The measure is the population stability index. Times the number of texts it is, where nothing has changed, about a
chi-squared of one degree less than there are kinds; so the index must be large enough to matter, and too large for
chance. Nothing here reads a clock or a database: all of it is given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MATTERS: Final = 0.1
"""By custom of credit scoring, where the index is from: below a tenth nothing changed, from a quarter on much did."""
MATTERS_MUCH: Final = 0.25
FEWEST: Final = 200
"""Of texts; less says nothing."""
SURE: Final = 3.09
"""Standard deviations that chance stays under 999 times of 1,000."""
FLOOR: Final = 0.001
"""What a kind that was never seen counts as, or its logarithm would have no end."""


class Verdict(StrEnum):
    """What a measure came to."""

    STEADY = "steady"
    WATCH = "watch"
    DRIFTED = "drifted"
    TOO_FEW = "too-few"
    NO_REFERENCE = "no-reference"
    """The version does not say what it was trained on."""


@dataclass(frozen=True)
class Comparison:
    """One measure: shares by kind then and now. `index` is None where there is nothing to compare."""

    verdict: Verdict
    index: float | None
    by_chance: float | None
    """What the index stays under by chance alone, 999 times of 1,000."""
    texts: int
    then: dict[str, float]
    now: dict[str, float]


def compare(then: Mapping[str, float], counted: Mapping[str, int]) -> Comparison:
    """Shares of training beside what was counted."""
    texts = sum(counted.values())
    now = {kind: count / texts for kind, count in sorted(counted.items())} if texts else {}
    if not then:
        return Comparison(Verdict.NO_REFERENCE, None, None, texts, {}, now)
    if texts < FEWEST:
        return Comparison(Verdict.TOO_FEW, None, None, texts, dict(then), now)
    kinds = sorted({*then, *now})
    index = stability_index([then.get(kind, 0.0) for kind in kinds], [now.get(kind, 0.0) for kind in kinds])
    by_chance = highest_by_chance(len(kinds) - 1) / texts
    return Comparison(_verdict(index, by_chance), round(index, 4), round(by_chance, 4), texts, dict(then), now)


def stability_index(then: list[float], now: list[float]) -> float:
    """0 where the shares are the same; both lists are in one order."""
    floored = [(max(before, FLOOR), max(after, FLOOR)) for before, after in zip(then, now, strict=True)]
    return sum((after - before) * math.log(after / before) for before, after in floored)


def highest_by_chance(freedom: int) -> float:
    """The 99.9th percentile of chi-squared (Wilson and Hilferty, 1931)."""
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + SURE * math.sqrt(spread)) ** 3


def _verdict(index: float, by_chance: float) -> Verdict:
    if index <= by_chance or index < MATTERS:
        return Verdict.STEADY
    return Verdict.DRIFTED if index >= MATTERS_MUCH else Verdict.WATCH
