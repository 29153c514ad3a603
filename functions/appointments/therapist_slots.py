"""GET /api/therapists/{id}/slots: the times of a therapist that can be booked now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy.orm import Session as Database
from typing_extensions import TypedDict

from shared import access
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller
from shared.time_zones import TimeZone, tzdata_version, zone

from . import own_appointments, slot_cache
from .moments import Moment
from .own_appointments import meets
from .schedules import Schedule, schedule_of
from .slot_cache import FreeTimes
from .slots import Span

routes = Routes()

LONGEST: Final = timedelta(days=62)
USUAL: Final = timedelta(days=14)


class SlotsQuery(Schema):
    """Slots that start from a moment, now where none is given, until before another, two weeks later by default."""

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    time_zone: TimeZone | None = None
    """Whose clock `localStart` shows; the caller's own where none is given."""


class ShownSlot(TypedDict):
    """A time that can be booked, and how a clock of the reader's zone shows its start."""

    start_at: datetime
    end_at: datetime
    local_start: datetime


# There are thousands in an answer: what pydantic writes without an object for each takes a third of the time.
ShownSlot.__pydantic_config__ = ConfigDict(alias_generator=to_camel, extra="forbid")  # type: ignore[attr-defined]


class SlotsTherapist(Schema):
    """Whose times they are, and the zone of their hours."""

    id: UUID
    name: str
    time_zone: str


class Slots(Schema):
    """In order. `timeZone` is the reader's; `tzdataVersion` the release of the IANA's zones that it follows."""

    items: list[ShownSlot]
    therapist: SlotsTherapist
    time_zone: str
    tzdata_version: str


@routes.endpoint("GET /api/therapists/{id}/slots", allow=patients_and_therapists, limit=Limit("slots", 120, per=60))
def list_slots(caller: Caller, id: UUID, query: SlotsQuery) -> Slots:
    """What can be booked of a therapist who takes new patients, of the caller's own one, or of the caller.

    A patient is shown no time at which they have another appointment.
    """
    moment = now()
    between = window(query.since, query.until, moment)
    looking = look(caller, id, between)
    offered = looking.offered
    name = query.time_zone or offered.readers_zone
    free = _free(id, offered.version, between, moment)
    items = list(_shown(free.bookable(moment, between), free.session, looking.taken, zone(name)))
    whose = SlotsTherapist(id=id, name=offered.therapist, time_zone=free.time_zone)
    return Slots.model_construct(items=items, therapist=whose, time_zone=name, tzdata_version=tzdata_version())


@dataclass(frozen=True)
class Looking:
    """Which therapist's times the caller may see, and what is in the way of them."""

    offered: own_appointments.Offered
    taken: Sequence[Span]
    """When a patient is somewhere else."""


@transaction
def look(db: Database, caller: Caller, therapist_id: UUID, between: Span) -> Looking:
    """Check that the caller may see it. Raises NotFound, LicenceNotVerified."""
    action = Action.SLOTS_READ
    if caller.role is Role.THERAPIST:
        access.require_licence(db, caller, action=action)
        offered = own_appointments.own_version(db, caller.user_id) if caller.user_id == therapist_id else None
    else:
        offered = own_appointments.offered_version(db, caller.user_id, therapist_id)
    if offered is None:
        raise NotFound(denial=Denial(action, resource_id=therapist_id))
    taken = own_appointments.occupied(db, caller.user_id, between)[0] if caller.role is Role.PATIENT else []
    return Looking(offered, taken)


def _free(therapist_id: UUID, version: int, between: Span, moment: datetime) -> FreeTimes:
    """From the cache, or as the database has it now."""
    days = slot_cache.days_of(between)
    what = f"{days[0]}:{days[1]}"
    name = slot_cache.name_of(therapist_id, version, what)
    found = slot_cache.find([name]).get(name)
    if found is not None:
        return found
    wide = slot_cache.whole(days)
    schedule = hours_of(therapist_id, wide)
    computed = slot_cache.free_times(schedule, moment, wide)
    slot_cache.keep({slot_cache.name_of(therapist_id, schedule.version, what): (computed, schedule)})
    return computed


@transaction
def hours_of(db: Database, therapist_id: UUID, between: Span) -> Schedule:
    """What the slots are computed from, once the transaction is over."""
    return schedule_of(db, therapist_id, between)


def window(since: datetime | None, until: datetime | None, moment: datetime) -> Span:
    """The time that a query asks for: from the present on, and two weeks, where it does not say otherwise."""
    since = since or moment
    until = until or since + USUAL
    if until <= since:
        raise Unprocessable(errors=[FieldFault("?to", "is not after from")])
    if until - since > LONGEST:
        raise Unprocessable(errors=[FieldFault("?to", f"is more than {LONGEST.days} days after from")])
    return Span(since, until)


def _shown(starts: Sequence[int], session: timedelta, taken: Sequence[Span], shown_in: tzinfo) -> Iterator[ShownSlot]:
    for start in starts:
        start_at = datetime.fromtimestamp(start, UTC)
        end_at = start_at + session
        if not taken or not meets(start_at, end_at, taken):
            yield {"start_at": start_at, "end_at": end_at, "local_start": datetime.fromtimestamp(start, shown_in)}
