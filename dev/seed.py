"""Three accounts to sign in with, in care of one another, with a conversation: there after every start."""

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dev.seed_accounts import ACCOUNTS, SeedAccount
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.models.scheduling import AvailabilityRule
from shared.database.transaction import transaction
from shared.passwords import hash_password
from shared.roles import Role

CONSENTS = (ConsentKind.TERMS, ConsentKind.TELEHEALTH, ConsentKind.MESSAGE_ANALYSIS)


def seed() -> None:
    """Add what is missing; what is there stays as somebody may have changed it."""
    hashes = {account.email: hash_password(account.password) for account in missing_accounts()}
    if hashes:
        keep(hashes)


@transaction
def missing_accounts(db: Session) -> list[SeedAccount]:
    """The accounts that the database has not."""
    known = set(db.scalars(select(User.email).where(User.email.in_([account.email for account in ACCOUNTS]))))
    return [account for account in ACCOUNTS if account.email not in known]


@transaction
def keep(db: Session, hashes: dict[str, str]) -> None:
    """Add the accounts of these password hashes, and what links them where the patient or the therapist is new."""
    moment = now()
    for account in ACCOUNTS:
        if account.email in hashes:
            db.add(_user(account, hashes[account.email], moment))
    db.flush()
    patient, therapist, administrator = (_user_of(db, account) for account in ACCOUNTS)
    if {patient.email, therapist.email} & set(hashes):
        _add_profiles(db, patient, therapist, administrator, moment)
        _add_conversation(db, patient, therapist, moment)
        _add_hours(db, therapist)


def _user(account: SeedAccount, password_hash: str, moment: datetime) -> User:
    return User(
        email=account.email,
        name=account.name,
        role=Role(account.role),
        password_hash=password_hash,
        email_verified_at=moment,
    )


def _user_of(db: Session, account: SeedAccount) -> User:
    return db.scalars(select(User).where(User.email == account.email)).one()


def _add_profiles(db: Session, patient: User, therapist: User, administrator: User, moment: datetime) -> None:
    """The patient's profile and consents, and the therapist's with credentials that were checked."""
    db.merge(PatientProfile(user_id=patient.id, country="US", completed_at=moment))
    db.merge(
        TherapistProfile(
            user_id=therapist.id,
            bio="A therapist of the local cloud.",
            specialties=["Anxiety", "Depression"],
            languages=["en"],
            accepts_new_patients=True,
            license_number="LOCAL-1",
            license_region="CA",
            license_expires_on=date(2099, 12, 31),
            credentials_status=CredentialsStatus.VERIFIED,
            credentials_submitted_at=moment,
            reviewed_at=moment,
            reviewed_by=administrator.id,
        )
    )
    standing = set(
        db.scalars(select(Consent.kind).where(Consent.user_id == patient.id, Consent.withdrawn_at.is_(None)))
    )
    for kind in CONSENTS:
        if kind not in standing:
            db.add(Consent(user_id=patient.id, kind=kind, document_version="1", given_at=moment))


def _add_hours(db: Session, therapist: User) -> None:
    """Every day from eight to six by the therapist's own clock, unless they have hours already."""
    if db.scalar(select(AvailabilityRule.id).where(AvailabilityRule.therapist_id == therapist.id).limit(1)) is None:
        db.add_all(
            AvailabilityRule(
                therapist_id=therapist.id,
                weekday=weekday,
                start_minute=8 * 60,
                end_minute=18 * 60,
                time_zone=therapist.time_zone,
                effective_from=date(2020, 1, 1),
            )
            for weekday in range(7)
        )


def _add_conversation(db: Session, patient: User, therapist: User, moment: datetime) -> None:
    """An accepted care relationship and its conversation, with both as members."""
    care_id, conversation_id = uuid.uuid4(), uuid.uuid4()
    care = {"patient_id": patient.id, "therapist_id": therapist.id, "status": CareStatus.ACCEPTED}
    db.add(CareRelationship(id=care_id, requested_at=moment, accepted_at=moment, **care))
    db.add(Conversation(id=conversation_id, care_relationship_id=care_id))
    db.add_all(ConversationMember(conversation_id=conversation_id, user_id=user.id) for user in (patient, therapist))
