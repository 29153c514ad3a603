"""GET /api/therapists/{id}/slots: the times of a therapist that can be booked now."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared import access
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .moments import Moment
from .schedules import Schedule, schedule_of
from .slots import Slot, Span, free_slots
from .time_zones import TimeZone, tzdata_version, zone

routes = Routes()

LONGEST: Final = timedelta(days=62)
USUAL: Final = timedelta(days=14)


class SlotsQuery(Schema):
    """Slots that start from a moment, now where none is given, until before another, two weeks later by default."""

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    time_zone: TimeZone | None = None
    """Whose clock `localStart` shows; the caller's own where none is given."""


class ShownSlot(Schema):
    """A time that can be booked, and how a clock of the reader's zone shows its start."""

    start_at: datetime
    end_at: datetime
    local_start: datetime


class Slots(Schema):
    """In order. `timeZone` is the reader's; `tzdataVersion` the release of the IANA's zones that it follows."""

    items: list[ShownSlot]
    time_zone: str
    tzdata_version: str


@routes.endpoint("GET /api/therapists/{id}/slots", allow=patients_and_therapists, limit=Limit("slots", 120, per=60))
def list_slots(caller: Caller, id: UUID, query: SlotsQuery) -> Slots:
    """What can be booked of a therapist who takes new patients, of the caller's own one, or of the caller."""
    moment = now()
    between = _between(query, moment)
    schedule, own_zone = what_slots_come_from(caller, id, between)
    name = query.time_zone or own_zone
    slots = free_slots(schedule.terms, schedule.spans, schedule.busy, moment, between)
    return Slots(items=[_shown(slot, name) for slot in slots], time_zone=name, tzdata_version=tzdata_version())


@transaction
def what_slots_come_from(db: Database, caller: Caller, therapist_id: UUID, between: Span) -> tuple[Schedule, str]:
    """The schedule, and the caller's zone. Raises NotFound, LicenceNotVerified."""
    _require_offered(db, caller, therapist_id)
    return schedule_of(db, therapist_id, between), db.get_one(User, caller.user_id).time_zone


def _require_offered(db: Database, caller: Caller, therapist_id: UUID) -> None:
    action = Action.SLOTS_READ
    if caller.role is Role.THERAPIST:
        access.require_licence(db, caller, action=action)
        offered = caller.user_id == therapist_id
    else:
        offered = own_appointments.may_book(db, caller.user_id, therapist_id)
    if not offered:
        raise NotFound(denial=Denial(action, resource_id=therapist_id))


def _between(query: SlotsQuery, moment: datetime) -> Span:
    since = query.since or moment
    until = query.until or since + USUAL
    if until <= since:
        raise Unprocessable(errors=[FieldFault("?to", "is not after from")])
    if until - since > LONGEST:
        raise Unprocessable(errors=[FieldFault("?to", f"is more than {LONGEST.days} days after from")])
    return Span(since, until)


def _shown(slot: Slot, time_zone: str) -> ShownSlot:
    return ShownSlot(start_at=slot.start_at, end_at=slot.end_at, local_start=slot.start_at.astimezone(zone(time_zone)))
