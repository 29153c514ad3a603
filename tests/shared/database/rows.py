"""Rows with nothing wrong with them, from which a test makes the one thing wrong that it is about."""

import secrets
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.clock import now
from shared.database.models.accounts import Session, Transport, User
from shared.database.models.analysis import Label, MessageAnalysis, RiskEvent, RiskLevel, RiskSource
from shared.database.models.care import CareRelationship
from shared.database.models.messaging import Conversation, Message
from shared.database.models.scheduling import Appointment, AppointmentStatus, AvailabilityException, AvailabilityRule
from shared.roles import Role

TOMORROW = now().replace(microsecond=0) + timedelta(days=1)


def digest() -> bytes:
    return secrets.token_bytes(32)


def user(role: Role = Role.PATIENT, **columns: Any) -> User:
    made = uuid4()
    return User(**{"id": made, "email": f"{made}@example.org", "name": "Somebody", "role": role} | columns)


def session(of: UUID, **columns: Any) -> Session:
    given = {"user_id": of, "token_hash": digest(), "transport": Transport.COOKIE}
    return Session(**given | {"created_at": now(), "expires_at": TOMORROW} | columns)


def care(patient: UUID, therapist: UUID, **columns: Any) -> CareRelationship:
    return CareRelationship(**{"id": uuid4(), "patient_id": patient, "therapist_id": therapist} | columns)


def rule(therapist: UUID, **columns: Any) -> AvailabilityRule:
    hours = {"weekday": 0, "start_minute": 540, "end_minute": 1020, "time_zone": "America/Los_Angeles"}
    return AvailabilityRule(**{"therapist_id": therapist, "effective_from": date(2026, 1, 1)} | hours | columns)


def exception(therapist: UUID, **columns: Any) -> AvailabilityException:
    closed = {"on_date": date(2026, 12, 25), "available": False, "time_zone": "America/Los_Angeles"}
    return AvailabilityException(**{"therapist_id": therapist} | closed | columns)


def appointment(patient: UUID, therapist: UUID, **columns: Any) -> Appointment:
    end = TOMORROW + timedelta(minutes=50)
    times = {"start_at": TOMORROW, "end_at": end, "blocked_from": TOMORROW, "blocked_until": end}
    who = {"patient_id": patient, "therapist_id": therapist, "status": AppointmentStatus.BOOKED, "time_zone": "UTC"}
    return Appointment(**{"id": uuid4()} | who | times | columns)


def conversation(**columns: Any) -> Conversation:
    return Conversation(**{"id": uuid4()} | columns)


def message(of: UUID, sender: UUID, seq: int = 1, **columns: Any) -> Message:
    given = {"id": uuid4(), "conversation_id": of, "sender_id": sender, "seq": seq, "body": b"sealed"}
    return Message(**given | columns)


def analysis(of: Message, **columns: Any) -> MessageAnalysis:
    about = {"message_id": of.id, "message_version": 1, "conversation_id": of.conversation_id}
    said = {"label": Label.STRESS, "confidence": 0.5, "all_scores": {"Stress": 0.5}, "risk_level": RiskLevel.NONE}
    by = {"patient_id": of.sender_id, "model_version": "m1", "thresholds_version": "t1", "latency_ms": 20}
    return MessageAnalysis(**{"id": uuid4()} | about | said | by | columns)


def risk(of: Message, **columns: Any) -> RiskEvent:
    about = {"message_id": of.id, "message_version": 1, "conversation_id": of.conversation_id}
    found = {"patient_id": of.sender_id, "level": RiskLevel.HIGH, "source": RiskSource.PHRASE}
    return RiskEvent(**about | found | columns)
