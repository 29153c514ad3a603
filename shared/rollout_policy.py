"""How far what is new serves: a share, then more, then all, and back on the first sign of harm.

One rule for a model that is tried (shadow, then 10, 25, 50 and 100 % of patients) and for a release of a function or
container (10 and 50 % of requests). Nothing here reads a clock or a database: all of it is given.
"""

import math
from collections.abc import Iterator, Mapping
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
SLOW_SHARE: Final = 0.01
"""How many may be slower than that limit: what a 99th percentile leaves out."""
ALERT_CHANGE: Final = 0.3
"""How far the share of flagged messages may differ from the champion's, in parts of it."""
SURE: Final = 3.291
"""Standard deviations that chance stays within 999 times of 1,000: it is looked at every minute, not once."""

UNLIKELY: Final = 0.0005
"""The same for what is counted exactly, on the one side that is a harm."""
_NOTHING: Final = 1e-20
ENOUGH_ALERTS: Final = 30
"""So many messages has the champion to have flagged: of 30 alerts a model that misses 11 and adds none is surely worse
(the same messages, 2 ** -11 < UNLIKELY), which is little more than ALERT_CHANGE. With fewer, a model that alerts nobody
may pass for one that was lucky."""
HICCUP: Final = 20
"""A fault that passes may be all that a model's first few requests meet; before so many, errors say nothing of it."""


@dataclass(frozen=True)
class Patience:
    """What a stage waits for at least before it is judged good, and before errors are judged at all."""

    requests: int
    minutes: float
    alerts: int = 0
    """Messages that the champion flagged in the stage; it flags none any more where everybody has the other one."""
    errors_from: int = 0
    """Requests of the challenger, before which its errors say nothing."""


PATIENCE: Final[Mapping[int, Patience]] = {
    0: Patience(1_000, 24 * 60, ENOUGH_ALERTS, HICCUP),
    10: Patience(500, 24 * 60, ENOUGH_ALERTS, HICCUP),
    25: Patience(1_000, 24 * 60, ENOUGH_ALERTS, HICCUP),
    50: Patience(2_000, 24 * 60, ENOUGH_ALERTS, HICCUP),
    100: Patience(2_000, 24 * 60, errors_from=HICCUP),
}


@dataclass(frozen=True)
class Served:
    """What one model did in a stage. `flagged` of its `requests - errors` answers would alert somebody.

    What is `alone` is known where both answered the same messages, `slow` where the time of each answer is.
    """

    requests: int = 0
    errors: int = 0
    p99_ms: float = 0.0
    flagged: int = 0
    judged: int = 0
    disagreed: int = 0
    """Of the `judged` answers, those that a therapist said are wrong."""
    slow: int | None = None
    """Answers that took longer than the champion's 99th percentile allows (`too_slow_ms`)."""
    flagged_alone: int | None = None
    """Messages that this one flagged and the other, which answered too, did not."""
    disagreed_alone: int | None = None
    """Messages that a therapist said this one was wrong about and the other right."""

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
    alerts_missing: int = 0
    """How many more messages the champion would have to flag for alerts to be compared."""

    @property
    def waits_for_alerts_alone(self) -> bool:
        """Whether time and requests are enough: where hardly anybody is in danger, people may decide to go on."""
        return bool(self.alerts_missing) and not (self.requests_missing or self.minutes_missing)


def decide(
    percent: int,
    minutes: float,
    champion: Served,
    challenger: Served,
    patience: Mapping[int, Patience] = PATIENCE,
) -> Decision:
    """What follows from a stage that has lasted so many minutes. Harm is acted on at once, good only after a while."""
    wanted = patience[percent]
    harms = harms_of(champion, challenger, wanted.errors_from)
    if harms:
        return Decision(Move.RETURN, 0, harms)
    requests, left = max(wanted.requests - challenger.requests, 0), max(wanted.minutes - minutes, 0.0)
    alerts = max(wanted.alerts - champion.flagged, 0) if percent != STAGES[-1] else 0
    if requests or left or alerts:
        return Decision(Move.STAY, percent, requests_missing=requests, minutes_missing=left, alerts_missing=alerts)
    if percent == STAGES[-1]:
        return Decision(Move.FINISH, percent)
    following = stage_after(percent)
    return Decision(Move.ASK if following == STAGES[-1] else Move.ADVANCE, following)


def stage_after(percent: int) -> int:
    """The stage that follows one which is not the last."""
    return STAGES[STAGES.index(percent) + 1]


def harms_of(champion: Served, challenger: Served, errors_from: int = 0) -> tuple[Harm, ...]:
    """Everything in which the challenger does worse than chance explains, errors once it had so many requests."""
    found = {
        Harm.ERRORS: challenger.requests >= errors_from and _errs(champion, challenger),
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
    if champion.slow is None or challenger.slow is None:
        return challenger.p99_ms > too_slow_ms(champion)
    allowed = max(SLOW_SHARE, _share(champion.slow, champion.answers))
    return chance_of(challenger.slow, challenger.answers, allowed) < UNLIKELY


def too_slow_ms(champion: Served) -> float:
    """What takes longer than this is too slow beside this champion."""
    return max(SLOWER * champion.p99_ms, champion.p99_ms + SLOWER_MS)


def _alerts_otherwise(champion: Served, challenger: Served) -> bool:
    """Too few alerts are as much a harm as too many: they are people nobody looks at."""
    before, after = _share(champion.flagged, champion.answers), _share(challenger.flagged, challenger.answers)
    if abs(after - before) <= ALERT_CHANGE * before:
        return False
    if champion.flagged_alone is None or challenger.flagged_alone is None:
        return _differ(champion.flagged, champion.answers, challenger.flagged, challenger.answers)
    alone = champion.flagged_alone, challenger.flagged_alone
    return _is_uneven(max(alone), sum(alone))


def _is_contradicted(champion: Served, challenger: Served) -> bool:
    if champion.disagreed_alone is not None and challenger.disagreed_alone is not None:
        return _is_uneven(challenger.disagreed_alone, champion.disagreed_alone + challenger.disagreed_alone)
    before, after = _share(champion.disagreed, champion.judged), _share(challenger.disagreed, challenger.judged)
    return after > before and _differ(champion.disagreed, champion.judged, challenger.disagreed, challenger.judged)


def _is_uneven(count: int, of: int) -> bool:
    """Whether so many of what only one of two did is more than half by more than chance (McNemar's exact test)."""
    return chance_of(count, of, 0.5) < UNLIKELY


def chance_of(count: int, of: int, share: float) -> float:
    """The chance of so many or more out of so many, where each is one with this chance (the exact binomial tail)."""
    if count == 0 or not 0 < share < 1:
        return 1.0 if share >= 1 or count == 0 else 0.0
    if count > of * share:
        return math.fsum(_tail(count, of, share))
    return max(1.0 - math.fsum(_tail(of - count + 1, of, 1 - share)), 0.0)


def _tail(count: int, of: int, share: float) -> Iterator[float]:
    """The chances of exactly so many, of one more, and so on, as far as they add anything."""
    ways = math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
    chance = math.exp(ways + count * math.log(share) + (of - count) * math.log1p(-share))
    for n in range(count, of + 1):
        yield chance
        chance *= (of - n) / (n + 1) * share / (1 - share)
        if chance < _NOTHING:
            return


def _differ(count: int, of: int, other_count: int, other_of: int) -> bool:
    """Whether two shares differ by more than chance (two-proportion z-test)."""
    if not of or not other_of:
        return False
    pooled = (count + other_count) / (of + other_of)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return deviation > 0 and abs(count / of - other_count / other_of) > SURE * deviation


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
