"""/api/waitlist: a patient waits for a therapist's time, and takes or leaves what is offered."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import aliased

from shared import access, audit, outbox
from shared.appointments import IN_THE_QUEUE
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.scheduling import Appointment, WaitlistEntry, WaitlistStatus
from shared.database.transaction import expect_unique, transaction
from shared.events import AppointmentChanged, Event
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, patients, patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .appointments import Party, ShownAppointment, shown
from .booking import BookedAppointment, with_room
from .freed_time import note_freed
from .holds import HoldExpired, confirm, release
from .moments import Moment
from .own_appointments import Meeting
from .taking_time import TRIES
from .wishes import PartOfDay

routes = Routes()

LONGEST: Final = timedelta(days=180)


class AlreadyWaiting(Conflict):
    """The patient has a place on this therapist's list."""

    title = "You are waiting for a time with this therapist already"


class WaitlistPreferences(Schema):
    """Which days and parts of a day suit, by the patient's own clock; none named means any."""

    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] = Field(default_factory=list)
    """0 is Monday."""
    parts_of_day: Annotated[list[PartOfDay], Field(max_length=3)] = Field(default_factory=list)


class NewPlace(Schema):
    """For whom somebody waits, from when until when, and what suits them."""

    therapist_id: UUID
    earliest_at: Moment
    latest_at: Moment
    preferences: WaitlistPreferences = Field(default_factory=WaitlistPreferences)


class Offer(Schema):
    """A time that is held for who waits, for them alone until it expires."""

    appointment_id: UUID
    start_at: datetime
    end_at: datetime
    time_zone: str
    """The zone of the therapist's hours."""
    expires_at: datetime


class ShownPlace(Schema):
    """A place on a waiting list as its patient and its therapist see it."""

    id: UUID
    therapist: Party
    patient: Party | None
    """Null for a therapist in whose care the patient is not."""
    earliest_at: datetime
    latest_at: datetime
    preferences: WaitlistPreferences
    status: WaitlistStatus
    position: int
    """1 is the first who is asked when a time becomes free that suits them."""
    offer: Offer | None
    created_at: datetime


class PlacesQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: str | None = Field(None, max_length=200)


class Places(Schema):
    """A page, the earliest first."""

    items: list[ShownPlace]
    next_cursor: str | None


@routes.endpoint("POST /api/waitlist", allow=patients, limit=Limit("join-waitlist", 20, per=60), status=201, once=True)
def join_waitlist(caller: Caller, new: NewPlace) -> ShownPlace:
    """Wait for a time of one's own therapist, or of one who accepts new patients."""
    _require_window(new)
    place, told = joined(caller, new)
    outbox.hand_over(*told)
    return place


@routes.endpoint("GET /api/waitlist", allow=patients_and_therapists, limit=Limit("waitlist", 120, per=60))
def list_waitlist(caller: Caller, query: PlacesQuery) -> Places:
    """A patient's own places, or who waits for the therapist, in their order."""
    return page_of(caller, query)


@routes.endpoint("DELETE /api/waitlist/{id}", allow=patients, limit=Limit("leave-waitlist", 30, per=60))
def leave_waitlist(caller: Caller, id: UUID) -> None:
    """Wait no longer; what was offered goes to the next."""
    outbox.hand_over(*left(caller, id))


@routes.endpoint("POST /api/waitlist/{id}/accept", allow=patients, limit=Limit("accept-offer", 30, per=60))
def accept_offer(caller: Caller, id: UUID) -> BookedAppointment:
    """Book the time that is offered; one that was accepted already is answered as it is."""
    appointment, told = accepted(caller, id)
    return with_room(appointment, *told)


@routes.endpoint("POST /api/waitlist/{id}/decline", allow=patients, limit=Limit("decline-offer", 30, per=60))
def decline_offer(caller: Caller, id: UUID) -> ShownPlace:
    """Leave the time that is offered to others, and wait on with the same place for another."""
    place, told = declined(caller, id)
    outbox.hand_over(*told)
    return place


@transaction(tries=TRIES)
def joined(db: Database, caller: Caller, new: NewPlace) -> tuple[ShownPlace, tuple[Event, ...]]:
    """Take a place at the end. Raises NotFound, AlreadyWaiting."""
    if not own_appointments.may_book(db, caller.user_id, new.therapist_id):
        raise NotFound(denial=Denial(Action.WAITLIST_JOINED, caller.user_id, new.therapist_id))
    place = WaitlistEntry(
        id=uuid4(),
        patient_id=caller.user_id,
        therapist_id=new.therapist_id,
        earliest_at=new.earliest_at,
        latest_at=new.latest_at,
        preferences=new.preferences.model_dump(mode="json", by_alias=True),
        created_at=now(),
    )
    with expect_unique(db, "uq_waitlist_entry_open", AlreadyWaiting):
        db.add(place)
    _note(db, place, Action.WAITLIST_JOINED)
    return _one(db, caller, place.id), note_freed(db, new.therapist_id)


@transaction
def page_of(db: Database, caller: Caller, query: PlacesQuery) -> Places:
    """Read a page of the open places, each leaving its audit entry. Raises LicenceNotVerified."""
    access.require_licence(db, caller, action=Action.WAITLIST_READ)
    wanted = _own(caller).where(WaitlistEntry.status.in_(IN_THE_QUEUE))
    if query.cursor:
        wanted = wanted.where(tuple_(WaitlistEntry.created_at, WaitlistEntry.id) > _after(query.cursor))
    order = WaitlistEntry.created_at, WaitlistEntry.id
    rows = db.execute(wanted.order_by(*order).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    for row in page:
        _note(db, row.WaitlistEntry, Action.WAITLIST_READ)
    last = page[-1].WaitlistEntry if len(rows) > query.limit else None
    following = cursor.encode(last.created_at.isoformat(), str(last.id)) if last else None
    return Places(items=[_shown(row) for row in page], next_cursor=following)


@transaction(tries=TRIES)
def left(db: Database, caller: Caller, place_id: UUID) -> tuple[Event, ...]:
    """Give a place up, and what was offered to it. Raises NotFound."""
    place = _to_change(db, caller, place_id, Action.WAITLIST_LEFT)
    if place.status not in IN_THE_QUEUE:
        return ()
    freed = release(db, _offered(db, caller, place)) if place.status is WaitlistStatus.OFFERED else ()
    db.refresh(place)
    place.status = WaitlistStatus.WITHDRAWN
    _note(db, place, Action.WAITLIST_LEFT)
    return freed


@transaction(tries=TRIES)
def accepted(db: Database, caller: Caller, place_id: UUID) -> tuple[ShownAppointment, tuple[AppointmentChanged, ...]]:
    """Make a booking of what is offered. Raises NotFound, HoldExpired, TherapistNotAvailable."""
    place = _to_change(db, caller, place_id, Action.WAITLIST_ACCEPTED)
    meeting = _offered(db, caller, place)
    if place.status is WaitlistStatus.ACCEPTED:
        own_appointments.note(db, meeting, Action.APPOINTMENT_READ)
        return shown(meeting), ()
    told = confirm(db, meeting, Action.APPOINTMENT_CONFIRMED)
    _note(db, place, Action.WAITLIST_ACCEPTED)
    return shown(meeting), (told,)


@transaction(tries=TRIES)
def declined(db: Database, caller: Caller, place_id: UUID) -> tuple[ShownPlace, tuple[Event, ...]]:
    """Let go what is offered. Raises NotFound, HoldExpired where nothing is."""
    place = _to_change(db, caller, place_id, Action.WAITLIST_DECLINED)
    if place.status is not WaitlistStatus.OFFERED:
        raise HoldExpired
    freed = release(db, _offered(db, caller, place))
    _note(db, place, Action.WAITLIST_DECLINED)
    return _one(db, caller, place_id), freed


def _require_window(new: NewPlace) -> None:
    if new.latest_at <= max(now(), new.earliest_at):
        raise Unprocessable(errors=[FieldFault("/latestAt", "is not after earliestAt and the present")])
    if new.latest_at - max(now(), new.earliest_at) > LONGEST or new.earliest_at > now() + LONGEST:
        raise Unprocessable(errors=[FieldFault("/latestAt", f"is more than {LONGEST.days} days ahead")])


def _to_change(db: Database, caller: Caller, place_id: UUID, action: Action) -> WaitlistEntry:
    found = db.scalar(
        select(WaitlistEntry).where(WaitlistEntry.id == place_id, WaitlistEntry.patient_id == caller.user_id)
    )
    if found is None:
        raise NotFound(denial=Denial(action, resource_id=place_id))
    return found


def _offered(db: Database, caller: Caller, place: WaitlistEntry) -> Meeting:
    if place.offered_appointment_id is None:
        raise HoldExpired
    action = Action.APPOINTMENT_CONFIRMED
    return own_appointments.to_change(db, caller, place.offered_appointment_id, action=action)


def _note(db: Database, place: WaitlistEntry, action: Action) -> None:
    audit.record(db, action, subject_id=place.patient_id, resource=("waitlist_entry", place.id))


def _one(db: Database, caller: Caller, place_id: UUID) -> ShownPlace:
    db.flush()
    one = _own(caller).where(WaitlistEntry.id == place_id).execution_options(populate_existing=True)
    return _shown(db.execute(one).one())


def _own(caller: Caller) -> Select[Any]:
    patient, therapist = aliased(User, name="patient"), aliased(User, name="therapist")
    mine = WaitlistEntry.patient_id if caller.role is Role.PATIENT else WaitlistEntry.therapist_id
    in_care = own_appointments.if_in_care(WaitlistEntry.patient_id, caller.user_id, patient.name)
    named = patient.name if caller.role is Role.PATIENT else in_care
    return (
        select(
            WaitlistEntry,
            named.label("patient_name"),
            therapist.name.label("therapist_name"),
            Appointment.start_at,
            Appointment.end_at,
            Appointment.time_zone,
            _ahead().label("ahead"),
        )
        .join(patient, patient.id == WaitlistEntry.patient_id)
        .join(therapist, therapist.id == WaitlistEntry.therapist_id)
        .outerjoin(Appointment, Appointment.id == WaitlistEntry.offered_appointment_id)
        .where(mine == caller.user_id, patient.status != UserStatus.ERASED)
    )


def _ahead() -> ColumnElement[int]:
    """How many wait for the same therapist since before."""
    other = aliased(WaitlistEntry)
    return (
        select(func.count())
        .where(
            other.therapist_id == WaitlistEntry.therapist_id,
            other.status.in_(IN_THE_QUEUE),
            tuple_(other.created_at, other.id) < tuple_(WaitlistEntry.created_at, WaitlistEntry.id),
        )
        .scalar_subquery()
    )


def _shown(row: Row[Any]) -> ShownPlace:
    place: WaitlistEntry = row.WaitlistEntry
    known = row.patient_name is not None
    return ShownPlace(
        id=place.id,
        therapist=Party(user_id=place.therapist_id, name=row.therapist_name),
        patient=Party(user_id=place.patient_id, name=row.patient_name) if known else None,
        earliest_at=place.earliest_at,
        latest_at=place.latest_at,
        preferences=WaitlistPreferences.model_validate(place.preferences),
        status=place.status,
        position=row.ahead + 1,
        offer=_offer(place, row),
        created_at=place.created_at,
    )


def _offer(place: WaitlistEntry, row: Row[Any]) -> Offer | None:
    if place.status is not WaitlistStatus.OFFERED or place.offer_expires_at is None:
        return None
    assert place.offered_appointment_id is not None
    return Offer(
        appointment_id=place.offered_appointment_id,
        start_at=row.start_at,
        end_at=row.end_at,
        time_zone=row.time_zone,
        expires_at=place.offer_expires_at,
    )


def _after(given: str) -> tuple[datetime, UUID]:
    try:
        moment, place_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(place_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
