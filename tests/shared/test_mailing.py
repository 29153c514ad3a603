"""A mail goes out once: whoever comes again, comes at the same time, or comes after somebody who died."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import read_mails
from shared.clock import held_at, now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.transaction import transaction
from shared.mail import Mail, MailAway
from shared.mailing import Recipient, mail_id, send_once
from tests.doubles import forget
from tests.people import Person, add_person, rows


@pytest.fixture
def reader(product: LocalCloud) -> Person:
    """Somebody to write to."""
    return add_person()


@pytest.fixture
def sent(product: LocalCloud) -> Callable[[], int]:
    """How many mails the server took since the test began."""
    folder = product.data_dir / "mail"
    last_before = max((mail.id for mail in read_mails(folder)), default="")
    return lambda: sum(mail.id > last_before for mail in read_mails(folder))


def letter(reader: Recipient) -> Mail:
    return Mail(reader.email, "A word", "Hello", "<p>Hello</p>", key=str(uuid4()))


def test_what_was_sent_is_not_sent_again(reader: Person, sent: Callable[[], int]) -> None:
    name = uuid4()
    for _ in range(3):
        send_once(name, reader.id, "a-word", letter)
    assert sent() == 1
    [delivery] = rows(select(EmailDelivery).where(EmailDelivery.event_id == name))
    assert (delivery.status, delivery.attempts, delivery.claimed_until) == (EmailStatus.SENT, 1, None)


def test_two_at_once_send_one(reader: Person, sent: Callable[[], int]) -> None:
    name, both = uuid4(), Barrier(2)

    def attempt(_: int) -> str:
        both.wait(timeout=10)
        try:
            send_once(name, reader.id, "a-word", letter)
        except MailAway:
            return "put back"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(attempt, range(2)))
    assert "done" in ends
    assert sent() == 1


def test_who_comes_while_another_sends_is_to_come_again(reader: Person, sent: Callable[[], int]) -> None:
    name = uuid4()

    def meanwhile(recipient: Recipient) -> Mail:
        with pytest.raises(MailAway):
            send_once(name, reader.id, "a-word", letter)
        return letter(recipient)

    send_once(name, reader.id, "a-word", meanwhile)
    assert sent() == 1


def test_who_died_while_sending_holds_nobody_up_for_long(reader: Person, sent: Callable[[], int]) -> None:
    name = uuid4()
    claim_and_die(name, reader)
    with pytest.raises(MailAway):
        send_once(name, reader.id, "a-word", letter)
    later = now() + timedelta(seconds=61)
    with held_at(lambda: later):
        send_once(name, reader.id, "a-word", letter)
    assert sent() == 1


def test_a_server_that_is_away_can_be_tried_again_at_once(
    reader: Person, sent: Callable[[], int], environment: Callable[..., None], product: LocalCloud
) -> None:
    name = uuid4()
    environment(smtp_url="smtp://127.0.0.1:9")
    forget()
    with pytest.raises(MailAway):
        send_once(name, reader.id, "a-word", letter)
    environment(smtp_url=product.settings["SMTP_URL"])
    forget()
    send_once(name, reader.id, "a-word", letter)
    assert sent() == 1


def test_what_its_reader_does_not_want_leaves_nothing(reader: Person, sent: Callable[[], int]) -> None:
    name = uuid4()
    send_once(name, reader.id, "a-word", lambda _: None)
    assert sent() == 0
    assert rows(select(EmailDelivery).where(EmailDelivery.event_id == name)) == []


def test_nobody_writes_to_an_account_that_is_erased(reader: Person, sent: Callable[[], int]) -> None:
    erase(reader)
    send_once(uuid4(), reader.id, "a-word", letter)
    assert sent() == 0


def test_a_reader_s_mail_about_an_event_always_has_one_name() -> None:
    event, one, other = uuid4(), uuid4(), uuid4()
    assert mail_id(event, one) == mail_id(event, one)
    assert len({mail_id(event, one), mail_id(event, other), mail_id(uuid4(), one)}) == 3


@transaction
def claim_and_die(db: Database, name: UUID, reader: Person) -> None:
    until = now() + timedelta(seconds=60)
    db.add(EmailDelivery(event_id=name, user_id=reader.id, kind="a-word", created_at=now(), claimed_until=until))


@transaction
def erase(db: Database, reader: Person) -> None:
    user = db.get_one(User, reader.id)
    user.status, user.erased_at, user.password_hash = UserStatus.ERASED, now(), None
