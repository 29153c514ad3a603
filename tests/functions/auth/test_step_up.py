"""Whoever is signed in proves once more that it is them: the session goes on, fresh again, with a new token."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.database.models.accounts import Session
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import (
    BEARER,
    ENROLL,
    ORIGIN,
    HeldClock,
    Phone,
    add_phone,
    challenge,
    cookie,
    cookies,
    give_phone,
    holding,
    problem,
    sign_in,
    verify,
)
from tests.people import PASSWORD, As, Person, add_person, rows

STEP_UP, SESSION = "/api/auth/step-up", "/api/auth/session"
WRONG_PASSWORD, WRONG_CODE = (403, "wrong-password"), (403, "code-not-right")


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


@pytest.fixture
def phone(auth: FlaskClient, clock: HeldClock) -> Phone:
    return add_phone(auth, clock)


def step_up(auth: FlaskClient, person: Person, **given: str) -> TestResponse:
    return As(auth, person).post(STEP_UP, given)


def outcomes(action: str) -> list[AuditOutcome]:
    return list(rows(select(AuditEvent.outcome).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))


@pytest.mark.parametrize("role", list(Role))
def test_the_password_makes_a_session_fresh_again(auth: FlaskClient, clock: HeldClock, role: Role) -> None:
    person = add_person(role)
    clock.forward(10 * 60)
    assert problem(auth.post(ENROLL, headers=person.bearer)) == (403, "step-up-required")
    answer = step_up(auth, person, password=PASSWORD)
    assert set(answer.get_json()) == {"user", "token", "expiresAt", "backupCodesLeft"}
    assert auth.get(SESSION, headers=person.bearer).status_code == 401
    bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert auth.post(ENROLL, headers=bearer).status_code == 200
    [kept] = rows(select(Session))
    assert (kept.stepped_up_at, kept.two_factor_at) == (clock.moment, None)
    assert outcomes("session.stepped-up") == [AuditOutcome.SUCCESS]


def test_a_proof_counts_for_ten_minutes(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    clock.forward(10 * 60 - 1)
    assert auth.post(ENROLL, headers=person.bearer).status_code == 200
    clock.forward(1)
    assert problem(auth.post(ENROLL, headers=person.bearer)) == (403, "step-up-required")


def test_a_code_makes_a_session_fresh_again_and_one_of_two_factors(
    auth: FlaskClient, clock: HeldClock, phone: Phone
) -> None:
    clock.forward(10 * 60)
    assert step_up(auth, phone.person, code=phone.code()).status_code == 200
    [kept] = rows(select(Session))
    assert kept.stepped_up_at == kept.two_factor_at == clock.moment


def test_a_session_of_before_two_factors_shows_its_second_one_here(
    auth: FlaskClient, clock: HeldClock, environment: Callable[..., None]
) -> None:
    person = add_person(Role.THERAPIST)
    other = replace(person, token=sign_in(auth, person, **BEARER).get_json()["token"])
    phone = give_phone(auth, clock, person)
    environment(two_factor_for_staff="true")
    assert As(auth, other).get(SESSION).get_json()["secondFactorOwed"] is True
    by_password = replace(person, token=step_up(auth, other, password=PASSWORD).get_json()["token"])
    assert As(auth, by_password).get(SESSION).get_json()["secondFactorOwed"] is True
    by_code = replace(person, token=step_up(auth, by_password, code=phone.code()).get_json()["token"])
    assert As(auth, by_code).get(SESSION).get_json()["secondFactorOwed"] is False


def test_a_page_gets_a_cookie_whatever_it_asks_for(auth: FlaskClient, clock: HeldClock) -> None:
    old = cookie(sign_in(auth, add_person()), "session")
    answer = auth.post(STEP_UP, json={"password": PASSWORD}, headers=ORIGIN | BEARER)
    assert set(answer.get_json()) == {"user", "expiresAt", "backupCodesLeft"}
    assert cookie(answer, "session") not in {old, ""}
    assert auth.get(SESSION).status_code == 200
    assert auth.get(SESSION, headers={"Authorization": f"Bearer {old}"}).status_code == 401


def test_a_client_with_a_token_gets_one_whatever_it_asks_for(auth: FlaskClient, clock: HeldClock) -> None:
    answer = step_up(auth, add_person(), password=PASSWORD)
    assert "token" in answer.get_json()
    assert cookies(answer) == []


def test_a_session_lives_no_longer_for_it(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    [before] = rows(select(Session.expires_at))
    clock.forward(60)
    step_up(auth, person, password=PASSWORD)
    assert rows(select(Session.expires_at)) == [before]


def test_a_code_counts_once_here_and_at_sign_in(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    code, person = phone.code(), phone.person
    assert verify(auth, challenge(auth, person), code).status_code == 200
    assert problem(step_up(auth, person, code=code)) == WRONG_CODE
    clock.forward()
    code = phone.code()
    assert step_up(auth, person, code=code).status_code == 200
    assert problem(verify(auth, challenge(auth, person), code)) == (401, "wrong-code")


def test_a_backup_code_counts_once_here_and_at_sign_in(auth: FlaskClient, phone: Phone, mailbox: Mailbox) -> None:
    mailbox.deliver()
    answer = step_up(auth, phone.person, code=phone.backup_codes[0])
    assert (answer.status_code, answer.get_json()["backupCodesLeft"]) == (200, 9)
    assert problem(verify(auth, challenge(auth, phone.person), phone.backup_codes[0])) == (401, "wrong-code")
    assert [mail.subject for mail in mailbox.deliver()[1:]] == ["A backup code was used"]


def test_what_is_wrong_leaves_the_session_as_it_was(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    clock.forward(10 * 60)
    assert problem(step_up(auth, phone.person, password="another password")) == WRONG_PASSWORD
    assert problem(step_up(auth, phone.person, code=phone.wrong())) == WRONG_CODE
    assert problem(auth.post("/api/auth/two-factor/backup-codes", headers=phone.person.bearer)) == (
        403,
        "step-up-required",
    )
    assert auth.get(SESSION, headers=phone.person.bearer).status_code == 200
    assert outcomes("session.step-up") == outcomes("two-factor.verify") == [AuditOutcome.FAILURE]


@pytest.mark.parametrize("given", [{}, {"password": PASSWORD, "code": "123456"}, {"password": None, "code": None}])
def test_exactly_one_proof_is_wanted(auth: FlaskClient, given: dict[str, str | None]) -> None:
    answer = As(auth, add_person()).post(STEP_UP, given)
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [{"pointer": "", "detail": "wants either a password or a code"}]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"password": ""}, "/password"),
        ({"password": "x" * 1025}, "/password"),
        ({"password": 1}, "/password"),
        ({"code": "1"}, "/code"),
        ({"code": "x" * 21}, "/code"),
        ({"passkey": "x"}, "/passkey"),
    ],
)
def test_what_cannot_be_a_proof_is_told_by_its_place(auth: FlaskClient, given: dict[str, object], pointer: str) -> None:
    answer = As(auth, add_person()).post(STEP_UP, given)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_a_code_of_somebody_without_two_factors_is_wrong_and_pauses_nothing(auth: FlaskClient) -> None:
    person = add_person()
    for _ in range(11):
        assert problem(step_up(auth, person, code="123456")) == WRONG_CODE
    assert outcomes("two-factor.locked") == []


def test_wrong_codes_here_and_at_sign_in_pause_both(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    token = challenge(auth, phone.person)
    for _ in range(5):
        assert problem(verify(auth, token, phone.wrong())) == (401, "wrong-code")
        assert problem(step_up(auth, phone.person, code=phone.wrong())) == WRONG_CODE
    assert problem(step_up(auth, phone.person, code=phone.code())) == WRONG_CODE
    assert problem(verify(auth, challenge(auth, phone.person), phone.code())) == (401, "wrong-code")
    assert step_up(auth, phone.person, password=PASSWORD).status_code == 200
    assert outcomes("two-factor.locked") == [AuditOutcome.SUCCESS]


def test_wrong_passwords_here_and_at_sign_in_pause_both(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    for _ in range(5):
        assert problem(sign_in(auth, person, "another password")) == (401, "wrong-credentials")
        assert problem(step_up(auth, person, password="another password")) == WRONG_PASSWORD
    assert problem(step_up(auth, person, password=PASSWORD)) == WRONG_PASSWORD
    assert problem(sign_in(auth, person)) == (401, "wrong-credentials")
    clock.forward(15 * 60)
    assert step_up(auth, person, password=PASSWORD).status_code == 200


def test_too_many_tries_of_one_person_wait(
    auth: FlaskClient, environment: Callable[..., None], clock: HeldClock
) -> None:
    environment(limits="")
    person = add_person()
    answers = [step_up(auth, person, code="123456") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert auth.get(SESSION, headers=person.bearer).status_code == 200
