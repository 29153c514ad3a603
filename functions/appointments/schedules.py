"""Everything that a therapist's free time is computed from, read for one or many of them in as many queries."""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    extract,
    func,
    literal,
    not_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import (
    OCCUPYING,
    Appointment,
    AppointmentStatus,
    AvailabilityException,
    AvailabilityRule,
)
from shared.problems import NotFound
from shared.time_zones import zone

from .slots import Busy, DatedException, OpenSpan, Rule, Span, Terms, days_around, open_spans

One = TypeVar("One")
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


@dataclass(frozen=True)
class Schedule:
    """Everything that a therapist's slots in some time are computed from, read at one moment."""

    time_zone: str
    terms: Terms
    spans: tuple[OpenSpan, ...]
    busy: tuple[Busy, ...]
    version: int
    """Rises with whatever changes any of this, but for a hold that lapses."""
    held_until: datetime | None = None
    """When the first of what is only held lapses."""
    lapsed: tuple[UUID, ...] = ()
    """Appointments of that time that were held too long: they take nothing, and whoever takes time marks them so."""


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
    wanted = {"therapist_ids": list(therapist_ids)}
    profiles = db.execute(_profiles(), wanted).all()
    rules, exceptions = rules_of(db, therapist_ids), exceptions_of(db, therapist_ids, days_around(between))
    occupied = _occupied(db, therapist_ids, between, leaving_out)
    return {
        profile.user_id: Schedule(
            time_zone := time_zone_of(rules[profile.user_id], exceptions[profile.user_id], profile.time_zone),
            Terms(zone=zone(time_zone), **terms_of(profile)),
            open_spans(map(_rule, rules[profile.user_id]), map(_exception, exceptions[profile.user_id]), between),
            _busy(row := occupied.get(profile.user_id)),
            profile.schedule_version,
            row.held_until if row is not None else None,
            _lapsed(row),
        )
        for profile in profiles
    }


class Hours(NamedTuple):
    """What a row of the weekly hours holds."""

    weekday: int
    start_minute: int
    end_minute: int
    time_zone: str
    effective_from: date
    effective_until: date | None


def rules_of(db: Database, therapist_ids: Collection[UUID]) -> Mapping[UUID, list[Hours]]:
    """The weekly hours of each."""
    rows = db.execute(_rules(), {"therapist_ids": list(therapist_ids)})
    return by_therapist(
        (therapist_id, Hours(weekday, start, end, time_zone, _day(first), None if last is None else _day(last)))
        for therapist_id, weekday, start, end, time_zone, first, last in rows
    )


def exceptions_of(
    db: Database, therapist_ids: Collection[UUID], days: tuple[date, date] = (date.min, date.max)
) -> Mapping[UUID, list[Row[Any]]]:
    """The dates of each that differ, as their columns; of some days where these are given."""
    first, last = days
    rows = db.execute(_exceptions(), {"therapist_ids": list(therapist_ids), "first": first, "last": last})
    return by_therapist((row.therapist_id, row) for row in rows)


def _occupied(
    db: Database, therapist_ids: Collection[UUID], between: Span, leaving_out: UUID | None
) -> Mapping[UUID, Row[Any]]:
    query = _occupying() if leaving_out is None else _occupying().where(Appointment.id != leaving_out)
    around = {"since": between.start_at - AROUND, "until": between.end_at + AROUND}
    rows = db.execute(query, {"therapist_ids": list(therapist_ids), "moment": now(), **around})
    return {row.therapist_id: row for row in rows}


def _busy(row: Row[Any] | None) -> tuple[Busy, ...]:
    return tuple(map(_one_busy, row.taken.split(","))) if row is not None and row.taken else ()


def _one_busy(numbers: str) -> Busy:
    start, blocked_from, blocked_until = numbers.split(" ")
    return Busy(_moment(int(start)), Span(_moment(int(blocked_from)), _moment(int(blocked_until))))


def _lapsed(row: Row[Any] | None) -> tuple[UUID, ...]:
    return tuple(map(UUID, row.lapsed.split(","))) if row is not None and row.lapsed else ()


# Built at the first use and kept, and of columns rather than entities: both take longer than the database does.
@functools.cache
def _profiles() -> Select[Any]:
    terms = (getattr(TherapistProfile, column) for column in TERMS.values())
    return (
        select(TherapistProfile.user_id, TherapistProfile.schedule_version, User.time_zone, *terms)
        .join(User, User.id == TherapistProfile.user_id)
        .where(TherapistProfile.user_id.in_(bindparam("therapist_ids", expanding=True)))
    )


@functools.cache
def _rules() -> Select[Any]:
    table = AvailabilityRule
    columns = (table.weekday, table.start_minute, table.end_minute, table.time_zone)
    return (
        select(table.therapist_id, *columns, _days(table.effective_from), _days(table.effective_until))
        .where(table.therapist_id.in_(bindparam("therapist_ids", expanding=True)))
        .order_by(table.weekday, table.start_minute, table.effective_from)
    )


@functools.cache
def _exceptions() -> Select[Any]:
    table = AvailabilityException
    columns = (table.on_date, table.available, table.start_minute, table.end_minute, table.time_zone)
    return (
        select(table.therapist_id, *columns)
        .where(
            table.therapist_id.in_(bindparam("therapist_ids", expanding=True)),
            table.on_date.between(bindparam("first"), bindparam("last")),
        )
        .order_by(table.on_date, table.start_minute.nulls_first(), table.id)
    )


@functools.cache
def _occupying() -> Select[Any]:
    """The index is over what occupies time and by its start: its words and both bounds keep out what is over.

    One row for each therapist, of numbers as one text: reading 500 rows takes longer than all the rest of a request.
    """
    start, blocked_from, blocked_until = map(
        _microseconds, (Appointment.start_at, Appointment.blocked_from, Appointment.blocked_until)
    )
    held = Appointment.status == AppointmentStatus.HELD
    lapsed = and_(held, Appointment.held_until <= bindparam("moment"))
    return (
        select(
            Appointment.therapist_id,
            func.string_agg(start + " " + blocked_from + " " + blocked_until, ",").filter(not_(lapsed)).label("taken"),
            func.string_agg(cast(Appointment.id, Text), ",").filter(lapsed).label("lapsed"),
            func.min(Appointment.held_until).filter(held, not_(lapsed)).label("held_until"),
        )
        .where(
            Appointment.therapist_id.in_(bindparam("therapist_ids", expanding=True)),
            text(OCCUPYING),
            Appointment.start_at > bindparam("since"),
            Appointment.start_at < bindparam("until"),
        )
        .group_by(Appointment.therapist_id)
    )


# As numbers: the driver takes longer to read a page of therapists' dates as texts than the database takes to find them.
def _days(column: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return type_coerce(column - literal(EPOCH.date(), Date), Integer)


def _day(days: int) -> date:
    return EPOCH.date() + timedelta(days=days)


def _microseconds(column: InstrumentedAttribute[datetime]) -> ColumnElement[str]:
    return cast(cast(extract("epoch", column) * 1_000_000, BigInteger), Text)


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def by_therapist(rows: Iterable[tuple[UUID, One]]) -> Mapping[UUID, list[One]]:
    """What belongs to each; nothing for those of whom there is nothing."""
    found: defaultdict[UUID, list[One]] = defaultdict(list)
    for therapist_id, row in rows:
        found[therapist_id].append(row)
    return found


def time_zone_of(rules: Sequence[Hours], exceptions: Sequence[Row[Any]], of_account: str) -> str:
    """The zone of the hours; without any, the account's."""
    named: list[str] = [*(rule.time_zone for rule in rules), *(day.time_zone for day in exceptions), of_account]
    return named[0]


def terms_of(profile: TherapistProfile | Row[Any]) -> dict[str, Any]:
    """By the names of the contract."""
    return {term: getattr(profile, column) for term, column in TERMS.items()}


def _rule(row: Hours) -> Rule:
    return Rule(
        weekday=row.weekday,
        start_minute=row.start_minute,
        end_minute=row.end_minute,
        zone=zone(row.time_zone),
        effective_from=row.effective_from,
        effective_until=row.effective_until or date.max,
    )


def _exception(row: Row[Any]) -> DatedException:
    return DatedException(row.on_date, row.available, zone(row.time_zone), row.start_minute, row.end_minute)
