"""What both models did in a stage of a rollout, counted from what is kept of every message anyway."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.analysis import MessageAnalysis, RiskLevel
from shared.database.models.learning import MLFeedback, ShadowAnswer
from shared.rollout_policy import Served, too_slow_ms

LOOKED_AT: Final = 20_000
"""The latest answers of each model that are counted: enough to tell models apart, and an end to what is read."""
FLAGGED: Final = (RiskLevel.RAISED, RiskLevel.HIGH)
_TAIL: Final = 0.99

Answers = Sequence[tuple[int, bool, int]]
"""Milliseconds, whether it would alert, and how many such answers there were."""


@dataclass(frozen=True)
class Stage:
    """Which answers count: those since the stage began. Shadow is the stage of 0 percent."""

    rollout_id: UUID
    percent: int
    champion: str
    challenger: str
    """Both by the names of their versions."""
    rollout_began_at: datetime
    began_at: datetime
    before_began_at: datetime
    """The stage before: where everybody is answered by the challenger, the champion's answers are those of then."""

    @property
    def minutes(self) -> float:
        """For how long it has lasted."""
        return (now() - self.began_at).total_seconds() / 60


@dataclass(frozen=True)
class Evidence:
    """What champion and challenger did."""

    champion: Served
    challenger: Served


def evidence_of(db: Database, stage: Stage) -> Evidence:
    """Count it, with one index each."""
    return _in_shadow(db, stage) if stage.percent == 0 else _in_service(db, stage)


def _in_service(db: Database, stage: Stage) -> Evidence:
    judged = _judged(db, stage)
    everybody = stage.percent == 100
    since, until = (stage.before_began_at, stage.began_at) if everybody else (stage.began_at, None)
    champion, _ = _answers(db, stage.champion, since, until)
    challenger, counted_since = _answers(db, stage.challenger, stage.began_at)
    errors = _failures(db, stage.challenger, counted_since)
    return _timed(
        champion,
        challenger,
        _served(champion, 0, judged.get(stage.champion, (0, 0))),
        _served(challenger, errors, judged.get(stage.challenger, (0, 0))),
    )


def _answers(db: Database, version: str, since: datetime, until: datetime | None = None) -> tuple[Answers, datetime]:
    """A model's own answers, and since when they were counted: later than asked where there were too many.

    What it answered because the other did not took longer, and counts for neither.
    """
    latest = (
        select(
            MessageAnalysis.latency_ms,
            MessageAnalysis.risk_level.in_(FLAGGED).label("flagged"),
            MessageAnalysis.created_at,
        )
        .where(
            MessageAnalysis.model_version == version,
            MessageAnalysis.created_at >= since,
            MessageAnalysis.fell_back_from.is_(None),
        )
        .order_by(MessageAnalysis.created_at.desc())
        .limit(LOOKED_AT)
    )
    if until is not None:
        latest = latest.where(MessageAnalysis.created_at < until)
    found = latest.subquery()
    counts = _counted(found.c.latency_ms, found.c.flagged, found).add_columns(func.min(found.c.created_at))
    rows = db.execute(counts).all()
    answers = [(ms, flagged, count) for ms, flagged, count, _ in rows]
    is_cut = sum(count for *_, count in answers) >= LOOKED_AT
    return answers, min(oldest for *_, oldest in rows) if is_cut else since


def _failures(db: Database, challenger: str, since: datetime) -> int:
    """How often the champion had to answer in the challenger's place, in the time whose answers are counted."""
    failed = (
        select(MessageAnalysis.id)
        .where(MessageAnalysis.fell_back_from == challenger, MessageAnalysis.created_at >= since)
        .limit(LOOKED_AT)
        .subquery()
    )
    return db.scalar(select(func.count()).select_from(failed)) or 0


def _judged(db: Database, stage: Stage) -> dict[str, tuple[int, int]]:
    """By version: how many of its answers in this rollout therapists judged, and how many they said are wrong."""
    counts = (
        select(MessageAnalysis.model_version, func.count(), func.count(case((MLFeedback.is_correct.is_(False), 1))))
        .select_from(MLFeedback)
        .join(MessageAnalysis, MessageAnalysis.id == MLFeedback.analysis_id)
        .where(
            MLFeedback.created_at >= stage.rollout_began_at,
            MessageAnalysis.created_at >= stage.rollout_began_at,
            MessageAnalysis.model_version.in_((stage.champion, stage.challenger)),
        )
        .group_by(MessageAnalysis.model_version)
    )
    return {version: (judged, wrong) for version, judged, wrong in db.execute(counts)}


def _in_shadow(db: Database, stage: Stage) -> Evidence:
    """The same messages, answered by both."""
    both = _same_messages(stage)
    answered = both.c.failed.is_(False)
    champion = _rows(db, _counted(both.c.champion_ms, both.c.champion_flags, both))
    challenger = _rows(db, _counted(both.c.challenger_ms, both.c.challenger_flags, both, answered))
    failed, champion_alone, challenger_alone = _flagged_by_one(db, both)
    judged, (first_wrong, second_wrong), (first_alone, second_alone) = _judged_in_shadow(db, stage)
    first, second = _served(champion, 0, (judged, first_wrong)), _served(challenger, failed, (judged, second_wrong))
    return _timed(
        champion,
        challenger,
        replace(first, flagged_alone=champion_alone, disagreed_alone=first_alone),
        replace(second, flagged_alone=challenger_alone, disagreed_alone=second_alone),
    )


def _same_messages(stage: Stage) -> Subquery:
    return (
        select(
            ShadowAnswer.latency_ms.label("challenger_ms"),
            ShadowAnswer.is_flagged.label("challenger_flags"),
            ShadowAnswer.label.is_(None).label("failed"),
            MessageAnalysis.latency_ms.label("champion_ms"),
            MessageAnalysis.risk_level.in_(FLAGGED).label("champion_flags"),
        )
        .join(MessageAnalysis, MessageAnalysis.id == ShadowAnswer.analysis_id)
        .where(ShadowAnswer.rollout_id == stage.rollout_id)
        .limit(LOOKED_AT)
        .subquery()
    )


def _flagged_by_one(db: Database, both: Subquery) -> tuple[int, int, int]:
    """How many messages the challenger did not answer; of the others, which only the champion or it alone flagged."""
    answered = both.c.failed.is_(False)
    champion_alone = and_(answered, both.c.champion_flags, ~both.c.challenger_flags)
    challenger_alone = and_(answered, both.c.challenger_flags, ~both.c.champion_flags)
    kinds = (both.c.failed, champion_alone, challenger_alone)
    failed, first, second = db.execute(select(*(func.count(case((kind, 1))) for kind in kinds))).one()
    return failed, first, second


def _judged_in_shadow(db: Database, stage: Stage) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """How many of the messages therapists judged; for how many champion and challenger were wrong; and wrong alone."""
    right = func.coalesce(MLFeedback.corrected_label, MessageAnalysis.label)
    champion_errs, challenger_errs = MLFeedback.is_correct.is_(False), ShadowAnswer.label != right
    counts = (
        select(
            func.count(),
            func.count(case((champion_errs, 1))),
            func.count(case((challenger_errs, 1))),
            func.count(case((and_(champion_errs, ~challenger_errs), 1))),
            func.count(case((and_(challenger_errs, ~champion_errs), 1))),
        )
        .select_from(MLFeedback)
        .join(MessageAnalysis, MessageAnalysis.id == MLFeedback.analysis_id)
        .join(ShadowAnswer, ShadowAnswer.analysis_id == MessageAnalysis.id)
        .where(
            MLFeedback.created_at >= stage.rollout_began_at,
            ShadowAnswer.rollout_id == stage.rollout_id,
            ShadowAnswer.label.is_not(None),
        )
    )
    judged, first, second, first_alone, second_alone = db.execute(counts).one()
    return judged, (first, second), (first_alone, second_alone)


def _counted(ms: Any, flags: Any, source: Subquery, condition: ColumnElement[bool] | None = None) -> Select[Any]:
    counts = select(ms, flags, func.count()).select_from(source).group_by(ms, flags)
    return counts if condition is None else counts.where(condition)


def _rows(db: Database, counts: Select[Any]) -> list[tuple[int, bool, int]]:
    return [(ms, flagged, count) for ms, flagged, count in db.execute(counts)]


def _timed(champion: Answers, challenger: Answers, first: Served, second: Served) -> Evidence:
    """Both, with how many of their answers were too slow by what the champion takes."""
    limit = too_slow_ms(first)
    return Evidence(replace(first, slow=_slower(champion, limit)), replace(second, slow=_slower(challenger, limit)))


def _slower(answers: Answers, limit_ms: float) -> int:
    return sum(count for ms, _, count in answers if ms > limit_ms)


def _served(answers: Answers, errors: int, judged: tuple[int, int]) -> Served:
    kept = sorted(answers)
    answered = sum(count for *_, count in kept)
    return Served(
        requests=answered + errors,
        errors=errors,
        p99_ms=_p99(kept, answered),
        flagged=sum(count for _, flagged, count in kept if flagged),
        judged=judged[0],
        disagreed=judged[1],
    )


def _p99(ordered: Answers, answered: int) -> float:
    """The milliseconds within which 99 of 100 answers came."""
    seen = 0
    for ms, _, count in ordered:
        seen += count
        if seen >= _TAIL * answered:
            return float(ms)
    return 0.0
