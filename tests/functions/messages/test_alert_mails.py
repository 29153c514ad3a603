"""Alerts are mailed at once, once, without a word of whose or what they are, and to nobody who turned that off."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import Mail
from shared.database.models.accounts import User
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.messages.alerting import (
    EVENTS,
    LONG_SESSIONS,
    later,
    on_call_therapists,
    raise_alert,
    tick,
)
from tests.functions.messages.inference_stand_in import LABELS
from tests.people import Pair, Person, add_person, choose_language, rows


class AlertMailbox(Mailbox):
    """The mails that the events of alerts cause."""

    def deliver(self, *, again: bool = False) -> list[Mail]:
        """Push them."""
        mine = select(OutboxEvent.id).where(OutboxEvent.type.in_(("risk-raised", "risk-alert-changed")))
        for event_id in rows(mine.order_by(OutboxEvent.created_at)):
            if again or event_id not in self._pushed:
                self._pushed.add(event_id)
                assert self._push(event_id).status_code == 204
        return self.mails()


@pytest.fixture
def mailbox(product: LocalCloud, internal: InternalCalls, environment: Callable[..., None]) -> Mailbox:
    """The mails that the alerts of a test cause."""
    environment(**LONG_SESSIONS)
    return AlertMailbox(product.data_dir / "mail", lambda event_id: internal.push(EVENTS, event_id))


@transaction
def turn_off(db: Database, person: Person) -> None:
    db.get_one(User, person.id).preferences = {"alerts": {"emailRiskAlerts": False}}


def test_the_therapist_is_told_to_sign_in_and_nothing_else(messages: FlaskClient, mailbox: Mailbox, pair: Pair) -> None:
    raise_alert(messages, pair)
    [event] = outbox_events("risk-raised")
    assert event.delivered_at is not None  # Pub/Sub has it: the mail waits for no sweep
    [mail] = mailbox.deliver()
    assert mail.recipients == [pair.therapist.email]
    assert mail.links == ["http://localhost:3000/alerts"]
    said = f"{mail.subject} {mail.text} {mail.html}".lower()
    assert "sign in" in said
    ids = (pair.patient.id, pair.conversation_id, event.aggregate_id)
    words = (pair.patient.name, *LABELS, "die", "risk", "high", "suicid", "crisis", "urgent", "patient", *map(str, ids))
    assert [word for word in words if word.lower() in said] == []


def test_it_is_in_the_therapists_language(messages: FlaskClient, mailbox: Mailbox, pair: Pair) -> None:
    choose_language(pair.therapist, "es-ES")
    raise_alert(messages, pair)
    [mail] = mailbox.deliver()
    assert mail.subject == "Algo te espera en Bloom Health"
    assert "Inicia sesión" in mail.text
    assert '<html lang="es">' in mail.html


def test_however_often_an_alert_is_delivered_it_is_mailed_once(
    messages: FlaskClient, mailbox: Mailbox, pair: Pair
) -> None:
    raise_alert(messages, pair)
    mailbox.deliver()
    assert len(mailbox.deliver(again=True)) == 1
    raise_alert(messages, pair)
    assert len(mailbox.deliver()) == 1


def test_who_turned_such_mails_off_gets_none(messages: FlaskClient, mailbox: Mailbox, pair: Pair) -> None:
    turn_off(pair.therapist)
    raise_alert(messages, pair)
    assert mailbox.deliver() == []


def test_without_a_mail_server_the_socket_is_told_and_the_mail_comes_later(
    messages: FlaskClient, mailbox: Mailbox, pair: Pair, product: LocalCloud
) -> None:
    raise_alert(messages, pair)
    product.stop_part("smtp")
    try:
        assert mailbox.deliver() == []
    finally:
        product.start_part("smtp")
    [waiting] = outbox_events("risk-raised")
    assert waiting.delivered_at is None
    assert len(mailbox.deliver(again=True)) == 1


def test_without_redis_the_mail_goes_all_the_same(
    messages: FlaskClient, mailbox: Mailbox, pair: Pair, product: LocalCloud
) -> None:
    product.stop_part("redis")
    try:
        raise_alert(messages, pair)
        assert len(mailbox.deliver()) == 1
    finally:
        product.start_part("redis")
    [event] = outbox_events("risk-raised")
    assert event.delivered_at is None  # the sockets are still to be told


def test_each_step_tells_the_new_ones_and_the_first_therapist_that_a_colleague_helps(
    messages: FlaskClient, mailbox: Mailbox, pair: Pair, internal: InternalCalls
) -> None:
    first, second = on_call_therapists(2)
    administrators = [add_person(Role.ADMINISTRATOR) for _ in range(2)]
    turn_off(administrators[1])
    raise_alert(messages, pair)
    before = len(mailbox.deliver())
    expected = {
        6: [(first, "Something is waiting"), (pair.therapist, "A colleague is helping")],
        11: [(second, "Something is waiting"), (pair.therapist, "A colleague is helping")],
        16: [(administrators[0], "Something in Bloom Health has no answer")],
    }
    for minutes, wanted in expected.items():
        with later(minutes=minutes):
            tick(internal)
            mails = mailbox.deliver()
        told = {(mail.recipients[0], mail.subject) for mail in mails[before:]}
        assert len(told) == len(wanted)
        for person, subject in wanted:
            assert any(to == person.email and words.startswith(subject) for to, words in told), minutes
        before = len(mails)
    assert pair.patient.name not in "".join(mail.text + mail.html for mail in mailbox.mails())


def test_every_mail_is_named_by_its_event_and_reader(messages: FlaskClient, mailbox: Mailbox, pair: Pair) -> None:
    raise_alert(messages, pair)
    [mail] = mailbox.deliver()
    [event_id] = rows(select(OutboxEvent.id).where(OutboxEvent.type == "risk-raised"))
    assert str(event_id) not in mail.text
