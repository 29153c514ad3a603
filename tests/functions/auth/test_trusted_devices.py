"""A browser that is trusted skips the second factor, until it is not trusted any more; a stolen cookie ends that."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.database.models.accounts import Session, Transport
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import TrustedDevice
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import (
    BEARER,
    ORIGIN,
    VERIFY,
    HeldClock,
    Phone,
    add_phone,
    cookie,
    cookies,
    holding,
    problem,
    sign_in,
)
from tests.people import PASSWORD, As, add_person, rows

DEVICES = "/api/auth/trusted-devices"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANOTHER = "calm otters row nine lakes"
DAY = 24 * 60 * 60


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


@pytest.fixture
def phone(auth: FlaskClient, clock: HeldClock) -> Phone:
    return add_phone(auth, clock)


def browser(auth: FlaskClient) -> FlaskClient:
    """A browser with cookies of its own."""
    return auth.application.test_client()


def trust(client: FlaskClient, phone: Phone, clock: HeldClock) -> TestResponse:
    """Sign in with both factors and say that this browser is to be trusted."""
    sign_in(client, phone.person, **ORIGIN, **{"User-Agent": FIREFOX})
    given = {"code": phone.code(), "trustDevice": True}
    answer = client.post(VERIFY, json=given, headers=ORIGIN | {"User-Agent": FIREFOX})
    assert answer.status_code == 200, answer.get_json()
    clock.forward()
    return answer


def is_challenged(answer: TestResponse) -> bool:
    assert answer.status_code == 200
    return "twoFactorRequired" in answer.get_json()


def deeds() -> list[str]:
    found = rows(select(AuditEvent).where(AuditEvent.resource_type == "trusted_device"))
    return [entry.action for entry in sorted(found, key=lambda entry: entry.occurred_at)]


def test_no_browser_is_trusted_unasked(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    sign_in(auth, phone.person)
    answer = auth.post(VERIFY, json={"code": phone.code()}, headers=ORIGIN)
    assert [name for name, _ in cookies(answer)] == ["bloom-session", "bloom-challenge"]
    assert is_challenged(sign_in(auth, phone.person))


@pytest.mark.parametrize("role", list(Role))
def test_a_trusted_browser_signs_in_with_the_password_alone(auth: FlaskClient, clock: HeldClock, role: Role) -> None:
    phone = add_phone(auth, clock, role)
    trust(auth, phone, clock)
    answer = sign_in(auth, phone.person)
    assert set(answer.get_json()) == {"user", "expiresAt"}
    assert None not in rows(select(Session.two_factor_at).where(Session.transport == Transport.COOKIE))


def test_it_still_wants_the_password(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    trust(auth, phone, clock)
    assert problem(sign_in(auth, phone.person, "another password")) == (401, "wrong-credentials")


def test_its_cookie_is_out_of_reach_of_scripts_and_lasts_thirty_days(
    auth: FlaskClient, clock: HeldClock, phone: Phone
) -> None:
    [line] = [line for line in trust(auth, phone, clock).headers.getlist("Set-Cookie") if "bloom-device" in line]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={30 * DAY}"} <= set(line.split("; "))


def test_its_token_is_kept_as_a_digest_alone(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    secret = cookie(trust(auth, phone, clock), "device").partition(".")[2]
    assert len(secret) == 43
    assert rows(select(TrustedDevice.token_hash)) == [hashlib.sha256(secret.encode()).digest()]


def test_its_token_is_another_after_each_use(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    tokens = {cookie(trust(auth, phone, clock), "device")}
    for _ in range(3):
        tokens.add(cookie(sign_in(auth, phone.person), "device"))
    assert len(tokens) == 4
    assert len(rows(select(TrustedDevice.id))) == 1
    assert deeds() == ["trusted-device.added", *["trusted-device.used"] * 3]


def test_a_token_that_was_used_before_ends_the_trust(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    stolen = cookie(trust(auth, phone, clock), "device")
    assert not is_challenged(sign_in(auth, phone.person))
    thief = browser(auth)
    thief.set_cookie("bloom-device", stolen)
    assert is_challenged(sign_in(thief, phone.person))
    assert is_challenged(sign_in(auth, phone.person))
    assert deeds()[-1] == "trusted-device.revoked"


@pytest.mark.parametrize("made_up", ["", "x", "x.y", "00000000000000000000000000000000.secret", "é.ü", "." * 500])
def test_a_made_up_cookie_is_no_trust(auth: FlaskClient, phone: Phone, made_up: str) -> None:
    auth.set_cookie("bloom-device", made_up)
    assert is_challenged(sign_in(auth, phone.person))


def test_another_accounts_trust_is_neither_used_nor_ended(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    other = add_phone(auth, clock)
    trust(auth, other, clock)
    assert is_challenged(sign_in(auth, phone.person))
    assert not is_challenged(sign_in(auth, other.person))


@pytest.mark.parametrize(("seconds", "challenged"), [(30 * DAY - 31, False), (30 * DAY - 30, True)])
def test_trust_ends_after_thirty_days_however_often_it_is_used(
    auth: FlaskClient, clock: HeldClock, phone: Phone, seconds: int, challenged: bool
) -> None:
    trust(auth, phone, clock)  # and 30 seconds pass
    clock.forward(seconds - 1)
    used = sign_in(auth, phone.person)
    assert not is_challenged(used)
    clock.forward(1)
    kept = cookie(used, "device")
    returning = browser(auth)
    returning.set_cookie("bloom-device", kept)
    assert is_challenged(sign_in(returning, phone.person)) is challenged


def test_how_long_is_a_setting(
    auth: FlaskClient, clock: HeldClock, phone: Phone, environment: Callable[..., None]
) -> None:
    environment(trusted_device_days="1")
    trust(auth, phone, clock)
    [expires_at] = rows(select(TrustedDevice.expires_at))
    assert (expires_at - clock.moment).total_seconds() == DAY - 30


def test_trusting_a_browser_again_is_one_device(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    first = trust(auth, phone, clock)
    auth.set_cookie("bloom-device", cookie(first, "device").partition(".")[0] + ".another")
    trust(auth, phone, clock)
    assert len(auth.get(DEVICES).get_json()["items"]) == 1


def test_the_list_tells_ones_own_devices_in_plain_words(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    trust(browser(auth), phone, clock)
    trust(auth, phone, clock)
    trust(browser(auth), add_phone(auth, clock), clock)
    listed = auth.get(DEVICES).get_json()
    assert listed["nextCursor"] is None
    assert [item["current"] for item in listed["items"]] == [True, False]
    assert set(listed["items"][0]) == {"id", "device", "createdAt", "lastUsedAt", "expiresAt", "current"}
    assert listed["items"][0]["device"] == "Firefox on Linux"
    assert listed["items"][0]["lastUsedAt"] is None
    sign_in(auth, phone.person)
    assert auth.get(DEVICES).get_json()["items"][0]["lastUsedAt"] is not None


def test_a_device_that_is_ended_is_challenged_again(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    trust(auth, phone, clock)
    [device_id] = rows(select(TrustedDevice.id))
    answer = auth.delete(f"{DEVICES}/{device_id}", headers=ORIGIN)
    assert (answer.status_code, cookies(answer)) == (204, [("bloom-device", "")])
    assert auth.get(DEVICES).get_json()["items"] == []
    assert is_challenged(sign_in(auth, phone.person))
    assert deeds() == ["trusted-device.added", "trusted-device.revoked"]
    assert problem(auth.delete(f"{DEVICES}/{device_id}", headers=phone.person.bearer)) == (404, "not-found")


def test_another_device_can_be_ended_from_here(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    elsewhere = browser(auth)
    trust(elsewhere, phone, clock)
    trust(auth, phone, clock)
    [other] = [item["id"] for item in auth.get(DEVICES).get_json()["items"] if not item["current"]]
    answer = auth.delete(f"{DEVICES}/{other}", headers=ORIGIN)
    assert (answer.status_code, cookies(answer)) == (204, [])
    assert not is_challenged(sign_in(auth, phone.person))
    assert is_challenged(sign_in(elsewhere, phone.person))


def test_nobody_ends_somebody_elses_device(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    trust(auth, phone, clock)
    [device_id] = rows(select(TrustedDevice.id))
    for path in (f"{DEVICES}/{device_id}", f"{DEVICES}/nonsense"):
        refused = auth.application.test_client().delete(path, headers=add_person().bearer)
        assert problem(refused) == (404, "not-found")
    assert not is_challenged(sign_in(auth, phone.person))


def test_a_password_that_is_reset_ends_all_trust(
    auth: FlaskClient, clock: HeldClock, phone: Phone, mailbox: Mailbox
) -> None:
    trust(auth, phone, clock)
    auth.post("/api/auth/password/forgot", json={"email": phone.person.email}, headers=ORIGIN)
    token = mailbox.token(mailbox.deliver()[-1])
    reset = auth.post("/api/auth/password/reset", json={"token": token, "newPassword": ANOTHER}, headers=ORIGIN)
    assert reset.status_code == 204
    assert is_challenged(sign_in(auth, phone.person, ANOTHER))


def test_a_password_that_is_changed_ends_all_trust(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    trust(auth, phone, clock)
    sign_in(auth, phone.person)
    given = {"currentPassword": PASSWORD, "newPassword": ANOTHER}
    assert auth.post("/api/auth/password/change", json=given, headers=ORIGIN).status_code == 200
    assert is_challenged(sign_in(auth, phone.person, ANOTHER))


def test_a_client_without_cookies_is_no_device(auth: FlaskClient, clock: HeldClock, phone: Phone) -> None:
    given = {"code": phone.code(), "trustDevice": True, "challengeToken": "a" * 43}
    answer = auth.post(VERIFY, json=given, headers=BEARER)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/trustDevice"]


def test_the_same_cookie_from_two_browsers_ends_the_trust_of_both(
    auth: FlaskClient, clock: HeldClock, phone: Phone
) -> None:
    token = cookie(trust(auth, phone, clock), "device")
    answers = []
    for client in (browser(auth), browser(auth)):
        client.set_cookie("bloom-device", token)
        answers.append(is_challenged(sign_in(client, phone.person)))
    assert answers == [False, True]
    assert As(auth, phone.person).get(DEVICES).get_json()["items"] == []
