"""Signing up makes an account that cannot be used before its address is proved, and never tells who has one."""

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.inside import sized
from tests.people import add_person, rows

NEW = {"email": "new@people.test", "password": "long enough", "name": "Nia New", "role": "PATIENT"}


def sign_up(auth: FlaskClient, **changes: object) -> TestResponse:
    return auth.post("/api/auth/sign-up", json=NEW | changes)


def sign_in(auth: FlaskClient, password: str, email: str = "new@people.test") -> TestResponse:
    return auth.post("/api/auth/sign-in", json={"email": email, "password": password})


def verify(auth: FlaskClient, token: str) -> TestResponse:
    return auth.post("/api/auth/verify-email", json={"token": token})


@pytest.mark.parametrize("role", ["PATIENT", "THERAPIST"])
def test_a_new_account_signs_in_once_its_address_is_proved(auth: FlaskClient, mailbox: Mailbox, role: str) -> None:
    assert sign_up(auth, role=role, email=" New@People.test ").status_code == 202
    [mail] = mailbox.deliver()
    assert mail.recipients == ["new@people.test"]
    assert sign_in(auth, "long enough").status_code == 403
    assert verify(auth, mailbox.token(mail)).status_code == 204
    assert sign_in(auth, "long enough").get_json()["user"]["role"] == role


def test_the_answer_is_the_same_for_a_new_and_a_taken_address(auth: FlaskClient) -> None:
    add_person(email="taken@people.test")
    new, taken = sign_up(auth), sign_up(auth, email="taken@people.test")
    assert (new.status_code, new.get_json()) == (taken.status_code, taken.get_json())
    assert list(new.headers.keys()) == list(taken.headers.keys())


def test_the_owner_of_a_taken_address_is_told_and_nothing_else_changes(auth: FlaskClient, mailbox: Mailbox) -> None:
    owner = add_person(Role.THERAPIST, email="taken@people.test", name="Olive Owner")
    sign_up(auth, email="taken@people.test", name="Mallory", password="another one")
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == (["taken@people.test"], "You already have an account")
    assert "Olive Owner" in mail.text
    assert "Mallory" not in mail.text + mail.html
    [user] = rows(select(User))
    assert (user.id, user.name, user.role) == (owner.id, "Olive Owner", Role.THERAPIST)
    assert sign_in(auth, "another one", "taken@people.test").status_code == 401


def test_of_several_sign_ups_with_an_unproved_address_the_last_one_counts(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth, name="First", password="first password", role="THERAPIST")
    [first] = mailbox.deliver()
    sign_up(auth, name="Last", password="last password")
    _, last = mailbox.deliver()
    assert verify(auth, mailbox.token(first)).status_code == 410
    assert verify(auth, mailbox.token(last)).status_code == 204
    assert sign_in(auth, "first password").status_code == 401
    user = sign_in(auth, "last password").get_json()["user"]
    assert (user["name"], user["role"]) == ("Last", "PATIENT")


def test_mails_are_in_the_language_and_by_the_clock_of_whoever_signs_up(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth, timeZone="America/Mexico_City", language="es-mx")
    [mail] = mailbox.deliver()
    assert mail.subject == "Confirma tu dirección, por favor"
    assert "Hola, Nia New:" in mail.text
    assert '<html lang="es">' in mail.html
    assert verify(auth, mailbox.token(mail)).status_code == 204
    [user] = rows(select(User))
    assert (user.time_zone, user.language) == ("America/Mexico_City", "es-MX")


def test_who_says_neither_is_written_to_in_english_and_by_utc(auth: FlaskClient) -> None:
    sign_up(auth)
    [user] = rows(select(User))
    assert (user.time_zone, user.language) == ("UTC", "en")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"timeZone": "Mars/Olympus"}, "/timeZone"),
        ({"timeZone": None}, "/timeZone"),
        ({"language": "not a tag"}, "/language"),
        ({"language": 7}, "/language"),
        ({"role": "ADMINISTRATOR"}, "/role"),
        ({"role": "patient"}, "/role"),
        ({"role": None}, "/role"),
        ({"isAdministrator": True}, "/isAdministrator"),
        ({"status": "active"}, "/status"),
        ({"email": "no address"}, "/email"),
        ({"email": "two@at@signs.test"}, "/email"),
        ({"email": "a@b.test,c@d.test"}, "/email"),
        ({"email": "one,two@people.test"}, "/email"),
        ({"email": "Name <in@people.test"}, "/email"),
        ({"email": "bell\x07@people.test"}, "/email"),
        ({"email": f"{'a' * 250}@b.test"}, "/email"),
        ({"password": "short"}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"password": "long\0enough"}, "/password"),
        ({"name": "   "}, "/name"),
        ({"name": "n" * 201}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": "two\u2028lines"}, "/name"),
        ({"name": ["a list"]}, "/name"),
    ],
)
def test_what_cannot_be_accepted_is_named_and_nothing_is_kept(
    auth: FlaskClient, changes: dict[str, object], pointer: str
) -> None:
    answer = sign_up(auth, **changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert rows(select(User)) == []


def test_an_answer_never_repeats_the_password(auth: FlaskClient) -> None:
    for changes in ({"password": "tiny!"}, {"password": ["tiny!"]}, {"email": "tiny!"}, {}):
        assert "tiny!" not in sign_up(auth, **changes).get_data(as_text=True)


def test_no_other_way_of_saying_the_role_is_heard(auth: FlaskClient) -> None:
    headers = {"X-Role": "ADMINISTRATOR"}
    answer = auth.post("/api/auth/sign-up?role=ADMINISTRATOR", json=NEW, headers=headers)
    assert answer.status_code == 202
    assert [user.role for user in rows(select(User))] == [Role.PATIENT]


def test_a_sign_up_leaves_an_audit_entry_by_whoever_signed_up(auth: FlaskClient) -> None:
    someone = add_person(email="taken@people.test")
    auth.get("/api/auth/session", headers=someone.bearer)
    sign_up(auth, email="taken@people.test")
    sign_up(auth)
    [repeated] = rows(select(AuditEvent).where(AuditEvent.action == "account.sign-up-repeated"))
    assert (repeated.subject_id, repeated.actor_id, repeated.ip) == (someone.id, None, "127.0.0.1")
    [signed_up] = rows(select(AuditEvent).where(AuditEvent.action == "account.signed-up"))
    assert signed_up.actor_id == signed_up.subject_id != someone.id


@settings(max_examples=sized(15, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds("{}@{}.{}".format, *[st.text(min_size=1, max_size=8)] * 3), st.text(max_size=12))
def test_no_address_or_name_breaks_it(auth: FlaskClient, mailbox: Mailbox, email: str, name: str) -> None:
    answer = sign_up(auth, email=email, name=name)
    assert answer.status_code in {202, 422}
    if answer.status_code == 202:
        mailbox.deliver()
