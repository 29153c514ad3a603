"""Risk events: opened once per version of a message, never lowered, and told to the patient's clinician at once."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskSource
from shared.events import MessageSent, RiskRaised, alert_channel
from shared.redis import RedisAway, publish

from .risk_policy import Level, Risk


@dataclass(frozen=True)
class Care:
    """Whose message it is, who treats them, and whether they agreed to the analysis of what they write."""

    patient_id: UUID
    clinician_id: UUID
    agreed_to_analysis: bool


def raise_risk(
    db: Database, sent: MessageSent, care: Care, risk: Risk, analysis_id: UUID | None = None
) -> RiskRaised | None:
    """Open the message's risk event, or raise the one that is there; the alert to deliver after the commit, if any.

    An alert goes out when the level first becomes high, and is kept in the outbox until it is delivered.
    """
    found = _risk_event(db, sent.message_id, sent.version)
    was_high = found is not None and found.level is RiskLevel.HIGH
    if found is None:
        found = _opened(sent, care, risk)
        db.add(found)
    elif risk.level is Level.HIGH:
        found.level = RiskLevel.HIGH
    found.analysis_id = found.analysis_id or analysis_id
    db.flush()
    if was_high or risk.level is not Level.HIGH:
        return None
    audit.record(db, Action.RISK_RAISED, subject_id=care.patient_id, resource=("risk_event", found.id))
    alert = RiskRaised(
        occurred_at=now(),
        risk_event_id=found.id,
        message_id=sent.message_id,
        conversation_id=sent.conversation_id,
        patient_id=care.patient_id,
        clinician_ids=(care.clinician_id,),
        level=risk.level,
    )
    outbox.record(db, alert)
    return alert


def risk_found(db: Database, message_id: UUID, version: int) -> Risk | None:
    """What calls for help in a version of a message, as far as it is known."""
    found = _risk_event(db, message_id, version)
    return Risk(Level(found.level), tuple(found.phrase_ids)) if found else None


def deliver_alert(alert: RiskRaised) -> None:
    """Tell the clinicians' sockets; where Redis is away the outbox does it later."""
    try:
        publish_alert(alert)
    except RedisAway:
        return
    outbox.mark_delivered(alert.id)


def publish_alert(alert: RiskRaised) -> None:
    """Raises RedisAway."""
    for clinician_id in alert.clinician_ids:
        publish(alert_channel(clinician_id), alert.tagged_json())


def _risk_event(db: Database, message_id: UUID, version: int) -> RiskEvent | None:
    return db.scalar(select(RiskEvent).where(RiskEvent.message_id == message_id, RiskEvent.message_version == version))


def _opened(sent: MessageSent, care: Care, risk: Risk) -> RiskEvent:
    return RiskEvent(
        message_id=sent.message_id,
        message_version=sent.version,
        conversation_id=sent.conversation_id,
        patient_id=care.patient_id,
        level=RiskLevel(risk.level),
        source=RiskSource.PHRASE if risk.phrases else RiskSource.MODEL,
        phrase_ids=list(risk.phrases),
        opened_at=now(),
    )
