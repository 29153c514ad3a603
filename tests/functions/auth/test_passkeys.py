"""A passkey is made once, opens a session only for its own user and our own pages, and counts as both factors."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at, now
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import Account, PasskeyCredential, Provider, Verification
from shared.database.transaction import transaction
from shared.redis import ask
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    PRESENT,
    VERIFIED,
    Authenticator,
    decode,
    encode,
)
from tests.functions.auth.mailbox import Mailbox
from tests.inside import sized
from tests.people import As, Person, add_person, rows

PASSKEYS = "/api/auth/passkeys"
BEARER = {"X-Session-Transport": "bearer"}
PAGE = {"Origin": "http://localhost:3000"}
NOTHING = "AA"


def options_for(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).post(f"{PASSKEYS}/register/options")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def register(auth: FlaskClient, person: Person, authenticator: Authenticator, name: str = "My phone") -> TestResponse:
    credential = authenticator.create(options_for(auth, person))
    return As(auth, person).post(f"{PASSKEYS}/register", {"credential": credential, "name": name})


def passkey_of(auth: FlaskClient, person: Person, **knobs: Any) -> Authenticator:
    """A passkey that the person has added."""
    authenticator = Authenticator(**knobs)
    assert register(auth, person, authenticator).status_code == 201
    return authenticator


def sign_in_options(auth: FlaskClient, **headers: str) -> dict[str, Any]:
    return dict(auth.post(f"{PASSKEYS}/sign-in/options", headers={**PAGE, **headers}).get_json())


def sign_in(auth: FlaskClient, credential: dict[str, Any], **more: Any) -> TestResponse:
    return auth.post(f"{PASSKEYS}/sign-in", json={"credential": credential, **more}, headers=PAGE)


def signed_in_with(auth: FlaskClient, authenticator: Authenticator) -> TestResponse:
    return sign_in(auth, authenticator.get(sign_in_options(auth)))


def step_up(auth: FlaskClient, person: Person, authenticator: Authenticator) -> TestResponse:
    options = As(auth, person).post(f"{PASSKEYS}/step-up/options").get_json()
    return As(auth, person).post(f"{PASSKEYS}/step-up", {"credential": authenticator.get(options)})


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.get_json()["type"].removeprefix("urn:bloom:problem:")


def audited(action: str) -> list[tuple[str, Any, Any]]:
    entries = rows(select(AuditEvent).where(AuditEvent.action == action))
    return [(entry.outcome, entry.subject_id, entry.actor_id) for entry in entries]


@transaction
def change(db: Database, /, person: Person, **values: Any) -> None:
    db.execute(update(User).where(User.id == person.id).values(**values))


@transaction
def link_provider(db: Database, person: Person) -> None:
    db.add(Account(user_id=person.id, provider=Provider.GOOGLE, provider_account_id="7", email=person.email))


# Adding one.


def test_the_options_ask_for_a_passkey_that_names_and_recognises_its_user(auth: FlaskClient) -> None:
    person = add_person()
    options = options_for(auth, person)
    assert options["rp"] == {"id": "localhost", "name": "Bloom Health"}
    assert decode(options["user"]["id"]) == person.id.bytes
    assert (options["user"]["name"], options["user"]["displayName"]) == (person.email, person.name)
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (options["attestation"], options["timeout"]) == ("none", 300_000)
    assert {"type": "public-key", "alg": -7} in options["pubKeyCredParams"]
    assert len(decode(options["challenge"])) == 32
    assert options["excludeCredentials"] == []


def test_a_passkey_is_kept_and_its_owner_told(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    answer = register(auth, person, Authenticator(flags=PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP, count=3))
    assert answer.status_code == 201
    [kept] = rows(select(PasskeyCredential))
    assert answer.get_json() == {
        "id": str(kept.id),
        "name": "My phone",
        "createdAt": answer.get_json()["createdAt"],
        "lastUsedAt": None,
        "backedUp": True,
    }
    assert (kept.user_id, kept.sign_count, kept.transports) == (person.id, 3, ["hybrid", "internal"])
    assert audited("passkey.added") == [("success", person.id, person.id)]
    assert [mail.subject for mail in mailbox.deliver()] == ["A passkey was added"]
    assert As(auth, person).get(PASSKEYS).get_json() == {"items": [answer.get_json()], "nextCursor": None}


def test_a_passkey_without_a_name_is_called_after_its_device(auth: FlaskClient) -> None:
    person = add_person()
    made = Authenticator().create(options_for(auth, person))
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": made}, **{"User-Agent": agent})
    assert answer.get_json()["name"] == "Firefox on Linux"


def test_a_device_that_has_one_is_not_asked_for_a_second(auth: FlaskClient) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    [excluded] = options_for(auth, person)["excludeCredentials"]
    assert decode(excluded["id"]) == authenticator.credential_id
    assert excluded["transports"] == ["hybrid", "internal"]


@pytest.mark.parametrize("same_user", [True, False])
def test_the_same_credential_is_kept_once(auth: FlaskClient, same_user: bool) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    answer = register(auth, person if same_user else add_person(), authenticator)
    assert problem(answer) == (409, "passkey-taken")
    assert len(rows(select(PasskeyCredential.id))) == 1


def test_the_eleventh_is_refused(auth: FlaskClient) -> None:
    person = add_person()
    eleventh = options_for(auth, person)
    for _ in range(10):
        passkey_of(auth, person)
    assert problem(As(auth, person).post(f"{PASSKEYS}/register/options")) == (409, "too-many-passkeys")
    answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": Authenticator().create(eleventh)})
    assert problem(answer) == (409, "too-many-passkeys")


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://elsewhere.test"},
    "another port of ours": {"origin": "http://localhost:3001"},
    "another relying party": {"rp_id": "elsewhere.test"},
    "a user who was not verified": {"flags": PRESENT},
    "nobody present": {"flags": VERIFIED},
    "a page within a page": {"cross_origin": True},
    "backed up though it cannot be": {"flags": PRESENT | VERIFIED | BACKED_UP},
}


@pytest.mark.parametrize("knobs", WRONG.values(), ids=WRONG)
def test_a_new_passkey_from_elsewhere_is_refused(auth: FlaskClient, knobs: dict[str, Any]) -> None:
    answer = register(auth, add_person(), Authenticator(**knobs))
    assert problem(answer) == (422, "passkey-not-accepted")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["/credential"]
    assert rows(select(PasskeyCredential.id)) == []


@pytest.mark.parametrize(
    "knobs", [{"format": "unheard-of"}, {"statement": {"sig": b"x"}}, {"format": "packed"}, {"format": "tpm"}]
)
def test_an_attestation_that_does_not_hold_is_refused(auth: FlaskClient, knobs: dict[str, Any]) -> None:
    assert problem(register(auth, add_person(), Authenticator(**knobs))) == (422, "passkey-not-accepted")


def test_a_key_that_nothing_could_be_checked_with_is_refused(auth: FlaskClient) -> None:
    class NotOnTheCurve(Authenticator):
        def public_key(self) -> bytes:
            return super().public_key()[:-1] + b"\0"

    assert problem(register(auth, add_person(), NotOnTheCurve())) == (422, "passkey-not-accepted")


def test_a_challenge_is_answered_once(auth: FlaskClient) -> None:
    person = add_person()
    options = options_for(auth, person)
    for status in (201, 410):
        answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": Authenticator().create(options)})
        assert answer.status_code == status
    assert problem(answer) == (410, "challenge-over")


def test_a_challenge_is_used_up_by_a_wrong_answer_too(auth: FlaskClient) -> None:
    person = add_person()
    options = options_for(auth, person)
    for authenticator, status in ((Authenticator(origin="https://elsewhere.test"), 422), (Authenticator(), 410)):
        answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": authenticator.create(options)})
        assert answer.status_code == status


def test_a_challenge_of_somebody_else_is_no_good(auth: FlaskClient) -> None:
    credential = Authenticator().create(options_for(auth, add_person()))
    answer = As(auth, add_person()).post(f"{PASSKEYS}/register", {"credential": credential})
    assert problem(answer) == (410, "challenge-over")


def test_a_challenge_that_nobody_gave_is_no_good(auth: FlaskClient) -> None:
    assert problem(register(auth, add_person(), Authenticator(challenge=b"x" * 32))) == (410, "challenge-over")


@pytest.mark.parametrize(("seconds", "status"), [(299, 201), (300, 410)])
def test_a_challenge_lasts_five_minutes(auth: FlaskClient, seconds: int, status: int) -> None:
    moment = now()
    with held_at(lambda: moment):
        person = add_person()
        credential = Authenticator().create(options_for(auth, person))
    with held_at(lambda: moment + timedelta(seconds=seconds)):
        assert As(auth, person).post(f"{PASSKEYS}/register", {"credential": credential}).status_code == status


def test_a_challenge_of_a_step_up_makes_no_passkey(auth: FlaskClient) -> None:
    person = add_person()
    passkey_of(auth, person)
    challenge = As(auth, person).post(f"{PASSKEYS}/step-up/options").get_json()["challenge"]
    answer = register(auth, person, Authenticator(challenge=decode(challenge)))
    assert problem(answer) == (410, "challenge-over")


@pytest.mark.parametrize("route", ["POST /register/options", "POST /register", "DELETE /{id}"])
def test_what_changes_the_ways_in_asks_for_a_step_up(auth: FlaskClient, route: str) -> None:
    person = add_person()
    passkey_of(auth, person)
    [kept] = rows(select(PasskeyCredential))
    credential = Authenticator().create(options_for(auth, person))
    method, path = route.split()
    later = now() + timedelta(minutes=10)
    with held_at(lambda: later):
        asking = getattr(auth, method.lower())
        body = {"json": {"credential": credential}} if path == "/register" else {}
        answer = asking(PASSKEYS + path.format(id=kept.id), headers=person.bearer, **body)
    assert problem(answer) == (403, "step-up-required")
    assert len(rows(select(PasskeyCredential.id))) == 1


def test_staff_add_no_passkey_before_their_second_factor(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(two_factor_for_staff="true")
    answer = As(auth, add_person(Role.THERAPIST)).post(f"{PASSKEYS}/register/options")
    assert problem(answer) == (403, "second-factor-owed")


# Removing one.


def test_a_passkey_is_removed_and_its_owner_told(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    [kept] = rows(select(PasskeyCredential))
    mailbox.deliver()
    assert As(auth, person).delete(f"{PASSKEYS}/{kept.id}").status_code == 204
    assert As(auth, person).get(PASSKEYS).get_json()["items"] == []
    assert mailbox.deliver()[-1].subject == "A passkey was removed"
    assert audited("passkey.removed") == [("success", person.id, person.id)]
    assert problem(signed_in_with(auth, authenticator)) == (401, "wrong-passkey")
    assert As(auth, person).delete(f"{PASSKEYS}/{kept.id}").status_code == 404


def test_nobody_sees_or_removes_anothers_passkey(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    passkey_of(auth, person)
    [kept] = rows(select(PasskeyCredential))
    assert As(auth, other).get(PASSKEYS).get_json()["items"] == []
    assert problem(As(auth, other).delete(f"{PASSKEYS}/{kept.id}")) == (404, "not-found")
    assert len(rows(select(PasskeyCredential.id))) == 1


def test_the_only_way_in_is_never_removed(auth: FlaskClient) -> None:
    person = add_person()
    passkey_of(auth, person)
    passkey_of(auth, person)
    change(person, password_hash=None)
    first, last = rows(select(PasskeyCredential.id))
    assert As(auth, person).delete(f"{PASSKEYS}/{first}").status_code == 204
    assert problem(As(auth, person).delete(f"{PASSKEYS}/{last}")) == (409, "only-way-in")
    link_provider(person)
    assert As(auth, person).delete(f"{PASSKEYS}/{last}").status_code == 204


def test_the_last_two_are_not_both_removed_at_once(auth: FlaskClient) -> None:
    person = add_person()
    passkey_of(auth, person)
    passkey_of(auth, person)
    change(person, password_hash=None)
    paths = [f"{PASSKEYS}/{kept}" for kept in rows(select(PasskeyCredential.id))]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda path: As(auth, person).delete(path).status_code, paths))
    assert sorted(answers) in ([204, 409], [204, 503])
    assert len(rows(select(PasskeyCredential.id))) == 1


# Signing in with one.


def test_whoever_has_the_passkey_is_signed_in_with_both_factors(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    person = add_person(Role.THERAPIST)
    authenticator = passkey_of(auth, person)
    environment(two_factor_for_staff="true")
    answer = signed_in_with(auth, authenticator)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["user"]["id"] == str(person.id)
    assert "token" not in answer.get_json()
    shown = auth.get("/api/auth/session").get_json()
    assert (shown["user"]["id"], shown["secondFactorOwed"], shown["fresh"]) == (str(person.id), False, True)
    [session] = rows(select(Session).where(Session.two_factor_at.is_not(None)))
    assert session.transport is Transport.COOKIE
    [passkey] = rows(select(PasskeyCredential))
    assert passkey.last_used_at is not None
    assert ("success", person.id, person.id) in audited("session.signed-in")


def test_the_options_name_no_passkey_and_bind_the_challenge_to_the_browser(auth: FlaskClient) -> None:
    answer = auth.post(f"{PASSKEYS}/sign-in/options", headers=PAGE)
    options = answer.get_json()
    assert options["allowCredentials"] == []
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert options["challengeToken"] is None
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("bloom-passkey=")
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=300"} <= set(cookie.split("; "))
    token = cookie.partition("=")[2].partition(";")[0]
    [kept] = rows(select(Verification))
    assert (kept.user_id, kept.payload) == (None, None)
    assert token not in answer.text
    assert bytes(kept.token_hash) not in (token.encode(), decode(options["challenge"]))


def test_a_client_without_cookies_carries_the_challenge_itself(auth: FlaskClient) -> None:
    person = add_person()
    authenticator, client = passkey_of(auth, person), function_client("auth")
    answer = client.post(f"{PASSKEYS}/sign-in/options", headers=BEARER)
    assert "Set-Cookie" not in answer.headers
    options = answer.get_json()
    body = {"credential": authenticator.get(options), "challengeToken": options["challengeToken"]}
    answer = client.post(f"{PASSKEYS}/sign-in", json=body, headers=BEARER)
    assert answer.status_code == 200, answer.text
    assert "Set-Cookie" not in answer.headers
    token = answer.get_json()["token"]
    assert client.get("/api/auth/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_page_gets_no_token(auth: FlaskClient) -> None:
    for path in ("/sign-in/options", "/sign-in"):
        body = {"credential": Authenticator(user_handle=b"x").get({"rpId": "localhost", "challenge": NOTHING})}
        answer = auth.post(PASSKEYS + path, json=body, headers={**BEARER, **PAGE})
        assert problem(answer) == (403, "bearer-from-page")


@pytest.mark.parametrize("knobs", [WRONG[name] for name in list(WRONG)], ids=WRONG)
def test_a_sign_in_from_elsewhere_is_refused(auth: FlaskClient, knobs: dict[str, Any]) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    answer = signed_in_with(auth, replace(authenticator, **knobs))
    assert problem(answer) == (401, "wrong-passkey")
    assert "Set-Cookie" not in answer.headers
    assert audited("passkey.sign-in") == [("failure", person.id, None)]
    assert signed_in_with(auth, authenticator).status_code == 200


def test_the_challenge_of_another_browser_is_no_good(auth: FlaskClient) -> None:
    authenticator, other = passkey_of(auth, add_person()), function_client("auth")
    theirs = sign_in_options(other)
    sign_in_options(auth)
    assert problem(sign_in(auth, authenticator.get(theirs))) == (401, "wrong-passkey")
    nobody = function_client("auth")
    assert problem(sign_in(nobody, authenticator.get(theirs))) == (410, "challenge-over")
    assert problem(sign_in(nobody, authenticator.get(theirs), challengeToken="x" * 40)) == (410, "challenge-over")


def test_an_answer_that_is_sent_again_is_refused(auth: FlaskClient) -> None:
    authenticator, options = passkey_of(auth, add_person(), count=1), sign_in_options(auth)
    cookie = auth.get_cookie("bloom-passkey")
    assert cookie is not None
    credential = authenticator.get(options)
    assert sign_in(auth, credential).status_code == 200
    replayed = function_client("auth")
    replayed.set_cookie("bloom-passkey", cookie.value)
    assert problem(sign_in(replayed, credential)) == (410, "challenge-over")
    assert problem(sign_in(replayed, authenticator.get(options))) == (410, "challenge-over")
    assert audited("passkey.sign-in") == [("failure", None, None)] * 2


def test_of_fifty_answers_sent_at_once_one_opens_a_session(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person())
    token_options = auth.post(f"{PASSKEYS}/sign-in/options", headers=BEARER).get_json()
    body = {"credential": authenticator.get(token_options), "challengeToken": token_options["challengeToken"]}

    def send(_: int) -> int:
        return function_client("auth").post(f"{PASSKEYS}/sign-in", json=body, headers=BEARER).status_code

    with ThreadPoolExecutor(10) as threads:
        statuses = list(threads.map(send, range(50)))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 410, 503}
    assert len(rows(select(Session.id).where(Session.two_factor_at.is_not(None)))) == 1


@pytest.mark.parametrize("handle", [None, b"", b"x" * 16])
def test_a_passkey_signs_in_only_whom_it_names(auth: FlaskClient, handle: bytes | None) -> None:
    authenticator = passkey_of(auth, add_person())
    authenticator.user_handle = handle
    assert problem(signed_in_with(auth, authenticator)) == (401, "wrong-passkey")


def test_a_passkey_does_not_sign_in_somebody_else(auth: FlaskClient) -> None:
    authenticator, other = passkey_of(auth, add_person()), add_person()
    passkey_of(auth, other)
    authenticator.user_handle = other.id.bytes
    assert problem(signed_in_with(auth, authenticator)) == (401, "wrong-passkey")


def test_another_key_under_a_known_name_is_refused(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person())
    authenticator.key = ec.generate_private_key(ec.SECP256R1())
    assert problem(signed_in_with(auth, authenticator)) == (401, "wrong-passkey")


def test_an_unknown_passkey_is_refused_in_the_same_words(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person())
    unknown = signed_in_with(auth, replace(authenticator, credential_id=b"y" * 32))
    forged = signed_in_with(auth, replace(authenticator, key=ec.generate_private_key(ec.SECP256R1())))
    assert [answer.get_json() | {"instance": ""} for answer in (unknown, forged)] == [
        {**unknown.get_json(), "instance": ""}
    ] * 2


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300, 410)])
def test_a_sign_in_lasts_five_minutes(auth: FlaskClient, seconds: int, status: int) -> None:
    authenticator, moment = passkey_of(auth, add_person()), now()
    with held_at(lambda: moment):
        options = sign_in_options(auth)
    with held_at(lambda: moment + timedelta(seconds=seconds)):
        assert sign_in(auth, authenticator.get(options)).status_code == status


def test_a_suspended_account_is_refused(auth: FlaskClient) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    change(person, status=UserStatus.SUSPENDED, suspended_at=now())
    assert problem(signed_in_with(auth, authenticator)) == (403, "account-suspended")
    assert audited("passkey.sign-in") == [("denied", person.id, None)]


def test_an_address_that_is_not_proved_is_refused(auth: FlaskClient) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    change(person, email_verified_at=None)
    assert problem(signed_in_with(auth, authenticator)) == (403, "address-not-verified")


# The counter.


def test_a_counter_that_goes_up_is_kept(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person(), count=7)
    for count in (8, 9, 50):
        authenticator.count = count
        assert signed_in_with(auth, authenticator).status_code == 200
        assert rows(select(PasskeyCredential.sign_count)) == [count]


def test_an_authenticator_that_does_not_count_may_never_do_so(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person(), count=0)
    assert [signed_in_with(auth, authenticator).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("count", [0, 6, 7])
def test_a_counter_that_stands_still_or_goes_back_is_a_copy(auth: FlaskClient, mailbox: Mailbox, count: int) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person, count=7)
    mailbox.deliver()
    answer = signed_in_with(auth, replace(authenticator, count=count))
    assert problem(answer) == (403, "passkey-copied")
    assert "Set-Cookie" not in answer.headers
    assert audited("passkey.cloned") == [("failure", person.id, None)]
    assert mailbox.deliver()[-1].subject == "A passkey was refused"
    [kept] = rows(select(PasskeyCredential))
    assert (kept.sign_count, kept.last_used_at) == (7, None)


def test_two_uses_at_one_count_open_one_session(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person(), count=7)
    bodies = []
    for _ in range(2):
        options = auth.post(f"{PASSKEYS}/sign-in/options", headers=BEARER).get_json()
        credential = replace(authenticator, count=8).get(options)
        bodies.append({"credential": credential, "challengeToken": options["challengeToken"]})

    def send(body: dict[str, Any]) -> int:
        return function_client("auth").post(f"{PASSKEYS}/sign-in", json=body, headers=BEARER).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(send, bodies)) == [200, 403]


# Stepping up with one.


def test_a_step_up_gives_the_session_a_new_token_and_a_second_factor(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    person = add_person(Role.THERAPIST)
    authenticator = passkey_of(auth, person)
    environment(two_factor_for_staff="true")
    ask(lambda redis: redis.flushall())  # or the cache would still say what was so before
    before = As(auth, person).get("/api/auth/session").get_json()
    assert before["secondFactorOwed"] is True
    assert problem(As(auth, person).get(PASSKEYS)) == (403, "second-factor-owed")
    answer = step_up(auth, person, authenticator)
    assert answer.status_code == 200, answer.text
    assert As(auth, person).get("/api/auth/session").status_code == 401
    renewed = replace(person, token=answer.get_json()["token"])
    after = As(auth, renewed).get("/api/auth/session").get_json()
    assert (after["sessionId"], after["secondFactorOwed"]) == (before["sessionId"], False)
    assert As(auth, renewed).get(PASSKEYS).status_code == 200
    assert audited("session.stepped-up") == [("success", person.id, person.id)]


def test_a_step_up_makes_the_session_fresh_again(auth: FlaskClient) -> None:
    person, moment = add_person(), now() + timedelta(minutes=12)
    authenticator = passkey_of(auth, person)
    with held_at(lambda: moment):
        assert problem(As(auth, person).post(f"{PASSKEYS}/register/options")) == (403, "step-up-required")
        renewed = replace(person, token=step_up(auth, person, authenticator).get_json()["token"])
        assert As(auth, renewed).post(f"{PASSKEYS}/register/options").status_code == 200


def test_a_step_up_by_cookie_sets_the_cookie(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person())
    signed_in_with(auth, authenticator)
    before = auth.get_cookie("bloom-session")
    options = auth.post(f"{PASSKEYS}/step-up/options", headers=PAGE).get_json()
    answer = auth.post(f"{PASSKEYS}/step-up", json={"credential": authenticator.get(options)}, headers=PAGE)
    assert "token" not in answer.get_json()
    after = auth.get_cookie("bloom-session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert auth.get("/api/auth/session").status_code == 200


def test_a_step_up_asks_for_a_passkey_of_the_account(auth: FlaskClient) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    options = As(auth, person).post(f"{PASSKEYS}/step-up/options").get_json()
    assert [decode(known["id"]) for known in options["allowCredentials"]] == [authenticator.credential_id]
    assert problem(As(auth, add_person()).post(f"{PASSKEYS}/step-up/options")) == (404, "not-found")


def test_a_step_up_with_anothers_passkey_is_refused(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    passkey_of(auth, person)
    answer = step_up(auth, person, passkey_of(auth, other))
    assert problem(answer) == (403, "passkey-not-confirmed")
    assert audited("session.step-up") == [("failure", person.id, person.id)]
    assert As(auth, person).get("/api/auth/session").status_code == 200


@pytest.mark.parametrize("knobs", WRONG.values(), ids=WRONG)
def test_a_step_up_from_elsewhere_is_refused(auth: FlaskClient, knobs: dict[str, Any]) -> None:
    person = add_person()
    answer = step_up(auth, person, replace(passkey_of(auth, person), **knobs))
    assert problem(answer) == (403, "passkey-not-confirmed")


def test_a_step_up_is_answered_once_and_by_whom_it_was_asked(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    authenticator = passkey_of(auth, person)
    options = As(auth, person).post(f"{PASSKEYS}/step-up/options").get_json()
    body = {"credential": authenticator.get(options)}
    assert problem(As(auth, other).post(f"{PASSKEYS}/step-up", body)) == (410, "challenge-over")
    renewed = As(auth, person).post(f"{PASSKEYS}/step-up", body).get_json()["token"]
    answer = As(auth, replace(person, token=renewed)).post(f"{PASSKEYS}/step-up", body)
    assert problem(answer) == (410, "challenge-over")


def test_the_challenge_of_a_sign_in_is_none_for_a_step_up(auth: FlaskClient) -> None:
    person = add_person()
    authenticator = passkey_of(auth, person)
    body = {"credential": authenticator.get(sign_in_options(auth))}
    assert problem(As(auth, person).post(f"{PASSKEYS}/step-up", body)) == (410, "challenge-over")


def test_a_copy_is_refused_in_a_step_up_too(auth: FlaskClient) -> None:
    person = add_person()
    answer = step_up(auth, person, replace(passkey_of(auth, person, count=7), count=7))
    assert problem(answer) == (403, "passkey-copied")
    assert audited("passkey.cloned") == [("failure", person.id, person.id)]


# Bad input.


def broken(credential: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    *way, last = pointer.strip("/").split("/")[1:]
    copy = {**credential, "response": dict(credential["response"])}
    place = copy[way[0]] if way else copy
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


FIELDS = [
    "/credential/id",
    "/credential/rawId",
    "/credential/type",
    "/credential/response/clientDataJSON",
    "/credential/response/attestationObject",
]
BAD: list[Any] = [..., None, 7, "", "not base64!", "AAAAA", "A" * 50_001, {}]


@pytest.mark.parametrize("pointer", FIELDS)
def test_a_bad_field_of_a_new_credential_is_named(auth: FlaskClient, pointer: str) -> None:
    person = add_person()
    good = Authenticator().create(options_for(auth, person))
    for value in BAD:
        answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": broken(good, pointer, value)})
        assert answer.status_code == 422, value
        assert pointer in {error["pointer"] for error in answer.get_json()["errors"]}


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature"])
def test_a_bad_field_of_a_used_credential_is_named(auth: FlaskClient, member: str) -> None:
    good = Authenticator(user_handle=b"x" * 16).get({"rpId": "localhost", "challenge": NOTHING})
    pointer = f"/credential/response/{member}"
    for value in BAD:
        answer = sign_in(auth, broken(good, pointer, value))
        assert answer.status_code == 422, value
        assert pointer in {error["pointer"] for error in answer.get_json()["errors"]}


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "two\nlines", 7])
def test_a_bad_name_is_named(auth: FlaskClient, name: Any) -> None:
    person = add_person()
    credential = Authenticator().create(options_for(auth, person))
    answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": credential, "name": name})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["/name"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
BYTES = st.binary(min_size=1, max_size=200)
CLIENT_DATA = st.one_of(BYTES, JSON.map(lambda value: json.dumps(value).encode()))
few = settings(max_examples=sized(15, 1000), deadline=None)


def test_no_bytes_of_a_new_credential_are_our_fault(auth: FlaskClient) -> None:
    person = add_person()

    @few
    @given(client_data=CLIENT_DATA, attestation=BYTES)
    def send(client_data: bytes, attestation: bytes) -> None:
        credential = Authenticator().create(options_for(auth, person))
        credential["response"]["attestationObject"] = encode(attestation)
        assert sent(credential) == 422
        credential["response"]["clientDataJSON"] = encode(client_data)
        assert sent(credential) in {410, 422}

    def sent(credential: dict[str, Any]) -> int:
        return As(auth, person).post(f"{PASSKEYS}/register", {"credential": credential}).status_code

    send()


def test_no_flipped_bit_of_an_attestation_is_our_fault(auth: FlaskClient) -> None:
    person = add_person()

    @few
    @given(place=st.integers(0, 10_000), mask=st.integers(1, 255))
    def send(place: int, mask: int) -> None:
        credential = Authenticator().create(options_for(auth, person))
        raw = bytearray(decode(credential["response"]["attestationObject"]))
        raw[place % len(raw)] ^= mask
        credential["response"]["attestationObject"] = encode(bytes(raw))
        answer = As(auth, person).post(f"{PASSKEYS}/register", {"credential": credential})
        assert answer.status_code in {201, 422}
        for kept in rows(select(PasskeyCredential.id)):
            As(auth, person).delete(f"{PASSKEYS}/{kept}")

    send()


def test_no_bytes_of_a_used_credential_are_our_fault(auth: FlaskClient) -> None:
    authenticator = passkey_of(auth, add_person())

    @few
    @given(data=BYTES, signature=BYTES, client_data=CLIENT_DATA)
    def send(data: bytes, signature: bytes, client_data: bytes) -> None:
        for broken_part in ({"authenticatorData": data}, {"signature": signature}, {"clientDataJSON": client_data}):
            credential = authenticator.get(sign_in_options(auth))
            credential["response"] |= {name: encode(value) for name, value in broken_part.items()}
            assert problem(sign_in(auth, credential)) == (401, "wrong-passkey")

    send()


def test_no_body_at_all_is_our_fault(auth: FlaskClient) -> None:
    @few
    @given(body=JSON)
    def send(body: Any) -> None:
        sent = auth.post(f"{PASSKEYS}/sign-in", data=json.dumps(body), content_type="application/json", headers=PAGE)
        assert sent.status_code == 422

    send()


def test_a_passkey_is_of_no_use_to_another_deployment(auth: FlaskClient, environment: Callable[..., None]) -> None:
    authenticator = passkey_of(auth, add_person())
    environment(base_url="https://qa.bloomhealth.test")
    qa = function_client("auth")
    answer = qa.post(f"{PASSKEYS}/sign-in/options", base_url="https://qa.bloomhealth.test")
    assert answer.get_json()["rpId"] == "qa.bloomhealth.test"
    assert answer.headers["Set-Cookie"].startswith("__Host-bloom-passkey=")
    body = {"credential": replace(authenticator, rp_id="localhost").get(answer.get_json())}
    headers = {"Origin": "https://qa.bloomhealth.test"}
    refused = qa.post(f"{PASSKEYS}/sign-in", json=body, headers=headers, base_url="https://qa.bloomhealth.test")
    assert problem(refused) == (401, "wrong-passkey")
