"""GET /api/appointments: what the caller has booked, one or a page of them, as its two people see it."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.scheduling import (
    AppointmentAttendee,
    AppointmentStatus,
    Attendance,
    CancelReason,
    ZoomStatus,
)
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import FieldFault, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .booking_rules import is_late, late_from
from .moments import Moment
from .own_appointments import Meeting, Span

routes = Routes()


class Video(StrEnum):
    """Whether the appointment can be held by video: there is a room, it is being made, or there is none."""

    READY = "ready"
    PENDING = "pending"
    UNAVAILABLE = "unavailable"


VIDEO = {
    ZoomStatus.CREATED: Video.READY,
    ZoomStatus.WANTED: Video.PENDING,
    ZoomStatus.FAILED: Video.UNAVAILABLE,
    ZoomStatus.DELETED: Video.UNAVAILABLE,
}

CALLED_OFF = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED})
BEGUN = frozenset({AppointmentStatus.IN_SESSION, AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW})


class Party(Schema):
    """One of an appointment's two people."""

    user_id: UUID
    name: str


class Rescheduling(Schema):
    """When the time was changed last, by whom, and what it was before."""

    at: datetime
    by: Role | None
    previous_start_at: datetime


class Cancellation(Schema):
    """When an appointment was called off, by whom, and why."""

    at: datetime
    by: Role | None
    reason: CancelReason
    late: bool
    """Whether its patient did so within the hours before the start that count as late."""


class PersonsAttendance(Schema):
    """Whether somebody came, and for how many whole minutes they were there, as far as anybody was told."""

    attendance: Attendance
    minutes: int | None


class ShownAttendance(Schema):
    """Who came. `corrected` says that the therapist said so of the patient, whatever Zoom tells."""

    patient: PersonsAttendance
    therapist: PersonsAttendance
    corrected: bool


class ShownAppointment(Schema):
    """An appointment as its two people see it. Times are UTC; `timeZone` is the therapist's when it was booked."""

    id: UUID
    patient: Party
    therapist: Party
    start_at: datetime
    end_at: datetime
    time_zone: str
    status: AppointmentStatus
    version: int
    """Give it back with a change: a change of what is no longer so is refused."""
    video: Video
    series_id: UUID | None
    rescheduled: Rescheduling | None
    cancelled: Cancellation | None
    attendance: ShownAttendance | None
    """Of what has begun."""
    held_until: datetime | None
    """Of what is only held: until when it is its patient's alone."""
    late_from: datetime
    """A patient who calls it off after that does so late."""
    created_at: datetime


class AppointmentsQuery(Schema):
    """Which page: of those that overlap `from` to `to`, in a status, of a series, where these are given.

    What is only held, or was, is listed where that is the status that is asked for.
    """

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    status: AppointmentStatus | None = None
    series_id: UUID | None = None
    latest_first: bool = False
    limit: PageSize = 50
    cursor: str | None = Field(None, max_length=200)


class Appointments(Schema):
    """A page, the earliest first unless the latest was asked for."""

    items: list[ShownAppointment]
    next_cursor: str | None


@routes.endpoint("GET /api/appointments", allow=patients_and_therapists, limit=Limit("appointments", 120, per=60))
def list_appointments(caller: Caller, query: AppointmentsQuery) -> Appointments:
    """The caller's appointments, by their start."""
    if query.since and query.until and query.since >= query.until:
        raise Unprocessable(errors=[FieldFault("?to", "is not after from")])
    return page_of(caller, query)


@routes.endpoint("GET /api/appointments/{id}", allow=patients_and_therapists, limit=Limit("appointment", 120, per=60))
def read_appointment(caller: Caller, id: UUID) -> ShownAppointment:
    """One of the caller's appointments."""
    return one(caller, id)


@transaction
def page_of(db: Database, caller: Caller, query: AppointmentsQuery) -> Appointments:
    """Read a page and leave its audit entries."""
    after = _after(query.cursor) if query.cursor else None
    span = Span(query.since, query.until, query.status, query.series_id, after, query.limit, query.latest_first)
    page, more = own_appointments.appointments(db, caller, span, action=Action.APPOINTMENTS_LISTED)
    last = page[-1].appointment if more else None
    following = cursor.encode(last.start_at.isoformat(), str(last.id)) if last else None
    return Appointments(items=[shown(meeting) for meeting in page], next_cursor=following)


@transaction
def one(db: Database, caller: Caller, appointment_id: UUID) -> ShownAppointment:
    """Check, read, and leave the audit entry."""
    return shown(own_appointments.appointment(db, caller, appointment_id, action=Action.APPOINTMENT_READ))


def shown(meeting: Meeting) -> ShownAppointment:
    """What its two people see of an appointment."""
    found = meeting.appointment
    return ShownAppointment(
        id=found.id,
        patient=Party(user_id=found.patient_id, name=meeting.patient_name),
        therapist=Party(user_id=found.therapist_id, name=meeting.therapist_name),
        start_at=found.start_at,
        end_at=found.end_at,
        time_zone=found.time_zone,
        status=found.status,
        version=found.version,
        video=Video.UNAVAILABLE if found.status in CALLED_OFF else VIDEO[found.zoom_status],
        series_id=found.series_id,
        rescheduled=_rescheduling(meeting),
        cancelled=_cancellation(meeting),
        attendance=_attendance(meeting),
        held_until=found.held_until if found.status is AppointmentStatus.HELD else None,
        late_from=late_from(found),
        created_at=found.created_at,
    )


def _rescheduling(meeting: Meeting) -> Rescheduling | None:
    found = meeting.appointment
    if found.rescheduled_at is None or found.rescheduled_from is None:
        return None
    by = _role_of(meeting, found.rescheduled_by)
    return Rescheduling(at=found.rescheduled_at, by=by, previous_start_at=found.rescheduled_from)


def _cancellation(meeting: Meeting) -> Cancellation | None:
    found = meeting.appointment
    if found.status is not AppointmentStatus.CANCELLED or found.cancelled_at is None:
        return None
    return Cancellation(
        at=found.cancelled_at,
        by=_role_of(meeting, found.cancelled_by),
        reason=found.cancel_reason or CancelReason.OTHER,
        late=is_late(found),
    )


def _attendance(meeting: Meeting) -> ShownAttendance | None:
    patient, therapist = meeting.patient_there, meeting.therapist_there
    if meeting.appointment.status not in BEGUN or patient is None or therapist is None:
        return None
    return ShownAttendance(
        patient=_persons(patient), therapist=_persons(therapist), corrected=patient.marked_at is not None
    )


def _persons(there: AppointmentAttendee) -> PersonsAttendance:
    minutes = there.attended_seconds // 60 if there.first_joined_at else None
    return PersonsAttendance(attendance=there.attendance, minutes=minutes)


def _role_of(meeting: Meeting, user_id: UUID | None) -> Role | None:
    found = meeting.appointment
    return {found.patient_id: Role.PATIENT, found.therapist_id: Role.THERAPIST}.get(user_id) if user_id else None


def _after(given: str) -> tuple[datetime, UUID]:
    try:
        moment, appointment_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(appointment_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
