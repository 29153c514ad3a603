"""Whose an appointment is: the only way to one, where the check, its audit entry and the refusal are one step."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.access import LicenceNotVerified
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import OCCUPYING as IN_WORDS_OF_THE_INDEX
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus
from shared.problems import Denial, NotFound
from shared.roles import Role
from shared.session import Caller

from . import slots

OCCUPYING: Final = (
    AppointmentStatus.HELD,
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.IN_SESSION,
)
"""The statuses in which an appointment takes both people's time."""

HELD: Final = (AppointmentStatus.HELD, AppointmentStatus.EXPIRED)
"""The statuses of what was never more than held."""

# No appointment is longer (the constraint on session_minutes), so what still runs at a time began within this span.
LONGEST: Final = timedelta(minutes=480)

_Found = tuple[Appointment, str, str, AppointmentAttendee | None, AppointmentAttendee | None, bool]


@dataclass(frozen=True)
class Meeting:
    """An appointment with what its two people are called, and their attendance where it was asked for."""

    appointment: Appointment
    patient_name: str
    therapist_name: str
    patient_there: AppointmentAttendee | None = None
    therapist_there: AppointmentAttendee | None = None


@dataclass(frozen=True)
class Offered:
    """Whose times somebody may see: the version of the schedule, the zone of the reader's account, and a name."""

    version: int
    readers_zone: str
    therapist: str


@dataclass(frozen=True)
class Span:
    """Which appointments of a list: those that overlap a time, are in a status, and of a series, where these are given.

    What was never more than held is no appointment yet: it is listed by its status alone.
    """

    since: datetime | None
    until: datetime | None
    status: AppointmentStatus | None
    series_id: UUID | None
    after: tuple[datetime, UUID] | None
    """Start and id that the page before ended with."""
    limit: int
    latest_first: bool = False


def appointment(db: Database, caller: Caller, appointment_id: UUID, *, action: Action) -> Meeting:
    """The appointment, if the caller is its patient, or its therapist who may still know of it.

    Leaves an audit entry named by `action`. Raises NotFound, LicenceNotVerified, which are audited too.
    """
    found = to_change(db, caller, appointment_id, action=action)
    note(db, found, action)
    return found


def to_change(db: Database, caller: Caller, appointment_id: UUID, *, action: Action) -> Meeting:
    """As `appointment`, for what may turn out to change nothing: the caller leaves the entry, with `note`."""
    row = db.execute(_own(caller).where(Appointment.id == appointment_id)).one_or_none()
    if row is None:
        access.require_licence(db, caller, action=action, resource_id=appointment_id)
        raise NotFound(denial=Denial(action, resource_id=appointment_id))
    found = _meeting(row)
    if not row.licensed:
        raise LicenceNotVerified(denial=Denial(action, found.appointment.patient_id, appointment_id))
    return found


def asked_for_before(
    db: Database, caller: Caller, therapist_id: UUID, between: slots.Span, status: AppointmentStatus
) -> Meeting | None:
    """The caller's own appointment of this very time, in a status, where there is one: a repeat is told of it.

    It comes with its audit entry.
    """
    same = (Appointment.start_at == between.start_at, Appointment.end_at == between.end_at)
    query = _own(caller).where(Appointment.therapist_id == therapist_id, *same, Appointment.status == status)
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    found = _meeting(row)
    note(db, found, Action.APPOINTMENT_READ)
    return found


def note(db: Database, meeting: Meeting, action: Action) -> None:
    """Leave the audit entry of an appointment."""
    found = meeting.appointment
    audit.record(db, action, subject_id=found.patient_id, resource=("appointment", found.id))


def appointments(db: Database, caller: Caller, span: Span, *, action: Action) -> tuple[list[Meeting], bool]:
    """A page of the caller's appointments by their start, each leaving its audit entry, and whether more follow.

    Raises LicenceNotVerified, which is audited.
    """
    order = (Appointment.start_at, Appointment.id)
    by_start = [column.desc() for column in order] if span.latest_first else order
    query = _own(caller).order_by(*by_start).limit(span.limit + 1)
    rows = db.execute(query.where(*_within(span))).all()
    if not rows:
        access.require_licence(db, caller, action=action)
    if not all(row.licensed for row in rows):
        raise LicenceNotVerified(denial=Denial(action))
    page = [_meeting(row) for row in rows[: span.limit]]
    for meeting in page:
        note(db, meeting, action)
    return page, len(rows) > span.limit


def named(db: Database, made: Appointment) -> Meeting:
    """An appointment that was just made for the caller, with its people's names."""
    people = select(User.id, User.name).where(User.id.in_((made.patient_id, made.therapist_id)))
    names = dict(db.execute(people).tuples().all())
    return Meeting(made, names[made.patient_id], names[made.therapist_id])


def occupied(
    db: Database, patient_id: UUID, between: slots.Span, *, leaving_out: UUID | None = None
) -> tuple[list[slots.Span], list[UUID]]:
    """The patient's own time that is taken and meets another, by whomever; and which times were held too long.

    `leaving_out` is an appointment that is being moved.
    """
    moment = now()
    query = select(Appointment.id, Appointment.start_at, Appointment.end_at, has_lapsed(moment).label("lapsed")).where(
        Appointment.patient_id == patient_id,
        text(IN_WORDS_OF_THE_INDEX),
        Appointment.end_at > between.start_at,
        Appointment.end_at < between.end_at + LONGEST,
        Appointment.start_at < between.end_at,
    )
    rows = [row for row in db.execute(query) if row.id != leaving_out]
    taken = [slots.Span(row.start_at, row.end_at) for row in rows if not row.lapsed]
    return taken, [row.id for row in rows if row.lapsed]


def meets(start_at: datetime, end_at: datetime, taken: Iterable[slots.Span]) -> bool:
    """Whether a time overlaps one of others."""
    return any(start_at < other.end_at and other.start_at < end_at for other in taken)


def has_lapsed(moment: datetime) -> ColumnElement[bool]:
    """Whether it was held and not confirmed in time: from then on it takes nothing."""
    return and_(Appointment.status == AppointmentStatus.HELD, Appointment.held_until <= moment)


def may_book(db: Database, patient_id: UUID, therapist_id: UUID) -> bool:
    """Whether a patient can ask for a time: of their own therapist, or of one who accepts new patients.

    Both need a licence in force; an account that is closed or suspended offers nothing.
    """
    return offered_version(db, patient_id, therapist_id) is not None


def offered_version(db: Database, patient_id: UUID, therapist_id: UUID) -> Offered | None:
    """Where `may_book` holds: whose times are offered to the patient."""
    row = db.execute(_offered(), {"patient_id": patient_id, "therapist_id": therapist_id}).one_or_none()
    return Offered(*row) if row else None


def own_version(db: Database, therapist_id: UUID) -> Offered | None:
    """A therapist's own times."""
    row = db.execute(
        select(TherapistProfile.schedule_version, User.time_zone, User.name)
        .join(User, User.id == TherapistProfile.user_id)
        .where(User.id == therapist_id)
    ).one_or_none()
    return Offered(*row) if row else None


@functools.cache
def _offered() -> Select[tuple[int, str, str]]:
    """Built at the first use and kept, since building it takes longer than the database does."""
    patient_id: Any = bindparam("patient_id", type_=Uuid())
    therapist_id: Any = bindparam("therapist_id", type_=Uuid())
    patient = aliased(User)
    cared_for = _care(CareStatus.ACCEPTED, patient_id, therapist_id)
    return (
        select(TherapistProfile.schedule_version, patient.time_zone, User.name)
        .join(User, User.id == TherapistProfile.user_id)
        .join(patient, patient.id == patient_id)
        .where(TherapistProfile.user_id == therapist_id, User.status == UserStatus.ACTIVE)
        .where(access.licence_stands(), or_(TherapistProfile.accepts_new_patients, cared_for))
    )


def may_move(db: Database, found: Appointment) -> bool:
    """Whether an appointment that stands can be given another time, or be held: while the licence is, and care is.

    Care that had ended before it was booked has nothing to do with it.
    """
    query = (
        select(Appointment.id)
        .join(TherapistProfile, TherapistProfile.user_id == Appointment.therapist_id)
        .join(User, User.id == TherapistProfile.user_id)
        .where(Appointment.id == found.id, User.status == UserStatus.ACTIVE)
        .where(access.licence_stands(), or_(not_(_care_ended_since()), _is_in_care()))
    )
    return db.scalar(query) is not None


def _own(caller: Caller) -> Select[_Found]:
    """`licensed` says whether the caller may see what is found; a patient needs no licence."""
    return _meetings(caller.role).where(_side_of(caller) == caller.user_id)


# Built at the first use and kept. Its aliases are its own: two threads that first look into one at once would fill it
# twice, and the statement that is compiled of both halves stays wrong for as long as the process lives.
@functools.cache
def _meetings(role: Role) -> Select[_Found]:
    patient, therapist = aliased(User, name="patient"), aliased(User, name="therapist")
    patient_there = aliased(AppointmentAttendee, name="patient_there")
    therapist_there = aliased(AppointmentAttendee, name="therapist_there")
    query = (
        select(Appointment, patient.name, therapist.name, patient_there, therapist_there)
        .join(patient, patient.id == Appointment.patient_id)
        .join(therapist, therapist.id == Appointment.therapist_id)
        .outerjoin(patient_there, _is_of(patient_there, Appointment.patient_id))
        .outerjoin(therapist_there, _is_of(therapist_there, Appointment.therapist_id))
    )
    if role is Role.PATIENT:
        return query.add_columns(true().label("licensed"))
    # Left out by no missing profile: a therapist who never sent a licence is told so.
    return (
        query.add_columns(access.licence_stands().label("licensed"))
        .outerjoin(TherapistProfile, TherapistProfile.user_id == Appointment.therapist_id)
        .where(patient.status != UserStatus.ERASED, _is_known_to_the_therapist(), _was_told_to_the_therapist())
    )


def _is_of(there: type[AppointmentAttendee], user_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return and_(there.appointment_id == Appointment.id, there.user_id == user_id)


def _side_of(caller: Caller) -> InstrumentedAttribute[UUID]:
    return Appointment.patient_id if caller.role is Role.PATIENT else Appointment.therapist_id


def _is_known_to_the_therapist() -> ColumnElement[bool]:
    """Somebody may book before care is accepted; what lies ahead is known in any case, the past not once care ended."""
    return or_(Appointment.status.in_(OCCUPYING), not_(_care_ended_since()), _is_in_care())


def _was_told_to_the_therapist() -> ColumnElement[bool]:
    """Of a time that was only held nobody is told; whose patient it is, who is in their care, is no secret."""
    return or_(Appointment.held_until.is_(None), _is_in_care())


def _is_in_care() -> ColumnElement[bool]:
    return _care(CareStatus.ACCEPTED, Appointment.patient_id, Appointment.therapist_id)


def _care_ended_since() -> ColumnElement[bool]:
    """Whether care that had been accepted ended after an appointment was made; what is taken back is no care."""
    return exists().where(
        CareRelationship.patient_id == Appointment.patient_id,
        CareRelationship.therapist_id == Appointment.therapist_id,
        CareRelationship.kind == CareKind.STANDING,
        CareRelationship.status == CareStatus.ENDED,
        CareRelationship.accepted_at.is_not(None),
        CareRelationship.ended_at >= Appointment.created_at,
    )


def _care(
    status: CareStatus, patient_id: UUID | InstrumentedAttribute[UUID], therapist_id: UUID | InstrumentedAttribute[UUID]
) -> ColumnElement[bool]:
    return exists().where(
        CareRelationship.patient_id == patient_id,
        CareRelationship.therapist_id == therapist_id,
        CareRelationship.status == status,
        CareRelationship.kind == CareKind.STANDING,
    )


def if_in_care(
    patient_id: InstrumentedAttribute[UUID], therapist_id: UUID, value: ColumnElement[str] | InstrumentedAttribute[str]
) -> ColumnElement[str]:
    """In a query: a value where the patient is in the accepted care of the therapist, or else null."""
    return case((_care(CareStatus.ACCEPTED, patient_id, therapist_id), value))


def _within(span: Span) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if span.since is not None:
        conditions.append(and_(Appointment.end_at > span.since, Appointment.start_at > span.since - LONGEST))
    if span.until is not None:
        conditions.append(Appointment.start_at < span.until)
    if span.status is not None:
        conditions.append(Appointment.status == span.status)
    if span.status not in HELD:
        conditions.append(Appointment.held_until.is_(None))
    if span.series_id is not None:
        conditions.append(Appointment.series_id == span.series_id)
    if span.after is not None:
        place = tuple_(Appointment.start_at, Appointment.id)
        conditions.append(place < span.after if span.latest_first else place > span.after)
    return conditions


def _meeting(row: Row[_Found]) -> Meeting:
    found, patient_name, therapist_name, patient_there, therapist_there, _ = row
    return Meeting(found, patient_name, therapist_name, patient_there, therapist_there)
