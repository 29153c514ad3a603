"""What worries in a message opens an alert, or makes the one that stands grow; nothing ever lowers it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskSource, RiskStatus
from shared.events import MessageWritten, RiskAlertChanged, RiskRaised, alert_channel
from shared.redis import RedisAway, publish
from shared.settings import settings
from shared.telemetry import log

from .risk_policy import Level, Risk

AlertEvent = RiskRaised | RiskAlertChanged
COVERAGE: Final = "coverage"
"""The notice by which a therapist learns that a colleague was let in."""
UNANSWERED: Final = "unanswered"
"""The notice by which administrators learn that nobody has answered."""
_ORDER: Final = list(RiskLevel)

# Somebody who just wrote that they need help waits for the answer; the sweeper tells what this leaves.
SECONDS_FOR_PUBSUB: Final = 0.3


@dataclass(frozen=True)
class Care:
    """Whose message it is, who treats them, and whether they agreed to the analysis of what they write."""

    patient_id: UUID
    clinician_id: UUID
    agreed_to_analysis: bool
    is_covered: bool = False
    """Whether somebody covers for a therapist of the patient's at the moment."""


def raise_risk(
    db: Database, sent: MessageWritten, care: Care, risk: Risk, analysis_id: UUID | None = None
) -> AlertEvent | None:
    """Keep what worries in a version of a message; what to deliver of it after the commit, if anything.

    Within `alert_group_minutes` a conversation's risk makes its unresolved alert grow. Where the alert's level becomes
    high, then or at once, it calls (anew) for an answer: its clock starts, and its clinicians are alerted.
    """
    found, level = _risk_event(db, sent.message_id, sent.version), RiskLevel(risk.level)
    if found and not (level is RiskLevel.HIGH and found.level is not RiskLevel.HIGH):
        found.analysis_id = found.analysis_id or analysis_id
        return None
    alert = _alert_of(db, found) if found else _growing(db, sent.conversation_id)
    before = _level(db, alert) if alert else None
    is_new = found is None
    if found is None:
        found = _kept(db, sent, care, risk, alert)
    elif level is RiskLevel.HIGH:
        found.level = level
    found.analysis_id = found.analysis_id or analysis_id
    db.flush()
    alert = alert or found
    rises = level is RiskLevel.HIGH and before is not RiskLevel.HIGH
    if not (is_new or rises):
        return None
    return _told(db, alert, found, care, opens=before is None, rises=rises)


def clinicians(db: Database, care: Care, conversation_id: UUID) -> tuple[UUID, ...]:
    """Whoever may see the conversation from the clinicians' side."""
    return (care.clinician_id, *(access.covering(db, conversation_id) if care.is_covered else ()))


def risk_found(db: Database, message_id: UUID, version: int) -> Risk | None:
    """What calls for help in a version of a message, as far as it is known."""
    found = _risk_event(db, message_id, version)
    return Risk(Level(found.level), tuple(found.phrase_ids)) if found else None


def start_clock(alert: RiskEvent, moment: datetime) -> None:
    """From now on somebody has to answer it; whatever was done about it before has not been about this."""
    alert.status, alert.clock_from, alert.escalation_step = RiskStatus.OPEN, moment, 0
    alert.acknowledged_at = alert.acknowledged_by = alert.started_at = alert.started_by = alert.assigned_to = None
    alert.next_escalation_at = moment + timedelta(minutes=settings().alert_second_minutes)


def changed(
    alert: RiskEvent, user_ids: tuple[UUID, ...], *, notice: str = "", mail_ids: tuple[UUID, ...] = ()
) -> RiskAlertChanged:
    """That the alert stands as it does now, for these people."""
    return RiskAlertChanged(
        occurred_at=now(),
        risk_event_id=alert.id,
        status=alert.status,
        version=alert.version,
        escalation_step=alert.escalation_step,
        user_ids=user_ids,
        notice=notice,
        mail_ids=mail_ids,
    )


def raised(alert: RiskEvent, cause: RiskEvent, clinician_ids: tuple[UUID, ...]) -> RiskRaised:
    """That the alert calls for an answer, for these clinicians; `cause` is the message that made it do so."""
    return RiskRaised(
        occurred_at=now(),
        risk_event_id=alert.id,
        message_id=cause.message_id,
        conversation_id=alert.conversation_id,
        patient_id=alert.patient_id,
        clinician_ids=clinician_ids,
        level=RiskLevel.HIGH,
    )


def deliver_alert(alert: AlertEvent) -> None:
    """Tell sockets at once, and hand over what is told by mail as well; whatever is away, the outbox does it later."""
    if isinstance(alert, RiskAlertChanged) and alert.notice == UNANSWERED:
        log("alert-unanswered", severity="CRITICAL", alertId=str(alert.risk_event_id), told=len(alert.mail_ids))
    told = _publish(alert)
    if isinstance(alert, RiskRaised) or alert.mail_ids:
        outbox.hand_over(alert, within=SECONDS_FOR_PUBSUB)
    elif told:
        outbox.mark_delivered(alert.id)


def publish_alert(alert: AlertEvent) -> None:
    """Raises RedisAway."""
    for user_id in alert.clinician_ids if isinstance(alert, RiskRaised) else alert.user_ids:
        publish(alert_channel(user_id), alert.tagged_json())


def _publish(alert: AlertEvent) -> bool:
    """Whether Redis took it."""
    try:
        publish_alert(alert)
    except RedisAway:
        return False
    return True


def _told(
    db: Database, alert: RiskEvent, cause: RiskEvent, care: Care, *, opens: bool, rises: bool
) -> RiskRaised | RiskAlertChanged:
    """Note what happened to the alert, and keep the event that tells of it."""
    if rises:
        start_clock(alert, now())
    if not opens:
        alert.version += 1
    told = clinicians(db, care, alert.conversation_id)
    event = raised(alert, cause, told) if rises else changed(alert, told)
    action = Action.RISK_RAISED if opens or rises else Action.RISK_ADDED
    details = {"level": cause.level, "alert": str(alert.id)}
    audit.record(db, action, subject_id=care.patient_id, resource=("risk_event", cause.id), details=details)
    outbox.record(db, event)
    return event


def _risk_event(db: Database, message_id: UUID, version: int) -> RiskEvent | None:
    return db.scalar(select(RiskEvent).where(RiskEvent.message_id == message_id, RiskEvent.message_version == version))


def _alert_of(db: Database, found: RiskEvent) -> RiskEvent:
    return db.get_one(RiskEvent, found.alert_id) if found.alert_id else found


def _growing(db: Database, conversation_id: UUID) -> RiskEvent | None:
    """The alert that what happens now adds to. Of two who open one at once, the second begins again and adds."""
    since = now() - timedelta(minutes=settings().alert_group_minutes)
    return db.scalar(
        select(RiskEvent)
        .where(
            RiskEvent.conversation_id == conversation_id,
            RiskEvent.alert_id.is_(None),
            RiskEvent.status != RiskStatus.RESOLVED,
            func.coalesce(RiskEvent.clock_from, RiskEvent.opened_at) > since,
        )
        .order_by(RiskEvent.opened_at.desc())
        .limit(1)
    )


def _level(db: Database, alert: RiskEvent) -> RiskLevel:
    levels = db.scalars(select(RiskEvent.level).where(or_(RiskEvent.id == alert.id, RiskEvent.alert_id == alert.id)))
    return max(levels, key=_ORDER.index)


def _kept(db: Database, sent: MessageWritten, care: Care, risk: Risk, alert: RiskEvent | None) -> RiskEvent:
    made = RiskEvent(
        message_id=sent.message_id,
        message_version=sent.version,
        conversation_id=sent.conversation_id,
        patient_id=care.patient_id,
        alert_id=alert.id if alert else None,
        level=RiskLevel(risk.level),
        source=RiskSource.PHRASE if risk.phrases else RiskSource.MODEL,
        phrase_ids=list(risk.phrases),
        opened_at=now(),
    )
    db.add(made)
    return made
