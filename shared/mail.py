"""Mail that leaves: a message in two forms, handed to the server that SMTP_URL names."""

import functools
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from shared.clock import now
from shared.settings import SettingsError, settings
from shared.telemetry import asking

SECONDS_TO_ANSWER = 10
_PERMANENT = 500  # replies of RFC 5321, 4.2.1, from which on it is no use to try again


@dataclass(frozen=True)
class CalendarFile:
    """Appointments that come with a mail (RFC 5545, UTF-8), and what a calendar is to do with them (RFC 5546)."""

    content: bytes
    method: str
    filename: str = "appointment.ics"

    @property
    def speaks_to_calendars(self) -> bool:
        """Whether a mail program acts on it by itself, as on an invitation; what is published is only kept or not."""
        return self.method in ("REQUEST", "CANCEL")


@dataclass(frozen=True)
class Mail:
    """One mail to one person. `key` names it for ever: the same key is the same mail."""

    to: str
    subject: str
    text: str
    html: str
    key: str
    calendar: CalendarFile | None = None


class MailAway(Exception):
    """The mail server did not take it; it may be tried again."""


class AddressRefused(MailAway):
    """The mail server takes nothing for this address, and says that it will not later either."""


class Mailer(Protocol):
    """Whatever takes a mail."""

    def send(self, mail: Mail) -> None:
        """Hand it over. Raises MailAway, AddressRefused."""


@dataclass(frozen=True)
class SmtpMailer:
    """SMTP (RFC 5321), with STARTTLS where a user is named and TLS from the start for smtps."""

    url: SplitResult

    def send(self, mail: Mail) -> None:
        """Raises MailAway, AddressRefused."""
        with asking("smtp", MailAway):
            self._send(mail)

    def _send(self, mail: Mail) -> None:
        try:
            with self._connect() as server:
                server.send_message(_compose(mail), to_addrs=[mail.to])
        except smtplib.SMTPRecipientsRefused as refused:
            for_good = all(code >= _PERMANENT for code, _ in refused.recipients.values())
            raise (AddressRefused if for_good else MailAway)("the address was refused") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailAway(type(error).__name__) from None

    @contextmanager
    def _connect(self) -> Iterator[smtplib.SMTP]:
        host = self.url.hostname or "localhost"
        context = ssl.create_default_context()
        if self.url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self.url.port or 465, timeout=SECONDS_TO_ANSWER, context=context
            )
        else:
            server = smtplib.SMTP(host, self.url.port or 25, timeout=SECONDS_TO_ANSWER)
        with server:
            if self.url.username:
                if self.url.scheme == "smtp":
                    server.starttls(context=context)
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
            yield server


def _compose(mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = settings().mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    domain = settings().mail_from.rpartition("@")[2].strip("> ")
    message["Message-ID"] = f"<{mail.key}@{domain}>"  # the same for a repeat, so that a mailbox may fold it away
    message["Date"] = formatdate(now().timestamp())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    if mail.calendar:
        _add_calendar(message, mail.calendar)
    return message


def _add_calendar(message: EmailMessage, calendar: CalendarFile) -> None:
    """As a third form of the mail, which is where Gmail and Outlook look for invitations (RFC 6047), and as a file.

    In base64, so that no server on the way breaks lines that have a length of their own.
    """
    text, method = calendar.content.decode(), {"method": calendar.method}
    if calendar.speaks_to_calendars:
        message.add_alternative(text, subtype="calendar", params=method, cte="base64")
    message.add_attachment(text, subtype="calendar", params=method, cte="base64", filename=calendar.filename)


@functools.cache
def mailer() -> Mailer:
    """The mailer that SMTP_URL's scheme names."""
    url = urlsplit(settings().smtp_url)
    if url.scheme not in {"smtp", "smtps"}:
        raise SettingsError("SMTP_URL: wants smtp:// or smtps://")
    return SmtpMailer(url)
