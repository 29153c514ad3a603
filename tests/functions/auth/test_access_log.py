"""Whoever is looked at sees who looked, when, and at what, in plain words; what they did themselves is left out."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session as Database

from functions.auth.access_log import CODES, DEEDS, DEEDS_BY_SUBJECT, OTHER_DEED, code_of, describe
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.transaction import transaction
from shared.http import cursor
from shared.roles import Role
from tests.people import As, Person, add_care, add_pair, add_person, end_care, rows

ROUTE = "/api/user/access-log"


@transaction
def add_looks(
    db: Database,
    person: Person,
    actor: Person | None,
    *actions: str,
    outcome: AuditOutcome = AuditOutcome.SUCCESS,
    minutes_ago: int = 0,
) -> None:
    """Entries of the trail, each a second after the one before."""
    begun = now() - timedelta(minutes=minutes_ago)
    db.add_all(
        AuditEvent(
            occurred_at=begun + timedelta(seconds=number),
            actor_id=actor.id if actor else None,
            subject_id=person.id,
            action=action,
            outcome=outcome,
            ip="203.0.113.9",
        )
        for number, action in enumerate(actions)
    )


def looks(auth: FlaskClient, person: Person, **query: object) -> list[dict[str, str | None]]:
    answer = As(auth, person).get(ROUTE, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def test_a_patient_sees_their_therapists_looks_by_name_the_newest_first(auth: FlaskClient) -> None:
    pair = add_pair()
    add_looks(pair.patient, pair.therapist, "profile.read", "messages.read", minutes_ago=5)
    shown = looks(auth, pair.patient)
    assert [(look["name"], look["role"], look["what"], look["ending"]) for look in shown] == [
        (pair.therapist.name, "your therapist", "read messages of your conversation", "done"),
        (pair.therapist.name, "your therapist", "looked at your profile", "done"),
    ]
    assert str(shown[0]["at"]) > str(shown[1]["at"])
    assert str(shown[0]["at"]).endswith("Z")


def test_a_real_look_is_in_the_list(auth: FlaskClient) -> None:
    from tests.doubles import function_client

    pair = add_pair()
    As(function_client("messages"), pair.therapist).get(f"/api/conversations/{pair.conversation_id}")
    assert [look["what"] for look in looks(auth, pair.patient)] == ["looked at your conversation"]


def test_who_treated_them_once_is_still_named(auth: FlaskClient) -> None:
    pair = add_pair()
    end_care(pair)
    add_looks(pair.patient, pair.therapist, "messages.read")
    assert [look["name"] for look in looks(auth, pair.patient)] == [pair.therapist.name]


@pytest.mark.parametrize("status", [CareStatus.REQUESTED, CareStatus.DECLINED, None])
def test_nobody_else_is_named(auth: FlaskClient, status: CareStatus | None) -> None:
    patient, stranger = add_person(), add_person(Role.THERAPIST)
    administrator = add_person(Role.ADMINISTRATOR, name="Ada Administrator")
    if status:
        add_care(patient, stranger, status)
    add_looks(patient, stranger, "messages.read", outcome=AuditOutcome.DENIED, minutes_ago=1)
    add_looks(patient, administrator, "profile.read")
    shown = looks(auth, patient)
    assert [(look["name"], look["role"], look["ending"]) for look in shown] == [
        (None, "an administrator", "done"),
        (None, "another person", "refused"),
    ]
    assert "Ada" not in str(shown)
    assert "203.0.113.9" not in str(shown)


def test_ones_own_doings_and_what_nobody_did_are_left_out(auth: FlaskClient) -> None:
    patient = add_person()
    add_looks(patient, patient, "profile.read", "settings.changed")
    add_looks(patient, None, "session.sign-in", outcome=AuditOutcome.FAILURE)
    assert looks(auth, patient) == []


def test_nobody_sees_whom_others_were_looked_at_by(auth: FlaskClient) -> None:
    one, other = add_pair(), add_pair()
    add_looks(other.patient, one.therapist, "messages.read")
    add_looks(other.patient, one.patient, "messages.read")
    assert looks(auth, one.patient) == []
    assert looks(auth, one.therapist) == []


def test_a_therapist_sees_who_dealt_with_their_account(auth: FlaskClient) -> None:
    therapist, administrator = add_person(Role.THERAPIST), add_person(Role.ADMINISTRATOR)
    add_looks(therapist, administrator, "account.locked")
    assert [(look["role"], look["what"]) for look in looks(auth, therapist)] == [
        ("an administrator", "did something to your account")
    ]


def test_pages_follow_one_another_without_a_gap_also_within_one_moment(auth: FlaskClient) -> None:
    pair = add_pair()
    for _ in range(7):
        add_looks(pair.patient, pair.therapist, "messages.read", "profile.read", minutes_ago=3)
    first = As(auth, pair.patient).get(ROUTE, limit=5).get_json()
    second = As(auth, pair.patient).get(ROUTE, limit=5, cursor=first["nextCursor"]).get_json()
    third = As(auth, pair.patient).get(ROUTE, limit=5, cursor=second["nextCursor"]).get_json()
    seen = [look["id"] for page in (first, second, third) for look in page["items"]]
    assert len(seen) == len(set(seen)) == 14
    assert third["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"cursor": "nonsense"}, "?cursor"),
        ({"cursor": cursor.encode("yesterday", str(uuid4()))}, "?cursor"),
        ({"cursor": cursor.encode("2026-01-01T00:00:00+00:00", "no id")}, "?cursor"),
        ({"cursor": cursor.encode(1, 2)}, "?cursor"),
        ({"cursor": cursor.encode("2026-01-01T00:00:00+00:00")}, "?cursor"),
        ({"cursor": "c" * 201}, "?cursor"),
        ({"limit": "0"}, "?limit"),
        ({"limit": "201"}, "?limit"),
        ({"limit": "many"}, "?limit"),
        ({"userId": str(UUID(int=1))}, "?userId"),
    ],
)
def test_a_query_that_cannot_be_is_named(auth: FlaskClient, query: dict[str, str], pointer: str) -> None:
    answer = As(auth, add_person()).get(ROUTE, **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_reading_it_is_kept_in_the_trail(auth: FlaskClient) -> None:
    patient = add_person()
    looks(auth, patient)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "access-log.read"))
    assert (entry.actor_id, entry.subject_id) == (patient.id, patient.id)


def test_every_deed_has_words() -> None:
    assert [action for action in Action if describe(action) == OTHER_DEED] == []
    assert set(DEEDS) <= set(Action), "a deed was renamed"
    assert describe("GET /api/admin/stats") == OTHER_DEED
    for words in (*DEEDS.values(), *DEEDS_BY_SUBJECT.values()):
        assert words[0].islower()
        assert not words.endswith(".")


def test_every_deed_has_a_code_that_the_contract_lists(auth: FlaskClient) -> None:
    assert {code_of(action) for action in Action} <= set(CODES) - {"other"}
    assert (code_of("messages.read"), code_of("account.locked")) == ("messages-read", "account")
    assert code_of("GET /api/admin/stats") == "other"
    pair = add_pair()
    add_looks(pair.patient, pair.therapist, "messages.read")
    assert [(look["by"], look["deed"]) for look in looks(auth, pair.patient)] == [("therapist", "messages-read")]


@transaction
def plan(db: Database, person: Person) -> str:
    query = text(
        "EXPLAIN SELECT id FROM audit_event WHERE subject_id = :person AND actor_id <> :person "
        "ORDER BY occurred_at DESC, id DESC LIMIT 51"
    )
    return "\n".join(db.scalars(query, {"person": person.id}))


def test_a_page_is_read_from_the_index(auth: FlaskClient) -> None:
    assert "ix_audit_event_subject_id_occurred_at" in plan(add_person())
