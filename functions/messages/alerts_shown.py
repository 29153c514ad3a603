"""An alert as it is shown: in full to who may see the patient's record, else that it is there and who is asked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.accounts import User
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskOutcome, RiskSource, RiskStatus

from .alerts_access import Seen
from .escalation import Step
from .versions import body_of_version


class EscalationStep(StrEnum):
    """Who has been asked so far."""

    OWN = "own"
    SECOND = "second"
    ON_CALL = "on_call"
    ADMINISTRATORS = "administrators"


class NamedPerson(Schema):
    """Somebody, by name."""

    id: UUID
    name: str


class AlertMessage(Schema):
    """One message of an alert, in the version that worried; what an edit or deletion replaced is kept for this.

    `phraseIds` names the explicit phrases that were found. The text is there where one alert is asked for.
    """

    message_id: UUID
    version: int
    level: RiskLevel
    source: RiskSource
    phrase_ids: list[str]
    found_at: datetime
    body: str | None = None


class AlertDetails(Schema):
    """Whose it is, and what it is about."""

    patient: NamedPerson
    conversation_id: UUID
    level: RiskLevel
    """The highest of its messages."""
    messages: list[AlertMessage]
    """The oldest first."""
    outcome: RiskOutcome | None
    note: str | None


class ShownAlert(Schema):
    """An alert; `details` is null for who only knows that it is there."""

    id: UUID
    status: RiskStatus
    version: int
    """To be given back with a step, which is refused where the alert has changed meanwhile."""
    opened_at: datetime
    waiting_since: datetime
    """When it last began to call for an answer: at its opening, or when its level rose."""
    acknowledged_at: datetime | None
    started_at: datetime | None
    resolved_at: datetime | None
    escalation_step: EscalationStep
    next_escalation_at: datetime | None
    therapist: NamedPerson
    """Whose patient wrote."""
    answered_by: NamedPerson | None
    details: AlertDetails | None


_STEPS: Final = {step: EscalationStep(step.name.lower()) for step in Step}
_ORDER: Final = list(RiskLevel)


def sealed_note(alert_id: UUID, note: str) -> bytes:
    """What `risk_event.outcome_note` holds."""
    return seal(KeyRing.CLINICAL, note, "risk_event", "outcome_note", alert_id)


def shown_alerts(db: Database, found: Sequence[Seen], *, with_bodies: bool = False) -> list[ShownAlert]:
    """In as many queries for many as for one, unless the bodies are wanted."""
    causes = _causes(db, [seen.alert.id for seen in found if seen.in_full])
    therapists = access.therapists_of(db, {seen.alert.conversation_id for seen in found})
    names = _names(db, found, therapists.values())
    return [
        _shown(seen.alert, names, therapists[seen.alert.conversation_id]).model_copy(
            update={"details": _details(db, seen.alert, causes[seen.alert.id], names, with_bodies)}
            if seen.in_full
            else {}
        )
        for seen in found
    ]


def _shown(alert: RiskEvent, names: dict[UUID, str], therapist_id: UUID) -> ShownAlert:
    answered_by = alert.resolved_by or alert.assigned_to
    return ShownAlert(
        id=alert.id,
        status=alert.status,
        version=alert.version,
        opened_at=alert.opened_at,
        waiting_since=alert.clock_from or alert.opened_at,
        acknowledged_at=alert.acknowledged_at,
        started_at=alert.started_at,
        resolved_at=alert.resolved_at,
        escalation_step=_STEPS[Step(alert.escalation_step)],
        next_escalation_at=alert.next_escalation_at,
        therapist=NamedPerson(id=therapist_id, name=names[therapist_id]),
        answered_by=NamedPerson(id=answered_by, name=names[answered_by]) if answered_by else None,
        details=None,
    )


def _details(
    db: Database, alert: RiskEvent, causes: list[RiskEvent], names: dict[UUID, str], with_bodies: bool
) -> AlertDetails:
    return AlertDetails(
        patient=NamedPerson(id=alert.patient_id, name=names[alert.patient_id]),
        conversation_id=alert.conversation_id,
        level=max((cause.level for cause in causes), key=_ORDER.index),
        messages=[_message(db, cause, with_bodies) for cause in causes],
        outcome=alert.outcome,
        note=unseal(KeyRing.CLINICAL, alert.outcome_note, "risk_event", "outcome_note", alert.id)
        if alert.outcome_note
        else None,
    )


def _message(db: Database, cause: RiskEvent, with_bodies: bool) -> AlertMessage:
    return AlertMessage(
        message_id=cause.message_id,
        version=cause.message_version,
        level=cause.level,
        source=cause.source,
        phrase_ids=cause.phrase_ids,
        found_at=cause.opened_at,
        body=body_of_version(db, cause.message_id, cause.message_version) if with_bodies else None,
    )


def _causes(db: Database, alert_ids: list[UUID]) -> dict[UUID, list[RiskEvent]]:
    """The messages of each alert, the oldest first."""
    causes: dict[UUID, list[RiskEvent]] = {alert_id: [] for alert_id in alert_ids}
    query = select(RiskEvent).where(or_(RiskEvent.id.in_(alert_ids), RiskEvent.alert_id.in_(alert_ids)))
    for cause in db.scalars(query.order_by(RiskEvent.opened_at, RiskEvent.id)) if alert_ids else ():
        causes[cause.alert_id or cause.id].append(cause)
    return causes


def _names(db: Database, found: Sequence[Seen], therapist_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of patients those alone whom the caller may know of."""
    people = {person for seen in found for person in (seen.alert.resolved_by, seen.alert.assigned_to) if person}
    people |= {seen.alert.patient_id for seen in found if seen.in_full} | set(therapist_ids)
    return dict(db.execute(select(User.id, User.name).where(User.id.in_(people))).tuples().all())
