"""Whose it is: the only way to a patient's rows, where the check, its audit entry and the refusal are one step."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.models.trust import BreakGlassGrant
from shared.preferences import Privacy, preferences_of
from shared.problems import Conflict, Denial, Forbidden, NotFound
from shared.roles import Role
from shared.session import Caller


class ConversationClosed(Conflict):
    """The care relationship has ended: the patient may still read, nobody may write."""

    title = "This conversation has ended and can only be read"


class LicenceNotVerified(Forbidden):
    """A therapist whose licence is not verified, or has expired, sees and does nothing that is about patients."""

    title = "This asks for a verified licence that has not expired"


class RecordNotOpen(Forbidden):
    """An administrator reads in a patient's record only while they have opened it, with a reason."""

    title = "Please open this record first, and say why"


# A licence holds to the end of its last day, wherever that is: the last places to see a day end are at UTC-12.
LAST_DAY_ENDS: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Membership:
    """A conversation as one of its people may use it: the two whose it is, or who covers for its therapist."""

    conversation_id: UUID
    care_relationship_id: UUID
    patient_id: UUID
    clinician_id: UUID
    last_seq: int
    last_revision: int
    active_at: datetime
    """When it was last written in, or else opened; UTC."""
    is_open: bool
    """Whether the care relationship is accepted, so that messages may be written."""


def conversation(
    db: Database,
    caller: Caller,
    conversation_id: UUID,
    *,
    action: Action,
    message_id: UUID | None = None,
    file_id: UUID | None = None,
    details: audit.Details | None = None,
) -> Membership:
    """The conversation, if it is the caller's: a patient's own at any time, a therapist's while care is accepted, or
    while they cover for its therapist.

    Leaves an audit entry named by `action`, about the message or file where one is named, with these details. Raises
    NotFound, LicenceNotVerified, which are audited too.
    """
    row = db.execute(_conversations(caller).where(Conversation.id == conversation_id)).one_or_none()
    if row is None:
        require_licence(db, caller, action=action, resource_id=conversation_id)
        raise NotFound(denial=Denial(action, resource_id=conversation_id))
    membership = _membership(row)
    if not row.licensed:
        raise LicenceNotVerified(denial=Denial(action, membership.patient_id, conversation_id))
    resource = ("file", file_id) if file_id else ("message", message_id) if message_id else None
    resource = resource or ("conversation", conversation_id)
    audit.record(db, action, subject_id=membership.patient_id, resource=resource, details=details)
    return membership


def open_conversation(
    db: Database,
    caller: Caller,
    conversation_id: UUID,
    *,
    action: Action,
    message_id: UUID | None = None,
    file_id: UUID | None = None,
) -> Membership:
    """As `conversation`, for writing. Raises ConversationClosed too."""
    membership = conversation(db, caller, conversation_id, action=action, message_id=message_id, file_id=file_id)
    if not membership.is_open:
        raise ConversationClosed(denial=Denial(action, membership.patient_id, conversation_id))
    return membership


def conversations(
    db: Database, caller: Caller, *, action: Action, before: tuple[datetime, UUID] | None, limit: int
) -> list[Membership]:
    """Conversations that the caller may read, the latest activity first, each leaving its audit entry.

    `before` is the time and id that the page before ended with. Raises LicenceNotVerified, which is audited.
    """
    query = _conversations(caller).order_by(_active_at.desc(), Conversation.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(_active_at, Conversation.id) < before)
    rows = db.execute(query).all()
    if not rows:
        require_licence(db, caller, action=action)
    if not all(row.licensed for row in rows):
        raise LicenceNotVerified(denial=Denial(action))
    memberships = [_membership(row) for row in rows]
    for found in memberships:
        audit.record(db, action, subject_id=found.patient_id, resource=("conversation", found.conversation_id))
    return memberships


def accepted_care(db: Database, caller: Caller, other_id: UUID, *, action: Action) -> CareRelationship:
    """The accepted care relationship between the caller and another person.

    Raises NotFound, LicenceNotVerified, which are audited.
    """
    require_licence(db, caller, action=action, subject_id=other_id)
    found = db.scalar(
        select(CareRelationship).where(
            _side_of(caller) == caller.user_id,
            (CareRelationship.therapist_id if caller.role is Role.PATIENT else CareRelationship.patient_id) == other_id,
            CareRelationship.status == CareStatus.ACCEPTED,
            CareRelationship.kind == CareKind.STANDING,
            _is_not_sealed(),
        )
    )
    if found is None:
        raise NotFound(denial=Denial(action, other_id))
    audit.record(db, action, subject_id=found.patient_id, resource=("care_relationship", found.id))
    return found


def is_in_care(db: Database, person_id: UUID) -> bool:
    """Whether somebody has care that stands or was asked for, on either side. Nothing is shown, so no entry is left."""
    mine = or_(CareRelationship.patient_id == person_id, CareRelationship.therapist_id == person_id)
    open_ones = (CareStatus.REQUESTED, CareStatus.ACCEPTED)
    found = select(CareRelationship.id).where(mine, CareRelationship.status.in_(open_ones))
    return db.scalar(found.limit(1)) is not None


def care_relationship(db: Database, caller: Caller, care_id: UUID, *, action: Action) -> CareRelationship:
    """A care relationship of the caller's, wherever it stands, locked: for who changes it and says what became of it.

    Raises NotFound, LicenceNotVerified, which are audited under `action`.
    """
    require_licence(db, caller, action=action, resource_id=care_id)
    found = db.scalar(_care_of(caller).where(CareRelationship.id == care_id).with_for_update())
    if found is None:
        raise NotFound(denial=Denial(action, resource_id=care_id))
    return found


def care_relationships(
    db: Database,
    caller: Caller,
    *,
    action: Action,
    status: CareStatus | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[CareRelationship]:
    """The caller's care relationships, the latest request first, each leaving its audit entry.

    `before` is the time and id that the page before ended with. Raises LicenceNotVerified, which is audited.
    """
    require_licence(db, caller, action=action)
    order = CareRelationship.requested_at.desc(), CareRelationship.id.desc()
    query = _care_of(caller).order_by(*order).limit(limit)
    if status is not None:
        query = query.where(CareRelationship.status == status)
    if before is not None:
        query = query.where(tuple_(CareRelationship.requested_at, CareRelationship.id) < before)
    found = list(db.scalars(query))
    for care in found:
        audit.record(db, action, subject_id=care.patient_id, resource=("care_relationship", care.id))
    return found


def _care_of(caller: Caller) -> Select[tuple[CareRelationship]]:
    """What the two people agreed on themselves; coverage is nobody's to change, and ends by itself."""
    return select(CareRelationship).where(
        _side_of(caller) == caller.user_id, CareRelationship.kind == CareKind.STANDING, _is_not_sealed()
    )


def seats_that_stand(db: Database, seats: Iterable[tuple[UUID, UUID]]) -> frozenset[tuple[UUID, UUID]]:
    """Of conversations with a therapist in each, those that the therapist may still read. Nothing is shown, so no
    entry is left."""
    wanted = list(seats)
    query = (
        _by_members(as_patients=False)
        .with_only_columns(Conversation.id, ConversationMember.user_id)
        .where(tuple_(Conversation.id, ConversationMember.user_id).in_(wanted), licence_stands())
    )
    return frozenset((row[0], row[1]) for row in db.execute(query))


def followed_by(therapist_id: UUID) -> Select[tuple[UUID]]:
    """The conversations that a therapist may read at the moment, treating or covering, their licence in force."""
    query = _by_members(as_patients=False).with_only_columns(Conversation.id)
    return query.where(ConversationMember.user_id == therapist_id, licence_stands())


def patients_followed(db: Database, therapist_id: UUID) -> dict[UUID, UUID]:
    """The patients of `followed_by`, by conversation; who shows something of them leaves the entries."""
    query = followed_by(therapist_id).add_columns(CareRelationship.patient_id)
    return {row[0]: row[1] for row in db.execute(query)}


def members(db: Database, seats: Mapping[tuple[UUID, UUID], Role]) -> dict[tuple[UUID, UUID], Membership]:
    """Of conversations with a person of some role in each, those that `conversation` would let the person into, by one
    look for each role. No entry is left: `note_entry` leaves it, and whoever is not found asks `conversation`."""
    found: dict[tuple[UUID, UUID], Membership] = {}
    for role, side in ((Role.PATIENT, CareRelationship.patient_id), (Role.THERAPIST, CareRelationship.therapist_id)):
        wanted = [seat for seat, of_role in seats.items() if of_role is role]
        if wanted:
            query = _by_members(as_patients=role is Role.PATIENT).where(
                tuple_(Conversation.id, ConversationMember.user_id).in_(wanted), ConversationMember.user_id == side
            )
            own = [_membership(row) for row in db.execute(query) if row.licensed]
            found |= {(one.conversation_id, _person(one, role)): one for one in own}
    return found


def note_entry(db: Database, membership: Membership, *, action: Action) -> None:
    """Leave the entry that `conversation` leaves of somebody whom it lets in."""
    audit.record(db, action, subject_id=membership.patient_id, resource=("conversation", membership.conversation_id))


def _person(membership: Membership, role: Role) -> UUID:
    return membership.patient_id if role is Role.PATIENT else membership.clinician_id


def patient_of_message(db: Database, conversation_id: UUID, sender_id: UUID) -> tuple[UUID, UUID] | None:
    """Patient and clinician of a conversation, where its patient is the sender: for what follows a message, not for
    callers.

    The clinician's licence is not asked for: an alert has to reach somebody, also where it lapsed meanwhile.
    """
    row = db.execute(
        select(CareRelationship.patient_id, CareRelationship.therapist_id)
        .join(Conversation, Conversation.care_relationship_id == CareRelationship.id)
        .where(Conversation.id == conversation_id, CareRelationship.patient_id == sender_id)
    ).one_or_none()
    return (row.patient_id, row.therapist_id) if row else None


def therapist_of(db: Database, conversation_id: UUID) -> UUID:
    """Whose patient writes in a conversation: for what follows a message, not for callers."""
    return therapists_of(db, [conversation_id])[conversation_id]


def therapists_of(db: Database, conversation_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """As `therapist_of`, by conversation."""
    query = select(Conversation.id, CareRelationship.therapist_id).join(
        CareRelationship, CareRelationship.id == Conversation.care_relationship_id
    )
    return dict(db.execute(query.where(Conversation.id.in_(list(conversation_ids)))).tuples().all())


def patient_of(db: Database, conversation_id: UUID) -> UUID | None:
    """Whose record a conversation is: for what follows, not for callers."""
    query = select(CareRelationship.patient_id).join(
        Conversation, Conversation.care_relationship_id == CareRelationship.id
    )
    return db.scalar(query.where(Conversation.id == conversation_id))


def is_covered(patient_id: UUID) -> ColumnElement[bool]:
    """Whether somebody covers for a therapist of the patient's at the moment."""
    return exists().where(
        CareRelationship.patient_id == patient_id,
        CareRelationship.kind == CareKind.COVERAGE,
        CareRelationship.status == CareStatus.ACCEPTED,
        CareRelationship.expires_at > now(),
    )


def covering(db: Database, conversation_id: UUID) -> tuple[UUID, ...]:
    """Who covers for a conversation's therapist at the moment: for what follows a message, not for callers."""
    query = (
        select(ConversationMember.user_id)
        .join(Conversation, Conversation.id == ConversationMember.conversation_id)
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .where(Conversation.id == conversation_id, ConversationMember.left_at.is_(None), _covers())
        .order_by(ConversationMember.joined_at, ConversationMember.user_id)
    )
    return tuple(db.scalars(query))


def require_opened_record(
    db: Database, caller: Caller, patient_id: UUID, *, part: str, conversation_id: UUID | None = None
) -> None:
    """Before an administrator reads in a patient's record: they have opened it, themselves, and it is still open.

    Leaves an audit entry that names the grant and the part that is read. Raises RecordNotOpen, which is audited too.
    """
    found = db.execute(
        select(BreakGlassGrant.id, BreakGlassGrant.reason_code)
        .join(User, User.id == BreakGlassGrant.patient_id)
        .where(
            BreakGlassGrant.administrator_id == caller.user_id,
            BreakGlassGrant.patient_id == patient_id,
            BreakGlassGrant.ended_at.is_(None),
            BreakGlassGrant.expires_at > now(),
            User.status != UserStatus.ERASED,
        )
    ).one_or_none()
    if found is None or caller.role is not Role.ADMINISTRATOR:
        raise RecordNotOpen(denial=Denial(Action.RECORD_READ, patient_id))
    details = {"part": part} | ({"conversation": str(conversation_id)} if conversation_id else {})
    resource, purpose = ("break_glass_grant", found.id), found.reason_code
    audit.record(db, Action.RECORD_READ, subject_id=patient_id, resource=resource, details=details, purpose=purpose)


def conversations_of(db: Database, patient_id: UUID) -> list[Membership]:
    """Every conversation of a patient, the latest activity first, for who has opened the record: it leaves no entry."""
    rows = db.execute(
        select(Conversation, CareRelationship, true().label("licensed"))
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .where(CareRelationship.patient_id == patient_id)
        .order_by(_active_at.desc(), Conversation.id.desc())
    )
    return [_membership(row) for row in rows]


def name_of(db: Database, user_id: UUID) -> str:
    """What a person is called, for those who already share a conversation with them."""
    return db.scalars(select(User.name).where(User.id == user_id)).one()


def privacy_of(db: Database, user_ids: Iterable[UUID]) -> dict[UUID, Privacy]:
    """What these people let the other person in a conversation see."""
    rows = db.execute(select(User.id, User.preferences).where(User.id.in_(list(user_ids))))
    return {user_id: preferences_of(chosen).privacy for user_id, chosen in rows}


def require_licence(
    db: Database, caller: Caller, *, action: Action, subject_id: UUID | None = None, resource_id: UUID | None = None
) -> None:
    """Before a therapist does what is about patients. Raises LicenceNotVerified, which is audited under `action`."""
    if caller.role is Role.THERAPIST and not holds_licence(db, caller.user_id):
        raise LicenceNotVerified(denial=Denial(action, subject_id, resource_id))


def holds_licence(db: Database, therapist_id: UUID) -> bool:
    """Whether a therapist's licence is verified and has not expired."""
    return bool(db.scalar(select(licence_stands()).where(TherapistProfile.user_id == therapist_id)))


def _earliest_last_day() -> date:
    return (now() - LAST_DAY_ENDS).date()


def licence_stands() -> ColumnElement[bool]:
    """Of a TherapistProfile in a query: whether its licence is verified and its last day is not over."""
    return func.coalesce(
        and_(
            TherapistProfile.credentials_status == CredentialsStatus.VERIFIED,
            TherapistProfile.license_expires_on >= bindparam("earliest_last_day", callable_=_earliest_last_day),
        ),
        False,
    )


_active_at = func.coalesce(Conversation.last_message_at, Conversation.created_at)


def _is_not_sealed() -> ColumnElement[bool]:
    """Whether the patient of a CareRelationship is there: the record of an erased one is kept, and nobody reads it."""
    patient = aliased(User)
    return exists().where(patient.id == CareRelationship.patient_id, patient.status != UserStatus.ERASED)


def _covers() -> ColumnElement[bool]:
    """Of a ConversationMember and the CareRelationship of the conversation: whether the member covers for its
    therapist, which ends at its time whether or not anybody has noted so by then."""
    coverage = aliased(CareRelationship)
    return exists().where(
        coverage.patient_id == CareRelationship.patient_id,
        coverage.therapist_id == ConversationMember.user_id,
        coverage.kind == CareKind.COVERAGE,
        coverage.status == CareStatus.ACCEPTED,
        coverage.expires_at > bindparam("covered_at", callable_=now),
    )


# Built at the first use and kept, since building it for each request would take longer than the database does.
@functools.cache
def _by_members(*, as_patients: bool) -> Select[tuple[Conversation, CareRelationship, bool]]:
    members = (
        select(Conversation, CareRelationship)
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .join(User, User.id == ConversationMember.user_id)
        .where(ConversationMember.left_at.is_(None), User.status == UserStatus.ACTIVE)
    )
    if as_patients:
        return members.add_columns(true().label("licensed")).where(
            CareRelationship.patient_id == ConversationMember.user_id
        )
    treats = and_(
        CareRelationship.therapist_id == ConversationMember.user_id, CareRelationship.status == CareStatus.ACCEPTED
    )
    # Left out by no missing profile: a therapist who never sent a licence is told so.
    return (
        members.add_columns(licence_stands().label("licensed"))
        .outerjoin(TherapistProfile, TherapistProfile.user_id == ConversationMember.user_id)
        .where(or_(treats, _covers()), _is_not_sealed())
    )


def _conversations(caller: Caller) -> Select[tuple[Conversation, CareRelationship, bool]]:
    """`licensed` says whether the caller may see what is found; a patient needs no licence."""
    query = _by_members(as_patients=caller.role is Role.PATIENT)
    return query.where(ConversationMember.user_id == caller.user_id)


def _side_of(caller: Caller) -> InstrumentedAttribute[UUID]:
    return CareRelationship.patient_id if caller.role is Role.PATIENT else CareRelationship.therapist_id


def _membership(row: Row[tuple[Conversation, CareRelationship, bool]]) -> Membership:
    found, care, _ = row
    return Membership(
        conversation_id=found.id,
        care_relationship_id=care.id,
        patient_id=care.patient_id,
        clinician_id=care.therapist_id,
        last_seq=found.last_seq,
        last_revision=found.last_revision,
        active_at=found.last_message_at or found.created_at,
        is_open=care.status is CareStatus.ACCEPTED,
    )
