"""POST /api/appointments/series: a time that repeats by the therapist's clock, booked as a whole or not at all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared import appointments as all_appointments
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    CancelReason,
    SeriesStatus,
)
from shared.database.transaction import transaction
from shared.events import Event, MeetingWanted, SeriesBooked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Problem, Unprocessable
from shared.roles import Role, patients, patients_and_therapists
from shared.session import Caller
from shared.time_zones import zone

from . import own_appointments
from .appointments import ShownAppointment, shown
from .cancelling import require_reason
from .moments import Moment
from .own_appointments import Meeting
from .schedules import schedule_of
from .slots import Span
from .taking_time import TRIES, Taken, Wanted, each_start_once, keep, problems_of
from .wall_clock import MINUTE, moment_of

routes = Routes()

WEEK: Final = timedelta(days=7)


class SeriesNotFree(Conflict):
    """Some of its times cannot be booked, so none was; `errors` names them, as `/occurrences/0` and on."""

    title = "Some of these times cannot be booked, so none of them was"


class NewSeries(Schema):
    """Whom to meet, the first time, how often in all, and every how many weeks."""

    therapist_id: UUID
    start_at: Moment
    end_at: Moment
    occurrences: Annotated[int, Field(ge=2, le=12)]
    interval_weeks: Annotated[int, Field(ge=1, le=4)] = 1


class ShownSeries(Schema):
    """A series as its two people see it; its times keep to the wall clock of `timeZone`, the therapist's."""

    id: UUID
    patient_id: UUID
    therapist_id: UUID
    status: SeriesStatus
    first_start_at: datetime
    minutes: int
    occurrences: int
    interval_weeks: int
    time_zone: str
    created_at: datetime


class BookedSeries(Schema):
    """What was booked: all of it."""

    series: ShownSeries
    appointments: list[ShownAppointment]


class CancellingSeries(Schema):
    """Why."""

    reason: CancelReason


class CancelledSeries(Schema):
    """The series, and which of its appointments were called off with it."""

    series: ShownSeries
    cancelled: list[UUID]


@routes.endpoint(
    "POST /api/appointments/series", allow=patients, limit=Limit("book-series", 10, per=60), status=201, once=True
)
def book_series(caller: Caller, new: NewSeries) -> BookedSeries:
    """Book every time of it, or none. The last one, too, has to be within the therapist's horizon.

    The very series that the caller has already is answered as it is: they may not have been told.
    """
    try:
        made, told = series_booked(caller, new)
    except (Conflict, Unprocessable):
        before = series_before(caller, new)
        if before is None:
            raise
        return before
    outbox.hand_over(*told)
    return made


@routes.endpoint(
    "POST /api/appointments/series/{id}/cancel",
    allow=patients_and_therapists,
    limit=Limit("cancel-series", 10, per=60),
)
def cancel_series(caller: Caller, id: UUID, cancelling: CancellingSeries) -> CancelledSeries:
    """Call off what of a series has not begun; one that was called off already is answered as it is."""
    require_reason(caller, cancelling.reason)
    ended, told = series_cancelled(caller, id, cancelling.reason)
    all_appointments.hand_over(*told)
    return ended


@transaction(tries=TRIES)
def series_booked(db: Database, caller: Caller, new: NewSeries) -> tuple[BookedSeries, tuple[Event, ...]]:
    """Check all of its times as at one moment, and take them. Raises NotFound, SeriesNotFree, a booking's problems."""
    if not own_appointments.may_book(db, caller.user_id, new.therapist_id):
        raise NotFound(denial=Denial(Action.APPOINTMENT_BOOKED, caller.user_id, new.therapist_id))
    over = new.start_at + WEEK * new.interval_weeks * (new.occurrences - 1) + timedelta(days=1)
    schedule = schedule_of(db, new.therapist_id, Span(new.start_at, over))
    wanted = [
        Wanted(caller.user_id, new.therapist_id, start, start + (new.end_at - new.start_at))
        for start in starts_of(new, schedule.time_zone)
    ]
    _refuse(problems_of(db, wanted, schedule), wanted)
    all_appointments.touch_schedule(db, new.therapist_id)
    series = _row(caller, new, schedule.time_zone)
    db.add(series)
    db.flush()
    booked, terms = AppointmentStatus.BOOKED, schedule.terms
    with each_start_once(db):
        made = [
            keep(db, one, Taken(terms.blocked(one.start_at), schedule.time_zone), status=booked, series_id=series.id)
            for one in wanted
        ]
    return _booked(db, series, made), _told(db, series, made)


@transaction
def series_before(db: Database, caller: Caller, new: NewSeries) -> BookedSeries | None:
    """The caller's own series of these very times, where there is one, and its appointments as they are by now."""
    series = db.scalar(
        select(AppointmentSeries)
        .where(
            AppointmentSeries.patient_id == caller.user_id,
            AppointmentSeries.therapist_id == new.therapist_id,
            AppointmentSeries.status == SeriesStatus.ACTIVE,
            AppointmentSeries.first_start_at == new.start_at,
            AppointmentSeries.minutes == (new.end_at - new.start_at) // MINUTE,
            AppointmentSeries.occurrences == new.occurrences,
            AppointmentSeries.interval_weeks == new.interval_weeks,
        )
        .order_by(AppointmentSeries.created_at.desc())
        .limit(1)
    )
    if series is None:
        return None
    all_of_it = own_appointments.Span(None, None, None, series.id, None, new.occurrences)
    found, _ = own_appointments.appointments(db, caller, all_of_it, action=Action.APPOINTMENTS_LISTED)
    return BookedSeries(series=_shown(series), appointments=[shown(meeting) for meeting in found])


def starts_of(new: NewSeries, time_zone: str) -> list[datetime]:
    """When each begins, in UTC: at the same time of the therapist's clock as the first, also where clocks are set."""
    first = new.start_at.astimezone(zone(time_zone))
    minute = first.hour * 60 + first.minute
    rest = new.start_at - new.start_at.replace(second=0, microsecond=0)
    later = [
        moment_of(first.date() + WEEK * new.interval_weeks * number, minute, zone(time_zone)) + rest
        for number in range(1, new.occurrences)
    ]
    return [new.start_at, *later]


@transaction(tries=TRIES)
def series_cancelled(
    db: Database, caller: Caller, series_id: UUID, reason: CancelReason
) -> tuple[CancelledSeries, tuple[Event, ...]]:
    """End it and free the time of what is ahead. Raises NotFound, LicenceNotVerified, which are audited."""
    series = _own(db, caller, series_id)
    told = all_appointments.call_off(
        db, Appointment.series_id == series.id, actor_id=caller.user_id, reason=reason, after=now()
    )
    series.status = SeriesStatus.CANCELLED
    audit.record(
        db,
        Action.SERIES_CANCELLED,
        subject_id=series.patient_id,
        resource=("appointment_series", series.id),
        details={"reason": reason},
    )
    return CancelledSeries(series=_shown(series), cancelled=[event.aggregate_id for event in told]), told


def _own(db: Database, caller: Caller, series_id: UUID) -> AppointmentSeries:
    access.require_licence(db, caller, action=Action.SERIES_CANCELLED, resource_id=series_id)
    mine = AppointmentSeries.patient_id if caller.role is Role.PATIENT else AppointmentSeries.therapist_id
    series = db.scalar(
        select(AppointmentSeries)
        .join(User, User.id == AppointmentSeries.patient_id)
        .where(AppointmentSeries.id == series_id, mine == caller.user_id, User.status != UserStatus.ERASED)
    )
    if series is None:
        raise NotFound(denial=Denial(Action.SERIES_CANCELLED, resource_id=series_id))
    return series


def _refuse(problems: Mapping[int, Problem], wanted: Sequence[Wanted]) -> None:
    """What is wrong with the very first as such is told as a booking of it would be told; the rest by their places."""
    if isinstance(problems.get(0), Unprocessable):
        raise problems[0]
    if problems:
        raise SeriesNotFree(
            errors=[
                FieldFault(f"/occurrences/{place}", f"{wanted[place].start_at:%Y-%m-%dT%H:%M:%SZ}: {problem.title}")
                for place, problem in sorted(problems.items())
            ]
        )


def _row(caller: Caller, new: NewSeries, time_zone: str) -> AppointmentSeries:
    return AppointmentSeries(
        id=uuid4(),
        patient_id=caller.user_id,
        therapist_id=new.therapist_id,
        status=SeriesStatus.ACTIVE,
        first_start_at=new.start_at,
        minutes=(new.end_at - new.start_at) // MINUTE,
        interval_weeks=new.interval_weeks,
        occurrences=new.occurrences,
        time_zone=time_zone,
        created_at=now(),
    )


def _booked(db: Database, series: AppointmentSeries, made: Sequence[Appointment]) -> BookedSeries:
    """With the audit entry of each."""
    first = own_appointments.named(db, made[0])
    meetings = [Meeting(one, first.patient_name, first.therapist_name) for one in made]
    for meeting in meetings:
        own_appointments.note(db, meeting, Action.APPOINTMENT_BOOKED)
    return BookedSeries(series=_shown(series), appointments=[shown(meeting) for meeting in meetings])


def _told(db: Database, series: AppointmentSeries, made: Sequence[Appointment]) -> tuple[Event, ...]:
    """One word to its people, and one for each meeting at Zoom."""
    moment = now()
    meetings = (MeetingWanted(occurred_at=moment, appointment_id=one.id) for one in made)
    events = (SeriesBooked(occurred_at=moment, series_id=series.id), *meetings)
    for event in events:
        outbox.record(db, event)
    return events


def _shown(series: AppointmentSeries) -> ShownSeries:
    return ShownSeries(**{field: getattr(series, field) for field in ShownSeries.model_fields})
