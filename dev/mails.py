"""The mails that the sink kept, read back."""

import email
import functools
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

LINK = re.compile(r"https?://[^\s<>\"']+")
_ID = re.compile(r"\d{1,20}")


@dataclass(frozen=True)
class Mail:
    """One mail."""

    id: str
    sender: str
    recipients: list[str]
    subject: str
    date: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """The links of the text part."""
        return LINK.findall(self.text)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {**vars(self), "links": self.links}


def read_mails(folder: Path) -> list[Mail]:
    """All mails, the newest first."""
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)]


def read_mail(folder: Path, mail_id: str) -> Mail | None:
    """The mail of this id, or None."""
    path = folder / f"{mail_id}.eml"
    return _read(path) if _ID.fullmatch(mail_id) and path.exists() else None


@functools.lru_cache(maxsize=512)
def _read(path: Path) -> Mail:
    """A mail is written once and under a name of its own, so it is taken apart once."""
    message = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=modern)
    recipients = [address.strip() for address in str(message.get("X-Envelope-To", "")).split(",")]
    header = {name: str(message.get(name, "")) for name in ("From", "Subject", "Date")}
    text, html = _body(message, "plain"), _body(message, "html")
    return Mail(path.stem, header["From"], recipients, header["Subject"], header["Date"], text, html)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
