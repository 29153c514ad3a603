"""A mail leaves in two forms, and with appointments in a third that mail programs act on, byte for byte."""

import email
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default as modern

import pytest

from dev.cloud import LocalCloud
from shared.mail import CalendarFile, Mail, MailAway, mailer

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
