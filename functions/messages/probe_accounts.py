"""Two people who are nobody, and the conversation in which one of them asks for help: made once, in no directory."""

from datetime import date
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.roles import Role

# Addresses that no mail can be sent to (RFC 2606), and no passwords: nobody signs in as them.
PATIENT: Final = "probe-patient@bloom.invalid"
THERAPIST: Final = "probe-therapist@bloom.invalid"
LAST_DAY: Final = date(2099, 12, 31)


def probe_patient(db: Database) -> tuple[User, UUID]:
    """The patient that a probe writes as, and the conversation to write in; both are made where they are missing.

    The patient has agreed to nothing, so that no message of theirs is scored, learnt from or counted as analysed.
    """
    patient = db.scalar(select(User).where(User.email == PATIENT))
    if patient is not None:
        conversation = select(Conversation.id).join(
            CareRelationship, CareRelationship.id == Conversation.care_relationship_id
        )
        return patient, db.scalars(conversation.where(CareRelationship.patient_id == patient.id)).one()
    return _made(db)


def _made(db: Database) -> tuple[User, UUID]:
    moment = now()
    patient = _user(PATIENT, "Probe (patient)", Role.PATIENT, {})
    therapist = _user(THERAPIST, "Probe (therapist)", Role.THERAPIST, {"alerts": {"emailRiskAlerts": False}})
    db.add_all([patient, therapist])
    db.flush()
    care_id, conversation_id = uuid4(), uuid4()
    pair = {"patient_id": patient.id, "therapist_id": therapist.id}
    db.add_all(
        [
            PatientProfile(user_id=patient.id),
            TherapistProfile(
                user_id=therapist.id,
                accepts_new_patients=False,
                license_number="PROBE",
                license_region="NONE",
                license_expires_on=LAST_DAY,
                credentials_status=CredentialsStatus.VERIFIED,
                credentials_submitted_at=moment,
                reviewed_at=moment,
            ),
            CareRelationship(id=care_id, status=CareStatus.ACCEPTED, requested_at=moment, accepted_at=moment, **pair),
            Conversation(id=conversation_id, care_relationship_id=care_id, created_at=moment),
        ]
    )
    db.flush()
    db.add_all(
        ConversationMember(conversation_id=conversation_id, user_id=user.id, joined_at=moment)
        for user in (patient, therapist)
    )
    return patient, conversation_id


def _user(email: str, name: str, role: Role, preferences: dict[str, object]) -> User:
    return User(
        id=uuid4(),
        email=email,
        name=name,
        role=role,
        email_verified_at=now(),
        is_synthetic=True,
        preferences=preferences,
    )
