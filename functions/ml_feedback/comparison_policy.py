"""Whether a candidate may go ahead: a paired bootstrap over what two models said of the same texts held apart.

Nothing here reads a clock, a database or chance of its own: all of it is given. It is given counts and never texts.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

DRAWS: Final = 2_000
WORST_CHANGE: Final = -0.01
"""The lower 95 % bound of the change in macro-F1 and in risk sensitivity must not be below it."""
RISK_POSITIVES: Final = 200
LARGEST_SHARE: Final = Fraction(1, 5)
"""Of the corrections that a candidate learnt from, what one therapist may have given."""
TAIL: Final = 0.025


class Verdict(StrEnum):
    """What a comparison comes to."""

    AHEAD = "ahead"
    NOT_ENOUGH = "not-enough"
    WORSE = "worse"


class Reason(StrEnum):
    """Why a candidate does not go ahead."""

    CRITICAL_CASE = "critical-case"
    """It fails a behavioural case of the critical class that the champion passes."""
    ONE_VOICE = "one-voice"
    """One therapist gave more than a fifth of the corrections."""
    FEW_RISK_POSITIVES = "few-risk-positives"
    MACRO_F1 = "macro-f1"
    RISK_SENSITIVITY = "risk-sensitivity"


@dataclass(frozen=True)
class Outcome:
    """What a text is and what each model said of it; `*_flags` is whether its risk threshold was reached."""

    truth: str
    champion: str
    candidate: str
    champion_flags: bool
    candidate_flags: bool


@dataclass(frozen=True)
class Change:
    """How a score changes from champion to candidate, with its 95 % interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Comparison:
    """A verdict with its evidence; a change is None where there is nothing to measure it on."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    texts: int
    risk_positives: int
    macro_f1: Change | None
    risk_sensitivity: Change | None
    regressed_cases: tuple[str, ...]


@dataclass(frozen=True)
class _Scores:
    macro_f1: float
    risk_sensitivity: float


def compare(
    outcomes: Mapping[Outcome, int],
    critical_cases: Mapping[str, tuple[bool, bool]],
    corrections: Iterable[int],
    *,
    risk_class: str,
    seed: int,
    draws: int = DRAWS,
) -> Comparison:
    """Judge a candidate against the champion.

    `outcomes` counts the texts held apart by their outcome; `critical_cases` says of each behavioural case of the
    critical class whether the champion and the candidate pass; `corrections` are how many each therapist gave. The
    same seed gives the same answer.
    """
    positives = sum(count for outcome, count in outcomes.items() if outcome.truth == risk_class)
    f1, sensitivity = _changes(outcomes, risk_class, seed, draws) if positives else (None, None)
    regressed = tuple(sorted(case for case, (before, after) in critical_cases.items() if before and not after))
    is_few = positives < RISK_POSITIVES
    found = {
        Reason.CRITICAL_CASE: bool(regressed),
        Reason.ONE_VOICE: is_one_voice(corrections),
        Reason.FEW_RISK_POSITIVES: is_few,
        Reason.MACRO_F1: not is_few and _is_worse(f1),
        Reason.RISK_SENSITIVITY: not is_few and _is_worse(sensitivity),
    }
    reasons = tuple(reason for reason, holds in found.items() if holds)
    total = sum(outcomes.values())
    return Comparison(_verdict(reasons), reasons, total, positives, f1, sensitivity, regressed)


def is_one_voice(corrections: Iterable[int]) -> bool:
    """Whether one therapist gave more than a fifth of all corrections; without any nobody did."""
    counts = list(corrections)
    return max(counts, default=0) > LARGEST_SHARE * sum(counts)


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    if not reasons:
        return Verdict.AHEAD
    return Verdict.NOT_ENOUGH if tuple(reasons) == (Reason.FEW_RISK_POSITIVES,) else Verdict.WORSE


def _is_worse(change: Change | None) -> bool:
    return change is None or change.lower < WORST_CHANGE


def _changes(outcomes: Mapping[Outcome, int], risk_class: str, seed: int, draws: int) -> tuple[Change, Change]:
    """The changes of macro-F1 and of risk sensitivity: texts are drawn with both models' answers, so it is paired."""
    kinds = sorted((kind for kind, count in outcomes.items() if count), key=_order)
    counts = [outcomes[kind] for kind in kinds]
    chance = random.Random(seed)  # noqa: S311 - statistics, not secrets
    labels = sorted({kind.truth for kind in kinds})
    seen = _change_of(zip(kinds, counts, strict=True), labels, risk_class)
    # Of each text its kind's place in the list: millions are drawn, and numbers without weights are drawn faster.
    texts = [place for place, count in enumerate(counts) for _ in range(count)]
    drawn = []
    for _ in range(draws):
        found = Counter(chance.choices(texts, k=len(texts)))
        drawn.append(_change_of(((kinds[place], count) for place, count in found.items()), labels, risk_class))
    return (
        _interval(seen.macro_f1, [change.macro_f1 for change in drawn]),
        _interval(seen.risk_sensitivity, [change.risk_sensitivity for change in drawn]),
    )


def _order(kind: Outcome) -> tuple[str, str, str, bool, bool]:
    return kind.truth, kind.champion, kind.candidate, kind.champion_flags, kind.candidate_flags


def _change_of(counts: Iterable[tuple[Outcome, int]], labels: Sequence[str], risk_class: str) -> _Scores:
    champion: Counter[tuple[str, str]] = Counter()
    candidate: Counter[tuple[str, str]] = Counter()
    positives = change = 0
    for kind, count in counts:
        champion[kind.truth, kind.champion] += count
        candidate[kind.truth, kind.candidate] += count
        if kind.truth == risk_class:
            positives += count
            change += count * (kind.candidate_flags - kind.champion_flags)
    f1 = _macro_f1(candidate, labels) - _macro_f1(champion, labels)
    return _Scores(f1, change / positives if positives else 0.0)


def _macro_f1(confusion: Counter[tuple[str, str]], labels: Sequence[str]) -> float:
    """The mean F1 of the labels that there are texts of; one that a draw happens to lack counts for nothing."""
    is_so: Counter[str] = Counter()
    is_said: Counter[str] = Counter()
    for (truth, said), count in confusion.items():
        is_so[truth] += count
        is_said[said] += count
    present = [label for label in labels if is_so[label]]
    return sum(2 * confusion[label, label] / (is_so[label] + is_said[label]) for label in present) / len(present)


def _interval(seen: float, drawn: Iterable[float]) -> Change:
    ordered = sorted(drawn)
    lower = ordered[int(TAIL * len(ordered))]
    return Change(seen, lower, ordered[-1 - int(TAIL * len(ordered))])
