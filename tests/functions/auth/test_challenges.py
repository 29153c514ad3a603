"""A sign-in with two factors: the right password gives a challenge, and only a fresh code makes it a session."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.credentials import Verification, VerificationPurpose
from shared.database.transaction import transaction
from shared.passwords import hash_password
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import (
    BEARER,
    ORIGIN,
    VERIFY,
    HeldClock,
    Phone,
    add_phone,
    challenge,
    cookie,
    cookies,
    holding,
    problem,
    sign_in,
    verify,
    without_cookies,
)
from tests.people import Person, rows

SESSION = "/api/auth/session"
WRONG_CODE, OVER = (401, "wrong-code"), (401, "sign-in-over")


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


@pytest.fixture
def phone(auth: FlaskClient, clock: HeldClock) -> Phone:
    return add_phone(auth, clock)


def trail(action: str) -> list[tuple[AuditOutcome, bool]]:
    """Outcome of each entry, and whether somebody is said to have done it."""
    found = rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at))
    return [(entry.outcome, entry.actor_id is not None) for entry in found]


@transaction
def change(db: Database, /, person: Person, **values: object) -> None:
    db.execute(update(User).where(User.id == person.id).values(**values))


def test_the_right_password_gives_a_challenge_and_no_session(auth: FlaskClient, phone: Phone) -> None:
    answer = sign_in(auth, phone.person)
    assert (answer.status_code, answer.get_json()) == (200, {"twoFactorRequired": True})
    [(name, token)] = cookies(answer)
    assert name == "bloom-challenge"
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=300"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert auth.get(SESSION).status_code == 401
    [kept] = rows(select(Verification))
    assert kept.purpose is VerificationPurpose.TWO_FACTOR_CHALLENGE
    assert token.encode() not in bytes(kept.token_hash) + bytes(kept.payload or b"")


def test_a_wrong_password_gives_no_challenge(auth: FlaskClient, phone: Phone) -> None:
    assert problem(sign_in(auth, phone.person, "another password")) == (401, "wrong-credentials")
    assert rows(select(Verification.id)) == []


@pytest.mark.parametrize("role", list(Role))
def test_the_code_makes_a_session_that_showed_both_factors(auth: FlaskClient, clock: HeldClock, role: Role) -> None:
    phone = add_phone(auth, clock, role)
    sign_in(auth, phone.person)
    answer = auth.post(VERIFY, json={"code": phone.code()}, headers=ORIGIN)
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"user", "expiresAt", "backupCodesLeft"}
    assert answer.get_json()["user"]["id"] == str(phone.person.id)
    assert answer.get_json()["backupCodesLeft"] is None
    assert cookie(answer, "session") != cookie(answer, "challenge") == ""
    assert auth.get(SESSION).status_code == 200
    [two_factor_at] = rows(select(Session.two_factor_at).where(Session.transport == Transport.COOKIE))
    assert two_factor_at == clock.moment
    assert trail("two-factor.challenged") == [(AuditOutcome.SUCCESS, False)]
    assert trail("two-factor.verified") == [(AuditOutcome.SUCCESS, True)]


def test_a_client_without_cookies_gets_and_gives_a_token(auth: FlaskClient, phone: Phone) -> None:
    asked = sign_in(without_cookies(auth), phone.person, **BEARER)
    assert set(asked.get_json()) == {"twoFactorRequired", "challengeToken"}
    answer = verify(auth, asked.get_json()["challengeToken"], phone.code())
    assert cookies(asked) == cookies(answer) == []
    assert set(answer.get_json()) == {"user", "token", "expiresAt", "backupCodesLeft"}
    bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert auth.get(SESSION, headers=bearer).status_code == 200


def test_a_page_is_refused_a_bearer_token_here_too(auth: FlaskClient, phone: Phone) -> None:
    sign_in(auth, phone.person)
    refused = auth.post(VERIFY, json={"code": phone.code()}, headers=ORIGIN | BEARER)
    assert problem(refused) == (403, "bearer-from-page")


def test_a_page_of_another_origin_cannot_finish_a_sign_in(auth: FlaskClient, phone: Phone) -> None:
    sign_in(auth, phone.person)
    for headers in ({}, {"Origin": "https://elsewhere.test"}):
        assert problem(auth.post(VERIFY, json={"code": phone.code()}, headers=headers)) == (403, "foreign-origin")


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_phone_and_server_may_be_one_step_apart(auth: FlaskClient, clock: HeldClock, steps: int, right: bool) -> None:
    phone = add_phone(auth, clock)
    clock.forward(60)  # the step of the confirmation is out of reach
    answer = verify(auth, challenge(auth, phone.person), phone.code(steps=steps))
    assert answer.status_code == (200 if right else 401)


@pytest.mark.parametrize(("seconds", "right"), [(44.9, True), (45.0, False)])
def test_a_code_counts_to_the_end_of_the_step_after_its_own(
    auth: FlaskClient, clock: HeldClock, seconds: float, right: bool
) -> None:
    phone = add_phone(auth, clock)
    code = phone.code()  # 15 seconds into its step
    clock.forward(seconds)
    assert verify(auth, challenge(auth, phone.person), code).status_code == (200 if right else 401)


def test_a_code_is_read_as_it_is_typed(auth: FlaskClient, phone: Phone) -> None:
    code = phone.code()
    assert verify(auth, challenge(auth, phone.person), f" {code[:3]} {code[3:]} ").status_code == 200


def test_a_code_counts_once_and_none_before_it(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    clock.forward()
    before, code = phone.code(steps=-1), phone.code()
    assert verify(auth, challenge(auth, phone.person), code).status_code == 200
    assert problem(verify(auth, challenge(auth, phone.person), code)) == WRONG_CODE
    assert problem(verify(auth, challenge(auth, phone.person), before)) == WRONG_CODE
    assert verify(auth, challenge(auth, phone.person), phone.code(steps=1)).status_code == 200


def test_a_used_code_and_a_wrong_one_get_the_same_answer(auth: FlaskClient, phone: Phone) -> None:
    code = phone.code()
    verify(auth, challenge(auth, phone.person), code)
    answers = [verify(auth, challenge(auth, phone.person), given) for given in (code, phone.wrong(), "abcde-fghjk")]
    told = [answer.get_json() | {"instance": ""} for answer in answers]
    assert told[0] == told[1] == told[2]
    assert trail("two-factor.verify") == [(AuditOutcome.FAILURE, False)] * 3


def test_another_accounts_code_is_a_wrong_one(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    other = add_phone(auth, clock)
    assert problem(verify(auth, challenge(auth, phone.person), other.code())) == WRONG_CODE
    assert problem(verify(auth, challenge(auth, phone.person), other.backup_codes[0])) == WRONG_CODE


def test_a_challenge_is_met_once(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    token = challenge(auth, phone.person)
    assert verify(auth, token, phone.code()).status_code == 200
    clock.forward()
    assert problem(verify(auth, token, phone.code())) == OVER


@pytest.mark.parametrize(("seconds", "right"), [(299.9, True), (300.0, False)])
def test_a_challenge_lasts_five_minutes(auth: FlaskClient, clock: HeldClock, seconds: float, right: bool) -> None:
    phone = add_phone(auth, clock)
    token = challenge(auth, phone.person)
    clock.forward(seconds)
    answer = verify(auth, token, phone.code())
    assert (answer.status_code == 200) if right else (problem(answer) == OVER)


@pytest.mark.parametrize("token", [None, "a" * 43])
def test_there_is_no_sign_in_without_a_challenge(auth: FlaskClient, phone: Phone, token: str | None) -> None:
    assert problem(verify(auth, token, phone.code())) == OVER
    assert trail("two-factor.verify") == [(AuditOutcome.DENIED, False)]


def test_a_session_token_is_no_challenge(auth: FlaskClient, phone: Phone) -> None:
    assert problem(verify(auth, phone.person.token, phone.code())) == OVER


def test_a_challenge_has_five_tries(auth: FlaskClient, phone: Phone) -> None:
    token = challenge(auth, phone.person)
    assert [problem(verify(auth, token, phone.wrong())) for _ in range(5)] == [WRONG_CODE] * 5
    assert problem(verify(auth, token, phone.code())) == OVER
    assert verify(auth, challenge(auth, phone.person), phone.code()).status_code == 200


@pytest.mark.parametrize("what", ["password", "status"])
def test_what_changed_since_the_password_was_right_ends_the_challenge(
    auth: FlaskClient, phone: Phone, what: str
) -> None:
    token = challenge(auth, phone.person)
    if what == "password":
        change(phone.person, password_hash=hash_password("a password that came later"))
    else:
        change(phone.person, status=UserStatus.SUSPENDED, suspended_at=now())
    assert problem(verify(auth, token, phone.code())) == OVER
    assert trail("session.signed-in") == []


def test_a_hash_of_a_lower_cost_is_renewed_without_ending_the_challenge(
    auth: FlaskClient, phone: Phone, environment: Callable[..., None]
) -> None:
    environment(bcrypt_cost="5")
    assert verify(auth, challenge(auth, phone.person), phone.code()).status_code == 200


def test_ten_wrong_codes_in_a_row_pause_the_account_for_a_quarter_of_an_hour(
    auth: FlaskClient, clock: HeldClock, phone: Phone, mailbox: Mailbox
) -> None:
    mailbox.deliver()
    tokens = [challenge(auth, phone.person) for _ in range(4)]
    answers = [problem(verify(auth, tokens[number // 5], phone.wrong())) for number in range(10)]
    assert answers == [WRONG_CODE] * 10
    assert problem(verify(auth, tokens[2], phone.code())) == WRONG_CODE
    assert problem(verify(auth, tokens[2], phone.backup_codes[0])) == WRONG_CODE
    [mail] = mailbox.deliver()[1:]
    assert (mail.recipients, mail.subject) == ([phone.person.email], "Sign-in is paused for 15 minutes")
    assert trail("two-factor.locked") == [(AuditOutcome.SUCCESS, False)]
    clock.forward(15 * 60 - 1)
    assert problem(verify(auth, challenge(auth, phone.person), phone.code())) == WRONG_CODE
    clock.forward(1)
    assert verify(auth, challenge(auth, phone.person), phone.code()).status_code == 200


def test_a_used_code_is_one_of_the_ten(auth: FlaskClient, phone: Phone) -> None:
    used = phone.code()
    assert verify(auth, challenge(auth, phone.person), used).status_code == 200
    for code in [*[phone.wrong()] * 4, used, *[phone.wrong()] * 4, phone.wrong()]:
        assert problem(verify(auth, challenge(auth, phone.person), code)) == WRONG_CODE
    assert problem(verify(auth, challenge(auth, phone.person), phone.code(steps=1))) == WRONG_CODE


def test_a_right_code_forgets_the_wrong_ones_before_it(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    for _ in range(2):
        for number in range(9):
            if number % 5 == 0:
                token = challenge(auth, phone.person)
            assert problem(verify(auth, token, phone.wrong())) == WRONG_CODE
        assert verify(auth, token, phone.code()).status_code == 200
        clock.forward()


def test_wrong_codes_are_counted_without_redis_too(auth: FlaskClient, phone: Phone, product: LocalCloud) -> None:
    product.stop_part("redis")
    try:
        assert verify(auth, challenge(auth, phone.person), phone.code(steps=-1)).status_code == 401
        assert verify(auth, challenge(auth, phone.person), phone.code()).status_code == 200
        for number in range(10):
            if number % 5 == 0:
                token = challenge(auth, phone.person)
            assert problem(verify(auth, token, phone.wrong())) == WRONG_CODE
        assert problem(verify(auth, challenge(auth, phone.person), phone.code(steps=1))) == WRONG_CODE
        assert trail("two-factor.locked") == [(AuditOutcome.SUCCESS, False)]
    finally:
        product.start_part("redis")


def test_too_many_tries_from_one_address_wait(
    auth: FlaskClient, environment: Callable[..., None], clock: HeldClock
) -> None:
    environment(limits="")
    answers = [verify(auth, "a" * 43, "123456") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [401] * 60 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/code"),
        ({"code": 123456}, "/code"),
        ({"code": "12345"}, "/code"),
        ({"code": "1" * 21}, "/code"),
        ({"code": "12345é"}, "/code"),
        ({"code": "123\u0000456"}, "/code"),
        ({"code": "123456", "trustDevice": "yes"}, "/trustDevice"),
        ({"code": "123456", "trustDevice": True}, "/trustDevice"),
        ({"code": "123456", "challengeToken": "short"}, "/challengeToken"),
        ({"code": "123456", "userId": "1"}, "/userId"),
    ],
)
def test_what_cannot_be_a_code_is_told_by_its_place(auth: FlaskClient, body: dict[str, object], pointer: str) -> None:
    answer = auth.post(VERIFY, json=body, headers=BEARER)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_neither_code_nor_token_is_logged(auth: FlaskClient, phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    token, code, wrong = challenge(auth, phone.person), phone.code(), phone.wrong()
    refused, done = verify(auth, token, wrong), verify(auth, token, code)
    said = "\n".join(str(vars(record)) for record in caplog.records)
    assert "POST /api/auth/two-factor/verify" in said
    for secret in (token, code, wrong, phone.secret, done.get_json()["token"]):
        assert secret not in said
        assert secret not in refused.text


DEEDS = st.lists(st.sampled_from(["right", "wrong", "used", "wait", "new password"]), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_happens_a_challenge_opens_one_session_at_most(
    auth: FlaskClient, clock: HeldClock, deeds: list[str]
) -> None:
    phone = add_phone(auth, clock)
    used = phone.code(steps=-1)
    token, begun, tries, over = challenge(auth, phone.person), clock.moment, 0, False
    for deed in deeds:
        if deed == "wait":
            clock.forward(120)
        elif deed == "new password":
            change(phone.person, password_hash=hash_password("another one"))
            begun = clock.moment - timedelta(minutes=5)
        else:
            code = {"right": phone.code(), "wrong": phone.wrong(), "used": used}[deed]
            # A wrong code is told before a changed password is, and either ends nothing that was not over.
            gone = over or tries == 5 or clock.moment >= begun + timedelta(minutes=5)
            answer = verify(auth, token, code)
            if deed == "right":
                assert answer.status_code == (401 if gone else 200)
                over = over or not gone
            else:
                assert answer.status_code == 401
            tries += 1
    signed_in = select(AuditEvent.id).where(
        AuditEvent.action == "session.signed-in", AuditEvent.subject_id == phone.person.id
    )
    assert len(rows(signed_in)) == over
