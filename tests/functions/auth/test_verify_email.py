"""A mailed link proves an address once, for 24 hours, and a newer one takes its place."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import Verification
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.test_sign_up import sign_up, verify
from tests.people import add_person, rows


def test_a_link_works_once(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    answers = [verify(auth, mailbox.token(mail)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 410]
    assert answers[1].get_json()["type"] == "urn:bloom:problem:link-no-longer-valid"
    assert rows(select(User))[0].email_verified_at is not None
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "account.email-verified"))
    assert entry.actor_id == entry.subject_id


@pytest.mark.parametrize(("hours", "status"), [(23.99, 204), (24.01, 410)])
def test_a_link_works_for_24_hours(auth: FlaskClient, mailbox: Mailbox, hours: float, status: int) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    later = now() + timedelta(hours=hours)
    with held_at(lambda: later):
        assert verify(auth, mailbox.token(mail)).status_code == status


@pytest.mark.parametrize(("token", "status"), [("x" * 43, 410), ("short", 422), ("x" * 101, 422), ("\u00e9" * 43, 410)])
def test_a_token_that_never_was_is_refused(auth: FlaskClient, token: str, status: int) -> None:
    assert verify(auth, token).status_code == status


def test_twenty_at_once_find_the_link_good_once(
    auth: FlaskClient, mailbox: Mailbox, environment: Callable[..., None]
) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    clients = [function_client("auth") for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda client: verify(client, mailbox.token(mail)).status_code, clients))
    assert Counter(statuses) == {204: 1, 410: 19}


def test_a_new_link_takes_the_place_of_the_old_one(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    asked = auth.post("/api/auth/verify-email/resend", json={"email": "NEW@people.test"})
    assert asked.status_code == 202
    old, new = mailbox.deliver()
    assert verify(auth, mailbox.token(old)).status_code == 410
    assert verify(auth, mailbox.token(new)).status_code == 204


def test_asking_for_a_new_link_tells_nothing(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    add_person(email="verified@people.test")
    emails = ("new@people.test", "verified@people.test", "nobody@people.test")
    answers = [auth.post("/api/auth/verify-email/resend", json={"email": email}) for email in emails]
    assert len({(answer.status_code, answer.get_data()) for answer in answers}) == 1
    assert {mail.recipients[0] for mail in mailbox.deliver()} == {"new@people.test"}


def test_the_database_holds_only_a_digest_of_the_token(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    [kept] = rows(select(Verification))
    assert len(kept.token_hash) == 32
    assert mailbox.token(mail).encode() not in kept.token_hash
