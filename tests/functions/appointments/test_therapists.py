"""The directory holds whom a patient may ask, and finds them by what they offer."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy import update as change
from sqlalchemy.orm import Session as Database

from shared.clock import held_at, now
from shared.database.engine import engine
from shared.database.models.accounts import User, UserStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import NOON, add_practice
from tests.functions.appointments.care import add_open_therapist, describe
from tests.people import As, Person, add_person, change_licence

PATH = "/api/therapists/available"


def found(client: FlaskClient, **query: object) -> list[str]:
    """The names in the directory."""
    answer = As(client, add_person()).get(PATH, **query)
    assert answer.status_code == 200, answer.get_json()
    return sorted(item["name"] for item in answer.get_json()["items"])


@transaction
def change_account(db: Database, /, person: Person, **values: object) -> None:
    db.execute(change(User).where(User.id == person.id).values(**values))


def test_a_therapist_is_shown_by_what_patients_choose_by_and_nothing_else(appointments: FlaskClient) -> None:
    therapist = add_open_therapist(name="Thea Tell")
    offered = {"bio": "Warm and clear.", "specialties": ["Sleep", "Grief"], "languages": ["en", "pt-BR"]}
    describe(therapist, **offered)
    change_account(therapist, time_zone="Asia/Kathmandu")
    answer = As(appointments, add_person()).get(PATH).get_json()
    shown = {"id": str(therapist.id), "name": "Thea Tell", **offered, "timeZone": "Asia/Kathmandu", "nextSlots": []}
    assert answer == {"items": [shown], "nextCursor": None}


def test_only_who_takes_patients_and_may_practise_is_there(appointments: FlaskClient) -> None:
    add_open_therapist(name="here")
    add_person(Role.THERAPIST, name="takes nobody")
    for status in CredentialsStatus:
        if status is not CredentialsStatus.VERIFIED:
            describe(add_person(Role.THERAPIST, name=status, licence=status), accepts_new_patients=True)
    lapsed = add_person(Role.THERAPIST, name="lapsed", licence_expires_on=date(2020, 1, 1))
    describe(lapsed, accepts_new_patients=True)
    suspended = add_open_therapist(name="suspended")
    change_account(suspended, status=UserStatus.SUSPENDED, suspended_at=now())
    assert found(appointments) == ["here"]


def test_a_licence_counts_to_the_end_of_its_last_day_wherever_that_is(appointments: FlaskClient) -> None:
    last_day = now().date() + timedelta(days=30)
    therapist = add_open_therapist(name="here")
    change_licence(therapist, expires_on=last_day)
    describe(therapist, accepts_new_patients=True)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=31)
    for after, expected in ((timedelta(hours=11, minutes=59), ["here"]), (timedelta(hours=12, minutes=1), [])):
        with held_at(lambda: midnight + after):  # noqa: B023 - asked within the loop's turn
            assert found(appointments) == expected


def test_a_change_shows_at_once(appointments: FlaskClient) -> None:
    therapist = add_open_therapist(name="here")
    assert found(appointments) == ["here"]
    describe(therapist, accepts_new_patients=False)
    assert found(appointments) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"specialty": "sleep"}, ["both", "sleep"]),
        ({"specialty": "SLEEP "}, ["both", "sleep"]),
        ({"specialty": "Slee"}, []),
        ({"specialty": "%"}, []),
        ({"specialty": "' OR 1=1 --"}, []),
        ({"language": "en"}, ["both", "grief"]),
        ({"language": "EN-gb"}, ["both"]),
        ({"language": "e%"}, None),
        ({"language": "de"}, ["sleep"]),
        ({"specialty": "sleep", "language": "en"}, ["both"]),
        ({"specialty": "angst Über alles"}, ["über"]),
    ],
)
def test_it_is_searched_by_specialty_and_language(
    appointments: FlaskClient, query: dict[str, str], expected: list[str] | None
) -> None:
    for name, specialties, languages in (
        ("both", ["Sleep", "Grief"], ["en-GB", "fr"]),
        ("sleep", ["sleep"], ["de-AT"]),
        ("grief", ["Grief"], ["en"]),
        ("über", ["Angst Über Alles"], ["eng"]),
        ("nothing", [], []),
    ):
        describe(add_open_therapist(name=name), specialties=specialties, languages=languages)
    if expected is None:
        assert As(appointments, add_person()).get(PATH, **query).status_code == 422
    else:
        assert found(appointments, **query) == expected


def test_pages_leave_nobody_out_and_name_nobody_twice(appointments: FlaskClient) -> None:
    there = {str(add_open_therapist().id) for _ in range(7)}
    patient, seen, following = As(appointments, add_person()), [], None
    while True:
        query = {"limit": 3} | ({"cursor": following} if following else {})
        page = patient.get(PATH, **query).get_json()
        seen += [item["id"] for item in page["items"]]
        following = page["nextCursor"]
        if following is None:
            break
    assert len(seen) == 7
    assert set(seen) == there


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"},
        {"cursor": "WzFd"},
        {"cursor": "c" * 401},
        {"limit": 0},
        {"limit": 201},
        {"specialty": ""},
        {"specialty": "s" * 101},
        {"specialty": "a\x00b"},
        {"language": "e"},
        {"language": "en_GB"},
        {"zone": "UTC"},
    ],
)
def test_a_bad_query_is_told_by_name(appointments: FlaskClient, query: dict[str, object]) -> None:
    answer = As(appointments, add_person()).get(PATH, **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"?{name}" for name in query]


def test_it_takes_as_many_queries_for_many_as_for_one(appointments: FlaskClient) -> None:
    patient, counts = As(appointments, add_person()), []
    add_open_therapist()
    patient.get(PATH)  # the session is cached from here on
    for more in (0, 20):
        for _ in range(more):
            add_open_therapist()
        change_every_schedule()
        statements: list[str] = []
        listener = lambda *given, kept=statements: kept.append(given[2])  # noqa: E731
        event.listen(engine(), "before_cursor_execute", listener)
        patient.get(PATH)
        event.remove(engine(), "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


@transaction
def change_every_schedule(db: Database) -> None:
    """As a booking does, so that no next times are known any more."""
    db.execute(change(TherapistProfile).values(schedule_version=TherapistProfile.schedule_version + 1))


def next_starts(client: FlaskClient) -> list[str]:
    [shown] = As(client, add_person()).get(PATH).get_json()["items"]
    assert all(slot["endAt"] > slot["startAt"] for slot in shown["nextSlots"])
    return [slot["startAt"] for slot in shown["nextSlots"]]


def test_the_next_times_are_the_first_that_can_be_booked(appointments: FlaskClient) -> None:
    with held_at(lambda: NOON):
        practice = add_practice(accepts_new_patients=True)
        slots = As(appointments, practice.patient).get(f"/api/therapists/{practice.therapist.id}/slots").get_json()
        first = [slot["startAt"] for slot in slots["items"][:3]]
        assert next_starts(appointments) == first
        assert first[0] == "2026-03-02T14:00:00Z"
        booked = {"therapistId": str(practice.therapist.id), "startAt": first[0], "endAt": slots["items"][0]["endAt"]}
        assert As(appointments, practice.patient).post("/api/appointments", booked).status_code == 201
        after = next_starts(appointments)
        assert len(after) == 3
        assert first[0] not in after


@pytest.mark.parametrize(
    ("notice_days", "horizon_days", "expected"),
    [(30, 60, "2026-04-01T12:00:00Z"), (6, 60, "2026-03-08T12:00:00Z"), (30, 20, None), (70, 90, None)],
)
def test_times_far_ahead_are_found_within_the_horizon(
    appointments: FlaskClient, notice_days: int, horizon_days: int, expected: str | None
) -> None:
    with held_at(lambda: NOON):
        terms = {"minimum_notice_minutes": notice_days * 24 * 60, "booking_horizon_days": horizon_days}
        add_practice(accepts_new_patients=True, **terms)
        starts = next_starts(appointments)
    assert starts[:1] == ([expected] if expected else [])
    assert len(starts) == (3 if expected else 0)
