"""A mail says that there is something to read, and nothing else: once a conversation until its reader has read."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import Mail, read_mails
from shared.clock import held_at, now
from shared.database.models.accounts import User, UserStatus
from shared.database.transaction import transaction
from tests.doubles import forget
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.messages.test_edits import delete, sent
from tests.functions.messages.test_read_state import read
from tests.people import As, Pair, Person, add_pair, choose_language, end_care

EVENTS = "/api/internal/messages/events"


class Clock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def passes(self, **span: float) -> None:
        """So much time goes by."""
        self.moment += timedelta(**span)


@pytest.fixture
def clock(messages: FlaskClient, environment: Callable[..., None]) -> Iterator[Clock]:
    """The clock of the test; whatever time passes, people stay signed in."""
    environment(patient_idle_minutes="10000", staff_idle_minutes="10000", staff_absolute_hours="1000")
    held = Clock()
    with held_at(held):
        yield held


@pytest.fixture
def mails(product: LocalCloud, internal: InternalCalls) -> Callable[[], list[Mail]]:
    """What the mail server has taken once a tick has come and its events were pushed, the oldest first."""
    folder = product.data_dir / "mail"
    before = {mail.id for mail in read_mails(folder)}

    def after_a_tick() -> list[Mail]:
        assert internal.tick("/api/internal/messages/tick").status_code == 204
        for event in outbox_events("unread-waiting"):
            assert internal.push(EVENTS, event.id).status_code == 204
        return [mail for mail in read_mails(folder) if mail.id not in before][::-1]

    return after_a_tick


@transaction
def want_no_mails(db: Database, person: Person) -> None:
    db.get_one(User, person.id).preferences = {"notifications": {"email_new_messages": False}}


@transaction
def become(db: Database, person: Person, status: UserStatus) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=status, suspended_at=now()))


def test_what_stays_unread_for_some_minutes_is_told_of(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair, "zebra quince")
    clock.passes(minutes=9)
    assert mails() == []
    clock.passes(minutes=1)
    [mail] = mails()
    assert mail.recipients == [pair.therapist.email]
    assert mail.links == ["http://localhost:3000/messages"]
    for secret in ("zebra", pair.patient.name, pair.patient.email, str(pair.conversation_id)):
        assert secret not in f"{mail.subject}{mail.text}{mail.html}"


def test_it_is_in_its_readers_language(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    choose_language(pair.patient, "es")
    sent(As(messages, pair.therapist), pair, "zebra quince")
    clock.passes(minutes=30)
    [mail] = mails()
    assert (mail.recipients, mail.subject) == ([pair.patient.email], "Hay algo para leer")
    assert f"Hola, {pair.patient.name}:" in mail.text
    assert '<html lang="es">' in mail.html


def test_there_is_one_until_its_reader_has_read(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    patient, therapist = As(messages, pair.patient), As(messages, pair.therapist)
    for _ in range(3):
        sent(patient, pair)
        clock.passes(minutes=11)
        assert len(mails()) == 1
    read(therapist, pair, 3)
    clock.passes(minutes=5)
    assert len(mails()) == 1
    sent(patient, pair)
    clock.passes(minutes=11)
    assert len(mails()) == 2
    assert len(mails()) == 2


def test_what_was_read_in_time_needs_no_mail(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    clock.passes(minutes=5)
    read(As(messages, pair.therapist), pair, 1)
    clock.passes(minutes=6)
    assert mails() == []


def test_what_was_read_after_the_tick_and_before_the_mail_needs_none(
    messages: FlaskClient, pair: Pair, clock: Clock, internal: InternalCalls, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    clock.passes(minutes=11)
    assert internal.tick("/api/internal/messages/tick").status_code == 204
    read(As(messages, pair.therapist), pair, 1)
    assert mails() == []


def test_what_was_deleted_in_time_needs_no_mail(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    patient = As(messages, pair.patient)
    delete(patient, sent(patient, pair))
    clock.passes(minutes=11)
    assert mails() == []


def test_whoever_wants_none_gets_none_and_is_asked_again_only_after_reading(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    want_no_mails(pair.therapist)
    sent(As(messages, pair.patient), pair)
    clock.passes(minutes=11)
    assert mails() == []
    assert len(outbox_events("unread-waiting")) == 1
    assert mails() == []
    assert len(outbox_events("unread-waiting")) == 1


def test_each_reader_and_each_conversation_has_its_own(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    other = add_pair()
    for one in (pair, other):
        sent(As(messages, one.patient), one)
        sent(As(messages, one.therapist), one)
    clock.passes(minutes=11)
    people = [person for one in (pair, other) for person in (one.patient, one.therapist)]
    assert sorted(recipient for mail in mails() for recipient in mail.recipients) == sorted(
        person.email for person in people
    )


def test_a_therapist_who_may_not_read_any_more_is_told_nothing(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    sent(As(messages, pair.therapist), pair)
    end_care(pair)
    clock.passes(minutes=11)
    assert [mail.recipients for mail in mails()] == [[pair.patient.email]]


def test_a_suspended_account_is_told_nothing(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    become(pair.therapist, UserStatus.SUSPENDED)
    clock.passes(minutes=11)
    assert mails() == []


def test_accounts_that_are_no_persons_get_no_mail(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    become_synthetic(pair.therapist)
    clock.passes(minutes=11)
    assert mails() == []


@transaction
def become_synthetic(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(is_synthetic=True))


def test_a_tick_that_was_late_still_finds_it_and_one_of_another_day_does_not(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]]
) -> None:
    sent(As(messages, pair.patient), pair)
    clock.passes(minutes=60)
    assert len(mails()) == 1
    sent(As(messages, pair.therapist), pair)
    clock.passes(hours=30)
    assert len(mails()) == 1


def test_without_a_mail_server_it_is_sent_later(
    messages: FlaskClient, pair: Pair, clock: Clock, mails: Callable[[], list[Mail]], product: LocalCloud
) -> None:
    sent(As(messages, pair.patient), pair)
    clock.passes(minutes=11)
    product.stop_part("smtp")
    try:
        assert mails() == []
    finally:
        product.start_part("smtp")
    [event] = outbox_events("unread-waiting")
    assert event.delivered_at is None
    forget()
    assert len(mails()) == 1
    assert len(mails()) == 1
