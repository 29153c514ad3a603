"""Coverage: who an alert is escalated to may see its conversation for a day, and is let out when that is over."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.care_end import spread_word
from shared.clock import now
from shared.database.models.analysis import RiskEvent
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.transaction import transaction
from shared.events import CareEnded
from shared.settings import settings

BATCH: Final = 50


def begin_coverage(db: Database, alert: RiskEvent, therapist_ids: Iterable[UUID], moment: datetime) -> None:
    """Let therapists into the alert's conversation from this moment on; who is in already stays for as long again."""
    until = moment + timedelta(hours=settings().coverage_hours)
    for therapist_id in therapist_ids:
        care = _standing(db, alert.patient_id, therapist_id) or _opened(db, alert, therapist_id, moment, until)
        care.expires_at, care.alert_id = until, alert.id
        _let_in(db, alert.conversation_id, therapist_id, moment)
        audit.record(
            db,
            Action.COVERAGE_BEGAN,
            subject_id=alert.patient_id,
            resource=("care_relationship", care.id),
            details={"alert": str(alert.id), "therapist": str(therapist_id), "until": until.isoformat()},
        )


def end_coverage() -> int:
    """Close what is over, for the record and for open sockets: nobody sees anything by it since its time came."""
    over = over_now()
    for care_id in over:
        for event in closed(care_id):
            spread_word(event)
    return len(over)


@transaction
def over_now(db: Database) -> list[UUID]:
    """Coverage whose time has come, the longest ago first."""
    query = select(CareRelationship.id).where(_is_over()).order_by(CareRelationship.expires_at).limit(BATCH)
    return list(db.scalars(query))


@transaction
def closed(db: Database, care_id: UUID) -> list[CareEnded]:
    """Close one, if nobody else has and it was not prolonged meanwhile; what sockets are to be told."""
    care = db.scalar(select(CareRelationship).where(CareRelationship.id == care_id, _is_over()).with_for_update())
    if care is None:
        return []
    moment = now()
    care.status, care.ended_at = CareStatus.ENDED, moment
    subject, resource = care.patient_id, ("care_relationship", care.id)
    audit.record(
        db, Action.COVERAGE_ENDED, subject_id=subject, resource=resource, details={"therapist": str(care.therapist_id)}
    )
    events = [_ended(care, conversation_id, moment) for conversation_id in _let_out(db, care, moment)]
    for event in events:
        outbox.record(db, event)
    return events


def _is_over() -> ColumnElement[bool]:
    return and_(
        CareRelationship.kind == CareKind.COVERAGE,
        CareRelationship.status == CareStatus.ACCEPTED,
        CareRelationship.expires_at <= now(),
    )


def _standing(db: Database, patient_id: UUID, therapist_id: UUID) -> CareRelationship | None:
    return db.scalar(
        select(CareRelationship).where(
            CareRelationship.patient_id == patient_id,
            CareRelationship.therapist_id == therapist_id,
            CareRelationship.kind == CareKind.COVERAGE,
            CareRelationship.status == CareStatus.ACCEPTED,
        )
    )


def _opened(db: Database, alert: RiskEvent, therapist_id: UUID, moment: datetime, until: datetime) -> CareRelationship:
    care = CareRelationship(
        id=uuid4(),
        patient_id=alert.patient_id,
        therapist_id=therapist_id,
        kind=CareKind.COVERAGE,
        status=CareStatus.ACCEPTED,
        requested_at=moment,
        accepted_at=moment,
        expires_at=until,
        alert_id=alert.id,
    )
    db.add(care)
    return care


def _let_in(db: Database, conversation_id: UUID, therapist_id: UUID, moment: datetime) -> None:
    """As a member whom the patient sees too; all but what came last counts as read."""
    last_seq = db.scalars(select(Conversation.last_seq).where(Conversation.id == conversation_id)).one()
    member = db.get(ConversationMember, (conversation_id, therapist_id))
    if member is None:
        member = ConversationMember(conversation_id=conversation_id, user_id=therapist_id, joined_at=moment)
        member.last_read_seq = max(0, last_seq - 1)
        db.add(member)
    member.left_at = None


def _let_out(db: Database, care: CareRelationship, moment: datetime) -> list[UUID]:
    """The conversations of the patient's that the therapist is out of from now on."""
    others = (
        select(Conversation.id)
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .where(CareRelationship.patient_id == care.patient_id, CareRelationship.therapist_id != care.therapist_id)
    )
    left = (
        update(ConversationMember)
        .where(
            ConversationMember.user_id == care.therapist_id,
            ConversationMember.conversation_id.in_(others),
            ConversationMember.left_at.is_(None),
        )
        .values(left_at=moment)
        .returning(ConversationMember.conversation_id)
    )
    return list(db.scalars(left))


def _ended(care: CareRelationship, conversation_id: UUID, moment: datetime) -> CareEnded:
    return CareEnded(
        occurred_at=moment,
        care_relationship_id=care.id,
        conversation_id=conversation_id,
        therapist_id=care.therapist_id,
    )
