"""People, sessions and messages as the functions write them, for the relay to find."""

import base64
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from redis import Redis
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import session
from shared.clock import now
from shared.database.models.accounts import Session, Transport, User
from shared.database.models.analysis import Label, MessageAnalysis, RiskLevel
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.events import MessageSent, SessionsRevoked
from shared.messages import seal_body
from shared.roles import Role


@dataclass(frozen=True)
class Someone:
    """An account and a token of theirs."""

    id: uuid.UUID
    name: str
    token: str
    session_id: uuid.UUID


@dataclass(frozen=True)
class Care:
    """Two people and what links them."""

    id: uuid.UUID
    patient: Someone
    therapist: Someone
    conversation_id: uuid.UUID


@transaction
def somebody(db: Database, role: Role, name: str = "Somebody") -> Someone:
    user = User(id=uuid.uuid4(), email=f"{uuid.uuid4().hex}@bloom.test", name=name, role=role, email_verified_at=now())
    db.add(user)
    db.flush()
    if role is Role.THERAPIST:
        db.add(_licence(user.id))
    opened = session.open_session(db, user, transport=Transport.BEARER, address="127.0.0.1", user_agent="tests")
    return Someone(user.id, name, opened.token, opened.session_id)


@transaction
def looked_on(db: Database, person: Someone) -> str:
    """The token of an administrator who looks on as somebody."""
    administrator = User(id=uuid.uuid4(), email=f"{uuid.uuid4().hex}@bloom.test", name="Ada", role=Role.ADMINISTRATOR)
    db.add(administrator)
    db.flush()
    opened = session.open_impersonation(
        db,
        person.id,
        administrator.id,
        reason_code="asked-for-help",
        lasts=timedelta(minutes=30),
        transport=Transport.BEARER,
        address="127.0.0.1",
        user_agent="tests",
    )
    return opened.token


def _licence(therapist_id: uuid.UUID, expires_on: date = date(2099, 12, 31)) -> TherapistProfile:
    return TherapistProfile(
        user_id=therapist_id,
        license_number=f"T-{therapist_id}",
        license_region="CA",
        license_expires_on=expires_on,
        credentials_status=CredentialsStatus.VERIFIED,
        reviewed_at=now(),
    )


@transaction
def end_licence(db: Database, therapist: Someone) -> None:
    """Its last day is long over."""
    db.merge(_licence(therapist.id, expires_on=date(2020, 1, 1)))


@transaction
def another_token(db: Database, person: Someone) -> session.NewSession:
    user = db.get_one(User, person.id)
    return session.open_session(db, user, transport=Transport.COOKIE, address="127.0.0.1", user_agent="tests")


def in_care() -> Care:
    return linked(somebody(Role.PATIENT, "Paula Marked-Name"), somebody(Role.THERAPIST, "Thea Marked-Name"))


@transaction
def linked(db: Database, patient: Someone, therapist: Someone) -> Care:
    care = Care(uuid.uuid4(), patient, therapist, uuid.uuid4())
    parties = {"patient_id": patient.id, "therapist_id": therapist.id}
    db.add(CareRelationship(id=care.id, status=CareStatus.ACCEPTED, accepted_at=now(), **parties))
    db.add(Conversation(id=care.conversation_id, care_relationship_id=care.id))
    for person in (patient, therapist):
        db.add(ConversationMember(conversation_id=care.conversation_id, user_id=person.id))
    return care


@transaction
def end_care(db: Database, care: Care) -> None:
    db.execute(
        update(CareRelationship)
        .where(CareRelationship.id == care.id)
        .values(status=CareStatus.ENDED, ended_at=now(), ended_by=care.patient.id)
    )


@transaction
def revoke(db: Database, person: Someone) -> SessionsRevoked:
    event = session.revoke(db, person.id, [person.session_id])
    assert event
    return event


@transaction
def run_out(db: Database, session_id: uuid.UUID) -> None:
    moment = now()
    db.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(created_at=moment - timedelta(days=30), expires_at=moment - timedelta(seconds=1))
    )


@transaction(tries=20)
def keep(db: Database, care: Care, body: str = "hello", count: int = 1) -> list[MessageSent]:
    """Messages of the patient, in the database alone."""
    last_seq = db.execute(
        update(Conversation)
        .where(Conversation.id == care.conversation_id)
        .values(last_seq=Conversation.last_seq + count)
        .returning(Conversation.last_seq)
    ).scalar_one()
    kept = [_message(care, body, seq) for seq in range(last_seq - count + 1, last_seq + 1)]
    db.add_all(kept)
    return [_event(message) for message in kept]


def _message(care: Care, body: str, seq: int) -> Message:
    message_id = uuid.uuid4()
    return Message(
        id=message_id,
        conversation_id=care.conversation_id,
        sender_id=care.patient.id,
        seq=seq,
        version=1,
        sent_at=now(),
        body=seal_body(message_id, body),
    )


def _event(message: Message) -> MessageSent:
    assert message.body
    return MessageSent(
        occurred_at=message.sent_at,
        message_id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        version=message.version,
        sender_id=message.sender_id,
        client_id=None,
        sealed_body=base64.b64encode(message.body).decode(),
    )


def told_only(care: Care, body: str, seq: int) -> MessageSent:
    """A message that no database holds."""
    return _event(_message(care, body, seq))


def publish(redis: Redis, *events: MessageSent) -> None:
    for event in events:
        redis.publish(event.channel, event.model_dump_json())


@transaction
def analyse(db: Database, sent: MessageSent, care: Care) -> None:
    db.add(
        MessageAnalysis(
            message_id=sent.message_id,
            message_version=1,
            conversation_id=sent.conversation_id,
            patient_id=care.patient.id,
            label=Label.ANXIETY,
            confidence=0.9,
            all_scores={"Anxiety": 0.9},
            model_version="m",
            thresholds_version="m",
            risk_level=RiskLevel.LOW,
            latency_ms=1,
            created_at=now(),
        )
    )


@transaction
def audited(db: Database, conversation_id: uuid.UUID) -> set[tuple[str, str, uuid.UUID | None, uuid.UUID | None]]:
    rows = db.scalars(select(AuditEvent).where(AuditEvent.resource_id == conversation_id))
    return {(row.action, row.outcome, row.actor_id, row.subject_id) for row in rows}
