"""A patient's message is scored, with consent, and what the model said is kept; without the model it waits."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared import access, inference, outbox, rollout
from shared.clock import now
from shared.database.models.analysis import Label, MessageAnalysis, RiskLevel
from shared.database.models.consents import Consent, ConsentKind
from shared.database.transaction import expect_unique, transaction
from shared.events import MessageAnalysed, MessageWritten, alert_channel
from shared.inference import InferenceAway, Prediction
from shared.messages import shown_analysis
from shared.redis import RedisAway, publish
from shared.telemetry import log

from .alerts import AlertEvent, Care, clinicians, deliver_alert, raise_risk
from .risk_policy import Risk, assess


@dataclass(frozen=True)
class _Stored:
    analysis: MessageAnalysis
    alert: AlertEvent | None
    told: tuple[UUID, ...]
    """The clinicians who may see the analysis."""


class _AlreadyAnalysed(Exception):
    """Another delivery of the same event was quicker; caught here."""


def care_of(db: Database, patient_id: UUID, clinician_id: UUID) -> Care:
    """Who is treated by whom, and whether the patient agreed to the analysis of messages."""
    agreed = exists().where(
        Consent.user_id == patient_id, Consent.kind == ConsentKind.MESSAGE_ANALYSIS, Consent.withdrawn_at.is_(None)
    )
    return Care(patient_id, clinician_id, *db.execute(select(agreed, access.is_covered(patient_id))).one())


def is_scored(db: Database, sent: MessageWritten) -> bool:
    """Whether what the model says of this version of a message is kept."""
    kept = (MessageAnalysis.message_id == sent.message_id, MessageAnalysis.message_version == sent.version)
    return bool(db.scalar(select(exists().where(*kept))))


def analyse(sent: MessageWritten, body: str, care: Care | None, stated: Risk | None, *, delivered: bool) -> Risk | None:
    """Score a message and tell its clinicians; the risk found, or None where there was nothing to score it with.

    `delivered` is whether the sockets have the message: then, once it is scored, its event needs nothing more.
    """
    if care is None or not care.agreed_to_analysis:
        if delivered:
            outbox.mark_delivered(sent.id)
        return None
    try:
        prediction = inference.predict(body, rollout.challenger_for(care.patient_id))
    except InferenceAway:
        return None
    if prediction.label not in set(Label):
        log("unknown-label", severity="ERROR", modelVersion=prediction.model_version)
        return None
    risk = assess(prediction.all_scores, prediction.thresholds, stated)
    try:
        stored = store(sent, care, prediction, risk, delivered)
    except _AlreadyAnalysed:
        return risk
    _tell_clinicians(sent, stored)
    return risk


@transaction(tries=8)
def store(
    db: Database, sent: MessageWritten, care: Care, prediction: Prediction, risk: Risk, delivered: bool
) -> _Stored:
    """Keep the analysis, the risk event that it calls for, and that the message's event is done."""
    analysis = MessageAnalysis(
        message_id=sent.message_id,
        message_version=sent.version,
        conversation_id=sent.conversation_id,
        patient_id=care.patient_id,
        label=Label(prediction.label),
        confidence=prediction.confidence,
        all_scores=prediction.all_scores,
        model_version=prediction.model_version,
        fell_back_from=prediction.fell_back_from,
        thresholds_version=prediction.thresholds_version,
        risk_level=RiskLevel(risk.level),
        phrase_ids=list(risk.phrases),
        latency_ms=prediction.latency_ms,
        created_at=now(),
    )
    with expect_unique(db, "uq_message_analysis_message_id_message_version", _AlreadyAnalysed):
        db.add(analysis)
    alert = raise_risk(db, sent, care, risk, analysis.id) if risk.level.calls_for_help else None
    if delivered:
        outbox.delivered(db, [sent.id])
    return _Stored(analysis, alert, clinicians(db, care, sent.conversation_id))


def _tell_clinicians(sent: MessageWritten, stored: _Stored) -> None:
    if stored.alert:
        deliver_alert(stored.alert)
    event = MessageAnalysed(
        occurred_at=stored.analysis.created_at,
        message_id=sent.message_id,
        conversation_id=sent.conversation_id,
        clinician_ids=stored.told,
        analysis=shown_analysis(stored.analysis).model_dump(mode="json"),
    )
    try:
        for clinician_id in stored.told:
            publish(alert_channel(clinician_id), event.tagged_json())
    except RedisAway:
        return  # the clinicians' next look at the conversation shows it
