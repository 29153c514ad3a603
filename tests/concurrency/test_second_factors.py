"""Many at once with one code, one backup code, one trusted browser's cookie: it counts once, whoever is first."""

import contextvars
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from pyotp import TOTP
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import Session
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import BackupCode, TrustedDevice, TwoFactor, Verification
from tests.doubles import function_client
from tests.functions.auth.phone import (
    CONFIRM,
    ENROLL,
    ORIGIN,
    VERIFY,
    HeldClock,
    Phone,
    add_phone,
    challenge,
    cookie,
    holding,
    sign_in,
    verify,
)
from tests.functions.internal_calls import outbox_events
from tests.inside import sized
from tests.people import As, add_person, rows

OFTEN = sized(50, 200)
LIMITED = (
    *("sign-in", "sign-in-account", "two-factor-verify", "enroll", "confirm-two-factor", "backup-codes", "step-up"),
    "session",
)


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


@pytest.fixture
def auth(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """The auth function with more connections than one instance has, and limits that nobody meets."""
    environment(limits=",".join(f"{name}=100000/1" for name in LIMITED), database_pool_size="16")
    return function_client("auth")


@pytest.fixture
def phone(auth: FlaskClient, clock: HeldClock) -> Phone:
    return add_phone(auth, clock)


def at_once(count: int, ask: Callable[[int], TestResponse]) -> list[TestResponse]:
    """The answers to as many requests, which all begin together; time is held for each as it is here."""
    together = Barrier(count)

    def run(number: int) -> TestResponse:
        together.wait(30)
        return ask(number)

    with ThreadPoolExecutor(count) as threads:
        asked = [threads.submit(contextvars.copy_context().run, run, number) for number in range(count)]
        return [answer.result() for answer in asked]


def kinds(answers: list[TestResponse]) -> Counter[str]:
    return Counter(answer.get_json().get("type", "done").rpartition(":")[2] for answer in answers)


def entries(action: str) -> int:
    return len(rows(select(AuditEvent.id).where(AuditEvent.action == action)))


def sessions() -> int:
    return len(rows(select(Session.id).where(Session.user_agent != "a test")))


def test_one_code_for_one_challenge_many_times_at_once_opens_one_session(auth: FlaskClient, phone: Phone) -> None:
    token, code = challenge(auth, phone.person), phone.code()
    told = kinds(at_once(OFTEN, lambda _: verify(auth, token, code)))
    assert told["done"] == sessions() == entries("session.signed-in") == 1
    assert set(told) <= {"done", "wrong-code", "sign-in-over", "unavailable"}


@pytest.mark.parametrize("challenges", [10, OFTEN])
def test_one_code_for_many_challenges_at_once_opens_one_session(
    auth: FlaskClient, phone: Phone, challenges: int
) -> None:
    tokens, code = [challenge(auth, phone.person) for _ in range(challenges)], phone.code()
    told = kinds(at_once(OFTEN, lambda number: verify(auth, tokens[number % challenges], code)))
    assert told["done"] == sessions() == entries("session.signed-in") == 1
    assert set(told) <= {"done", "wrong-code", "sign-in-over", "unavailable"}
    assert len(rows(select(Verification.id).where(Verification.consumed_at.is_not(None)))) == 1


def test_one_code_at_sign_in_and_at_a_step_up_at_once_counts_once(auth: FlaskClient, phone: Phone) -> None:
    tokens, code = [challenge(auth, phone.person) for _ in range(10)], phone.code()

    def ask(number: int) -> TestResponse:
        if number % 2:
            return verify(auth, tokens[number % 10], code)
        return auth.application.test_client().post(
            "/api/auth/step-up", json={"code": code}, headers=phone.person.bearer
        )

    told = kinds(at_once(20, ask))
    assert told["done"] == entries("session.signed-in") + entries("session.stepped-up") == 1


def test_one_backup_code_many_times_at_once_opens_one_session(auth: FlaskClient, phone: Phone) -> None:
    tokens = [challenge(auth, phone.person) for _ in range(20)]
    answers = at_once(20, lambda number: verify(auth, tokens[number], phone.backup_codes[0]))
    assert kinds(answers)["done"] == sessions() == entries("backup-code.used") == 1
    assert [answer.get_json()["backupCodesLeft"] for answer in answers if answer.status_code == 200] == [9]
    assert len(rows(select(BackupCode.id).where(BackupCode.used_at.is_not(None)))) == 1
    assert len(outbox_events("account-notice")) <= 3  # two-factor on, code used, and the pause that wrong ones bring


def test_several_right_codes_for_one_challenge_at_once_open_one_session(auth: FlaskClient, phone: Phone) -> None:
    token, codes = challenge(auth, phone.person), [phone.code(), *phone.backup_codes[:4]]
    told = kinds(at_once(5, lambda number: verify(auth, token, codes[number])))
    assert told["done"] == sessions() == entries("session.signed-in") == 1
    assert set(told) <= {"done", "sign-in-over", "unavailable"}


def test_many_guesses_at_one_challenge_at_once_are_five_tries(auth: FlaskClient, phone: Phone) -> None:
    token, wrong = challenge(auth, phone.person), phone.wrong()
    told = kinds(at_once(20, lambda _: verify(auth, token, wrong)))
    [tries] = rows(select(Verification.attempts))
    assert told["wrong-code"] == tries <= 5
    assert set(told) <= {"wrong-code", "sign-in-over", "unavailable"}


def test_many_wrong_codes_at_once_begin_one_pause(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    tokens, wrong = [challenge(auth, phone.person) for _ in range(30)], phone.wrong()
    assert kinds(at_once(30, lambda number: verify(auth, tokens[number], wrong)))["wrong-code"] >= 10
    assert entries("two-factor.locked") == 1
    assert verify(auth, challenge(auth, phone.person), phone.code()).status_code == 401


def test_one_browsers_cookie_many_times_at_once_is_believed_once(
    auth: FlaskClient, clock: HeldClock, phone: Phone
) -> None:
    sign_in(auth, phone.person)
    trusted = auth.post(VERIFY, json={"code": phone.code(), "trustDevice": True}, headers=ORIGIN)
    token = cookie(trusted, "device")

    def ask(_: int) -> TestResponse:
        client = auth.application.test_client()
        client.set_cookie("bloom-device", token)
        return sign_in(client, phone.person)

    answers = [answer.get_json() for answer in at_once(10, ask)]
    assert len([answer for answer in answers if "user" in answer]) == 1
    assert all("twoFactorRequired" in answer or answer["status"] == 503 for answer in answers if "user" not in answer)
    [revoked_at] = rows(select(TrustedDevice.revoked_at))
    assert revoked_at == clock.moment


def test_one_confirmation_many_times_at_once_makes_ten_backup_codes(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    code = TOTP(auth.post(ENROLL, headers=person.bearer).get_json()["secret"]).at(now())
    told = kinds(at_once(10, lambda _: As(auth.application.test_client(), person).post(CONFIRM, {"code": code})))
    assert told["done"] == 1
    assert set(told) <= {"done", "two-factor-already-on", "not-signed-in", "unavailable"}
    assert len(rows(select(BackupCode.id))) == 10


def test_many_who_set_it_up_at_once_leave_one_secret(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    answers = at_once(10, lambda _: As(auth.application.test_client(), person).post(ENROLL))
    assert set(kinds(answers)) <= {"done", "unavailable"}
    assert len(rows(select(TwoFactor.id))) == 1
    codes = {TOTP(answer.get_json()["secret"]).at(now()) for answer in answers if answer.status_code == 200}
    asking = As(auth.application.test_client(), person)
    assert 200 in {asking.post(CONFIRM, {"code": code}).status_code for code in codes}


def test_many_renewals_at_once_leave_ten_backup_codes(auth: FlaskClient, phone: Phone) -> None:
    path = "/api/auth/two-factor/backup-codes"
    answers = at_once(8, lambda _: As(auth.application.test_client(), phone.person).post(path))
    assert set(kinds(answers)) <= {"done", "unavailable"}
    assert len(rows(select(BackupCode.id))) == 10
