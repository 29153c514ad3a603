"""What both models did in a stage of a rollout, counted from what is kept of every message anyway."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.analysis import MessageAnalysis, RiskLevel
from shared.database.models.learning import MLFeedback, ShadowAnswer
from shared.rollout_policy import Served

LOOKED_AT: Final = 20_000
"""The latest answers of each model that are counted: enough to tell models apart, and an end to what is read."""
FLAGGED: Final = (RiskLevel.RAISED, RiskLevel.HIGH)
_TAIL: Final = 0.99

Answers = Iterable[tuple[int, bool, int]]
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
    champion = _answers(db, stage.champion, since, until)
    challenger, errors = _answers(db, stage.challenger, stage.began_at), _failures(db, stage)
    return Evidence(
        _served(champion, 0, judged.get(stage.champion, (0, 0))),
        _served(challenger, errors, judged.get(stage.challenger, (0, 0))),
    )


def _answers(db: Database, version: str, since: datetime, until: datetime | None = None) -> Answers:
    """A model's own answers; what it answered because the other did not took longer, and counts for neither."""
    latest = (
        select(MessageAnalysis.latency_ms, MessageAnalysis.risk_level.in_(FLAGGED).label("flagged"))
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
    return _rows(db, _counted(found.c.latency_ms, found.c.flagged, found))


def _failures(db: Database, stage: Stage) -> int:
    """How often the champion had to answer in the challenger's place."""
    failed = (
        select(MessageAnalysis.id)
        .where(
            MessageAnalysis.fell_back_from == stage.challenger,
            MessageAnalysis.created_at >= stage.began_at,
        )
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
    both = (
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
    answered = both.c.failed.is_(False)
    champion = _rows(db, _counted(both.c.champion_ms, both.c.champion_flags, both))
    challenger = _rows(db, _counted(both.c.challenger_ms, both.c.challenger_flags, both, answered))
    failed = db.scalar(select(func.count()).select_from(both).where(both.c.failed)) or 0
    judged, champion_wrong, challenger_wrong = _judged_in_shadow(db, stage)
    return Evidence(
        _served(champion, 0, (judged, champion_wrong)), _served(challenger, failed, (judged, challenger_wrong))
    )


def _judged_in_shadow(db: Database, stage: Stage) -> tuple[int, int, int]:
    """How many of the messages therapists judged, and for how many either model was wrong by that."""
    right = func.coalesce(MLFeedback.corrected_label, MessageAnalysis.label)
    counts = (
        select(
            func.count(),
            func.count(case((MLFeedback.is_correct.is_(False), 1))),
            func.count(case((ShadowAnswer.label != right, 1))),
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
    judged, champion_wrong, challenger_wrong = db.execute(counts).one()
    return judged, champion_wrong, challenger_wrong


def _counted(ms: Any, flags: Any, source: Subquery, condition: ColumnElement[bool] | None = None) -> Select[Any]:
    counts = select(ms, flags, func.count()).select_from(source).group_by(ms, flags)
    return counts if condition is None else counts.where(condition)


def _rows(db: Database, counts: Select[Any]) -> list[tuple[int, bool, int]]:
    return [(ms, flagged, count) for ms, flagged, count in db.execute(counts)]


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
