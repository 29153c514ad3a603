"""A therapist sets hours and terms, all at once or not at all; patients see the times that follow from them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from functions.appointments.schedules import schedule_of, schedules_of
from functions.appointments.slots import Span
from shared.clock import held_at, now
from shared.database.engine import engine
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus, AvailabilityRule
from shared.database.transaction import transaction
from shared.roles import Role
from shared.time_zones import tzdata_version
from tests.doubles import function_client
from tests.functions.messages.test_conversations import counted
from tests.people import As, Person, add_care, add_person, change_licence, rows

AVAILABILITY = "/api/appointments/availability"
MONDAY_MORNING = {"weekday": 0, "start": "09:00", "end": "12:00"}
GIVEN: dict[str, Any] = {"timeZone": "America/New_York", "rules": [MONDAY_MORNING]}
USUAL = {
    "sessionMinutes": 50,
    "stepMinutes": 30,
    "bufferBeforeMinutes": 0,
    "bufferAfterMinutes": 10,
    "minimumNoticeMinutes": 120,
    "horizonDays": 60,
    "dailyMaximum": None,
}
ROUNDS: dict[str, tuple[int, int]] = {
    "sessionMinutes": (10, 480),
    "stepMinutes": (5, 480),
    "bufferBeforeMinutes": (0, 240),
    "bufferAfterMinutes": (0, 240),
    "minimumNoticeMinutes": (0, 43_200),
    "horizonDays": (1, 730),
    "dailyMaximum": (1, 100),
}
SUNDAY_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def put(client: FlaskClient, person: Person, **changes: object) -> TestResponse:
    return As(client, person).put(AVAILABILITY, GIVEN | changes)


def read(client: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(client, person).get(AVAILABILITY)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


def faults(answer: TestResponse) -> list[str]:
    assert answer.status_code == 422, answer.get_json()
    return [fault["pointer"] for fault in answer.get_json()["errors"]]


def slots(client: FlaskClient, asker: Person, therapist: Person, **query: object) -> TestResponse:
    return As(client, asker).get(f"/api/therapists/{therapist.id}/slots", **query)


def items(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.get_json()
    found: list[dict[str, str]] = answer.get_json()["items"]
    return found


@transaction
def accept_new_patients(db: Database, therapist: Person, accepts: bool = True) -> None:
    profile = db.get_one(TherapistProfile, therapist.id)
    profile.accepts_new_patients = accepts


@transaction
def set_time_zone(db: Database, person: Person, name: str) -> None:
    db.get_one(User, person.id).time_zone = name


@transaction
def add_appointment(
    db: Database,
    therapist: Person,
    patient: Person,
    start_at: datetime,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    after: int = 10,
) -> None:
    end_at = start_at + timedelta(minutes=50)
    db.add(
        Appointment(
            patient_id=patient.id,
            therapist_id=therapist.id,
            status=status,
            start_at=start_at,
            end_at=end_at,
            blocked_from=start_at,
            blocked_until=end_at + timedelta(minutes=after),
            time_zone="America/New_York",
            held_until=end_at if status is AppointmentStatus.HELD else None,
            cancelled_at=now() if status is AppointmentStatus.CANCELLED else None,
        )
    )


def open_therapist(client: FlaskClient, **changes: object) -> Person:
    """Somebody who takes new patients, at the hours given."""
    therapist = add_person(Role.THERAPIST)
    accept_new_patients(therapist)
    assert put(client, therapist, **changes).status_code == 200
    return therapist


def version_of(therapist: Person) -> int:
    [version] = rows(select(TherapistProfile.schedule_version).where(TherapistProfile.user_id == therapist.id))
    return version


@pytest.mark.parametrize("licence", [None, CredentialsStatus.UNSUBMITTED, CredentialsStatus.VERIFIED])
def test_whoever_set_nothing_has_no_hours_and_the_usual_terms(
    appointments: FlaskClient, licence: CredentialsStatus | None
) -> None:
    therapist = add_person(Role.THERAPIST, licence=licence)
    set_time_zone(therapist, "Europe/Berlin")
    nothing = {"timeZone": "Europe/Berlin", "rules": [], "exceptions": [], "version": 1}
    shown = read(appointments, therapist)
    assert len(shown.pop("revision")) == 32
    assert shown == nothing | USUAL


def test_what_is_given_is_kept_and_shown_and_can_be_given_back(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    rules = [
        {"weekday": 0, "start": "09:00", "end": "12:00", "effectiveFrom": "2026-01-01", "effectiveUntil": None},
        {"weekday": 0, "start": "12:00", "end": "24:00", "effectiveFrom": "2026-01-01", "effectiveUntil": "2026-06-30"},
        {"weekday": 6, "start": "00:00", "end": "00:01", "effectiveFrom": "2026-01-01", "effectiveUntil": None},
    ]
    exceptions = [
        {"date": "2026-05-01", "available": False, "start": None, "end": None},
        {"date": "2026-05-01", "available": True, "start": "10:00", "end": "11:30"},
        {"date": "2026-05-02", "available": False, "start": "09:10", "end": "10:50"},
    ]
    terms = {name: highest for name, (_, highest) in ROUNDS.items()}
    given = {"timeZone": "Asia/Kathmandu", "rules": rules, "exceptions": exceptions} | terms
    kept = As(appointments, therapist).put(AVAILABILITY, given).get_json()
    assert kept == given | {"version": 2, "revision": kept["revision"]}
    assert read(appointments, therapist) == kept
    again = As(appointments, therapist).put(AVAILABILITY, given)
    assert again.get_json() == kept | {"version": 3}, "the same hours are the same revision"


def test_only_the_revision_that_was_looked_at_is_replaced(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    seen = read(appointments, therapist)["revision"]
    changed = put(appointments, therapist, revision=seen)
    assert changed.status_code == 200
    late = put(appointments, therapist, revision=seen, dailyMaximum=1)
    assert (late.status_code, late.get_json()["type"]) == (409, "urn:bloom:problem:availability-changed")
    assert read(appointments, therapist) == changed.get_json(), "nothing of it is kept"
    assert put(appointments, therapist, revision=changed.get_json()["revision"], dailyMaximum=1).status_code == 200


def test_what_is_left_out_is_as_usual_and_what_was_before_is_gone(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    gone = {"date": "2026-05-01", "available": False}
    put(appointments, therapist, exceptions=[gone], **{name: lowest for name, (lowest, _) in ROUNDS.items()})
    with held_at(lambda: SUNDAY_NOON):
        other = add_person(Role.THERAPIST)
        put(appointments, other, exceptions=[gone])
        therapist = add_person(Role.THERAPIST)
        put(appointments, therapist, exceptions=[gone], dailyMaximum=3)
        shown = put(appointments, therapist, rules=[MONDAY_MORNING | {"weekday": 3}]).get_json()
        assert shown["exceptions"] == []
        assert [rule["weekday"] for rule in shown["rules"]] == [3]
        assert shown["rules"][0]["effectiveFrom"] == "2026-03-01"
        assert {name: shown[name] for name in USUAL} == USUAL
        assert len(read(appointments, other)["exceptions"]) == 1, "another's are not touched"


def test_hours_hold_from_today_on_where_the_therapist_is(appointments: FlaskClient) -> None:
    late = datetime(2026, 3, 2, 3, tzinfo=UTC)
    with held_at(lambda: late):
        therapist = add_person(Role.THERAPIST)
        for name, today in (("America/New_York", "2026-03-01"), ("Asia/Kathmandu", "2026-03-02")):
            [rule] = put(appointments, therapist, timeZone=name).get_json()["rules"]
            assert rule["effectiveFrom"] == today


NO_RULES: list[Any] = [None, {}, "all", [MONDAY_MORNING] * 101]
NO_RULE: list[Any] = [None, [], "Monday"]
NO_CLOCK: list[Any] = [
    *(None, "", "9:00", "09:60", "24:01", "25:00", "09:00:00", "0900", 540, "09:00\n"),
    "\uff10\uff19:\uff10\uff10",  # digits of another script
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    *(
        ({"timeZone": value}, "/timeZone")
        for value in (None, "", "Mars/Olympus", "../UTC", "EST5", 5, "x" * 65, "Factory")
    ),
    *(({"rules": value}, "/rules") for value in NO_RULES),
    *(({"rules": [value]}, "/rules/0") for value in NO_RULE),
    *(
        ({"rules": [MONDAY_MORNING | {"weekday": value}]}, "/rules/0/weekday")
        for value in (-1, 7, None, "0", 1.5, True, 10**30)
    ),
    *(
        ({"rules": [MONDAY_MORNING | {field: value}]}, f"/rules/0/{field}")
        for field in ("start", "end")
        for value in NO_CLOCK
    ),
    *(
        ({"rules": [MONDAY_MORNING | {field: value}]}, f"/rules/0/{field}")
        for field in ("effectiveFrom", "effectiveUntil")
        for value in ("", "2026-02-30", "2026-2-3", "20260203", 1770000000, "1999-12-31", "2200-01-01", True)
    ),
    ({"rules": [MONDAY_MORNING | {"end": "09:00"}]}, "/rules/0/end"),
    ({"rules": [MONDAY_MORNING | {"end": "08:59"}]}, "/rules/0/end"),
    ({"rules": [MONDAY_MORNING | {"start": "24:00", "end": "24:00"}]}, "/rules/0/end"),
    (
        {"rules": [MONDAY_MORNING | {"effectiveFrom": "2026-03-02", "effectiveUntil": "2026-03-01"}]},
        "/rules/0/effectiveUntil",
    ),
    ({"rules": [MONDAY_MORNING | {"timeZone": "UTC"}]}, "/rules/0/timeZone"),
    ({"exceptions": [{"date": "2026-05-01", "available": False}] * 401}, "/exceptions"),
    ({"exceptions": None}, "/exceptions"),
    ({"exceptions": [{"available": False}]}, "/exceptions/0/date"),
    *(({"exceptions": [{"date": value, "available": False}]}, "/exceptions/0/date") for value in (None, "", "May", 5)),
    *(
        ({"exceptions": [{"date": "2026-05-01", "available": value}]}, "/exceptions/0/available")
        for value in (None, "yes", 1)
    ),
    ({"exceptions": [{"date": "2026-05-01", "available": True}]}, "/exceptions/0/start"),
    ({"exceptions": [{"date": "2026-05-01", "available": False, "start": "09:00"}]}, "/exceptions/0/end"),
    ({"exceptions": [{"date": "2026-05-01", "available": False, "end": "09:00"}]}, "/exceptions/0/start"),
    (
        {"exceptions": [{"date": "2026-05-01", "available": True, "start": "10:00", "end": "10:00"}]},
        "/exceptions/0/end",
    ),
    *(
        ({name: value}, f"/{name}")
        for name, (lowest, highest) in ROUNDS.items()
        for value in (lowest - 1, highest + 1, "50", 50.5, True, 10**30)
    ),
    *(({name: None}, f"/{name}") for name in ROUNDS if name != "dailyMaximum"),
    ({"version": 1}, "/version"),
    ({"therapistId": str(uuid4())}, "/therapistId"),
]


@pytest.mark.parametrize(("changes", "pointer"), REFUSED)
def test_what_cannot_be_accepted_is_named_and_nothing_is_kept(
    appointments: FlaskClient, changes: dict[str, Any], pointer: str
) -> None:
    therapist = add_person(Role.THERAPIST)
    assert faults(put(appointments, therapist, **changes)) == [pointer]
    assert (rows(select(AvailabilityRule.id)), version_of(therapist)) == ([], 1)


def test_zone_and_rules_are_needed(appointments: FlaskClient) -> None:
    assert faults(As(appointments, add_person(Role.THERAPIST)).put(AVAILABILITY, {})) == ["/timeZone", "/rules"]


def hours(start: str, end: str, **more: object) -> dict[str, object]:
    return MONDAY_MORNING | {"start": start, "end": end} | more


def day(start: str | None, end: str | None, *, available: bool = False, date: str = "2026-05-01") -> dict[str, object]:
    return {"date": date, "available": available, "start": start, "end": end}


SPRING, SUMMER = {"effectiveUntil": "2026-06-30"}, {"effectiveFrom": "2026-07-01"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rules": [hours("09:00", "12:00"), hours("11:59", "13:00")]}, ["/rules/1"]),
        ({"rules": [hours("09:00", "12:00"), hours("09:00", "12:00")]}, ["/rules/1"]),
        ({"rules": [hours("09:00", "12:00"), hours("13:00", "14:00"), hours("10:00", "11:00")]}, ["/rules/2"]),
        ({"rules": [hours("09:00", "12:00"), hours("12:00", "13:00")]}, []),
        ({"rules": [hours("09:00", "12:00"), hours("09:00", "12:00", weekday=1)]}, []),
        ({"rules": [hours("09:00", "12:00", **SPRING), hours("10:00", "13:00", **SUMMER)]}, []),
        ({"rules": [hours("09:00", "12:00", **SUMMER), hours("10:00", "13:00", **SPRING)]}, []),
        ({"rules": [hours("09:00", "12:00", **SPRING), hours("10:00", "13:00")]}, ["/rules/1"]),
        ({"exceptions": [day(None, None), day(None, None)]}, ["/exceptions/1"]),
        ({"exceptions": [day(None, None), day("09:00", "10:00")]}, ["/exceptions/1"]),
        ({"exceptions": [day("09:00", "11:00"), day("10:00", "12:00", available=True)]}, ["/exceptions/1"]),
        ({"exceptions": [day("09:00", "11:00", available=True)] * 2}, ["/exceptions/1"]),
        ({"exceptions": [day(None, None), day("10:00", "12:00", available=True)]}, []),
        ({"exceptions": [day("10:00", "12:00", available=True), day(None, None)]}, []),
        ({"exceptions": [day(None, None), day(None, None, date="2026-05-02")]}, []),
    ],
)
def test_what_overlaps_is_named(appointments: FlaskClient, changes: dict[str, Any], expected: list[str]) -> None:
    answer = put(appointments, add_person(Role.THERAPIST), **changes)
    if expected:
        assert faults(answer) == expected
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ADMINISTRATOR, None])
def test_nobody_else_has_hours(appointments: FlaskClient, role: Role | None) -> None:
    asking = As(appointments, add_person(role) if role else None)
    refused = 403 if role else 401
    assert [asking.get(AVAILABILITY).status_code, asking.put(AVAILABILITY, GIVEN).status_code] == [refused] * 2


@pytest.mark.parametrize("licence", [None, *sorted(set(CredentialsStatus) - {CredentialsStatus.VERIFIED}), "expired"])
def test_hours_are_set_with_a_licence_in_force(appointments: FlaskClient, licence: Any) -> None:
    therapist = add_person(Role.THERAPIST, licence=None if licence == "expired" else licence)
    if licence == "expired":
        change_licence(therapist, expires_on=datetime(2020, 1, 1, tzinfo=UTC).date())
    answer = put(appointments, therapist)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:licence-not-verified")
    assert read(appointments, therapist)["rules"] == []
    [entry] = rows(select(AuditEvent))
    assert (entry.action, entry.outcome, entry.actor_id) == (
        "availability.changed",
        AuditOutcome.DENIED,
        therapist.id,
    )


def test_a_change_is_audited_with_the_names_of_what_changed(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    put(appointments, therapist, horizonDays=30, exceptions=[day("09:00", "10:00")])
    put(appointments, therapist, horizonDays=30)
    entries = rows(select(AuditEvent).order_by(AuditEvent.occurred_at))
    assert [(entry.action, entry.actor_id, entry.subject_id) for entry in entries] == [
        ("availability.changed", therapist.id, therapist.id)
    ] * 2
    assert [entry.details for entry in entries] == [
        {"fields": ["exceptions", "horizonDays", "rules", "timeZone"]},
        {"fields": ["exceptions"]},
    ]


def test_changes_at_once_leave_one_whole_availability(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    given = [
        GIVEN | {"rules": [hours("09:00", "10:00", weekday=one), hours("11:00", "12:00", weekday=one)]}
        for one in range(4)
    ]
    clients = [As(function_client("appointments"), therapist) for _ in given]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one[0].put(AVAILABILITY, one[1]), zip(clients, given, strict=True)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    won = [answer for answer in answers if answer.status_code == 200]
    shown = read(appointments, therapist)
    assert len({rule["weekday"] for rule in shown["rules"]}) == 1
    assert len(shown["rules"]) == 2
    assert shown["version"] == 1 + len(won) > 1


def test_slots_are_told_in_utc_and_by_the_readers_clock(appointments: FlaskClient) -> None:
    with held_at(lambda: SUNDAY_NOON):
        therapist, patient = open_therapist(appointments), add_person()
        query = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-10T00:00:00Z"}
        answer = slots(appointments, patient, therapist, **query, timeZone="Europe/Berlin")
    starts = [(slot["startAt"], slot["endAt"], slot["localStart"]) for slot in items(answer)]
    assert len(starts) == 10
    # The Monday before New York's clocks are set, and the one after: Berlin's are set three weeks later.
    assert starts[0] == ("2026-03-02T14:00:00Z", "2026-03-02T14:50:00Z", "2026-03-02T15:00:00+01:00")
    assert starts[5] == ("2026-03-09T13:00:00Z", "2026-03-09T13:50:00Z", "2026-03-09T14:00:00+01:00")
    assert answer.get_json() | {"items": []} == {
        "items": [],
        "therapist": {"id": str(therapist.id), "name": therapist.name, "timeZone": "America/New_York"},
        "timeZone": "Europe/Berlin",
        "tzdataVersion": tzdata_version(),
    }


def test_without_a_query_the_next_two_weeks_are_shown_by_the_callers_clock(appointments: FlaskClient) -> None:
    with held_at(lambda: SUNDAY_NOON):
        therapist, patient = open_therapist(appointments), add_person()
        set_time_zone(patient, "Asia/Kathmandu")
        answer = slots(appointments, patient, therapist)
    assert {slot["startAt"][:10] for slot in items(answer)} == {"2026-03-02", "2026-03-09"}
    assert items(answer)[0]["localStart"] == "2026-03-02T19:45:00+05:45"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        *(
            ({name: value}, f"?{name}")
            for name in ("from", "to")
            for value in (
                "",
                "today",
                "2026-03-02",
                "2026-03-02T00:00:00",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59-14:00",
            )
        ),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "?to"),
        ({"to": "2020-03-02T00:00:00Z"}, "?to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-05-03T00:00:01Z"}, "?to"),
        *(({"timeZone": value}, "?timeZone") for value in ("", "Nowhere", "../UTC", "x" * 65)),
        ({"limit": "5"}, "?limit"),
    ],
)
def test_a_query_that_cannot_be_accepted_is_named(
    appointments: FlaskClient, query: dict[str, str], pointer: str
) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    assert faults(slots(appointments, patient, therapist, **query)) == [pointer]


def test_sixty_two_days_are_shown_at_most(appointments: FlaskClient) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    query = {"from": "2026-03-02T00:00:00Z", "to": "2026-05-03T00:00:00Z"}
    assert slots(appointments, patient, therapist, **query).status_code == 200


@pytest.mark.parametrize("status", AppointmentStatus)
def test_what_is_booked_is_no_slot_and_what_is_over_is_one_again(
    appointments: FlaskClient, status: AppointmentStatus
) -> None:
    with held_at(lambda: SUNDAY_NOON):
        therapist, patient, other = open_therapist(appointments, stepMinutes=60), add_person(), add_person()
        add_appointment(therapist, other, datetime(2026, 3, 2, 15, tzinfo=UTC), status)
        starts = [slot["startAt"][11:16] for slot in items(slots(appointments, patient, therapist))][:2]
    occupied = status in {"held", "pending", "booked", "in_session"}
    assert starts == (["14:00", "16:00"] if occupied else ["14:00", "15:00"])


def test_buffers_notice_horizon_and_daily_maximum_hold(appointments: FlaskClient) -> None:
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    with held_at(lambda: SUNDAY_NOON):
        therapist, patient = open_therapist(appointments, stepMinutes=60), add_person()
        add_appointment(therapist, add_person(), monday + timedelta(hours=1))

        def offered(**terms: object) -> list[str]:
            assert put(appointments, therapist, **({"stepMinutes": 60} | terms)).status_code == 200
            return [slot["startAt"][8:13] for slot in items(slots(appointments, patient, therapist))]

        assert offered() == ["02T14", "02T16", "09T13", "09T14", "09T15"]
        assert offered(bufferAfterMinutes=11) == ["02T16", "09T13", "09T14", "09T15"]
        assert offered(bufferBeforeMinutes=1) == ["02T14", "09T13", "09T14", "09T15"]
        assert offered(minimumNoticeMinutes=27 * 60) == ["02T16", "09T13", "09T14", "09T15"]
        assert offered(horizonDays=2) == ["02T14", "02T16"]
        assert offered(dailyMaximum=1) == ["09T13", "09T14", "09T15"]
        assert offered(dailyMaximum=2) == ["02T14", "02T16", "09T13", "09T14", "09T15"]
        assert offered(exceptions=[day(None, None, date="2026-03-02")]) == ["09T13", "09T14", "09T15"]


@pytest.mark.parametrize(
    ("care", "patients"),
    [(None, 404), *((status, 200 if status is CareStatus.ACCEPTED else 404) for status in CareStatus)],
)
def test_who_takes_nobody_new_is_offered_to_their_own_patients_alone(
    appointments: FlaskClient, care: CareStatus | None, patients: int
) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    accept_new_patients(therapist, accepts=False)
    if care is not None:
        add_care(patient, therapist, care)
    assert slots(appointments, patient, therapist).status_code == patients
    accept_new_patients(therapist)
    assert slots(appointments, patient, therapist).status_code == 200


@pytest.mark.parametrize("status", [*CredentialsStatus, "expired"])
def test_without_a_licence_in_force_nobody_is_offered_a_time(appointments: FlaskClient, status: str) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    add_care(patient, therapist)
    lose_licence(therapist, status)
    answers = [slots(appointments, asker, therapist) for asker in (patient, therapist)]
    fine = status == CredentialsStatus.VERIFIED
    assert [answer.status_code for answer in answers] == ([200, 200] if fine else [404, 403])


@transaction
def lose_licence(db: Database, therapist: Person, status: str) -> None:
    profile = db.get_one(TherapistProfile, therapist.id)
    if status == "expired":
        profile.license_expires_on = datetime(2020, 1, 1, tzinfo=UTC).date()
    else:
        profile.credentials_status = CredentialsStatus(status)


def test_who_else_asks_finds_nothing_and_it_is_audited(appointments: FlaskClient) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    assert slots(appointments, therapist, therapist).status_code == 200
    assert slots(appointments, add_person(Role.ADMINISTRATOR), therapist).status_code == 403
    assert As(appointments, None).get(f"/api/therapists/{therapist.id}/slots").status_code == 401
    assert As(appointments, patient).get("/api/therapists/nobody/slots").status_code == 404
    nobody = Person(uuid4(), Role.THERAPIST, "", "", "")
    refused = [(add_person(Role.THERAPIST), therapist), (patient, nobody), (patient, patient), (patient, add_person())]
    answers = [slots(appointments, asker, asked) for asker, asked in refused]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({str(answer.get_json() | {"instance": ""}) for answer in answers}) == 1
    denied = rows(select(AuditEvent).where(AuditEvent.action == "slots.read").order_by(AuditEvent.occurred_at))
    assert [(entry.actor_id, entry.resource_id, entry.outcome) for entry in denied] == [
        (asker.id, asked.id, AuditOutcome.DENIED) for asker, asked in refused
    ]


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status="suspended", suspended_at=now()))


def test_a_suspended_therapist_offers_nothing(appointments: FlaskClient) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    suspend(therapist)
    assert slots(appointments, patient, therapist).status_code == 404


def test_reading_slots_leaves_nothing_behind(appointments: FlaskClient) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    before = len(rows(select(AuditEvent.id)))
    slots(appointments, patient, therapist)
    assert len(rows(select(AuditEvent.id))) == before


@transaction
def statements_for(db: Database, therapists: list[Person]) -> int:
    with counted() as statements:
        moment = now()
        found = schedules_of(db, [one.id for one in therapists], Span(moment, moment + timedelta(days=14)))
    assert set(found) == {one.id for one in therapists}
    return len(statements)


def test_schedules_are_read_in_as_many_statements_for_many_as_for_one(appointments: FlaskClient) -> None:
    many = [open_therapist(appointments) for _ in range(4)]
    assert statements_for(many[:1]) == statements_for(many) == 4


@transaction
def add_history(db: Database, therapist: Person, patient: Person, sessions: int) -> None:
    """Sessions of the past that nobody ever closed, one every two hours."""
    made = text(
        "INSERT INTO appointment (id, patient_id, therapist_id, status, start_at, end_at, blocked_from, blocked_until, "
        "time_zone, version, ics_sequence, zoom_status, created_at, updated_at) SELECT gen_random_uuid(), :patient, "
        ":therapist, 'booked', s, s + interval '50 minutes', s, s + interval '1 hour', 'UTC', 1, 0, 'wanted', s, s "
        "FROM (SELECT CAST(:until AS timestamptz) - n * interval '2 hours' AS s "
        "FROM generate_series(1, :sessions) AS n) h"
    )
    until = now() - timedelta(days=30)
    db.execute(made, {"patient": patient.id, "therapist": therapist.id, "until": until, "sessions": sessions})


@transaction
def plan_of_busy_times(db: Database, therapist: Person) -> str:
    """What the database makes of the statement that reads what occupies the coming 60 days."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    event.listen(engine(), "before_cursor_execute", note)
    try:
        schedule_of(db, therapist.id, Span(now(), now() + timedelta(days=60)))
    finally:
        event.remove(engine(), "before_cursor_execute", note)
    [(statement, parameters)] = [one for one in sent if "FROM appointment" in one[0]]
    return "\n".join(row[0] for row in db.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_what_is_over_costs_nothing(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST)
    add_history(therapist, add_person(), 3000)
    found = plan_of_busy_times(therapist)
    assert "uq_appointment_therapist_start" in found
    condition = next(line for line in found.splitlines() if "Index Cond" in line)
    assert condition.count("start_at") == 2


def test_hours_are_set_and_slots_are_shown_without_redis(appointments: FlaskClient, product: LocalCloud) -> None:
    therapist, patient = open_therapist(appointments), add_person()
    product.stop_part("redis")
    try:
        assert put(appointments, therapist, stepMinutes=60).get_json()["version"] == 3
        assert slots(appointments, patient, therapist).status_code == 200
    finally:
        product.start_part("redis")
