"""Mail that leaves: a message in two forms, handed to the server that SMTP_URL names."""

import functools
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from shared.clock import now
from shared.settings import SettingsError, settings

SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class Mail:
    """One mail to one person. `key` names it for ever: the same key is the same mail."""

    to: str
    subject: str
    text: str
    html: str
    key: str


class MailAway(Exception):
    """The mail server did not take it; it may be tried again."""


class Mailer(Protocol):
    """Whatever takes a mail."""

    def send(self, mail: Mail) -> None:
        """Hand it over. Raises MailAway."""


@dataclass(frozen=True)
class SmtpMailer:
    """SMTP (RFC 5321), with STARTTLS where a user is named and TLS from the start for smtps."""

    url: SplitResult

    def send(self, mail: Mail) -> None:
        """Raises MailAway."""
        try:
            with self._connect() as server:
                server.send_message(_compose(mail), to_addrs=[mail.to])
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
    message = EmailMessage()
    message["From"] = settings().mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    domain = settings().mail_from.rpartition("@")[2].strip("> ")
    message["Message-ID"] = f"<{mail.key}@{domain}>"  # the same for a repeat, so that a mailbox may fold it away
    message["Date"] = formatdate(now().timestamp())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


@functools.cache
def mailer() -> Mailer:
    """The mailer that SMTP_URL's scheme names."""
    url = urlsplit(settings().smtp_url)
    if url.scheme not in {"smtp", "smtps"}:
        raise SettingsError("SMTP_URL: wants smtp:// or smtps://")
    return SmtpMailer(url)
