"""Accounts, care and sessions for tests, kept as the product keeps them, and a client that asks as one of them."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import Select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared import session
from shared.clock import now
from shared.database.models.accounts import Transport, User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.transaction import transaction
from shared.passwords import hash_password
from shared.roles import Role
from shared.settings import settings

PASSWORD = "a password that nobody guesses"
LAST_DAY = date(2099, 12, 31)
Row = TypeVar("Row")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a session by bearer token."""

    id: UUID
    role: Role
    email: str
    name: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        """The headers that say who asks."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Pair:
    """A patient and a therapist with a conversation."""

    patient: Person
    therapist: Person
    conversation_id: UUID


@transaction
def choose_language(db: Database, person: "Person", tag: str) -> None:
    """What mails to somebody are written in, a tag of BCP 47."""
    db.get_one(User, person.id).language = tag


@transaction
def add_person(
    db: Database,
    role: Role = Role.PATIENT,
    *,
    name: str = "",
    email: str = "",
    country: str | None = None,
    agrees: bool = True,
    verified: bool = True,
    licence: CredentialsStatus | None = CredentialsStatus.VERIFIED,
    licence_expires_on: date = LAST_DAY,
) -> Person:
    """An account with PASSWORD and a session.

    A patient's has a profile and, where they agree, the consent; a therapist's has a verified licence, where nothing
    else is said, and with `licence=None` no profile at all.
    """
    number = next(_numbers)
    user = User(
        email=email or f"person-{number}@people.test",
        name=name or f"Person {number}",
        role=role,
        password_hash=_hashed(settings().bcrypt_cost),
        email_verified_at=now() if verified else None,
    )
    db.add(user)
    db.flush()
    if role is Role.PATIENT:
        db.add(PatientProfile(user_id=user.id, country=country))
        if agrees:
            db.add(Consent(user_id=user.id, kind=ConsentKind.MESSAGE_ANALYSIS, document_version="1"))
    if role is Role.THERAPIST and licence is not None:
        db.add(_therapist_profile(user.id, licence, licence_expires_on))
    opened = session.open_session(db, user, transport=Transport.BEARER, address="192.0.2.1", user_agent="a test")
    return Person(user.id, role, user.email, user.name, opened.token)


@transaction
def add_care(db: Database, patient: Person, therapist: Person, status: CareStatus = CareStatus.ACCEPTED) -> UUID:
    """A care relationship in this state, and its conversation's id."""
    moment = now()
    care = CareRelationship(
        patient_id=patient.id,
        therapist_id=therapist.id,
        status=status,
        requested_at=moment,
        accepted_at=moment if status in (CareStatus.ACCEPTED, CareStatus.ENDED) else None,
        ended_at=moment if status is CareStatus.ENDED else None,
        declined_at=moment if status is CareStatus.DECLINED else None,
    )
    db.add(care)
    db.flush()
    conversation = Conversation(care_relationship_id=care.id, created_at=moment)
    db.add(conversation)
    db.flush()
    for person in (patient, therapist):
        db.add(ConversationMember(conversation_id=conversation.id, user_id=person.id, joined_at=moment))
    return conversation.id


@functools.cache
def _hashed(_cost: int) -> str:
    """PASSWORD's hash at the cost that the settings name: one for all people, since each takes as long as a request."""
    return hash_password(PASSWORD)


def add_pair(status: CareStatus = CareStatus.ACCEPTED, **patient: Any) -> Pair:
    """A new patient and a new therapist with a conversation."""
    who, therapist = add_person(Role.PATIENT, **patient), add_person(Role.THERAPIST)
    return Pair(who, therapist, add_care(who, therapist, status))


@transaction
def change_licence(
    db: Database, therapist: Person, status: CredentialsStatus = CredentialsStatus.VERIFIED, expires_on: date = LAST_DAY
) -> None:
    """A therapist's licence stands otherwise from now on."""
    db.merge(_therapist_profile(therapist.id, status, expires_on))


def _therapist_profile(user_id: UUID, status: CredentialsStatus, expires_on: date) -> TherapistProfile:
    if status is CredentialsStatus.UNSUBMITTED:
        return TherapistProfile(user_id=user_id)
    return TherapistProfile(
        user_id=user_id,
        license_number=f"T-{user_id}",
        license_region="CA",
        license_expires_on=expires_on,
        credentials_status=status,
        credentials_submitted_at=now(),
        reviewed_at=None if status is CredentialsStatus.PENDING else now(),
    )


@transaction
def end_care(db: Database, pair: Pair) -> None:
    """The care relationship of a pair ends now."""
    conversation = db.get_one(Conversation, pair.conversation_id)
    care = db.get_one(CareRelationship, conversation.care_relationship_id)
    care.status, care.ended_at = CareStatus.ENDED, now() + timedelta(milliseconds=1)


def rows(query: Select[tuple[Row]]) -> Sequence[Row]:
    """What the database holds, of one model or one column."""
    found: Sequence[Row] = _read(query)
    return found


@transaction
def _read(db: Database, query: Select[Any]) -> Sequence[Any]:
    return db.scalars(query).all()


class As:
    """A function's client that asks as one person, or as nobody."""

    def __init__(self, client: FlaskClient, person: Person | None) -> None:
        self._client = client
        self._headers = person.bearer if person else {}

    def get(self, path: str, **query: object) -> TestResponse:
        """GET with a query."""
        return self._client.get(path, query_string=query or None, headers=self._headers)

    def post(self, path: str, body: object = None, **headers: str) -> TestResponse:
        """POST a JSON body."""
        return self._client.post(path, json={} if body is None else body, headers={**self._headers, **headers})

    def put(self, path: str, body: object = None, **headers: str) -> TestResponse:
        """PUT a JSON body."""
        return self._client.put(path, json={} if body is None else body, headers={**self._headers, **headers})

    def patch(self, path: str, body: object = None, **headers: str) -> TestResponse:
        """PATCH with a JSON body."""
        return self._client.patch(path, json={} if body is None else body, headers={**self._headers, **headers})

    def delete(self, path: str, **headers: str) -> TestResponse:
        """DELETE, which has no body."""
        return self._client.delete(path, headers={**self._headers, **headers})
