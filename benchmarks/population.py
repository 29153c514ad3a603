"""People for a measurement: pairs of patient and therapist with a conversation, signed in."""

import os
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import session
from shared.clock import now
from shared.database.models.accounts import Transport, User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from shared.settings import settings


@dataclass(frozen=True)
class Pair:
    """A conversation and both sides' tokens."""

    conversation_id: str
    patient_token: str
    therapist_token: str


def populate(cloud: LocalCloud, pairs: int) -> list[Pair]:
    """Write them straight into the cloud's database: signing up a hundred people is not what is measured."""
    os.environ.update(cloud.settings)
    settings.cache_clear()
    return [_pair(number) for number in range(pairs)]


@transaction
def _pair(db: Database, number: int) -> Pair:
    patient, therapist = _user(db, f"patient-{number}", Role.PATIENT), _user(db, f"therapist-{number}", Role.THERAPIST)
    care = CareRelationship(
        patient_id=patient.id, therapist_id=therapist.id, status=CareStatus.ACCEPTED, accepted_at=now()
    )
    db.add(care)
    db.add(
        TherapistProfile(
            user_id=therapist.id,
            license_expires_on=date(2099, 12, 31),
            credentials_status=CredentialsStatus.VERIFIED,
            reviewed_at=now(),
        )
    )
    db.add(Consent(user_id=patient.id, kind=ConsentKind.MESSAGE_ANALYSIS, document_version="1", given_at=now()))
    db.flush()
    conversation = Conversation(care_relationship_id=care.id)
    db.add(conversation)
    db.flush()
    db.add_all(ConversationMember(conversation_id=conversation.id, user_id=user.id) for user in (patient, therapist))
    return Pair(str(conversation.id), _token(db, patient), _token(db, therapist))


def _user(db: Database, name: str, role: Role) -> User:
    user = User(email=f"{name}@bench.test", name=name, role=role, email_verified_at=now())
    db.add(user)
    db.flush()
    return user


def _token(db: Database, user: User) -> str:
    opened = session.open_session(db, user, transport=Transport.BEARER, address="127.0.0.1", user_agent="benchmark")
    return opened.token
