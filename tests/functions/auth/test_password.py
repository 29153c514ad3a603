"""A forgotten password is set anew by mail, a known one is changed, and whoever else was signed in is so no longer."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.credentials import TrustedDevice, Verification, VerificationPurpose
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.test_sign_in import ORIGIN, sign_in
from tests.functions.auth.test_sign_up import sign_up
from tests.functions.internal_calls import outbox_events
from tests.functions.listening import listening
from tests.people import PASSWORD, Person, add_person, rows

NEW = "seven quiet herons by the lake"
FORGOT, RESET, CHANGE = (f"/api/auth/password/{deed}" for deed in ("forgot", "reset", "change"))


def forgot(auth: FlaskClient, email: str) -> TestResponse:
    return auth.post(FORGOT, json={"email": email})


def reset(auth: FlaskClient, token: str, password: str = NEW) -> TestResponse:
    return auth.post(RESET, json={"token": token, "newPassword": password})


def change(auth: FlaskClient, person: Person, current: str = PASSWORD, password: str = NEW) -> TestResponse:
    given = {"currentPassword": current, "newPassword": password}
    return auth.post(CHANGE, json=given, headers=person.bearer)


def mailed_token(auth: FlaskClient, mailbox: Mailbox, email: str) -> str:
    assert forgot(auth, email).status_code == 202
    return mailbox.token(mailbox.deliver()[-1])


def is_signed_in(auth: FlaskClient, token: str) -> bool:
    answer = auth.get("/api/auth/session", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 200


def audited(action: str) -> list[AuditEvent]:
    return list(rows(select(AuditEvent).where(AuditEvent.action == action)))


@transaction
def set_user(db: Database, person: Person, values: dict[str, object]) -> None:
    db.execute(update(User).where(User.id == person.id).values(values))


@transaction
def add_trusted_device(db: Database, person: Person) -> None:
    later = now() + timedelta(days=30)
    db.add(TrustedDevice(user_id=person.id, token_hash=person.id.bytes * 2, created_at=now(), expires_at=later))


def test_a_mailed_link_sets_a_new_password(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    assert forgot(auth, f" {person.email.upper()} ").status_code == 202
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "Set a new password")
    assert mail.links[0].startswith("http://localhost:3000/reset-password#token=")
    answer = reset(auth, mailbox.token(mail))
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert sign_in(auth, person.email).status_code == 401
    assert sign_in(auth, person.email, NEW).status_code == 200
    told = mailbox.deliver()[-1]
    assert (told.recipients, told.subject) == ([person.email], "Your password was changed")
    [requested], [done] = audited("password.reset-requested"), audited("password.reset")
    assert (requested.subject_id, requested.actor_id) == (person.id, None)
    assert (done.subject_id, done.actor_id) == (person.id, person.id)
    assert rows(select(User.password_changed_at))[0] is not None


def test_a_link_works_once_and_a_newer_one_ends_it(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    older, newer = mailed_token(auth, mailbox, person.email), mailed_token(auth, mailbox, person.email)
    answers = [reset(auth, token) for token in (older, newer, newer)]
    assert [answer.status_code for answer in answers] == [410, 204, 410]
    assert answers[0].get_json()["type"] == "urn:bloom:problem:link-no-longer-valid"


@pytest.mark.parametrize(("minutes", "status"), [(29.99, 204), (30.01, 410)])
def test_a_link_works_for_30_minutes(auth: FlaskClient, mailbox: Mailbox, minutes: float, status: int) -> None:
    person, asked = add_person(), now()
    with held_at(lambda: asked):
        forgot(auth, person.email)
    [mail] = mailbox.deliver()
    later = asked + timedelta(minutes=minutes)
    with held_at(lambda: later):
        assert reset(auth, mailbox.token(mail)).status_code == status


def test_of_many_who_use_a_link_at_once_one_sets_the_password(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    token = mailed_token(auth, mailbox, person.email)
    passwords = [f"{number} quiet herons by the lake" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda one: reset(function_client("auth"), token, one).status_code, passwords))
    assert Counter(statuses)[204] == 1
    assert set(statuses) <= {204, 410, 503}
    [winner] = [one for one, status in zip(passwords, statuses, strict=True) if status == 204]
    assert sign_in(auth, person.email, winner).status_code == 200
    assert len(audited("password.reset")) == 1


def test_a_token_of_another_purpose_sets_no_password(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    assert reset(auth, mailbox.token(mail)).status_code == 410
    forgotten = mailed_token(auth, mailbox, "new@people.test")
    assert auth.post("/api/auth/verify-email", json={"token": forgotten}).status_code == 410
    assert reset(auth, forgotten).status_code == 204


def test_a_reset_signs_out_everywhere_and_trusts_no_device(
    auth: FlaskClient, mailbox: Mailbox, product: LocalCloud
) -> None:
    person, other = add_person(), add_person()
    add_trusted_device(person)
    on_the_phone = sign_in(auth, person.email, **{"X-Session-Transport": "bearer"}).get_json()["token"]
    assert is_signed_in(auth, on_the_phone)
    token = mailed_token(auth, mailbox, person.email)
    with listening(product) as relay:
        assert reset(auth, token).status_code == 204
        [(channel, told)] = relay.all()
    assert (channel, len(told["sessionIds"])) == (f"session:{person.id}", 2)
    assert not is_signed_in(auth, person.token)
    assert not is_signed_in(auth, on_the_phone)
    assert is_signed_in(auth, other.token)
    assert rows(select(TrustedDevice.revoked_at).where(TrustedDevice.user_id == person.id))[0] is not None


def test_a_reset_without_redis_signs_out_all_the_same(auth: FlaskClient, mailbox: Mailbox, product: LocalCloud) -> None:
    person = add_person()
    token = mailed_token(auth, mailbox, person.email)
    product.stop_part("redis")
    try:
        assert reset(auth, token).status_code == 204
        assert not is_signed_in(auth, person.token)
        assert sign_in(auth, person.email, NEW).status_code == 200
    finally:
        product.start_part("redis")
    [event] = outbox_events("sessions-revoked")
    assert event.delivered_at is None  # the sweeper tells the cache and the relay


def test_the_link_proves_the_address_that_it_went_to(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    [verification] = mailbox.deliver()
    assert reset(auth, mailed_token(auth, mailbox, "new@people.test")).status_code == 204
    assert auth.post("/api/auth/verify-email", json={"token": mailbox.token(verification)}).status_code == 410
    assert sign_in(auth, "new@people.test", NEW).status_code == 200
    assert len(audited("account.email-verified")) == 1


def test_an_account_without_a_password_gets_one_by_mail(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    set_user(person, {"password_hash": None})
    assert sign_in(auth, person.email).status_code == 401
    assert change(auth, person).status_code == 403
    assert reset(auth, mailed_token(auth, mailbox, person.email)).status_code == 204
    assert sign_in(auth, person.email, NEW).status_code == 200


def test_asking_tells_nothing_about_who_has_an_account(auth: FlaskClient, mailbox: Mailbox) -> None:
    known, erased = add_person(), add_person()
    set_user(erased, {"status": UserStatus.ERASED, "password_hash": None, "erased_at": now()})
    answers = [forgot(auth, email) for email in (known.email, erased.email, "nobody@people.test")]
    assert len({(answer.status_code, answer.get_data(), tuple(answer.headers.keys())) for answer in answers}) == 1
    assert [mail.recipients for mail in mailbox.deliver()] == [[known.email]]


def test_asking_leaves_the_same_work_behind_for_any_address(auth: FlaskClient) -> None:
    """What an address without an account would save in time would tell that it has none."""
    kept = []
    for email in (add_person().email, "nobody@people.test"):
        before = len(rows(select(AuditEvent))), len(rows(select(Verification))), len(outbox_events("account-notice"))
        forgot(auth, email)
        after = len(rows(select(AuditEvent))), len(rows(select(Verification))), len(outbox_events("account-notice"))
        kept.append([last - first for first, last in zip(before, after, strict=True)])
    assert kept == [[1, 1, 1], [1, 1, 1]]
    assert all(event.delivered_at for event in outbox_events("account-notice"))


def test_the_database_holds_only_a_digest_of_the_token(auth: FlaskClient, mailbox: Mailbox) -> None:
    token = mailed_token(auth, mailbox, add_person().email)
    [kept] = rows(select(Verification).where(Verification.purpose == VerificationPurpose.PASSWORD_RESET))
    assert len(kept.token_hash) == 32
    assert kept.payload is None
    assert all(token.encode() not in event.payload for event in outbox_events("account-notice"))


@pytest.mark.parametrize("password", ["short", "x" * 129, "password", "nia.newcomb1"])
def test_a_new_password_that_is_refused_leaves_the_link_good(
    auth: FlaskClient, mailbox: Mailbox, password: str
) -> None:
    person = add_person(name="Nia Newcomb")
    token = mailed_token(auth, mailbox, person.email)
    answer = reset(auth, token, password)
    assert (answer.status_code, [fault["pointer"] for fault in answer.get_json()["errors"]]) == (422, ["/newPassword"])
    assert reset(auth, token).status_code == 204


@pytest.mark.parametrize(
    ("path", "given", "pointer"),
    [
        (FORGOT, {"email": "no address"}, "/email"),
        (FORGOT, {"email": "a@b.test", "userId": "1"}, "/userId"),
        (FORGOT, {"email": ["a@b.test"]}, "/email"),
        (RESET, {"token": "short", "newPassword": NEW}, "/token"),
        (RESET, {"token": "t" * 101, "newPassword": NEW}, "/token"),
        (RESET, {"token": "t" * 43}, "/newPassword"),
        (RESET, {"token": "t" * 43, "newPassword": "with a \0 in it"}, "/newPassword"),
        (CHANGE, {"newPassword": NEW}, "/currentPassword"),
        (CHANGE, {"currentPassword": "x" * 1025, "newPassword": NEW}, "/currentPassword"),
        (CHANGE, {"currentPassword": PASSWORD, "newPassword": "short"}, "/newPassword"),
        (CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW, "keepSessions": True}, "/keepSessions"),
    ],
)
def test_what_cannot_be_accepted_is_named(auth: FlaskClient, path: str, given: dict[str, object], pointer: str) -> None:
    answer = auth.post(path, json=given, headers=add_person().bearer)
    assert (answer.status_code, [fault["pointer"] for fault in answer.get_json()["errors"]]) == (422, [pointer])


@pytest.mark.parametrize("role", list(Role))
def test_whoever_knows_the_password_changes_it(auth: FlaskClient, mailbox: Mailbox, role: Role) -> None:
    person = add_person(role)
    answer = change(auth, person)
    assert (answer.status_code, set(answer.get_json())) == (200, {"user", "token", "expiresAt"})
    assert sign_in(auth, person.email).status_code == 401
    assert sign_in(auth, person.email, NEW).status_code == 200
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "Your password was changed")
    [entry] = audited("password.changed")
    assert (entry.subject_id, entry.actor_id) == (person.id, person.id)


def test_a_change_ends_every_other_session_and_renews_the_present_token(auth: FlaskClient) -> None:
    person = add_person()
    on_the_phone = sign_in(auth, person.email, **{"X-Session-Transport": "bearer"}).get_json()["token"]
    assert is_signed_in(auth, on_the_phone)
    [present] = rows(select(Session.id).where(Session.user_agent == "a test"))
    renewed = change(auth, person).get_json()["token"]
    assert [is_signed_in(auth, token) for token in (person.token, on_the_phone, renewed)] == [False, False, True]
    shown = auth.get("/api/auth/session", headers={"Authorization": f"Bearer {renewed}"}).get_json()
    assert shown["sessionId"] == str(present)


def test_a_page_gets_its_renewed_token_as_a_cookie_whatever_it_asks_for(auth: FlaskClient) -> None:
    person = add_person()
    sign_in(auth, person.email, **ORIGIN)
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    answer = auth.post(CHANGE, json=given, headers={**ORIGIN, "X-Session-Transport": "bearer"})
    assert (answer.status_code, set(answer.get_json())) == (200, {"user", "expiresAt"})
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert auth.get("/api/auth/session").status_code == 200
    assert not is_signed_in(auth, person.token)


def test_a_change_wants_a_proof_of_the_last_minutes(auth: FlaskClient) -> None:
    person = add_person()
    later = now() + timedelta(minutes=10, seconds=1)
    with held_at(lambda: later):
        answer = change(auth, person)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:step-up-required")


def test_a_wrong_present_password_changes_nothing_and_is_audited(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    answer = change(auth, person, "not my password")
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:wrong-password")
    assert is_signed_in(auth, person.token)
    assert sign_in(auth, person.email).status_code == 200
    [entry] = audited("password.change")
    assert (entry.outcome, entry.subject_id) == (AuditOutcome.FAILURE, person.id)
    assert mailbox.deliver() == []


@pytest.mark.parametrize("password", ["12345678", "Nia.Newcomb"])
def test_a_change_asks_the_same_of_a_password_as_a_sign_up(auth: FlaskClient, password: str) -> None:
    person = add_person(name="Nia Newcomb")
    answer = change(auth, person, password=password)
    assert answer.get_json()["type"] == "urn:bloom:problem:password-too-easy"
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/newPassword"]
    assert is_signed_in(auth, person.token)


def test_a_change_ends_the_links_that_were_mailed_before(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    token = mailed_token(auth, mailbox, person.email)
    assert change(auth, person).status_code == 200
    assert reset(auth, token).status_code == 410


def test_of_two_changes_at_once_one_is_kept(auth: FlaskClient) -> None:
    person = add_person()
    passwords = [f"{number} quiet herons by the lake" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: change(function_client("auth"), person, PASSWORD, one), passwords))
    statuses = [answer.status_code for answer in answers]
    assert Counter(statuses)[200] == 1
    assert set(statuses) <= {200, 401, 403, 503}
    assert sign_in(auth, person.email, passwords[statuses.index(200)]).status_code == 200


def test_a_change_is_limited(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="")
    person = add_person()
    statuses = [change(auth, person, "not my password").status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]
