"""Slots are right on every day of every zone, lie where the therapist is free, and are exactly what can be booked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.appointments.slots import (
    Busy,
    DatedException,
    OpenSpan,
    Refusal,
    Rule,
    Slot,
    Span,
    Terms,
    free_slots,
    is_bookable,
    open_spans,
)
from functions.appointments.wall_clock import moment_of
from shared.time_zones import tzdata_version, zone
from tests.inside import sized

DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NEW_YORK, BERLIN, KATHMANDU = "America/New_York", "Europe/Berlin", "Asia/Kathmandu"
LORD_HOWE, VANCOUVER, KOLKATA = "Australia/Lord_Howe", "America/Vancouver", "Asia/Kolkata"


def at(text: str) -> datetime:
    """A moment as the tables here write it: UTC, to the minute."""
    return datetime.fromisoformat(f"{text}+00:00")


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def every_day(start: str, end: str, name: str) -> list[Rule]:
    return [Rule(weekday, minute(start), minute(end), zone(name)) for weekday in range(7)]


def hours_on(day: str, start: str, end: str, name: str) -> list[tuple[str, str]]:
    """What rules for every day make of a day, in UTC."""
    here = date.fromisoformat(day)
    spans = open_spans(every_day(start, end, name), [], day_of(here, name))
    return [(f"{span.start_at:%Y-%m-%d %H:%M}", f"{span.end_at:%Y-%m-%d %H:%M}") for span in spans]


def day_of(day: date, name: str) -> Span:
    return Span(moment_of(day, 0, zone(name)), moment_of(day + DAY, 0, zone(name)))


def terms_of(name: str = "UTC", **changes: Any) -> Terms:
    plain = {"session_minutes": 60, "step_minutes": 60, "buffer_after_minutes": 0, "minimum_notice_minutes": 0}
    return Terms(zone=zone(name), **({"horizon_days": 10_000} | plain | changes))


def starts_of(slots: Sequence[Slot]) -> list[str]:
    return [f"{slot.start_at:%Y-%m-%d %H:%M}" for slot in slots]


def busy(start: str, end: str, before: int = 0, after: int = 0) -> Busy:
    blocked = Span(at(start) - timedelta(minutes=before), at(end) + timedelta(minutes=after))
    return Busy(at(start), blocked)


# By hand, from the zones' laws. New York: clocks skip 02:00-03:00 on 8 March 2026 and show 01:00-02:00 twice on
# 1 November; Berlin: skips 02:00-03:00 on 29 March, twice 02:00-03:00 on 25 October; Lord Howe: shows 01:30-02:00 twice
# on 5 April, skips 02:00-02:30 on 4 October; Vancouver: skips 02:00-03:00 on 8 March and sets no clock from then on.
DAYS = [
    (NEW_YORK, "2026-03-07", "09:00", "17:00", "2026-03-07 14:00", "2026-03-07 22:00"),
    (NEW_YORK, "2026-03-08", "09:00", "17:00", "2026-03-08 13:00", "2026-03-08 21:00"),
    (NEW_YORK, "2026-03-08", "00:00", "24:00", "2026-03-08 05:00", "2026-03-09 04:00"),
    (NEW_YORK, "2026-03-08", "01:30", "03:30", "2026-03-08 06:30", "2026-03-08 07:30"),
    (NEW_YORK, "2026-03-08", "02:30", "04:00", "2026-03-08 07:00", "2026-03-08 08:00"),
    (NEW_YORK, "2026-03-08", "01:00", "02:30", "2026-03-08 06:00", "2026-03-08 07:00"),
    (NEW_YORK, "2026-11-01", "00:00", "24:00", "2026-11-01 04:00", "2026-11-02 05:00"),
    (NEW_YORK, "2026-11-01", "01:30", "03:00", "2026-11-01 05:30", "2026-11-01 08:00"),
    (NEW_YORK, "2026-11-01", "00:00", "01:30", "2026-11-01 04:00", "2026-11-01 05:30"),
    (NEW_YORK, "2026-11-01", "09:00", "17:00", "2026-11-01 14:00", "2026-11-01 22:00"),
    (BERLIN, "2026-03-28", "09:00", "17:00", "2026-03-28 08:00", "2026-03-28 16:00"),
    (BERLIN, "2026-03-29", "09:00", "17:00", "2026-03-29 07:00", "2026-03-29 15:00"),
    (BERLIN, "2026-03-29", "02:15", "03:30", "2026-03-29 01:00", "2026-03-29 01:30"),
    (BERLIN, "2026-10-25", "02:15", "03:30", "2026-10-25 00:15", "2026-10-25 02:30"),
    (BERLIN, "2026-10-25", "00:00", "24:00", "2026-10-24 22:00", "2026-10-25 23:00"),
    (LORD_HOWE, "2026-04-05", "01:00", "03:00", "2026-04-04 14:00", "2026-04-04 16:30"),
    (LORD_HOWE, "2026-04-05", "01:45", "09:00", "2026-04-04 14:45", "2026-04-04 22:30"),
    (LORD_HOWE, "2026-04-05", "09:00", "17:00", "2026-04-04 22:30", "2026-04-05 06:30"),
    (LORD_HOWE, "2026-10-04", "02:15", "03:00", "2026-10-03 15:30", "2026-10-03 16:00"),
    (LORD_HOWE, "2026-10-04", "00:00", "24:00", "2026-10-03 13:30", "2026-10-04 13:00"),
    (KATHMANDU, "2026-03-29", "09:00", "17:00", "2026-03-29 03:15", "2026-03-29 11:15"),
    (KATHMANDU, "2026-11-01", "00:00", "06:00", "2026-10-31 18:15", "2026-11-01 00:15"),
    (KOLKATA, "2026-06-01", "09:00", "17:00", "2026-06-01 03:30", "2026-06-01 11:30"),
    (VANCOUVER, "2026-03-08", "09:00", "17:00", "2026-03-08 16:00", "2026-03-09 00:00"),
    (VANCOUVER, "2026-11-01", "09:00", "17:00", "2026-11-01 16:00", "2026-11-02 00:00"),
    (VANCOUVER, "2026-12-24", "09:00", "17:00", "2026-12-24 16:00", "2026-12-25 00:00"),
    (VANCOUVER, "2025-12-24", "09:00", "17:00", "2025-12-24 17:00", "2025-12-25 01:00"),
    ("Africa/Cairo", "2026-04-24", "00:00", "02:00", "2026-04-23 22:00", "2026-04-23 23:00"),
    ("Pacific/Kiritimati", "2026-01-01", "09:00", "17:00", "2025-12-31 19:00", "2026-01-01 03:00"),
    ("Etc/GMT+12", "2026-01-01", "09:00", "17:00", "2026-01-01 21:00", "2026-01-02 05:00"),
]


@pytest.mark.parametrize(("name", "day", "start", "end", "starts_at", "ends_at"), DAYS)
def test_hours_by_the_wall_are_these_in_utc(
    name: str, day: str, start: str, end: str, starts_at: str, ends_at: str
) -> None:
    assert (starts_at, ends_at) in hours_on(day, start, end, name)


@pytest.mark.parametrize(
    ("name", "day", "start", "end"),
    [
        (NEW_YORK, "2026-03-08", "02:00", "03:00"),
        (NEW_YORK, "2026-03-08", "02:10", "02:50"),
        (LORD_HOWE, "2026-10-04", "02:00", "02:30"),
        ("Pacific/Apia", "2011-12-30", "09:00", "17:00"),
    ],
)
def test_hours_that_a_zone_skips_are_none(name: str, day: str, start: str, end: str) -> None:
    here = date.fromisoformat(day)
    rule = [Rule(here.weekday(), minute(start), minute(end), zone(name))]
    around = Span(datetime.combine(here, time(), UTC) - DAY, datetime.combine(here, time(), UTC) + 2 * DAY)
    assert open_spans(rule, [], around) == ()


SLOTS = [
    # Half-hour sessions from midnight on: the hour that is skipped has none, the hour that comes twice has them twice.
    (NEW_YORK, "2026-03-08", "01:00", "04:00", ["06:00", "06:30", "07:00", "07:30"]),
    (NEW_YORK, "2026-11-01", "01:00", "03:00", ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30"]),
    (BERLIN, "2026-03-29", "01:00", "04:00", ["00:00", "00:30", "01:00", "01:30"]),
    (BERLIN, "2026-10-25", "02:00", "03:00", ["00:00", "00:30", "01:00", "01:30"]),
    (LORD_HOWE, "2026-04-05", "01:00", "02:30", ["14:00", "14:30", "15:00", "15:30"]),
    (LORD_HOWE, "2026-10-04", "01:30", "03:00", ["15:00", "15:30"]),
    (KATHMANDU, "2026-03-29", "09:00", "10:30", ["03:15", "03:45", "04:15"]),
    (KOLKATA, "2026-03-29", "09:00", "10:00", ["03:30", "04:00"]),
    (VANCOUVER, "2026-11-01", "00:30", "02:30", ["07:30", "08:00", "08:30", "09:00"]),
]


@pytest.mark.parametrize(("name", "day", "start", "end", "expected"), SLOTS)
def test_slots_on_the_days_that_clocks_are_set(name: str, day: str, start: str, end: str, expected: list[str]) -> None:
    between = day_of(date.fromisoformat(day), name)
    spans = open_spans(every_day(start, end, name), [], between)
    slots = free_slots(terms_of(name, session_minutes=30, step_minutes=30), spans, [], LONG_AGO, between)
    assert [f"{slot.start_at:%H:%M}" for slot in slots] == expected


def test_the_release_of_the_zones_is_the_pinned_one_and_is_told() -> None:
    assert tzdata_version() >= "2026a"
    with pytest.raises(KeyError):
        zone("../zones")
    with pytest.raises(KeyError):
        zone("Factory")


MONDAY = date(2026, 6, 1)
WEEK = Span(at("2026-06-01 00:00"), at("2026-06-08 00:00"))


def off(day: date, start: str | None = None, end: str | None = None, *, available: bool = False) -> DatedException:
    return DatedException(
        day, available, zone("UTC"), None if start is None else minute(start), None if end is None else minute(end)
    )


def extra(day: date, start: str, end: str) -> DatedException:
    return off(day, start, end, available=True)


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ([], [("09:00", "12:00")]),
        ([off(MONDAY)], []),
        ([off(MONDAY + DAY)], [("09:00", "12:00")]),
        ([off(MONDAY, "10:00", "11:00")], [("09:00", "10:00"), ("11:00", "12:00")]),
        ([off(MONDAY, "08:00", "10:00")], [("10:00", "12:00")]),
        ([off(MONDAY, "11:00", "24:00")], [("09:00", "11:00")]),
        ([off(MONDAY, "09:00", "10:00"), off(MONDAY, "10:00", "12:00")], []),
        ([off(MONDAY, "09:00", "11:30"), off(MONDAY, "10:00", "11:00")], [("11:30", "12:00")]),
        ([extra(MONDAY, "14:00", "15:00")], [("09:00", "12:00"), ("14:00", "15:00")]),
        ([off(MONDAY), extra(MONDAY, "14:00", "15:00")], [("14:00", "15:00")]),
        ([off(MONDAY), extra(MONDAY, "10:00", "11:00")], [("10:00", "11:00")]),
    ],
)
def test_a_date_differs_from_the_rules(exceptions: list[DatedException], expected: list[tuple[str, str]]) -> None:
    rule = Rule(0, minute("09:00"), minute("12:00"), zone("UTC"))
    spans = open_spans([rule], exceptions, WEEK)
    assert [(f"{span.start_at:%H:%M}", f"{span.end_at:%H:%M}") for span in spans] == expected


def test_a_rule_holds_from_its_first_day_to_its_last() -> None:
    rule = Rule(0, 540, 600, zone("UTC"), date(2026, 6, 8), date(2026, 6, 15))
    spans = open_spans([rule], [], Span(at("2026-05-01 00:00"), at("2026-08-01 00:00")))
    assert [span.start_at.date() for span in spans] == [date(2026, 6, 8), date(2026, 6, 15)]


def test_a_session_may_go_on_over_midnight_where_the_next_day_is_open() -> None:
    rules = [Rule(0, minute("22:30"), 1440, zone("UTC")), Rule(1, 0, minute("01:00"), zone("UTC"))]
    for end in ("2026-06-08 00:00", "2026-06-02 00:00", "2026-06-01 23:31"):
        between = Span(at("2026-06-01 00:00"), at(end))
        slots = free_slots(terms_of(), open_spans(rules, [], between), [], LONG_AGO, between)
        expected = ["2026-06-01 22:30", "2026-06-01 23:30", "2026-06-02 00:00"]
        assert starts_of(slots) == [start for start in expected if at(start) < between.end_at]


def nine_to_five(terms: Terms, *taken: Busy, now: datetime = LONG_AGO) -> list[str]:
    between = Span(at("2026-06-01 00:00"), at("2026-06-02 00:00"))
    spans = open_spans(every_day("09:00", "17:00", "UTC"), [], between)
    return [f"{slot.start_at:%H:%M}" for slot in free_slots(terms, spans, taken, now, between)]


def test_slots_are_a_step_apart_and_over_when_the_hours_are() -> None:
    assert nine_to_five(terms_of(session_minutes=90, step_minutes=120)) == ["09:00", "11:00", "13:00", "15:00"]
    assert nine_to_five(terms_of(session_minutes=120, step_minutes=150)) == ["09:00", "11:30", "14:00"]
    assert nine_to_five(terms_of(session_minutes=480, step_minutes=5)) == ["09:00"]
    assert nine_to_five(terms_of(session_minutes=481, step_minutes=5)) == []


@pytest.mark.parametrize(
    ("before", "after", "taken", "gone"),
    [
        (0, 0, busy("2026-06-01 10:00", "2026-06-01 11:00"), {"10:00"}),
        (0, 0, busy("2026-06-01 10:30", "2026-06-01 11:30"), {"10:00", "11:00"}),
        (0, 10, busy("2026-06-01 10:00", "2026-06-01 11:00"), {"09:00", "10:00"}),
        (10, 0, busy("2026-06-01 10:00", "2026-06-01 11:00"), {"10:00", "11:00"}),
        (0, 0, busy("2026-06-01 10:00", "2026-06-01 11:00", 1, 1), {"09:00", "10:00", "11:00"}),
        (30, 30, busy("2026-06-01 10:00", "2026-06-01 11:00", 31, 0), {"09:00", "10:00", "11:00"}),
        (0, 0, busy("2026-05-31 20:00", "2026-06-01 09:00"), set()),
        (1, 0, busy("2026-05-31 20:00", "2026-06-01 09:00"), {"09:00"}),
        (0, 0, busy("2026-06-01 17:00", "2026-06-01 18:00"), set()),
        (0, 1, busy("2026-06-01 17:00", "2026-06-01 18:00"), {"16:00"}),
    ],
)
def test_blocked_times_touch_and_never_overlap(before: int, after: int, taken: Busy, gone: set[str]) -> None:
    terms = terms_of(buffer_before_minutes=before, buffer_after_minutes=after)
    whole = [f"{hour:02}:00" for hour in range(9, 17)]
    assert nine_to_five(terms, taken) == [start for start in whole if start not in gone]


def test_notice_and_horizon_are_kept_to_the_second() -> None:
    terms = terms_of(minimum_notice_minutes=120)
    assert nine_to_five(terms, now=at("2026-06-01 12:00"))[0] == "14:00"
    assert nine_to_five(terms, now=at("2026-06-01 12:00") + timedelta.resolution)[0] == "15:00"
    terms = terms_of(horizon_days=1)
    assert nine_to_five(terms, now=at("2026-05-31 12:00"))[-1] == "12:00"
    assert nine_to_five(terms, now=at("2026-05-31 12:00") - timedelta.resolution)[-1] == "11:00"


def test_a_full_day_offers_nothing_and_the_days_are_the_therapists() -> None:
    rules, terms = every_day("00:00", "24:00", VANCOUVER), terms_of(VANCOUVER, daily_maximum=2)
    # 23:00 and 22:00 on 1 June in Vancouver, and 01:00 on 2 June; all of them are 2 June in UTC.
    taken = [
        busy("2026-06-02 06:00", "2026-06-02 07:00"),
        busy("2026-06-02 05:00", "2026-06-02 06:00"),
        busy("2026-06-02 08:00", "2026-06-02 09:00"),
    ]
    between = Span(at("2026-06-01 07:00"), at("2026-06-03 07:00"))
    slots = free_slots(terms, open_spans(rules, [], between), taken, LONG_AGO, between)
    assert starts_of(slots)[0] == "2026-06-02 07:00"
    assert len(slots) == 23


REFUSED = [
    ("2026-06-01 08:00", "2026-06-01 09:00", Refusal.PAST),
    ("2026-06-01 10:00", "2026-06-01 11:00", Refusal.TOO_SOON),
    ("2026-06-09 11:00", "2026-06-09 12:00", Refusal.TOO_FAR),
    ("2026-06-02 10:00", "2026-06-02 10:59", Refusal.WRONG_LENGTH),
    ("2026-06-02 10:00", "2026-06-02 10:00", Refusal.WRONG_LENGTH),
    ("2026-06-02 10:00", "2026-06-02 09:00", Refusal.WRONG_LENGTH),
    ("2026-06-02 08:00", "2026-06-02 09:00", Refusal.OUTSIDE_HOURS),
    ("2026-06-02 08:30", "2026-06-02 09:30", Refusal.OUTSIDE_HOURS),
    ("2026-06-02 16:30", "2026-06-02 17:30", Refusal.OUTSIDE_HOURS),
    ("2026-06-02 10:15", "2026-06-02 11:15", Refusal.MISALIGNED),
    ("2026-06-02 12:00", "2026-06-02 13:00", Refusal.TAKEN),
    ("2026-06-02 11:00", "2026-06-02 12:00", Refusal.TAKEN),
    ("2026-06-03 15:00", "2026-06-03 16:00", Refusal.OVER_DAILY_MAXIMUM),
    ("2026-06-03 09:00", "2026-06-03 10:00", Refusal.TAKEN),
    ("2026-06-02 10:00", "2026-06-02 11:00", None),
    ("2026-06-04 16:00", "2026-06-04 17:00", None),
    # What touches another's blocked time before it, and after it.
    ("2026-06-05 09:00", "2026-06-05 10:00", None),
    ("2026-06-05 11:00", "2026-06-05 12:00", None),
]


@pytest.mark.parametrize(("start", "end", "refusal"), REFUSED)
def test_every_reason_is_told_apart(start: str, end: str, refusal: Refusal | None) -> None:
    terms = terms_of(
        minimum_notice_minutes=120, horizon_days=8, buffer_before_minutes=5, step_minutes=30, daily_maximum=2
    )
    taken = [
        busy("2026-06-02 12:00", "2026-06-02 13:00", before=5),
        busy("2026-06-03 09:00", "2026-06-03 10:00", before=5),
        busy("2026-06-03 11:00", "2026-06-03 12:00", before=5),
        busy("2026-06-05 10:05", "2026-06-05 10:55", before=5),
    ]
    between = Span(at(start), at(start) + timedelta(minutes=1))
    spans = open_spans(every_day("09:00", "17:00", "UTC"), [], between)
    now = at("2026-06-01 09:00")
    assert is_bookable(at(start), at(end), terms, spans, taken, now) is refusal


def test_a_time_in_another_zones_words_is_the_same_time() -> None:
    spans = open_spans(every_day("09:00", "17:00", "UTC"), [], WEEK)
    start = datetime(2026, 6, 1, 9, tzinfo=zone("Asia/Kathmandu"))
    for refusal, moment in ((Refusal.OUTSIDE_HOURS, start), (None, start + timedelta(hours=5, minutes=45))):
        end = moment + timedelta(hours=1)
        assert is_bookable(moment, end, terms_of(KATHMANDU), spans, [], LONG_AGO) is refusal


NAMES = st.sampled_from([NEW_YORK, BERLIN, LORD_HOWE, KATHMANDU, VANCOUVER, "America/St_Johns", "Africa/Cairo"])
CHANGES = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25), MONDAY]


@st.composite
def clock_hours(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(st.integers(0, 1435))
    return start, draw(st.integers(start + 1, 1440))


@st.composite
def rules_of(draw: st.DrawFn, name: str) -> list[Rule]:
    days = draw(st.lists(st.tuples(st.integers(0, 6), clock_hours()), max_size=8))
    return [Rule(weekday, *hours, zone(name)) for weekday, hours in days]


@st.composite
def exceptions_of(draw: st.DrawFn, name: str, around: date) -> list[DatedException]:
    days = draw(st.lists(st.tuples(st.integers(-3, 6), st.booleans(), clock_hours() | st.none()), max_size=5))
    return [
        DatedException(around + offset * DAY, available, zone(name), *(hours or (None, None)))
        for offset, available, hours in days
        if hours or not available
    ]


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    name, around = draw(NAMES), draw(st.sampled_from(CHANGES))
    since = datetime.combine(around, time(), UTC) + draw(st.integers(-3000, 3000)) * timedelta(minutes=1)
    between = Span(since, since + draw(st.integers(1, 4 * 1440)) * timedelta(minutes=1))
    terms = Terms(
        zone=zone(name),
        session_minutes=draw(st.integers(10, 480)),
        step_minutes=draw(st.integers(5, 480)),
        buffer_before_minutes=draw(st.integers(0, 240)),
        buffer_after_minutes=draw(st.integers(0, 240)),
        minimum_notice_minutes=draw(st.integers(0, 3000)),
        horizon_days=draw(st.integers(1, 6)),
        daily_maximum=draw(st.integers(1, 3) | st.none()),
    )
    taken = [
        Busy(start, Span(start - timedelta(minutes=before), start + timedelta(minutes=length)))
        for start, before, length in (
            (since + draw(st.integers(-1000, 5 * 1440)) * timedelta(minutes=1), before, length)
            for before, length in draw(st.lists(st.tuples(st.integers(0, 60), st.integers(10, 400)), max_size=6))
        )
    ]
    return {
        "rules": draw(rules_of(name)),
        "exceptions": draw(exceptions_of(name, around)),
        "between": between,
        "terms": terms,
        "busy": taken,
        "now": since
        + draw(st.integers(-5000, 2000)) * timedelta(minutes=1)
        + draw(st.sampled_from([0, 1])) * (timedelta.resolution),
    }


def slots_in(found: dict[str, Any], between: Span | None = None) -> tuple[tuple[OpenSpan, ...], tuple[Slot, ...]]:
    within = between or found["between"]
    spans = open_spans(found["rules"], found["exceptions"], within)
    return spans, free_slots(found["terms"], spans, found["busy"], found["now"], within)


@settings(max_examples=sized(60, 300), deadline=None)
@given(situations())
def test_slots_lie_in_open_spans_on_the_grid_in_order_and_overlap_nothing(found: dict[str, Any]) -> None:
    terms, between, bookable = found["terms"], found["between"], found["terms"].bookable(found["now"])
    spans, slots = slots_in(found)
    step = timedelta(minutes=terms.step_minutes)
    assert list(slots) == sorted(set(slots))
    for slot in slots:
        assert slot.end_at - slot.start_at == terms.session
        assert between.start_at <= slot.start_at < between.end_at
        assert bookable.start_at <= slot.start_at <= bookable.end_at
        around = [span for span in spans if span.start_at <= slot.start_at < span.end_at]
        assert any(slot.end_at <= span.open_until for span in around)
        assert any((slot.start_at - span.start_at) % step == timedelta() for span in around)
        blocked = terms.blocked(slot.start_at)
        for one in found["busy"]:
            assert blocked.end_at <= one.blocked.start_at or one.blocked.end_at <= blocked.start_at
        if terms.daily_maximum is not None:
            day = slot.start_at.astimezone(terms.zone).date()
            same_day = [one for one in found["busy"] if one.start_at.astimezone(terms.zone).date() == day]
            assert len(same_day) < terms.daily_maximum


@settings(max_examples=sized(30, 150), deadline=None)
@given(situations())
def test_what_is_offered_is_exactly_what_can_be_booked(found: dict[str, Any]) -> None:
    terms, between = found["terms"], found["between"]
    spans, slots = slots_in(found)
    step = timedelta(minutes=terms.step_minutes)
    grid = {span.start_at + count * step for span in spans for count in range(-((span.start_at - span.end_at) // step))}
    candidates = grid | {start + timedelta(minutes=1) for start in grid}
    bookable = {
        start
        for start in candidates
        if between.start_at <= start < between.end_at
        and is_bookable(start, start + terms.session, terms, spans, found["busy"], found["now"]) is None
    }
    assert {slot.start_at for slot in slots} == bookable


@settings(max_examples=sized(30, 150), deadline=None)
@given(situations(), st.floats(0.0, 1.0))
def test_the_window_that_is_asked_for_changes_no_slot(found: dict[str, Any], part: float) -> None:
    between = found["between"]
    middle = between.start_at + timedelta(minutes=int((between.end_at - between.start_at).total_seconds() // 60 * part))
    halves = [Span(between.start_at, middle), Span(middle, between.end_at)]
    apart = [slot for half in halves for slot in slots_in(found, half)[1]]
    assert apart == list(slots_in(found)[1])


@settings(max_examples=sized(40, 200), deadline=None)
@given(NAMES, st.sampled_from(CHANGES), st.integers(-3, 3), st.integers(0, 1440))
def test_a_wall_clock_time_is_the_first_moment_that_is_not_before_it(
    name: str, around: date, offset: int, minutes: int
) -> None:
    day = around + offset * DAY
    wanted = datetime.combine(day, time()) + timedelta(minutes=minutes)
    moment = moment_of(day, minutes, zone(name))

    def shown(when: datetime) -> datetime:
        return when.astimezone(zone(name)).replace(tzinfo=None)

    assert shown(moment) >= wanted
    assert shown(moment - timedelta(seconds=1)) < wanted
    assert all(shown(moment - timedelta(minutes=back)) < wanted for back in range(1, 181))
