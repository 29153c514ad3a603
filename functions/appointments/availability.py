"""GET and PUT /api/appointments/availability: when a therapist can be booked, and on which terms."""

import hashlib
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import AvailabilityException, AvailabilityRule
from shared.database.transaction import transaction
from shared.events import TimeFreed
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Unprocessable
from shared.roles import therapists
from shared.session import Caller
from shared.time_zones import zone

from .availability_fields import (
    Availability,
    DifferentDay,
    WeeklyHours,
    clock_of,
    contradictions,
    minutes_of,
)
from .freed_time import note_freed
from .schedules import TERMS, Hours, exceptions_of, rules_of, terms_of, time_zone_of

routes = Routes()


class AvailabilityChanged(Conflict):
    """It was set anew, in another window, since the caller looked at it."""

    title = "Your hours were changed since you looked at them"


class NewAvailability(Availability):
    """What is to hold. With `revision` it takes the place of that state of it and of no other."""

    revision: Annotated[str, Field(max_length=64)] | None = None


class ShownAvailability(Availability):
    """As it stands; `version` rises with whatever changes free time."""

    version: int
    revision: str
    """Names this state of the hours and terms; bookings do not change it."""


@routes.endpoint("GET /api/appointments/availability", allow=therapists, limit=Limit("read-availability", 120, per=60))
def read_availability(caller: Caller) -> ShownAvailability:
    """The caller's own hours and terms."""
    return availability_of(caller)


@routes.endpoint("PUT /api/appointments/availability", allow=therapists, limit=Limit("change-availability", 30, per=60))
def change_availability(caller: Caller, given: NewAvailability) -> ShownAvailability:
    """Replace the caller's hours and terms, all of them. Appointments that stand are not touched."""
    faults = contradictions(given)
    if faults:
        raise Unprocessable(errors=faults)
    kept, freed = keep_availability(caller, given)
    outbox.hand_over(*freed)
    return kept


@transaction
def availability_of(db: Database, caller: Caller) -> ShownAvailability:
    """Read it; a therapist who set nothing has no hours, and the terms that hold for everybody."""
    return _shown(db, caller.user_id)


@transaction
def keep_availability(
    db: Database, caller: Caller, given: NewAvailability
) -> tuple[ShownAvailability, tuple[TimeFreed, ...]]:
    """Replace every row, and tell those who book now, or wait. Raises LicenceNotVerified, AvailabilityChanged."""
    access.require_licence(db, caller, action=Action.AVAILABILITY_CHANGED)
    before = _shown(db, caller.user_id)
    if given.revision not in {None, before.revision}:
        raise AvailabilityChanged
    profile = db.get_one(TherapistProfile, caller.user_id)
    profile.schedule_version += 1
    for term, column in TERMS.items():
        setattr(profile, column, getattr(given, term))
    db.execute(delete(AvailabilityRule).where(AvailabilityRule.therapist_id == caller.user_id))
    db.execute(delete(AvailabilityException).where(AvailabilityException.therapist_id == caller.user_id))
    today = now().astimezone(zone(given.time_zone)).date()
    db.add_all(_rule_row(caller.user_id, rule, given.time_zone, today) for rule in given.rules)
    db.add_all(_exception_row(caller.user_id, day, given.time_zone) for day in given.exceptions)
    db.flush()
    after = _shown(db, caller.user_id)
    audit.record(
        db, Action.AVAILABILITY_CHANGED, subject_id=caller.user_id, details={"fields": _differences(before, after)}
    )
    return after, note_freed(db, caller.user_id)


def _rule_row(therapist_id: UUID, rule: WeeklyHours, time_zone: str, today: date) -> AvailabilityRule:
    return AvailabilityRule(
        therapist_id=therapist_id,
        weekday=rule.weekday,
        start_minute=minutes_of(rule.start),
        end_minute=minutes_of(rule.end),
        time_zone=time_zone,
        effective_from=rule.effective_from or min(today, rule.effective_until or today),
        effective_until=rule.effective_until,
    )


def _exception_row(therapist_id: UUID, day: DifferentDay, time_zone: str) -> AvailabilityException:
    return AvailabilityException(
        therapist_id=therapist_id,
        on_date=day.date,
        available=day.available,
        start_minute=None if day.start is None else minutes_of(day.start),
        end_minute=None if day.end is None else minutes_of(day.end),
        time_zone=time_zone,
    )


def _shown(db: Database, therapist_id: UUID) -> ShownAvailability:
    of_account = db.scalars(select(User.time_zone).where(User.id == therapist_id)).one()
    rules, exceptions = rules_of(db, [therapist_id])[therapist_id], exceptions_of(db, [therapist_id])[therapist_id]
    profile = db.get(TherapistProfile, therapist_id)
    availability = Availability(
        time_zone=time_zone_of(rules, exceptions, of_account),
        rules=[_shown_rule(row) for row in rules],
        exceptions=[_shown_exception(row) for row in exceptions],
        **(terms_of(profile) if profile else {}),
    )
    version = profile.schedule_version if profile else 1
    return ShownAvailability(**dict(availability), version=version, revision=_revision(availability))


def _revision(availability: Availability) -> str:
    """The same hours and terms are the same revision, whoever saved them when."""
    return hashlib.sha256(availability.model_dump_json().encode()).hexdigest()[:32]


def _shown_rule(row: Hours) -> WeeklyHours:
    return WeeklyHours(
        weekday=row.weekday,
        start=clock_of(row.start_minute),
        end=clock_of(row.end_minute),
        effective_from=row.effective_from,
        effective_until=row.effective_until,
    )


def _shown_exception(row: Row[Any]) -> DifferentDay:
    start = None if row.start_minute is None else clock_of(row.start_minute)
    end = None if row.end_minute is None else clock_of(row.end_minute)
    return DifferentDay(date=row.on_date, available=row.available, start=start, end=end)


def _differences(before: ShownAvailability, after: ShownAvailability) -> list[str]:
    fields = Availability.model_fields
    return sorted(to_camel(field) for field in fields if getattr(before, field) != getattr(after, field))
