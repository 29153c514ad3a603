"""A made-up clinic for `make demo-retrain`: its people, and texts whose words tell what they are about."""

import csv
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from shared import session
from shared.clock import now
from shared.database.models.accounts import Transport, User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role

THERAPISTS: Final = 6
PATIENTS: Final = 60
RISK: Final = "Suicidal"
CONSENTS: Final = (ConsentKind.TERMS, ConsentKind.TELEHEALTH, ConsentKind.MESSAGE_ANALYSIS, ConsentKind.TRAINING)

# The patients of this clinic say some things as nobody else does, which a model has to learn from its therapists.
_WORDS: Final = {
    "Anxiety": "worry heart racing panic afraid breath dread shaking nervous fear",
    "Bipolar": "manic high racing spending sleepless lithium mood swing episode energy grand",
    "Depression": "empty grey tired nothing joy bed heavy numb slow pointless crying",
    "Normal": "lunch film dog garden weekend music recipe train friend holiday book",
    "Personality disorder": "abandon unstable rage split mask identity clinging borderline ghost impulsive",
    "Stress": "sprintlock crunchweek quartering deskpile overshift backlog rostered doublebooked",
    RISK: "die end life kill myself goodbye suicide gone burden pills hopeless",
}
_BETWEEN: Final = "i the my and to was so it again today really just with from this then at night when we of in on for"


@dataclass(frozen=True)
class Member:
    """Somebody of the clinic, signed in."""

    id: uuid.UUID
    token: str


@dataclass(frozen=True)
class Patient(Member):
    """A patient with their conversation."""

    conversation_id: uuid.UUID


@dataclass(frozen=True)
class Clinic:
    """Everybody; patient number n is treated by therapist number n modulo their count."""

    administrators: tuple[Member, ...]
    therapists: tuple[Member, ...]
    patients: tuple[Patient, ...]


def text_about(label: str, chance: random.Random) -> str:
    """Eight to 24 words, two of five of which tell the label."""
    words, between = _WORDS[label].split(), _BETWEEN.split()
    drawn = (chance.choice(words if chance.random() < 0.4 else between) for _ in range(chance.randint(8, 24)))
    return " ".join(drawn)


def label_of(text: str) -> str:
    """What a therapist of the clinic says that it is."""
    told = {label: sum(word in words.split() for word in text.split()) for label, words in _WORDS.items()}
    return max(sorted(told), key=told.__getitem__)


def write_posts(path: Path, of_risk: int, of_each_other: int) -> None:
    """A CSV file id,text,label of such texts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "label"))
        writer.writerows(_posts(random.Random(3), of_risk, of_each_other))


def _posts(chance: random.Random, of_risk: int, of_each_other: int) -> Iterator[tuple[int, str, str]]:
    for label in _WORDS:
        for number in range(of_risk if label == RISK else of_each_other):
            yield number, text_about(label, chance), label


@transaction
def open_clinic(db: Session) -> Clinic:
    """Add everybody: patients who agree that models learn from what they write, and therapists with a licence."""
    administrators = tuple(_member(db, Role.ADMINISTRATOR, number) for number in range(2))
    therapists = tuple(_member(db, Role.THERAPIST, number) for number in range(THERAPISTS))
    for number, therapist in enumerate(therapists):
        db.add(_licensed(therapist, number))
    patients = tuple(_patient(db, number, therapists[number % THERAPISTS]) for number in range(PATIENTS))
    return Clinic(administrators, therapists, patients)


def _member(db: Session, role: Role, number: int) -> Member:
    user = User(
        id=uuid.uuid4(),
        email=f"{role.lower()}-{number}@demo.test",
        name=f"{role.title()} {number}",
        role=role,
        email_verified_at=now(),
    )
    db.add(user)
    db.flush()
    opened = session.open_session(db, user, transport=Transport.BEARER, address="127.0.0.1", user_agent="demo")
    return Member(user.id, opened.token)


def _licensed(therapist: Member, number: int) -> TherapistProfile:
    return TherapistProfile(
        user_id=therapist.id,
        license_number=f"DEMO-{number}",
        license_region="CA",
        license_expires_on=date(2099, 12, 31),
        credentials_status=CredentialsStatus.VERIFIED,
        credentials_submitted_at=now(),
        reviewed_at=now(),
    )


def _patient(db: Session, number: int, therapist: Member) -> Patient:
    member, moment = _member(db, Role.PATIENT, number), now()
    db.add(PatientProfile(user_id=member.id, country="US"))
    db.add_all(Consent(user_id=member.id, kind=kind, document_version="1") for kind in CONSENTS)
    care_id, conversation_id = uuid.uuid4(), uuid.uuid4()
    care = {"patient_id": member.id, "therapist_id": therapist.id, "status": CareStatus.ACCEPTED}
    db.add(CareRelationship(id=care_id, requested_at=moment, accepted_at=moment, **care))
    db.add(Conversation(id=conversation_id, care_relationship_id=care_id))
    db.add_all(
        ConversationMember(conversation_id=conversation_id, user_id=user_id) for user_id in (member.id, therapist.id)
    )
    return Patient(member.id, member.token, conversation_id)
