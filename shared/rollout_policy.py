"""How far what is new serves: a share, then more, then all, and back on the first sign of harm.

One rule for a model that is tried (shadow, then 10, 25, 50 and 100 % of patients) and for a release of a function or
container (10 and 50 % of requests). Nothing here reads a clock or a database: all of it is given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STAGES: Final = (0, 10, 25, 50, 100)
"""Percent of patients; at 0 the challenger is asked beside the champion and its answers are only kept."""
ERROR_SHARE: Final = 0.01
SLOWER: Final = 1.5
SLOWER_MS: Final = 50
"""A p99 over half as long again as the champion's, and by this much, is too slow."""
LATENCY_ANSWERS: Final = 100
"""Below so many answers a 99th percentile is only the slowest of them."""
ALERT_CHANGE: Final = 0.3
"""How far the share of flagged messages may differ from the champion's, in parts of it."""
SURE: Final = 3.291
"""Standard deviations that chance stays within 999 times of 1,000: it is looked at every minute, not once."""

UNLIKELY: Final = 0.0005
"""The same for what is counted exactly, on the one side that is a harm."""


@dataclass(frozen=True)
class Patience:
    """What a stage waits for at least before it is judged good."""

    requests: int
    minutes: float


PATIENCE: Final[Mapping[int, Patience]] = {
    0: Patience(1_000, 24 * 60),
    10: Patience(500, 24 * 60),
    25: Patience(1_000, 24 * 60),
    50: Patience(2_000, 24 * 60),
    100: Patience(2_000, 24 * 60),
}


@dataclass(frozen=True)
class Served:
    """What one model did in a stage. `flagged` of its `requests - errors` answers would alert somebody."""

    requests: int = 0
    errors: int = 0
    p99_ms: float = 0.0
    flagged: int = 0
    judged: int = 0
    disagreed: int = 0
    """Of the `judged` answers, those that a therapist said are wrong."""

    @property
    def answers(self) -> int:
        """Requests that were answered."""
        return self.requests - self.errors


class Move(StrEnum):
    """What is to be done."""

    STAY = "stay"
    ADVANCE = "advance"
    ASK = "ask"
    """Everything is good, and two administrators decide on the last step."""
    FINISH = "finish"
    """It served everybody for long enough, and is the model that serves from now on."""
    RETURN = "return"


class Harm(StrEnum):
    """Why a challenger goes back."""

    ERRORS = "errors"
    LATENCY = "latency"
    ALERTS = "alert-rate"
    DISAGREEMENT = "disagreement"


@dataclass(frozen=True)
class Decision:
    """A move with why: harms for a return, what is missing for a stay; `percent` is where it leads."""

    move: Move
    percent: int
    harms: tuple[Harm, ...] = ()
    requests_missing: int = 0
    minutes_missing: float = 0.0


def decide(
    percent: int,
    minutes: float,
    champion: Served,
    challenger: Served,
    patience: Mapping[int, Patience] = PATIENCE,
) -> Decision:
    """What follows from a stage that has lasted so many minutes. Harm is acted on at once, good only after a while."""
    harms = harms_of(champion, challenger)
    if harms:
        return Decision(Move.RETURN, 0, harms)
    wanted = patience[percent]
    requests, left = max(wanted.requests - challenger.requests, 0), max(wanted.minutes - minutes, 0.0)
    if requests or left:
        return Decision(Move.STAY, percent, requests_missing=requests, minutes_missing=left)
    if percent == STAGES[-1]:
        return Decision(Move.FINISH, percent)
    following = STAGES[STAGES.index(percent) + 1]
    return Decision(Move.ASK if following == STAGES[-1] else Move.ADVANCE, following)


def harms_of(champion: Served, challenger: Served) -> tuple[Harm, ...]:
    """Everything in which the challenger does worse than chance explains."""
    found = {
        Harm.ERRORS: _errs(champion, challenger),
        Harm.LATENCY: _is_slow(champion, challenger),
        Harm.ALERTS: _alerts_otherwise(champion, challenger),
        Harm.DISAGREEMENT: _is_contradicted(champion, challenger),
    }
    return tuple(harm for harm, holds in found.items() if holds)


def _errs(champion: Served, challenger: Served) -> bool:
    """More than one in a hundred, surely, and surely more than the champion: what both cannot do is no one's fault."""
    allowed = max(ERROR_SHARE, _share(champion.errors, champion.requests))
    return chance_of(challenger.errors, challenger.requests, allowed) < UNLIKELY


def _is_slow(champion: Served, challenger: Served) -> bool:
    if min(champion.answers, challenger.answers) < LATENCY_ANSWERS:
        return False
    return challenger.p99_ms > max(SLOWER * champion.p99_ms, champion.p99_ms + SLOWER_MS)


def _alerts_otherwise(champion: Served, challenger: Served) -> bool:
    """Too few alerts are as much a harm as too many: they are people nobody looks at."""
    before, after = _share(champion.flagged, champion.answers), _share(challenger.flagged, challenger.answers)
    if abs(after - before) <= ALERT_CHANGE * before:
        return False
    return _differ(champion.flagged, champion.answers, challenger.flagged, challenger.answers)


def _is_contradicted(champion: Served, challenger: Served) -> bool:
    before, after = _share(champion.disagreed, champion.judged), _share(challenger.disagreed, challenger.judged)
    return after > before and _differ(champion.disagreed, champion.judged, challenger.disagreed, challenger.judged)


def chance_of(count: int, of: int, share: float) -> float:
    """The chance of so many or more out of so many, where each is one with this chance (the exact binomial tail)."""
    if not 0 < share < 1:
        return 1.0 if share >= 1 or count == 0 else 0.0
    logs = math.log(share), math.log1p(-share)
    fewer = (
        math.exp(math.lgamma(of + 1) - math.lgamma(n + 1) - math.lgamma(of - n + 1) + n * logs[0] + (of - n) * logs[1])
        for n in range(count)
    )
    return max(1.0 - math.fsum(fewer), 0.0)


def _differ(count: int, of: int, other_count: int, other_of: int) -> bool:
    """Whether two shares differ by more than chance (two-proportion z-test)."""
    if not of or not other_of:
        return False
    pooled = (count + other_count) / (of + other_of)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return deviation > 0 and abs(count / of - other_count / other_of) > SURE * deviation


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
