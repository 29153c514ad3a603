"""Two-factor sign-in is turned on with the app's first code and off with both factors, and staff cannot do without."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask.testing import FlaskClient
from pyotp import TOTP
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import Session, User
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.credentials import BackupCode, TrustedDevice, TwoFactor
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import (
    CONFIRM,
    ENROLL,
    ORIGIN,
    VERIFY,
    HeldClock,
    add_phone,
    challenge,
    cookie,
    cookies,
    holding,
    problem,
    sign_in,
    verify,
)
from tests.people import PASSWORD, As, Person, add_person, rows

DISABLE, SESSION = "/api/auth/two-factor/disable", "/api/auth/session"


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


def outcomes(action: str) -> list[AuditOutcome]:
    return list(rows(select(AuditEvent.outcome).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))


@transaction
def forget_password(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(password_hash=None))


def test_a_secret_comes_as_text_as_a_link_and_as_an_image(auth: FlaskClient) -> None:
    person = add_person()
    given = auth.post(ENROLL, headers=person.bearer).get_json()
    assert set(given) == {"otpauthUri", "qrCodeSvg", "secret"}
    link = urlsplit(given["otpauthUri"])
    assert (link.scheme, link.netloc, unquote(link.path)) == ("otpauth", "totp", f"/Bloom Health:{person.email}")
    assert parse_qs(link.query) == {"secret": [given["secret"]], "issuer": ["Bloom Health"]}
    assert len(given["secret"]) == 32  # 160 bits (RFC 4226, R6)


def test_the_image_has_a_title_and_nothing_that_runs_or_loads(auth: FlaskClient) -> None:
    svg = auth.post(ENROLL, headers=add_person().bearer).get_json()["qrCodeSvg"]
    image = ElementTree.fromstring(svg)
    parts = [element.tag.rpartition("}")[2] for element in image.iter()]
    assert image.attrib["role"] == "img"
    assert [element.text for element in image.iter() if element.tag.endswith("title")] == [
        "QR code for your authenticator app"
    ]
    assert set(parts) <= {"svg", "title", "path", "g"}
    names = {name for element in image.iter() for name in element.attrib}
    assert not [name for name in names if "href" in name or name.startswith("on")]
    assert svg.count("http") == 1  # the namespace


def test_the_secret_is_kept_sealed_for_its_own_row(auth: FlaskClient) -> None:
    secret = auth.post(ENROLL, headers=add_person().bearer).get_json()["secret"]
    [kept] = rows(select(TwoFactor.secret))
    assert secret.encode() not in bytes(kept)
    assert bytes(kept)[2:4] == b"c1"


def test_a_secret_that_was_never_confirmed_is_replaced(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    first, second = (auth.post(ENROLL, headers=person.bearer).get_json()["secret"] for _ in range(2))
    assert first != second
    refused = auth.post(CONFIRM, json={"code": TOTP(first).at(now())}, headers=person.bearer)
    assert problem(refused) == (403, "code-not-right")
    assert auth.post(CONFIRM, json={"code": TOTP(second).at(now())}, headers=person.bearer).status_code == 200


def test_an_unconfirmed_secret_changes_nothing_at_sign_in(auth: FlaskClient) -> None:
    person = add_person()
    auth.post(ENROLL, headers=person.bearer)
    assert set(sign_in(auth, person).get_json()) == {"user", "expiresAt"}


def test_the_first_code_turns_it_on_and_renews_a_clients_token(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    secret = auth.post(ENROLL, headers=person.bearer).get_json()["secret"]
    assert auth.get(SESSION, headers=person.bearer).status_code == 200  # in the cache
    answer = auth.post(CONFIRM, json={"code": TOTP(secret).at(now())}, headers=person.bearer)
    assert set(answer.get_json()) == {"backupCodes", "token", "expiresAt"}
    assert cookies(answer) == []
    assert auth.get(SESSION, headers=person.bearer).status_code == 401
    bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert auth.get(SESSION, headers=bearer).status_code == 200
    [kept] = rows(select(Session))
    assert kept.two_factor_at == clock.moment


def test_a_page_gets_its_new_token_as_a_cookie_whatever_it_asks_for(auth: FlaskClient, clock: HeldClock) -> None:
    old = cookie(sign_in(auth, add_person()), "session")
    secret = auth.post(ENROLL, headers=ORIGIN).get_json()["secret"]
    asking = {**ORIGIN, "X-Session-Transport": "bearer"}
    answer = auth.post(CONFIRM, json={"code": TOTP(secret).at(now())}, headers=asking)
    assert set(answer.get_json()) == {"backupCodes"}
    assert cookie(answer, "session") not in {old, ""}
    assert auth.get(SESSION).status_code == 200
    assert auth.get(SESSION, headers={"Authorization": f"Bearer {old}"}).status_code == 401


def test_a_wrong_first_code_turns_nothing_on(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    secret = auth.post(ENROLL, headers=person.bearer).get_json()["secret"]
    late = TOTP(secret).at(int(now().timestamp()) - 60)
    refused = auth.post(CONFIRM, json={"code": late}, headers=person.bearer)
    assert problem(refused) == (403, "code-not-right")
    assert rows(select(TwoFactor.confirmed_at)) == [None]
    assert auth.get(SESSION, headers=person.bearer).status_code == 200
    assert outcomes("two-factor.confirm") == [AuditOutcome.FAILURE]


def test_nothing_is_confirmed_that_was_not_asked_for(auth: FlaskClient) -> None:
    refused = auth.post(CONFIRM, json={"code": "123456"}, headers=add_person().bearer)
    assert problem(refused) == (409, "nothing-to-confirm")


def test_whoever_has_two_factors_cannot_start_again(auth: FlaskClient, clock: HeldClock) -> None:
    phone = add_phone(auth, clock)
    assert problem(auth.post(ENROLL, headers=phone.person.bearer)) == (409, "two-factor-already-on")
    again = auth.post(CONFIRM, json={"code": phone.code()}, headers=phone.person.bearer)
    assert problem(again) == (409, "two-factor-already-on")


@pytest.mark.parametrize("path", [ENROLL, DISABLE, "/api/auth/two-factor/backup-codes"])
def test_what_changes_factors_wants_a_fresh_proof(auth: FlaskClient, clock: HeldClock, path: str) -> None:
    phone = add_phone(auth, clock)
    clock.forward(11 * 60)
    refused = auth.post(path, json={"password": PASSWORD, "code": phone.code()}, headers=phone.person.bearer)
    assert problem(refused) == (403, "step-up-required")


def test_turning_it_on_is_told_by_mail_and_in_the_trail(auth: FlaskClient, clock: HeldClock, mailbox: Mailbox) -> None:
    phone = add_phone(auth, clock)
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([phone.person.email], "Two-factor sign-in is on")
    assert outcomes("two-factor.enrolled") == outcomes("two-factor.confirmed") == [AuditOutcome.SUCCESS]
    assert phone.secret not in mail.text + mail.html


def test_both_factors_turn_it_off_with_all_that_hung_on_it(
    auth: FlaskClient, clock: HeldClock, mailbox: Mailbox
) -> None:
    phone = add_phone(auth, clock)
    sign_in(auth, phone.person)
    assert auth.post(VERIFY, json={"code": phone.code(), "trustDevice": True}, headers=ORIGIN).status_code == 200
    pending = challenge(auth, phone.person)
    clock.forward()
    given = {"password": PASSWORD, "code": phone.code()}
    assert auth.post(DISABLE, json=given, headers=phone.person.bearer).status_code == 204
    assert rows(select(TwoFactor.id)) == rows(select(BackupCode.id)) == []
    assert None not in rows(select(TrustedDevice.revoked_at))
    clock.forward()
    assert problem(verify(auth, pending, phone.code())) == (401, "sign-in-over")
    assert set(sign_in(auth, phone.person).get_json()) == {"user", "expiresAt"}
    assert [mail.subject for mail in mailbox.deliver()][-1] == "Two-factor sign-in is off"
    assert outcomes("two-factor.disabled") == [AuditOutcome.SUCCESS]


def test_one_factor_alone_does_not_turn_it_off(auth: FlaskClient, clock: HeldClock) -> None:
    phone = add_phone(auth, clock)
    asking = As(auth, phone.person)
    for given, refusal in (
        ({"password": "another password", "code": phone.code()}, (403, "wrong-password")),
        ({"password": PASSWORD, "code": phone.wrong()}, (403, "code-not-right")),
        ({"code": phone.code()}, (422, "unprocessable")),
        ({"password": PASSWORD}, (422, "unprocessable")),
    ):
        assert problem(asking.post(DISABLE, given)) == refusal
    assert outcomes("two-factor.disabled") == outcomes("two-factor.verify") == [AuditOutcome.FAILURE]
    assert rows(select(TwoFactor.id)) != []


def test_an_account_without_a_password_needs_only_the_code(auth: FlaskClient, clock: HeldClock) -> None:
    phone = add_phone(auth, clock)
    forget_password(phone.person)
    assert As(auth, phone.person).post(DISABLE, {"code": phone.code()}).status_code == 204


def test_two_factors_can_be_set_up_anew_with_codes_of_the_new_secret(auth: FlaskClient, clock: HeldClock) -> None:
    phone = add_phone(auth, clock)
    asking = As(auth, phone.person)
    asking.post(DISABLE, {"password": PASSWORD, "code": phone.code()})
    secret = asking.post(ENROLL).get_json()["secret"]
    assert secret != phone.secret
    assert problem(asking.post(CONFIRM, {"code": phone.code(steps=1)})) == (403, "code-not-right")
    assert asking.post(CONFIRM, {"code": TOTP(secret).at(now())}).status_code == 200
    assert rows(select(func.count(BackupCode.id))) == [10]


# Staff.


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.ADMINISTRATOR])
def test_staff_without_it_can_do_nothing_but_set_it_up(
    auth: FlaskClient, environment: Callable[..., None], clock: HeldClock, role: Role
) -> None:
    environment(two_factor_for_staff="true")
    person = add_person(role)
    asking = As(auth, person)
    assert asking.get(SESSION).get_json()["secondFactorOwed"] is True
    assert problem(asking.get("/api/auth/trusted-devices")) == (403, "second-factor-owed")
    assert asking.post("/api/auth/step-up", {"password": "another password"}).status_code == 403
    secret = asking.post(ENROLL).get_json()["secret"]
    answer = asking.post(CONFIRM, {"code": TOTP(secret).at(now())}).get_json()
    bearer = {"Authorization": f"Bearer {answer['token']}"}
    assert auth.get(SESSION, headers=bearer).get_json()["secondFactorOwed"] is False
    assert auth.get("/api/auth/trusted-devices", headers=bearer).status_code == 200
    assert auth.post("/api/auth/sign-out", headers=bearer).status_code == 204


# A list, so that a new route which staff may reach without it has to be thought about.
BEFORE_TWO_FACTOR = {
    "GET /api/auth/session",
    "GET /api/auth/two-factor",
    "POST /api/auth/sign-out",
    "POST /api/auth/step-up",
    "POST /api/auth/two-factor/enroll",
    "POST /api/auth/two-factor/confirm",
    # They need a passkey, which counts as a second factor.
    "POST /api/auth/passkeys/step-up/options",
    "POST /api/auth/passkeys/step-up",
}


def refused(client: FlaskClient, person: Person, method: str, path: str, about: dict[str, Any]) -> tuple[int, str]:
    for parameter in about.get("parameters", []):
        value = parameter["schema"].get("enum", [str(person.id)])[0]
        path = path.replace(f"{{{parameter['name']}}}", value)
    return problem(client.open(path, method=method, json={}, headers=person.bearer))


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.ADMINISTRATOR])
@pytest.mark.parametrize("name", ["auth", "messages"])
def test_every_other_route_is_closed_to_staff_without_it(
    auth: FlaskClient, environment: Callable[..., None], name: str, role: Role
) -> None:
    environment(two_factor_for_staff="true")
    client, person = function_client(name), add_person(role)
    paths = client.get("/openapi.json").get_json()["paths"]
    answers = {
        f"{method.upper()} {path}": refused(client, person, method.upper(), path, about)
        for path, methods in paths.items()
        for method, about in methods.items()
        if about.get("security") and f"{method.upper()} {path}" not in BEFORE_TWO_FACTOR
    }
    assert set(answers.values()) <= {(403, "second-factor-owed"), (403, "forbidden")}, answers
    if (name, role) != ("messages", Role.ADMINISTRATOR):
        assert list(answers.values()).count((403, "second-factor-owed")) >= 3


def test_a_patient_may_do_without(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(two_factor_for_staff="true")
    assert As(auth, add_person()).get("/api/auth/trusted-devices").status_code == 200


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.ADMINISTRATOR])
def test_staff_cannot_turn_it_off(
    auth: FlaskClient, environment: Callable[..., None], clock: HeldClock, role: Role
) -> None:
    phone = add_phone(auth, clock, role)
    environment(two_factor_for_staff="true")
    asking = As(auth, phone.person)
    given = {"password": PASSWORD, "code": phone.code()}
    assert problem(asking.post(DISABLE, given)) == (403, "two-factor-mandatory")
    environment(two_factor_for_staff="false")
    assert asking.post(DISABLE, given).status_code == 204
