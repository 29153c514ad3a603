"""A mailed link proves an address once, for 24 hours, and a newer one takes its place."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shared import outbox
from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import Verification
from shared.database.models.outbox_events import OutboxEvent
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.test_sign_up import sign_up, verify
from tests.inside import sized
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


def test_a_new_link_is_audited_as_nobodys_deed(auth: FlaskClient) -> None:
    person = add_person(verified=False)
    for email in (person.email, "nobody@people.test"):
        auth.post("/api/auth/verify-email/resend", json={"email": email})
    entries = rows(select(AuditEvent).where(AuditEvent.action == "account.verification-resent"))
    assert [(entry.subject_id, entry.actor_id) for entry in entries] == [(person.id, None), (None, None)]


VERIFY, RESET = "verify", "reset"
LASTS = {VERIFY: timedelta(hours=24), RESET: timedelta(minutes=30)}
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from([VERIFY, RESET])),
    st.tuples(st.just("use"), st.sampled_from([VERIFY, RESET]), st.integers(0, 3)),
    st.tuples(st.just("use elsewhere"), st.sampled_from([VERIFY, RESET]), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([timedelta(minutes=29), timedelta(minutes=31), timedelta(hours=23)])),
)


class Links:
    """What one person is sent, and a model of which of it should still work."""

    def __init__(self, auth: FlaskClient) -> None:
        self._auth, self._person, self._moment = auth, add_person(verified=False), now()
        self._sent: set[UUID] = set()
        self._mailed: dict[str, list[str]] = {VERIFY: [], RESET: []}
        self._good: dict[str, tuple[str, datetime]] = {}
        self._proved = False

    def take(self, step: tuple[Any, ...]) -> None:
        deed, *what = step
        if deed == "wait":
            self._moment += what[0]
            return
        if deed == "ask":
            self._ask(what[0])
        elif mailed := self._mailed[what[0]]:
            self._use(what[0], mailed[-1 - what[1] % len(mailed)], elsewhere=deed == "use elsewhere")

    def _ask(self, kind: str) -> None:
        path = "verify-email/resend" if kind == VERIFY else "password/forgot"
        self._new_tokens()
        with held_at(lambda: self._moment):
            assert self._auth.post(f"/api/auth/{path}", json={"email": self._person.email}).status_code == 202
        tokens = self._new_tokens()
        assert len(tokens) == (0 if kind == VERIFY and self._proved else 1)
        for token in tokens:
            self._mailed[kind].append(token)
            self._good[kind] = (token, self._moment + LASTS[kind])

    def _new_tokens(self) -> list[str]:
        """What the events since the last time would mail, without a mail server: that is slow."""
        ids = set(rows(select(OutboxEvent.id).where(OutboxEvent.aggregate_id == self._person.id))) - self._sent
        self._sent |= ids
        tokens = [getattr(outbox.open_event(event_id), "token", None) for event_id in ids]
        return [token for token in tokens if token]

    def _use(self, kind: str, token: str, *, elsewhere: bool) -> None:
        good = self._good.get(kind)
        works = not elsewhere and good is not None and good[0] == token and self._moment < good[1]
        with held_at(lambda: self._moment):
            assert self._answer(kind, token, elsewhere=elsewhere) == (204 if works else 410)
        if works:
            self._proved = True
            self._good = {other: link for other, link in self._good.items() if other == RESET != kind}

    def _answer(self, kind: str, token: str, *, elsewhere: bool) -> int:
        if (kind == VERIFY) is not elsewhere:
            return verify(self._auth, token).status_code
        given = {"token": token, "newPassword": "seven quiet herons by the lake"}
        return self._auth.post("/api/auth/password/reset", json=given).status_code


@settings(max_examples=sized(12, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=4, max_size=14))
def test_whatever_the_order_at_most_the_last_link_works_once_and_in_time(
    auth: FlaskClient, steps: list[tuple[Any, ...]]
) -> None:
    links = Links(auth)
    for step in steps:
        links.take(step)
