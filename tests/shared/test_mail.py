"""A mail leaves in two forms, and with appointments in a third that mail programs act on, byte for byte."""

import email
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default as modern
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from dev.cloud import LocalCloud
from dev.ports import free_ports
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.mail import AddressRefused, CalendarFile, Mail, MailAway, mailer
from shared.mailing import send_once
from tests.doubles import forget
from tests.people import add_person, rows

FILE = "\r\n".join(
    [
        "BEGIN:VCALENDAR",
        "METHOD:REQUEST",
        "SUMMARY:Termin \u2013 ñandú 李",
        f"DESCRIPTION:{'x' * 63}",
        " .",
        "END:VCALENDAR",
        "",
    ]
).encode()
PLAIN = Mail("reader@people.test", "Grüße", "Hello \u2013 李\n\nBye\n", "<p>Hello \u2013 李</p>", key="a-key")
Sent = Callable[[Mail], EmailMessage]


@pytest.fixture
def sent(product: LocalCloud) -> Sent:
    """Sends a mail, and gives what the server took."""
    folder = product.data_dir / "mail"

    def send(mail: Mail) -> EmailMessage:
        before = set(folder.glob("*.eml"))
        mailer().send(mail)
        [path] = set(folder.glob("*.eml")) - before
        return email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=modern)

    return send


def forms(message: EmailMessage) -> list[tuple[str, str | None]]:
    """The content types of the parts, the outermost first, and how each is to be shown."""
    return [(part.get_content_type(), part.get_content_disposition()) for part in message.walk()]


def test_a_mail_is_text_and_a_page(sent: Sent) -> None:
    message = sent(PLAIN)
    assert forms(message) == [("multipart/alternative", None), ("text/plain", None), ("text/html", None)]
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"] == "<a-key@bloomhealth.us>"
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == ["Hello \u2013 李", "", "Bye"]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_an_invitation_is_the_last_form_and_a_file_besides(sent: Sent, method: str) -> None:
    message = sent(replace(PLAIN, calendar=CalendarFile(FILE, method)))
    assert forms(message) == [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/html", None),
        ("text/calendar", None),
        ("text/calendar", "attachment"),
    ]
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in parts] == [method, method]
    assert [part.get_param("charset") for part in parts] == ["utf-8", "utf-8"]
    assert parts[1].get_filename() == "appointment.ics"


def test_what_is_published_is_a_file_alone(sent: Sent) -> None:
    message = sent(replace(PLAIN, calendar=CalendarFile(FILE, "PUBLISH")))
    assert forms(message)[-1] == ("text/calendar", "attachment")
    assert len([form for form in forms(message) if form[0] == "text/calendar"]) == 1


def test_a_calendar_arrives_byte_for_byte(sent: Sent) -> None:
    message = sent(replace(PLAIN, calendar=CalendarFile(FILE, "REQUEST")))
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_payload(decode=True) for part in parts] == [FILE, FILE]


def test_a_line_break_in_a_subject_is_refused(product: LocalCloud) -> None:
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        mailer().send(replace(PLAIN, subject="Hello\r\nBcc: everybody@people.test"))


def test_without_a_server_it_is_away(product: LocalCloud) -> None:
    product.stop_part("smtp")
    try:
        with pytest.raises(MailAway):
            mailer().send(PLAIN)
    finally:
        product.start_part("smtp")


class Refusing:
    """A mail server that answers every recipient with the same reply."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.asked = 0

    async def handle_RCPT(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        self.asked += 1
        return self.reply


@pytest.fixture
def refusing(product: LocalCloud, environment: Callable[..., None]) -> Iterator[Callable[[str], Refusing]]:
    """Starts such a server in the place of ours."""
    servers: list[Controller] = []

    def start(reply: str) -> Refusing:
        handler, port = Refusing(reply), free_ports(["smtp"])["smtp"]
        server = Controller(handler, hostname="127.0.0.1", port=port)
        servers.append(server)
        server.start()
        environment(smtp_url=f"smtp://127.0.0.1:{port}")
        forget()
        return handler

    yield start
    for server in servers:
        server.stop()


def test_an_address_that_is_refused_for_good_is_told_from_one_that_is_busy(
    refusing: Callable[[str], Refusing],
) -> None:
    refusing("550 5.1.1 no such mailbox")
    with pytest.raises(AddressRefused):
        mailer().send(PLAIN)
    refusing("452 4.2.2 mailbox full")
    with pytest.raises(MailAway) as raised:
        mailer().send(PLAIN)
    assert not isinstance(raised.value, AddressRefused)
    assert PLAIN.to not in str(raised.value)


def test_an_address_that_is_refused_for_good_is_not_tried_again(refusing: Callable[[str], Refusing]) -> None:
    server, reader, name = refusing("550 5.1.1 no such mailbox"), add_person(), uuid4()
    for _ in range(3):
        send_once(name, reader.id, "a-word", lambda to: replace(PLAIN, to=to.email))
    [delivery] = rows(select(EmailDelivery))
    assert (delivery.status, delivery.sent_at, delivery.claimed_until) == (EmailStatus.FAILED, None, None)
    assert server.asked == 1


def test_an_address_that_is_busy_is_tried_again(refusing: Callable[[str], Refusing]) -> None:
    server, reader, name = refusing("452 4.2.2 mailbox full"), add_person(), uuid4()
    for _ in range(2):
        with pytest.raises(MailAway):
            send_once(name, reader.id, "a-word", lambda to: replace(PLAIN, to=to.email))
    assert server.asked == 2
