"""Whose an appointment is: the only way to one, where the check, its audit entry and the refusal are one step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, not_, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.access import LicenceNotVerified
from shared.audit_actions import Action
from shared.database.models.accounts import User, UserStatus
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.problems import Denial, NotFound
from shared.roles import Role
from shared.session import Caller

OCCUPYING: Final = (
    AppointmentStatus.HELD,
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.IN_SESSION,
)
"""The statuses in which an appointment takes both people's time."""

# No appointment is longer (the constraint on session_minutes), so what still runs at a time began within this span.
LONGEST: Final = timedelta(minutes=480)

_patient, _therapist = aliased(User, name="patient"), aliased(User, name="therapist")


@dataclass(frozen=True)
class Meeting:
    """An appointment with what its two people are called."""

    appointment: Appointment
    patient_name: str
    therapist_name: str


@dataclass(frozen=True)
class Span:
    """Which appointments of a list: those that overlap a time and are in a status, where these are given."""

    since: datetime | None
    until: datetime | None
    status: AppointmentStatus | None
    after: tuple[datetime, UUID] | None
    """Start and id that the page before ended with."""
    limit: int


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


def note(db: Database, meeting: Meeting, action: Action) -> None:
    """Leave the audit entry of an appointment."""
    found = meeting.appointment
    audit.record(db, action, subject_id=found.patient_id, resource=("appointment", found.id))


def appointments(db: Database, caller: Caller, span: Span, *, action: Action) -> tuple[list[Meeting], bool]:
    """A page of the caller's appointments by their start, each leaving its audit entry, and whether more follow.

    Raises LicenceNotVerified, which is audited.
    """
    query = _own(caller).order_by(Appointment.start_at, Appointment.id).limit(span.limit + 1)
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


def may_book(db: Database, patient_id: UUID, therapist_id: UUID) -> bool:
    """Whether a patient can ask for a time: of their own therapist, or of one who accepts new patients.

    Both need a licence in force; an account that is closed or suspended offers nothing.
    """
    cared_for = _care(CareStatus.ACCEPTED, patient_id, therapist_id)
    return _is_offered(db, therapist_id, or_(TherapistProfile.accepts_new_patients, cared_for))


def may_move(db: Database, patient_id: UUID, therapist_id: UUID) -> bool:
    """Whether an appointment that stands can be given another time: while the licence is, and care has not ended."""
    ended = _care(CareStatus.ENDED, patient_id, therapist_id)
    return _is_offered(db, therapist_id, or_(not_(ended), _care(CareStatus.ACCEPTED, patient_id, therapist_id)))


def _is_offered(db: Database, therapist_id: UUID, condition: ColumnElement[bool]) -> bool:
    query = (
        select(TherapistProfile.user_id)
        .join(User, User.id == TherapistProfile.user_id)
        .where(TherapistProfile.user_id == therapist_id, User.status == UserStatus.ACTIVE)
        .where(access.licence_stands(), condition)
    )
    return db.scalar(query) is not None


def _own(caller: Caller) -> Select[tuple[Appointment, str, str, bool]]:
    """`licensed` says whether the caller may see what is found; a patient needs no licence."""
    query = (
        select(Appointment, _patient.name.label("patient_name"), _therapist.name.label("therapist_name"))
        .join(_patient, _patient.id == Appointment.patient_id)
        .join(_therapist, _therapist.id == Appointment.therapist_id)
        .where(_side_of(caller) == caller.user_id)
    )
    if caller.role is Role.PATIENT:
        return query.add_columns(true().label("licensed"))
    # Left out by no missing profile: a therapist who never sent a licence is told so.
    return (
        query.add_columns(access.licence_stands().label("licensed"))
        .outerjoin(TherapistProfile, TherapistProfile.user_id == Appointment.therapist_id)
        .where(_patient.status != UserStatus.ERASED, _is_known_to_the_therapist())
    )


def _side_of(caller: Caller) -> InstrumentedAttribute[UUID]:
    return Appointment.patient_id if caller.role is Role.PATIENT else Appointment.therapist_id


def _is_known_to_the_therapist() -> ColumnElement[bool]:
    """Somebody may book before care is accepted; what lies ahead is known in any case, the past not once care ended."""
    pair = (Appointment.patient_id, Appointment.therapist_id)
    return or_(
        Appointment.status.in_(OCCUPYING), not_(_care(CareStatus.ENDED, *pair)), _care(CareStatus.ACCEPTED, *pair)
    )


def _care(
    status: CareStatus, patient_id: UUID | InstrumentedAttribute[UUID], therapist_id: UUID | InstrumentedAttribute[UUID]
) -> ColumnElement[bool]:
    return exists().where(
        CareRelationship.patient_id == patient_id,
        CareRelationship.therapist_id == therapist_id,
        CareRelationship.status == status,
    )


def _within(span: Span) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if span.since is not None:
        conditions.append(and_(Appointment.end_at > span.since, Appointment.start_at > span.since - LONGEST))
    if span.until is not None:
        conditions.append(Appointment.start_at < span.until)
    if span.status is not None:
        conditions.append(Appointment.status == span.status)
    if span.after is not None:
        conditions.append(tuple_(Appointment.start_at, Appointment.id) > span.after)
    return conditions


def _meeting(row: Row[tuple[Appointment, str, str, bool]]) -> Meeting:
    found, patient_name, therapist_name, _ = row
    return Meeting(found, patient_name, therapist_name)
