"""Free times come from Redis for a minute, and never a moment longer than they are true."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy import update as change
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from functions.appointments import slot_cache
from functions.appointments.slot_cache import FreeTimes
from functions.appointments.slots import Span
from shared.clock import held_at
from shared.database.engine import engine
from shared.database.models.accounts import User
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.redis import ask
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_terms,
    keep_hours,
    times,
    told,
)
from tests.people import As, Person, add_person, change_licence

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NINE = "2026-03-03T09:00:00Z"
DIRECTORY = "/api/therapists/available"


class Clock:
    """What time it is in a test."""

    def __init__(self) -> None:
        self.moment = NOON

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    clock = Clock()
    with held_at(lambda: clock.moment):
        yield clock


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice(accepts_new_patients=True)


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@pytest.fixture
def other(appointments: FlaskClient) -> As:
    return As(appointments, add_person())


def starts(asking: As, therapist: Person, **query: str) -> list[str]:
    answer = asking.get(f"/api/therapists/{therapist.id}/slots", **query)
    assert answer.status_code == 200, answer.get_json()
    return [slot["startAt"] for slot in answer.get_json()["items"]]


def directory(asking: As, **query: object) -> dict[str, list[str]]:
    items = asking.get(DIRECTORY, **query).get_json()["items"]
    return {item["id"]: [slot["startAt"] for slot in item["nextSlots"]] for item in items}


def names() -> list[str]:
    """Of every entry that is kept."""
    return ask(lambda redis: redis.keys("free:*"))


def milliseconds_left(name: str) -> int:
    return ask(lambda redis: redis.pttl(name))


def put(name: str, entry: str) -> None:
    ask(lambda redis: redis.set(name, entry))


class Statements:
    """What is sent to the database meanwhile."""

    def __enter__(self) -> "Statements":
        self.sent: list[str] = []
        event.listen(engine(), "before_cursor_execute", self._note)
        return self

    def _note(self, *given: Any) -> None:
        self.sent.append(given[2])

    def __exit__(self, *_: object) -> None:
        event.remove(engine(), "before_cursor_execute", self._note)

    def about(self, table: str) -> int:
        """How many read a table."""
        return sum(f"FROM {table}" in statement for statement in self.sent)


def test_what_was_computed_is_not_computed_again(patient: As, other: As, practice: Practice) -> None:
    first = starts(other, practice.therapist)
    with Statements() as statements:
        assert starts(other, practice.therapist) == first
    assert statements.about("availability_rule") == 0
    directory(other)
    with Statements() as statements:
        assert directory(other)[str(practice.therapist.id)] == first[:3]
    assert len(statements.sent) == 1


def test_a_booking_and_a_cancellation_show_at_once(patient: As, other: As, practice: Practice) -> None:
    assert NINE in starts(other, practice.therapist)
    booked = book(patient, practice.therapist)
    assert booked.status_code == 201
    assert NINE not in starts(other, practice.therapist)
    patient.post(f"/api/appointments/{booked.get_json()['appointment']['id']}/cancel", {"reason": "other"})
    assert NINE in starts(other, practice.therapist)


def test_the_directorys_next_times_follow_at_once(patient: As, other: As, practice: Practice) -> None:
    before = directory(other)[str(practice.therapist.id)]
    start_at = datetime.fromisoformat(before[0])
    assert book(patient, practice.therapist, start_at).status_code == 201
    after = directory(other)[str(practice.therapist.id)]
    assert before[0] not in after
    assert len(after) == 3


def test_hours_that_change_show_at_once(appointments: FlaskClient, other: As, practice: Practice) -> None:
    assert NINE in starts(other, practice.therapist)
    therapist = As(appointments, practice.therapist)
    given = therapist.get("/api/appointments/availability").get_json()
    del given["version"]
    given["exceptions"] = [{"date": "2026-03-03", "available": False}]
    assert therapist.put("/api/appointments/availability", given).status_code == 200
    assert NINE not in starts(other, practice.therapist)
    assert all(not start.startswith("2026-03-03") for start in directory(other)[str(practice.therapist.id)])


def test_what_is_said_of_a_therapist_and_who_is_there_is_never_from_the_cache(
    appointments: FlaskClient, other: As, practice: Practice
) -> None:
    assert directory(other)
    rename(practice.therapist, "Another Name")
    assert [item["name"] for item in other.get(DIRECTORY).get_json()["items"]] == ["Another Name"]
    starts(other, practice.therapist)
    change_licence(practice.therapist, CredentialsStatus.REJECTED)
    assert directory(other) == {}
    assert other.get(f"/api/therapists/{practice.therapist.id}/slots").status_code == 404


@transaction
def rename(db: Database, /, person: Person, name: str) -> None:
    db.execute(change(User).where(User.id == person.id).values(name=name))


def test_the_notice_and_the_horizon_are_looked_at_after_the_cache(other: As, practice: Practice, clock: Clock) -> None:
    change_terms(practice.therapist, booking_horizon_days=3)
    clock.pass_by(-MINUTE)  # 11:59
    first = starts(other, practice.therapist)
    assert (first[0], first[-1]) == ("2026-03-02T14:00:00Z", "2026-03-05T11:30:00Z")
    clock.pass_by(MINUTE)
    assert starts(other, practice.therapist)[-1] == "2026-03-05T12:00:00Z"
    clock.pass_by(timedelta(seconds=1))
    assert starts(other, practice.therapist)[0] == "2026-03-02T14:30:00Z"
    assert directory(other)[str(practice.therapist.id)][0] == "2026-03-02T14:30:00Z"


def test_next_times_of_which_some_came_too_near_are_computed_again(
    appointments: FlaskClient, other: As, practice: Practice, clock: Clock
) -> None:
    assert directory(other)[str(practice.therapist.id)][0] == "2026-03-02T14:00:00Z"
    clock.pass_by(4 * HOUR)
    assert directory(As(appointments, add_person()))[str(practice.therapist.id)] == [
        "2026-03-03T08:00:00Z",
        "2026-03-03T08:30:00Z",
        "2026-03-03T09:00:00Z",
    ]


def test_an_entry_is_forgotten_when_a_hold_lapses(patient: As, other: As, practice: Practice) -> None:
    body = {"therapistId": str(practice.therapist.id), **times(TUESDAY_AT_NINE)}
    with held_at(lambda: NOON - 5 * MINUTE + timedelta(seconds=20)):
        assert patient.post("/api/appointments/holds", body).status_code == 201
    assert NINE not in starts(other, practice.therapist)
    lasting = [milliseconds_left(name) for name in names()]
    assert lasting
    assert all(0 < milliseconds <= 20_000 for milliseconds in lasting)


def test_no_entry_lasts_longer_than_a_minute(other: As, practice: Practice) -> None:
    starts(other, practice.therapist)
    directory(other)
    assert len(names()) == 2
    assert all(0 < milliseconds_left(name) <= 60_000 for name in names())


def test_a_slow_reader_fills_in_what_nobody_asks_for_any_more(patient: As, other: As, practice: Practice) -> None:
    starts(other, practice.therapist)
    [stale] = names()
    entry = ask(lambda redis: redis.get(stale)) or ""
    book(patient, practice.therapist)
    put(stale, entry)  # what was read before the booking arrives after it
    assert NINE not in starts(other, practice.therapist)


def test_a_stale_slot_is_not_booked(patient: As, other: As, practice: Practice) -> None:
    shown = starts(other, practice.therapist)
    book(patient, practice.therapist)
    starts(other, practice.therapist)
    entry = FreeTimes(50, 120, 60, "UTC", [int(datetime.fromisoformat(start).timestamp()) for start in shown])
    for name in names():
        put(name, slot_cache._as_json(entry))
    assert NINE in starts(other, practice.therapist)
    assert told(book(other, practice.therapist)) == (409, "slot-taken")


def test_without_redis_it_is_computed(other: As, practice: Practice, product: LocalCloud) -> None:
    first, listed = starts(other, practice.therapist), directory(other)
    product.stop_part("redis")
    try:
        assert starts(other, practice.therapist) == first
        assert directory(other) == listed
    finally:
        product.start_part("redis")


def test_a_patient_is_not_shown_times_at_which_they_are_elsewhere(
    appointments: FlaskClient, patient: As, other: As, practice: Practice
) -> None:
    everything = starts(patient, practice.therapist)
    assert starts(other, practice.therapist) == everything
    add_appointment(practice.patient, add_person(Role.THERAPIST), TUESDAY_AT_NINE + 30 * MINUTE)
    overlapping = {"2026-03-03T09:00:00Z", "2026-03-03T09:30:00Z", "2026-03-03T10:00:00Z"}
    assert starts(patient, practice.therapist) == [start for start in everything if start not in overlapping]
    assert starts(other, practice.therapist) == everything
    assert starts(As(appointments, practice.therapist), practice.therapist) == everything


def test_the_directory_is_searched_by_when_somebody_is_free(appointments: FlaskClient, other: As) -> None:
    mornings, evenings, full = (add_person(Role.THERAPIST) for _ in range(3))
    keep_hours(mornings, 8 * 60, 10 * 60, accepts_new_patients=True)
    keep_hours(evenings, 18 * 60, 20 * 60, accepts_new_patients=True)
    keep_hours(full, 9 * 60, 10 * 60, accepts_new_patients=True)
    add_appointment(add_person(), full)
    tuesday = {"from": "2026-03-03T08:00:00Z", "to": "2026-03-03T12:00:00Z"}
    assert directory(other, **tuesday) == {
        str(mornings.id): ["2026-03-03T08:00:00Z", "2026-03-03T08:30:00Z", "2026-03-03T09:00:00Z"]
    }
    assert set(directory(other, **{"from": "2026-03-03T08:00:00Z", "to": "2026-03-04T20:00:00Z"})) == {
        str(who.id) for who in (mornings, evenings, full)
    }
    assert directory(other, to="2026-03-02T13:00:00Z") == {}
    assert set(directory(other, **{"from": "2026-04-20T00:00:00Z"})) == {str(w.id) for w in (mornings, evenings, full)}


def test_pages_of_who_is_free_leave_nobody_out(appointments: FlaskClient, other: As) -> None:
    free = []
    for number in range(7):
        therapist = add_person(Role.THERAPIST)
        keep_hours(therapist, 8 * 60, 10 * 60 if number % 2 else 8 * 60 + 30, accepts_new_patients=True)
        free += [str(therapist.id)] if number % 2 else []
    seen: list[str] = []
    query: dict[str, Any] = {"from": "2026-03-03T08:00:00Z", "to": "2026-03-03T12:00:00Z", "limit": 2}
    while True:
        page = other.get(DIRECTORY, **query).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert sorted(seen) == sorted(free)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-04T00:00:00Z", "to": "2026-03-03T00:00:00Z"},
        {"from": "2026-03-04T00:00:00Z", "to": "2026-08-03T00:00:00Z"},
        {"to": "2026-03-01T00:00:00Z"},
    ],
)
def test_a_time_that_is_none_is_told(other: As, query: dict[str, str]) -> None:
    answer = other.get(DIRECTORY, **query)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "?to")


def test_what_is_kept_is_of_whole_days(other: As, practice: Practice) -> None:

    between = Span(NOON + MINUTE, NOON + 2 * DAY)
    first, last = slot_cache.days_of(between)
    assert (first.isoformat(), last.isoformat()) == ("2026-03-02", "2026-03-05")
    starts(other, practice.therapist)
    with Statements() as statements:
        starts(other, practice.therapist, **{"from": "2026-03-02T15:00:00Z", "to": "2026-03-16T01:00:00Z"})
    assert statements.about("availability_rule") == 0
