"""Accounts are found, paused, opened again, unlocked, and given another role; the last administrator stays one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareStatus
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.events import session_channel
from shared.roles import Role
from tests.functions.internal_calls import outbox_events
from tests.functions.listening import listening
from tests.people import As, Person, add_pair, add_person, rows

SEARCH = "/api/admin/users/search"
USERS = "/api/admin/users"


def found(asking: As, **search: object) -> list[str]:
    answer = asking.post(SEARCH, search)
    assert answer.status_code == 200, answer.get_json()
    return [item["name"] for item in answer.get_json()["items"]]


def change(asking: As, person: Person, **given: object) -> Any:
    return asking.patch(f"{USERS}/{person.id}", given)


def kind(answer: Any) -> str:
    return str(answer.get_json()["type"]).rpartition(":")[2]


def actions(person: Person) -> list[str]:
    entries = select(AuditEvent.action).where(AuditEvent.subject_id == person.id).order_by(AuditEvent.occurred_at)
    return [action for action in rows(entries) if action.startswith("user.")]


# Finding


def test_the_latest_come_first_with_what_administrators_may_know(asking: As, administrator: Person) -> None:
    add_person(name="Paula Early", verified=False)
    add_person(Role.THERAPIST, name="Theo Late", licence=CredentialsStatus.PENDING)
    items = asking.post(SEARCH).get_json()["items"]
    assert [item["name"] for item in items] == ["Theo Late", "Paula Early", "Ada"]
    assert (items[0]["role"], items[0]["credentialsStatus"], items[0]["status"]) == ("THERAPIST", "pending", "active")
    assert (items[1]["emailVerified"], items[1]["credentialsStatus"]) == (False, None)
    assert set(items[0]) == {
        *("id", "email", "name", "role", "status", "suspensionReason", "emailVerified", "credentialsStatus"),
        *("createdAt", "lastSignedInAt"),
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("anna", ["Anna Lindqvist"]),
        ("ANNA LIN", ["Anna Lindqvist"]),
        ("lind", ["Anna Lindqvist"]),
        ("qvist", []),
        ("b@", ["Berta Öst"]),
        ("öst", ["Berta Öst"]),
        ("%", []),
        ("_nna", []),
        ("\\", []),
    ],
)
def test_a_text_finds_the_beginnings_of_addresses_and_names(asking: As, text: str, names: list[str]) -> None:
    add_person(name="Anna Lindqvist", email="a@people.test")
    add_person(name="Berta Öst", email="b@people.test")
    assert found(asking, text=text) == names


def test_an_id_finds_whom_the_trail_names(asking: As) -> None:
    person = add_person(name="Dora Dee")
    found = asking.post(f"{USERS}/search", {"text": f" {person.id} "}).get_json()["items"]
    assert [user["name"] for user in found] == ["Dora Dee"]
    assert asking.post(f"{USERS}/search", {"text": str(uuid4())}).get_json()["items"] == []


def test_roles_and_statuses_narrow_it(asking: As) -> None:
    paused = add_person(name="Paused")
    add_person(name="Going on")
    add_person(Role.THERAPIST, name="Theo")
    change(asking, paused, status="suspended", reason="requested")
    assert found(asking, role="PATIENT") == ["Going on", "Paused"]
    assert found(asking, role="PATIENT", status="suspended") == ["Paused"]
    assert found(asking, role="THERAPIST") == ["Theo"]


def test_the_erased_and_nobody_s_are_not_among_them(asking: As) -> None:
    mark(add_person(), status=UserStatus.ERASED, erased_at=now(), password_hash=None)
    mark(add_person(), is_synthetic=True)
    assert found(asking) == ["Ada"]


def test_pages_leave_out_and_repeat_nobody(asking: As) -> None:
    names = {add_person().name for _ in range(7)} | {"Ada"}
    seen: list[str] = []
    given: dict[str, object] = {"limit": 3}
    while True:
        page = asking.post(SEARCH, given).get_json()
        seen += [item["name"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        given = {"limit": 3, "cursor": page["nextCursor"]}
    assert len(seen) == 8
    assert set(seen) == names


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": "x" * 201}, "/text"),
        ({"text": "a\x00b"}, "/text"),
        ({"role": "WIZARD"}, "/role"),
        ({"status": "erased"}, "/status"),
        ({"limit": 201}, "/limit"),
        ({"cursor": "nonsense"}, "?cursor"),
    ],
)
def test_a_search_that_makes_no_sense_is_named(asking: As, given: dict[str, object], pointer: str) -> None:
    answer = asking.post(SEARCH, given)
    assert answer.status_code in (400, 422)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_a_search_is_written_down_without_its_words(asking: As, administrator: Person) -> None:
    found(asking, text="somebody")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "users.search"))
    assert (entry.actor_id, entry.details) == (administrator.id, {})


# Pausing


def test_a_paused_account_is_signed_out_at_once_everywhere(asking: As, admin: FlaskClient, product: LocalCloud) -> None:
    person = add_person(Role.ADMINISTRATOR)
    theirs = As(admin, person)
    assert theirs.get("/api/admin/stats").status_code == 200
    with listening(product) as relay:
        answer = change(asking, person, status="suspended", reason="security")
        assert (answer.status_code, answer.get_json()["status"]) == (200, "suspended")
        assert [channel for channel, _ in relay.all()] == [session_channel(person.id)]
    assert theirs.get("/api/admin/stats").status_code == 401
    assert all(session.revoked_at for session in rows(select(Session).where(Session.user_id == person.id)))
    assert actions(person) == ["user.suspend"]
    [told] = outbox_events("account-notice")
    assert told.aggregate_id == person.id


def test_a_paused_account_is_opened_again(asking: As) -> None:
    person = add_person()
    change(asking, person, status="suspended", reason="other")
    answer = change(asking, person, status="active")
    assert (answer.get_json()["status"], answer.get_json()["suspensionReason"]) == ("active", None)
    assert actions(person) == ["user.suspend", "user.restore"]


def test_what_is_so_already_is_answered_and_told_nobody(asking: As) -> None:
    person = add_person()
    assert change(asking, person, status="active").status_code == 200
    assert change(asking, person, role="PATIENT").status_code == 200
    assert (actions(person), outbox_events("account-notice")) == ([], [])
    change(asking, person, status="suspended", reason="other")
    assert change(asking, person, status="suspended", reason="conduct").get_json()["suspensionReason"] == "conduct"
    assert len(outbox_events("account-notice")) == 1


# Unlocking


def test_unlocking_is_told_to_the_function_that_counts_guesses(asking: As) -> None:
    person = add_person()
    assert change(asking, person, unlock=True).status_code == 200
    [event] = outbox_events("account-unlocked")
    assert event.aggregate_id == person.id
    assert actions(person) == ["user.unlock"]


# Roles


def test_another_role_ends_the_sessions_that_had_the_old_one(asking: As, admin: FlaskClient) -> None:
    person = add_person()
    assert change(asking, person, role="ADMINISTRATOR").get_json()["role"] == "ADMINISTRATOR"
    assert As(admin, person).get("/api/admin/stats").status_code == 401
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "user.change-role"))
    assert entry.details == {"from": "PATIENT", "to": "ADMINISTRATOR"}


@pytest.mark.parametrize("status", [CareStatus.REQUESTED, CareStatus.ACCEPTED])
@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_whoever_is_in_care_keeps_their_role(asking: As, status: CareStatus, side: str) -> None:
    answer = change(asking, getattr(add_pair(status), side), role="ADMINISTRATOR")
    assert (answer.status_code, kind(answer)) == (409, "role-in-use")


@pytest.mark.parametrize("given", [{"role": "PATIENT"}, {"status": "suspended", "reason": "other"}, {"unlock": True}])
def test_nobody_changes_their_own_account_here(asking: As, administrator: Person, given: dict[str, object]) -> None:
    answer = change(asking, administrator, **given)
    assert (answer.status_code, kind(answer)) == (409, "not-oneself")


def test_two_administrators_who_end_each_other_at_once_leave_one(admin: FlaskClient, administrator: Person) -> None:
    other = add_person(Role.ADMINISTRATOR)
    pairs = [(administrator, other), (other, administrator)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pair: change(As(admin, pair[0]), pair[1], role="PATIENT").status_code, pairs))
    left = rows(select(User.id).where(User.role == Role.ADMINISTRATOR))
    assert len(left) == 1, answers
    assert answers.count(200) == 1


def test_the_last_administrator_is_not_paused(asking: As, administrator: Person) -> None:
    other = add_person(Role.ADMINISTRATOR)
    mark(administrator, is_synthetic=True)  # who asks does not count as one who could go on
    answer = change(asking, other, status="suspended", reason="other")
    assert (answer.status_code, kind(answer)) == (409, "last-administrator")
    answer = change(asking, other, role="PATIENT")
    assert (answer.status_code, kind(answer)) == (409, "last-administrator")


# What makes no sense


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({}, ""),
        ({"role": "PATIENT", "unlock": True}, ""),
        ({"status": "suspended"}, "/reason"),
        ({"status": "active", "reason": "other"}, "/reason"),
        ({"status": "suspended", "reason": "dislike"}, "/reason"),
        ({"status": "erased"}, "/status"),
        ({"role": "KING"}, "/role"),
        ({"unlock": False}, "/unlock"),
    ],
)
def test_a_change_that_makes_no_sense_is_named(asking: As, given: dict[str, object], pointer: str) -> None:
    answer = change(asking, add_person(), **given)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


@pytest.mark.parametrize("gone", ["unknown", "erased", "nobody's"])
def test_who_is_not_there_cannot_be_changed(asking: As, gone: str) -> None:
    person = add_person()
    if gone == "erased":
        mark(person, status=UserStatus.ERASED, erased_at=now(), password_hash=None)
    if gone == "nobody's":
        mark(person, is_synthetic=True)
    user_id: UUID = uuid4() if gone == "unknown" else person.id
    assert asking.patch(f"{USERS}/{user_id}", {"unlock": True}).status_code == 404
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "user.change"))
    assert entry.subject_id == user_id


@transaction
def mark(db: Database, /, person: Person, **columns: object) -> None:
    user = db.get_one(User, person.id)
    for name, value in columns.items():
        setattr(user, name, value)
