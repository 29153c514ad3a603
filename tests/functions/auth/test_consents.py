"""Consent is given to the text as it stands now, each on its own, withdrawn at any time, and its history is kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.consents import Consent
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.messages.inference_stand_in import running
from tests.inside import sized
from tests.people import As, Person, add_pair, add_person, rows

CONSENTS = "/api/user/consents"
KINDS = ("terms", "telehealth", "messageAnalysis", "training")
GIVEN, WITHDRAWN = {"given": True, "version": "1"}, {"given": False}
NO_DECISIONS: list[Any] = [None, True, "yes", [], 1]
NO_VERSIONS: list[Any] = ["", 1, "x" * 21, "nul\0", []]
STAFF = [Role.THERAPIST, Role.ADMINISTRATOR]


def put(auth: FlaskClient, person: Person, **decisions: object) -> TestResponse:
    return As(auth, person).put(CONSENTS, decisions)


def read(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).get(CONSENTS)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


def history(person: Person) -> list[Consent]:
    return list(rows(select(Consent).where(Consent.user_id == person.id).order_by(Consent.given_at)))


def patient() -> Person:
    return add_person(agrees=False)


def test_everything_is_off_until_somebody_agrees(auth: FlaskClient) -> None:
    shown = read(auth, patient())
    off = {"given": False, "version": None, "givenAt": None, "withdrawnAt": None, "currentVersion": "1"}
    assert shown == {kind: off | {"withdrawable": kind != "terms"} for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_given_on_its_own_and_says_when_and_to_what(auth: FlaskClient, kind: str) -> None:
    person, moment = patient(), datetime(2026, 5, 1, 12, tzinfo=UTC)
    with held_at(lambda: moment):
        token = add_person(agrees=False)
        answer = put(auth, token, **{kind: GIVEN})
        assert answer.get_json() == read(auth, token)
    one = answer.get_json()[kind]
    assert (one["given"], one["version"], one["givenAt"], one["withdrawnAt"]) == (
        True,
        "1",
        "2026-05-01T12:00:00Z",
        None,
    )
    assert [answer.get_json()[other]["given"] for other in KINDS if other != kind] == [False] * 3
    assert read(auth, person)[kind]["given"] is False


@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_was_given_is_withdrawn_and_given_again_and_the_history_is_kept(auth: FlaskClient, kind: str) -> None:
    person = patient()
    for decision, standing in ((GIVEN, True), (WITHDRAWN, False), (GIVEN, True), (WITHDRAWN, False)):
        shown = put(auth, person, **{kind: decision}).get_json()[kind]
        assert (shown["given"], shown["withdrawnAt"] is None, shown["version"]) == (standing, standing, "1")
    assert [row.withdrawn_at is not None for row in history(person)] == [True, True]


def test_the_terms_end_with_the_account_alone(auth: FlaskClient) -> None:
    person = patient()
    put(auth, person, terms=GIVEN)
    answer = put(auth, person, terms=WITHDRAWN, training=GIVEN)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:bloom:problem:terms-last")
    shown = read(auth, person)
    assert (shown["terms"]["given"], shown["training"]["given"]) == (True, False)


def test_the_same_again_changes_nothing(auth: FlaskClient) -> None:
    person = patient()
    first = put(auth, person, telehealth=GIVEN).get_json()
    assert put(auth, person, telehealth=GIVEN).get_json() == first
    assert put(auth, person).get_json() == first
    put(auth, person, telehealth=WITHDRAWN)
    ended = put(auth, person, telehealth=WITHDRAWN | {"version": "1"}, training=WITHDRAWN).get_json()
    assert ended["training"]["withdrawnAt"] is None
    assert len(history(person)) == 1
    actions = [entry.action for entry in rows(select(AuditEvent).order_by(AuditEvent.occurred_at))]
    assert actions == ["consent.given", "consent.withdrawn"]


def test_several_are_decided_at_once_or_none(auth: FlaskClient) -> None:
    person = patient()
    put(auth, person, training=GIVEN)
    refused = put(auth, person, telehealth=GIVEN, training=WITHDRAWN, messageAnalysis={"given": True, "version": "0"})
    assert refused.status_code == 422
    assert read(auth, person)["training"]["given"] is True
    shown = put(auth, person, terms=GIVEN, telehealth=GIVEN, training=WITHDRAWN, messageAnalysis=GIVEN).get_json()
    assert {kind: shown[kind]["given"] for kind in KINDS} == dict.fromkeys(KINDS, True) | {"training": False}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [None, "0", "2", "1.0", "1 "])
def test_only_the_text_that_is_shown_now_is_agreed_to(auth: FlaskClient, kind: str, version: str | None) -> None:
    person = patient()
    for decision in ({"given": True, "version": version}, {"given": True} if version is None else {}):
        if decision:
            answer = put(auth, person, **{kind: decision})
            assert answer.status_code == 422
            assert answer.get_json()["errors"][0]["pointer"] == f"/{kind}/version"
    assert history(person) == []


@transaction
def agreed_to(db: Database, person: Person, version: str) -> None:
    db.execute(update(Consent).where(Consent.user_id == person.id).values(document_version=version))


def test_an_agreement_to_an_earlier_text_stands_until_the_new_one_is_agreed_to(auth: FlaskClient) -> None:
    person = patient()
    put(auth, person, telehealth=GIVEN)
    agreed_to(person, "0.9")
    shown = read(auth, person)["telehealth"]
    assert (shown["given"], shown["version"], shown["currentVersion"]) == (True, "0.9", "1")
    renewed = put(auth, person, telehealth=GIVEN).get_json()["telehealth"]
    assert (renewed["given"], renewed["version"]) == (True, "1")
    assert [(row.document_version, row.withdrawn_at is None) for row in history(person)] == [
        ("0.9", False),
        ("1", True),
    ]


def test_a_clock_that_ran_backwards_does_not_hold_a_withdrawal_up(auth: FlaskClient) -> None:
    person = patient()
    given_at = datetime.now(UTC) + timedelta(minutes=5)
    with held_at(lambda: given_at):
        put(auth, person, training=GIVEN)
    assert put(auth, person, training=WITHDRAWN).get_json()["training"]["given"] is False


@pytest.mark.parametrize("role", STAFF)
def test_staff_agree_to_the_terms_alone(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    shown = put(auth, person, terms=GIVEN).get_json()
    assert shown["terms"]["given"] is True
    assert [shown[kind] for kind in KINDS[1:]] == [None] * 3
    for kind in KINDS[1:]:
        for decision in (GIVEN, WITHDRAWN):
            answer = put(auth, person, **{kind: decision})
            assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, f"/{kind}")
    assert [row.kind for row in history(person)] == ["terms"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("decision", "inside"),
    [
        *((value, "") for value in NO_DECISIONS),
        ({}, "/given"),
        *(({"given": value, "version": "1"}, "/given") for value in (None, "true", 1)),
        *(({"given": True, "version": value}, "/version") for value in NO_VERSIONS),
        ({"given": True, "version": "1", "givenAt": "2020-01-01T00:00:00Z"}, "/givenAt"),
    ],
)
def test_what_cannot_be_accepted_is_named(auth: FlaskClient, kind: str, decision: object, inside: str) -> None:
    person = patient()
    answer = put(auth, person, **{kind: decision})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"/{kind}{inside}"]
    assert history(person) == []


@pytest.mark.parametrize("kind", ["marketing", "message_Analysis", "withdrawable", ""])
def test_a_kind_that_there_is_not_is_refused(auth: FlaskClient, kind: str) -> None:
    answer = put(auth, patient(), **{kind: GIVEN})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, f"/{kind}")


def test_what_was_decided_is_audited_with_kind_and_version(auth: FlaskClient) -> None:
    person = patient()
    put(auth, person, messageAnalysis=GIVEN)
    put(auth, person, messageAnalysis=WITHDRAWN)
    entries = rows(select(AuditEvent).where(AuditEvent.subject_id == person.id).order_by(AuditEvent.occurred_at))
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        ("consent.given", person.id),
        ("consent.withdrawn", person.id),
    ]
    assert [entry.details for entry in entries] == [{"kind": "message_analysis", "version": "1"}] * 2


@pytest.mark.parametrize("decisions", [[GIVEN] * 4, [WITHDRAWN] * 4, [GIVEN, WITHDRAWN] * 2])
def test_decisions_at_once_leave_one_that_stands_or_none(auth: FlaskClient, decisions: list[dict[str, object]]) -> None:
    person = patient()
    if decisions[0] == WITHDRAWN:
        put(auth, person, training=GIVEN)
    clients = [(As(function_client("auth"), person), {"training": decision}) for decision in decisions]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one[0].put(CONSENTS, one[1]), clients))
    assert {answer.status_code for answer in answers} == {200}
    standing = [row for row in history(person) if row.withdrawn_at is None]
    assert read(auth, person)["training"]["given"] is bool(standing)
    if len(set(map(str, decisions))) == 1:
        assert len(history(person)) == 1
        assert bool(standing) is bool(decisions[0]["given"])
    else:
        assert len(standing) <= 1


@pytest.fixture
def analysed(auth: FlaskClient, environment: Callable[..., None]) -> Any:
    """The texts that the classifier is asked about, and the messages function that asks."""
    with running() as stand_in:
        environment(inference_url=stand_in.url)
        yield stand_in, function_client("messages")


def test_what_is_withdrawn_holds_from_the_next_message_on(auth: FlaskClient, analysed: Any) -> None:
    stand_in, messages = analysed
    pair = add_pair(agrees=False)

    def write(body: str) -> None:
        given = {"conversationId": str(pair.conversation_id), "body": body}
        assert As(messages, pair.patient).post("/api/messages", given).status_code == 200

    write("before")
    put(auth, pair.patient, messageAnalysis=GIVEN)
    write("agreed")
    put(auth, pair.patient, messageAnalysis=WITHDRAWN)
    write("withdrawn")
    assert stand_in.texts == ["agreed"]


@settings(max_examples=sized(8, 20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(KINDS[1:]), st.booleans()), max_size=5))
def test_the_last_decision_of_each_holds_and_never_two_stand(
    auth: FlaskClient, decisions: list[dict[str, bool]]
) -> None:
    person = patient()
    expected = dict.fromkeys(KINDS, False)
    for decided in decisions:
        put(auth, person, **{kind: GIVEN if agreed else WITHDRAWN for kind, agreed in decided.items()})
        expected |= decided
    shown = read(auth, person)
    assert {kind: shown[kind]["given"] for kind in KINDS} == expected
    standing = [row.kind for row in history(person) if row.withdrawn_at is None]
    assert len(standing) == len(set(standing)) == sum(expected.values())
