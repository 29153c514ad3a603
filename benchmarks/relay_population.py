"""Many rooms of two for a measurement, written in few statements: signing thousands up is not what is measured."""

import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.engine import engine
from shared.database.models.accounts import Session, Transport, User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from shared.settings import settings

AT_ONCE: Final = 100


@dataclass(frozen=True)
class Room:
    """A conversation, who writes in it, and both sides' tokens."""

    conversation_id: str
    care_id: str
    sender_id: str
    tokens: tuple[str, str]


def look_into(cloud: LocalCloud) -> None:
    """Make this process's settings and database those of the cloud."""
    os.environ.update(cloud.settings)
    settings.cache_clear()
    engine.cache_clear()


def populate(rooms: int) -> list[Room]:
    """So many patients and therapists, each pair with a conversation and signed in."""
    return [room for start in range(0, rooms, AT_ONCE) for room in _populate(min(AT_ONCE, rooms - start))]


@transaction
def set_last_seqs(db: Database, last_seqs: dict[str, int]) -> None:
    """As if what was published had been kept."""
    for conversation_id, seq in last_seqs.items():
        row = update(Conversation).where(Conversation.id == uuid.UUID(conversation_id)).values(last_seq=seq)
        db.execute(row.execution_options(synchronize_session=False))


@transaction
def transactions_so_far(db: Database) -> int:
    """Committed in the database, whoever's."""
    return int(db.scalar(text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")) or 0)


@transaction
def connections(db: Database) -> int:
    """Open to the database at the moment, besides this one."""
    query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    return int(db.scalar(text(query)) or 0)


@transaction
def _populate(db: Database, count: int) -> list[Room]:
    people = [(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()) for _ in range(count)]
    _insert(db, User, (row for pair in people for row in _users(*pair[:2])))
    _insert(db, TherapistProfile, (_licence(therapist) for _, therapist, *_ in people))
    _insert(
        db,
        CareRelationship,
        (
            {
                "id": care,
                "patient_id": patient,
                "therapist_id": therapist,
                "status": CareStatus.ACCEPTED,
                "requested_at": now(),
                "accepted_at": now(),
            }
            for patient, therapist, care, _ in people
        ),
    )
    _insert(
        db,
        Conversation,
        ({"id": room, "care_relationship_id": care, "last_seq": 0, "created_at": now()} for *_, care, room in people),
    )
    _insert(
        db,
        ConversationMember,
        (
            {"conversation_id": room, "user_id": member, "last_read_seq": 0, "joined_at": now()}
            for patient, therapist, _, room in people
            for member in (patient, therapist)
        ),
    )
    tokens = [(f"{patient}-token", f"{therapist}-token") for patient, therapist, *_ in people]
    _insert(
        db,
        Session,
        (
            _session(user, token)
            for (patient, therapist, *_), pair in zip(people, tokens, strict=True)
            for user, token in zip((patient, therapist), pair, strict=True)
        ),
    )
    return [Room(str(ids[3]), str(ids[2]), str(ids[0]), pair) for ids, pair in zip(people, tokens, strict=True)]


def _insert(db: Database, model: Any, rows: Iterator[dict[str, Any]]) -> None:
    listed: Sequence[dict[str, Any]] = list(rows)
    db.execute(insert(model.__table__).values(listed))


def _users(patient: uuid.UUID, therapist: uuid.UUID) -> Iterator[dict[str, Any]]:
    for user_id, role in ((patient, Role.PATIENT), (therapist, Role.THERAPIST)):
        yield {
            "id": user_id,
            "email": f"{user_id}@bench.test",
            "name": "Bench",
            "role": role,
            "status": "active",
            "preferences": {},
            "email_verified_at": now(),
            "created_at": now(),
        }


def _licence(therapist: uuid.UUID) -> dict[str, Any]:
    return {
        "user_id": therapist,
        "license_number": f"T-{therapist}",
        "license_region": "CA",
        "license_expires_on": date(2099, 12, 31),
        "credentials_status": CredentialsStatus.VERIFIED,
        "reviewed_at": now(),
    }


def _session(user_id: uuid.UUID, token: str) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "user_id": user_id,
        "token_hash": sha256(token.encode()).digest(),
        "created_at": now(),
        "last_seen_at": now(),
        "expires_at": now() + timedelta(days=1),
        "transport": Transport.BEARER,
        "ip": "127.0.0.1",
        "user_agent": "benchmark",
    }
