"""GET and PUT /api/appointments/availability: when a therapist can be booked; and all that slots are computed from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic.alias_generators import to_camel
from sqlalchemy import BigInteger, ColumnElement, cast, delete, extract, select, text
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import OCCUPYING, Appointment, AvailabilityException, AvailabilityRule
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import NotFound, Unprocessable
from shared.roles import therapists
from shared.session import Caller

from .availability_fields import (
    Availability,
    DifferentDay,
    WeeklyHours,
    clock_of,
    contradictions,
    minutes_of,
)
from .slots import Busy, DatedException, OpenSpan, Rule, Span, Terms, days_around, open_spans
from .time_zones import zone

routes = Routes()

Row = TypeVar("Row")
TERMS: Final = {
    "session_minutes": "session_minutes",
    "step_minutes": "slot_step_minutes",
    "buffer_before_minutes": "buffer_before_minutes",
    "buffer_after_minutes": "buffer_after_minutes",
    "minimum_notice_minutes": "minimum_notice_minutes",
    "horizon_days": "booking_horizon_days",
    "daily_maximum": "daily_maximum",
}
"""What the contract calls each of the terms, and the column that keeps it."""
# The longest session with its buffers is 16 hours; and a day, anywhere on earth, is over two days after it begins.
AROUND: Final = timedelta(days=2)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ShownAvailability(Availability):
    """As it stands; `version` rises with whatever changes free time."""

    version: int


@dataclass(frozen=True)
class Schedule:
    """Everything that a therapist's slots in some time are computed from, read at one moment."""

    time_zone: str
    terms: Terms
    spans: tuple[OpenSpan, ...]
    busy: tuple[Busy, ...]


@routes.endpoint("GET /api/appointments/availability", allow=therapists, limit=Limit("read-availability", 120, per=60))
def read_availability(caller: Caller) -> ShownAvailability:
    """The caller's own hours and terms."""
    return availability_of(caller)


@routes.endpoint("PUT /api/appointments/availability", allow=therapists, limit=Limit("change-availability", 30, per=60))
def change_availability(caller: Caller, given: Availability) -> ShownAvailability:
    """Replace the caller's hours and terms, all of them. Appointments that stand are not touched."""
    faults = contradictions(given)
    if faults:
        raise Unprocessable(errors=faults)
    return keep_availability(caller, given)


@transaction
def availability_of(db: Database, caller: Caller) -> ShownAvailability:
    """Read it; a therapist who set nothing has no hours, and the terms that hold for everybody."""
    return _shown(db, caller.user_id)


@transaction
def keep_availability(db: Database, caller: Caller, given: Availability) -> ShownAvailability:
    """Replace every row, and tell those who book at this moment. Raises LicenceNotVerified."""
    access.require_licence(db, caller, action=Action.AVAILABILITY_CHANGED)
    before = _shown(db, caller.user_id)
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
    return after


def schedule_of(db: Database, therapist_id: UUID, between: Span, *, leaving_out: UUID | None = None) -> Schedule:
    """What a therapist's slots that start in this time are computed from, within the caller's transaction.

    `leaving_out` is an appointment that is being moved, and does not count. Raises NotFound where there is no profile.
    """
    found = schedules_of(db, [therapist_id], between, leaving_out=leaving_out).get(therapist_id)
    if found is None:
        raise NotFound
    return found


def schedules_of(
    db: Database, therapist_ids: Collection[UUID], between: Span, *, leaving_out: UUID | None = None
) -> Mapping[UUID, Schedule]:
    """Those of several therapists in as many queries as for one."""
    profiles = db.execute(
        select(TherapistProfile, User.time_zone)
        .join(User, User.id == TherapistProfile.user_id)
        .where(TherapistProfile.user_id.in_(therapist_ids))
    ).all()
    rules, exceptions = _rules(db, therapist_ids), _exceptions(db, therapist_ids, days_around(between))
    busy = _busy(db, therapist_ids, between, leaving_out)
    return {
        profile.user_id: _schedule(
            profile,
            _time_zone(rules[profile.user_id], exceptions[profile.user_id], time_zone),
            open_spans(map(_rule, rules[profile.user_id]), map(_exception, exceptions[profile.user_id]), between),
            busy[profile.user_id],
        )
        for profile, time_zone in profiles
    }


def _rules(db: Database, therapist_ids: Collection[UUID]) -> Mapping[UUID, list[AvailabilityRule]]:
    order = AvailabilityRule.weekday, AvailabilityRule.start_minute, AvailabilityRule.effective_from
    query = select(AvailabilityRule).where(AvailabilityRule.therapist_id.in_(therapist_ids)).order_by(*order)
    return _by_therapist((row.therapist_id, row) for row in db.scalars(query))


def _exceptions(
    db: Database, therapist_ids: Collection[UUID], days: tuple[date, date] | None = None
) -> Mapping[UUID, list[AvailabilityException]]:
    table = AvailabilityException
    query = select(table).where(table.therapist_id.in_(therapist_ids))
    if days is not None:
        query = query.where(table.on_date.between(*days))
    rows = db.scalars(query.order_by(table.on_date, table.start_minute.nulls_first(), table.id))
    return _by_therapist((row.therapist_id, row) for row in rows)


def _busy(
    db: Database, therapist_ids: Collection[UUID], between: Span, leaving_out: UUID | None
) -> Mapping[UUID, list[Busy]]:
    """The index is over what occupies time and by its end: its words and both bounds keep out what is over."""
    # As numbers: the driver takes longer to read 500 sessions' times as texts than all the rest of a request takes.
    times = map(_microseconds, (Appointment.start_at, Appointment.blocked_from, Appointment.blocked_until))
    query = select(Appointment.therapist_id, *times).where(
        Appointment.therapist_id.in_(therapist_ids),
        text(OCCUPYING),
        Appointment.blocked_until > between.start_at - AROUND,
        Appointment.blocked_until < between.end_at + AROUND,
    )
    if leaving_out is not None:
        query = query.where(Appointment.id != leaving_out)
    rows = db.execute(query.order_by(Appointment.blocked_until))
    return _by_therapist(
        (therapist_id, Busy(_moment(start), Span(_moment(blocked_from), _moment(blocked_until))))
        for therapist_id, start, blocked_from, blocked_until in rows
    )


def _microseconds(column: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    return cast(extract("epoch", column) * 1_000_000, BigInteger)


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _by_therapist(rows: Iterable[tuple[UUID, Row]]) -> Mapping[UUID, list[Row]]:
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for therapist_id, row in rows:
        found[therapist_id].append(row)
    return found


def _time_zone(rules: Sequence[AvailabilityRule], exceptions: Sequence[AvailabilityException], of_account: str) -> str:
    """The zone of the hours; without any, the account's."""
    named = [*(rule.time_zone for rule in rules), *(day.time_zone for day in exceptions), of_account]
    return named[0]


def _schedule(profile: TherapistProfile, time_zone: str, spans: tuple[OpenSpan, ...], busy: Sequence[Busy]) -> Schedule:
    terms = Terms(zone=zone(time_zone), **_terms(profile))
    return Schedule(time_zone, terms, spans, tuple(busy))


def _terms(profile: TherapistProfile) -> dict[str, Any]:
    return {term: getattr(profile, column) for term, column in TERMS.items()}


def _rule(row: AvailabilityRule) -> Rule:
    return Rule(
        weekday=row.weekday,
        start_minute=row.start_minute,
        end_minute=row.end_minute,
        zone=zone(row.time_zone),
        effective_from=row.effective_from,
        effective_until=row.effective_until or date.max,
    )


def _exception(row: AvailabilityException) -> DatedException:
    return DatedException(row.on_date, row.available, zone(row.time_zone), row.start_minute, row.end_minute)


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
    rules, exceptions = _rules(db, [therapist_id])[therapist_id], _exceptions(db, [therapist_id])[therapist_id]
    profile = db.get(TherapistProfile, therapist_id)
    return ShownAvailability(
        time_zone=_time_zone(rules, exceptions, of_account),
        rules=[_shown_rule(row) for row in rules],
        exceptions=[_shown_exception(row) for row in exceptions],
        version=profile.schedule_version if profile else 1,
        **(_terms(profile) if profile else {}),
    )


def _shown_rule(row: AvailabilityRule) -> WeeklyHours:
    return WeeklyHours(
        weekday=row.weekday,
        start=clock_of(row.start_minute),
        end=clock_of(row.end_minute),
        effective_from=row.effective_from,
        effective_until=row.effective_until,
    )


def _shown_exception(row: AvailabilityException) -> DifferentDay:
    start = None if row.start_minute is None else clock_of(row.start_minute)
    end = None if row.end_minute is None else clock_of(row.end_minute)
    return DifferentDay(date=row.on_date, available=row.available, start=start, end=end)


def _differences(before: ShownAvailability, after: ShownAvailability) -> list[str]:
    fields = Availability.model_fields
    return sorted(to_camel(field) for field in fields if getattr(before, field) != getattr(after, field))
