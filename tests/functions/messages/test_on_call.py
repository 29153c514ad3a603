"""Who is on call is kept by administrators, seen by staff, and of two who change it at once one does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.analysis import OnCallEntry
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.messages.alerting import entries
from tests.people import As, Person, add_person, change_licence, rows

PATH = "/api/alerts/on-call"


@pytest.fixture
def administrator(messages: FlaskClient) -> Person:
    """Who keeps the list."""
    return add_person(Role.ADMINISTRATOR)


def read(messages: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(messages, person).get(PATH)
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.get_json()
    return shown


def entry(therapist: Person, **times: str) -> dict[str, Any]:
    return {"therapistId": str(therapist.id), **times}


def put(messages: FlaskClient, person: Person, *new: dict[str, Any], revision: str = "") -> Any:
    body = {"revision": revision or read(messages, person)["revision"], "entries": list(new)}
    return As(messages, person).put(PATH, body)


def test_the_list_is_kept_in_its_order_and_names_who_can_be_reached(
    messages: FlaskClient, administrator: Person
) -> None:
    now_on, later_on, unlicensed = (add_person(Role.THERAPIST, name=name) for name in ("Ann", "Ben", "Cyd"))
    tomorrow = (now() + timedelta(days=1)).isoformat()
    assert read(messages, administrator)["entries"] == []
    answer = put(messages, administrator, entry(later_on, startsAt=tomorrow), entry(now_on), entry(unlicensed))
    assert answer.status_code == 200
    change_licence(unlicensed, CredentialsStatus.PENDING)
    turn_mails_off(now_on)
    shown = read(messages, now_on)["entries"]
    assert [(one["name"], one["isOnCall"], one["byMail"]) for one in shown] == [
        ("Ben", False, True),
        ("Ann", True, False),
        ("Cyd", False, True),
    ]
    [changed] = entries("on-call.change")
    assert (changed.actor_id, len(changed.details["therapists"])) == (administrator.id, 3)
    assert entries("on-call.read")


@transaction
def turn_mails_off(db: Database, person: Person) -> None:
    db.get_one(User, person.id).preferences = {"alerts": {"emailRiskAlerts": False}}


def test_it_may_name_somebody_for_several_shifts(messages: FlaskClient, administrator: Person) -> None:
    therapist, moment = add_person(Role.THERAPIST), now()
    shifts = [
        entry(
            therapist,
            startsAt=(moment + timedelta(days=day)).isoformat(),
            endsAt=(moment + timedelta(days=day, hours=8)).isoformat(),
        )
        for day in range(3)
    ]
    assert put(messages, administrator, *shifts).status_code == 200
    assert [one["isOnCall"] for one in read(messages, administrator)["entries"]] == [True, False, False]
    assert put(messages, administrator).get_json()["entries"] == []


def test_of_two_who_change_it_at_once_one_does_and_the_other_is_told(
    messages: FlaskClient, administrator: Person
) -> None:
    therapists, revision = [add_person(Role.THERAPIST) for _ in range(4)], read(messages, administrator)["revision"]
    clients = [function_client("messages") for _ in therapists]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda client, one: put(client, administrator, entry(one), revision=revision), clients, therapists)
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.get_json()["type"] == "urn:bloom:problem:on-call-list-changed"
    assert len(rows(select(OnCallEntry))) == 1


@pytest.mark.parametrize("kind", ["patient", "administrator", "unlicensed", "suspended", "nobody"])
def test_nobody_is_put_on_it_who_cannot_be_called(messages: FlaskClient, administrator: Person, kind: str) -> None:
    made = {
        "patient": lambda: add_person(Role.PATIENT).id,
        "administrator": lambda: administrator.id,
        "unlicensed": lambda: add_person(Role.THERAPIST, licence=None).id,
        "suspended": lambda: suspended().id,
        "nobody": uuid4,
    }
    good = add_person(Role.THERAPIST)
    answer = put(messages, administrator, entry(good), {"therapistId": str(made[kind]())})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/entries/1/therapistId"]
    assert rows(select(OnCallEntry)) == []


def suspended() -> Person:
    person = add_person(Role.THERAPIST)
    _suspend(person)
    return person


@transaction
def _suspend(db: Database, person: Person) -> None:
    user = db.get_one(User, person.id)
    user.status, user.suspended_at = "suspended", now()  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("new", "pointer"),
    [
        ({"startsAt": "2030-01-02T00:00:00Z", "endsAt": "2030-01-01T00:00:00Z"}, "/entries/0/endsAt"),
        ({"startsAt": "2030-01-01T00:00:00"}, "/entries/0/startsAt"),
        ({"endsAt": "soon"}, "/entries/0/endsAt"),
        ({"therapistId": "x"}, "/entries/0/therapistId"),
        ({"position": 1}, "/entries/0/position"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    messages: FlaskClient, administrator: Person, new: dict[str, str], pointer: str
) -> None:
    answer = put(messages, administrator, entry(add_person(Role.THERAPIST)) | new)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_therapists_see_it_and_do_not_change_it(messages: FlaskClient, administrator: Person) -> None:
    therapist = add_person(Role.THERAPIST)
    revision = read(messages, therapist)["revision"]
    assert put(messages, therapist, entry(therapist), revision=revision).status_code == 403


def test_it_holds_a_hundred_and_no_more(messages: FlaskClient, administrator: Person) -> None:
    therapist = add_person(Role.THERAPIST)
    answer = put(messages, administrator, *[entry(therapist)] * 101)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/entries"]
