"""What comes in and goes out: strict, camelCase models, and answers that are more than a body."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import ConfigDict

from shared.contract import Schema
from shared.problems import Malformed


@dataclass(frozen=True)
class Document:
    """A file that is sent piece by piece; `filename` names nobody."""

    chunks: Iterable[bytes]
    media_type: str
    filename: str
    is_page: bool = False
    """Whether a browser shows it instead of keeping it; it then has to be harmless, or sandboxed by its headers."""


Body = TypeVar("Body", bound=Schema | Document | None)


@dataclass(frozen=True)
class SetCookie:
    """A cookie to set, httpOnly and SameSite=Lax; an empty value removes it. `max_age` is in seconds."""

    name: str
    value: str
    max_age: int


@dataclass(frozen=True)
class Answer(Generic[Body]):
    """A body with what goes around it. A route that needs only the body returns that."""

    body: Body
    cookies: tuple[SetCookie, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """What a slice may know of the request itself, when it asks for it."""

    address: str
    """The client's address as our own load balancer saw it."""
    user_agent: str
    """At most 200 characters."""
    has_origin: bool
    """Whether a page in a browser sent it."""
    wants_bearer: bool
    """Whether the client asked for a token instead of a cookie."""
    session_token: str | None
    """The token of the session, whether it came as a cookie or as a bearer token."""
    cookies: Mapping[str, str] = field(default_factory=dict)
    """As they came, by their full names (`session.cookie_name`)."""


@dataclass(frozen=True)
class RawRequest:
    """A JSON body as it came, byte for byte, for what is signed over its bytes: the slice checks, and then reads it."""

    body: bytes
    headers: Mapping[str, str]
    """By their names in lower case."""


class PushDelivery(Schema):
    """A push of Pub/Sub (https://cloud.google.com/pubsub/docs/push): it names an event of the outbox."""

    model_config = ConfigDict(extra="ignore")

    message: dict[str, Any]

    @property
    def event_id(self) -> UUID:
        """The event's id. Raises Malformed where the message names none."""
        try:
            return UUID(json.loads(base64.b64decode(self.message["data"]))["id"])
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise Malformed("The message names no event.") from None
