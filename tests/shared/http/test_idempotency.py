"""What creates something does so once per Idempotency-Key, and gives its first answer again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared import clock, session
from shared.database.models.accounts import Transport, User
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.delivery import IdempotencyRecord
from shared.database.transaction import transaction
from shared.http import idempotency
from tests.people import Person, add_person, rows
from tests.shared.http.probe import made

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@transaction
def sign_in_again(db: Database, person: Person) -> Person:
    user = db.get_one(User, person.id)
    opened = session.open_session(db, user, transport=Transport.BEARER, address="192.0.2.1", user_agent="a test")
    return replace(person, token=opened.token)


@transaction
def forget_the_answer(db: Database) -> None:
    """What the table holds when a process dies between its work and the keeping of its answer."""
    record = db.scalars(select(IdempotencyRecord)).one()
    record.status, record.answer, record.in_flight_until = None, None, NOON + idempotency.IN_FLIGHT_FOR


@pytest.fixture(autouse=True)
def _nothing_made() -> None:
    made.clear()


@pytest.fixture
def make(client: FlaskClient) -> Callable[..., TestResponse]:
    """POSTs a thing with a key, as one person unless told otherwise."""
    someone = add_person()

    def post(name: str = "a thing", key: str | None = "key-1", person: Person = someone) -> TestResponse:
        headers = person.bearer if key is None else person.bearer | {"Idempotency-Key": key}
        return client.post("/api/things/once", json={"displayName": name}, headers=headers)

    return post


def test_without_a_key_each_request_makes_one(make: Callable[..., TestResponse]) -> None:
    assert [make(key=None).get_json()["howMany"] for _ in range(2)] == [1, 2]


def test_the_same_key_gives_the_first_answer_again(make: Callable[..., TestResponse]) -> None:
    first, again = make(), make()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert first.mimetype == again.mimetype
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(made) == 1


def test_the_same_key_with_another_body_is_refused(make: Callable[..., TestResponse]) -> None:
    make()
    answer = make("another thing")
    assert answer.status_code == 422
    assert answer.get_json()["type"] == "urn:bloom:problem:key-reused"
    assert len(made) == 1


def test_a_key_is_one_persons_own(make: Callable[..., TestResponse]) -> None:
    assert make().get_json()["howMany"] == 1
    assert make(person=add_person()).get_json()["howMany"] == 2


def test_a_refusal_is_kept_and_audited_once(make: Callable[..., TestResponse]) -> None:
    answers = [make("taken") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert {answer.mimetype for answer in answers} == {"application/problem+json"}
    assert made == ["taken"]
    assert rows(select(AuditEvent.outcome).where(AuditEvent.action == "thing.make")) == ["denied"]


@pytest.mark.parametrize(("name", "status"), [("away", 503), ("broken", 500)])
def test_a_failure_of_ours_is_not_kept(make: Callable[..., TestResponse], name: str, status: int) -> None:
    assert [make(name).status_code for _ in range(2)] == [status, status]
    assert made == [name, name]


def test_a_key_is_forgotten_after_a_day(make: Callable[..., TestResponse]) -> None:
    counts = []
    with clock.held_at(lambda: NOON):
        someone = add_person()
    for hours in (0, 23.9, 24):
        with clock.held_at(lambda hours=hours: NOON + timedelta(hours=hours)):  # type: ignore[misc]
            counts.append(make(person=sign_in_again(someone)).get_json()["howMany"])
    assert counts == [1, 1, 2]


def test_a_key_whose_first_request_died_is_free_again_after_a_minute(make: Callable[..., TestResponse]) -> None:
    with clock.held_at(lambda: NOON):
        someone = add_person()
        make(person=someone)
    forget_the_answer()
    statuses = []
    for seconds in (59, 60):
        with clock.held_at(lambda seconds=seconds: NOON + timedelta(seconds=seconds)):  # type: ignore[misc]
            statuses.append(make(person=sign_in_again(someone)).status_code)
    assert statuses == [409, 201]


@pytest.mark.parametrize("key", ["", "x" * 256, "schl\u00fcssel"])
def test_a_key_that_is_none_is_refused(make: Callable[..., TestResponse], key: str) -> None:
    answer = make(key=key)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.get_json()["detail"]
    assert made == []


def test_many_at_once_make_one(make: Callable[..., TestResponse], client: FlaskClient) -> None:
    someone = add_person()

    def post(_: int) -> TestResponse:
        headers = someone.bearer | {"Idempotency-Key": "at once"}
        return client.application.test_client().post(
            "/api/things/once", json={"displayName": "a thing"}, headers=headers
        )

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(post, range(20)))
    assert len(made) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.get_json()["type"] == "urn:bloom:problem:still-in-flight" for answer in waiting)
    assert all(answer.headers["Retry-After"] == "1" for answer in waiting)
    assert post(0).status_code == 201


def test_what_is_kept_cannot_be_read(make: Callable[..., TestResponse]) -> None:
    make("a very private thing")
    [answer] = rows(select(IdempotencyRecord.answer))
    assert answer is not None
    assert b"private" not in answer
