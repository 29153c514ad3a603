"""A challenger that nobody hears yet: it is asked about messages that the champion has answered, out of their way."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session as Database

from shared import inference
from shared.clock import now
from shared.database.models.analysis import Label, MessageAnalysis
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.learning import ShadowAnswer
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.inference import Challenger, InferenceAway, Prediction
from shared.messages import open_body
from shared.settings import settings

from .rollout_evidence import LOOKED_AT, Stage

AT_ONCE: Final = 200
SECONDS: Final = 20.0
"""A tick takes no longer over it: the next one goes on."""
FAILURES_IN_A_ROW: Final = 3
"""Then it is left alone until the next tick."""


@dataclass(frozen=True)
class Asked:
    """A message that the champion has answered. `has_phrases` is whether its words alone call for help."""

    analysis_id: UUID
    patient_id: UUID
    body: str
    has_phrases: bool


@dataclass(frozen=True)
class Answered:
    """What came of asking: None where nothing came."""

    asked: Asked
    prediction: Prediction | None
    took_ms: int


def ask_in_shadow(stage: Stage, challenger: Challenger) -> None:
    """Ask about what is new since the last tick, and keep the answers."""
    keep(stage.rollout_id, list(_answers(waiting(stage), challenger)))


@transaction
def waiting(db: Database, stage: Stage) -> list[Asked]:
    """The oldest messages of the stage that the challenger was not asked about, unchanged and with consent."""
    if (db.scalar(select(func.count()).where(ShadowAnswer.rollout_id == stage.rollout_id)) or 0) >= LOOKED_AT:
        return []
    is_asked = exists().where(
        ShadowAnswer.rollout_id == stage.rollout_id, ShadowAnswer.analysis_id == MessageAnalysis.id
    )
    agrees = exists().where(
        Consent.user_id == MessageAnalysis.patient_id,
        Consent.kind == ConsentKind.MESSAGE_ANALYSIS,
        Consent.withdrawn_at.is_(None),
    )
    query = (
        select(MessageAnalysis, Message.body)
        .join(Message, Message.id == MessageAnalysis.message_id)
        .where(
            MessageAnalysis.model_version == stage.champion,
            MessageAnalysis.created_at >= stage.began_at,
            Message.version == MessageAnalysis.message_version,
            Message.deleted_at.is_(None),
            agrees,
            ~is_asked,
        )
        .order_by(MessageAnalysis.created_at)
        .limit(AT_ONCE)
    )
    return [
        Asked(found.id, found.patient_id, open_body(found.message_id, body), bool(found.phrase_ids))
        for found, body in db.execute(query)
        if body is not None
    ]


@transaction
def keep(db: Database, rollout_id: UUID, answers: list[Answered]) -> None:
    """Keep the answers; of two ticks at once, the first one's."""
    ids = [answer.asked.analysis_id for answer in answers]
    known = set(
        db.scalars(
            select(ShadowAnswer.analysis_id).where(
                ShadowAnswer.rollout_id == rollout_id, ShadowAnswer.analysis_id.in_(ids)
            )
        )
    )
    # Whoever was erased meanwhile, or took a message back with all that was said of it, is not written about again.
    there = set(db.scalars(select(MessageAnalysis.id).where(MessageAnalysis.id.in_(ids))))
    db.add_all(_row(rollout_id, answer) for answer in answers if answer.asked.analysis_id in there - known)


def _answers(asked: list[Asked], challenger: Challenger) -> Iterator[Answered]:
    """One after the other, as a request would ask, until the tick's time is over or the challenger is away."""
    began, failures = time.monotonic(), 0
    for one in asked:
        if failures == FAILURES_IN_A_ROW or time.monotonic() - began > SECONDS:
            return
        answer = _answer(one, challenger)
        failures = 0 if answer.prediction else failures + 1
        yield answer


def _answer(asked: Asked, challenger: Challenger) -> Answered:
    within_ms = inference.challengers_ms(settings().inference_timeout_ms)
    started = time.perf_counter()
    try:
        said = inference.predict_at(
            challenger.address, asked.body, within_ms=within_ms, version=challenger.model_version
        )
    except InferenceAway:
        return Answered(asked, None, round((time.perf_counter() - started) * 1000))
    return Answered(asked, said if said.label in set(Label) else None, said.latency_ms)


def _row(rollout_id: UUID, answer: Answered) -> ShadowAnswer:
    said = answer.prediction
    return ShadowAnswer(
        id=uuid4(),
        rollout_id=rollout_id,
        analysis_id=answer.asked.analysis_id,
        patient_id=answer.asked.patient_id,
        label=Label(said.label) if said else None,
        confidence=said.confidence if said else None,
        is_flagged=said is not None and (answer.asked.has_phrases or _reaches(said)),
        latency_ms=answer.took_ms,
        created_at=now(),
    )


def _reaches(said: Prediction) -> bool:
    """Whether a score reaches the threshold from which somebody is alerted."""
    return any(said.all_scores.get(label, 0.0) >= limits["raised"] for label, limits in said.thresholds.items())
