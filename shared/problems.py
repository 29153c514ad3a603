"""What a caller can be told went wrong: one exception tree, with statuses and stable names (RFC 9457)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class FieldFault:
    """One field at fault: a JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter."""

    pointer: str
    detail: str


@dataclass(frozen=True)
class Denial:
    """What the audit trail keeps of a refusal: ids and names of actions only."""

    action: str
    subject_id: UUID | None = None
    resource_id: UUID | None = None


class Problem(Exception):
    """Anything a caller may be told. A slice subclasses it where it raises: `class SlotTaken(Conflict)`."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldFault] = (),
        retry_after: int | None = None,
        denial: Denial | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        """`detail` is shown to the caller: no names, message text, tokens. `retry_after` is in seconds. `members` are
        fields of the kind of problem's own (RFC 9457, section 3.2), ids and codes, in camelCase.
        """
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.denial = denial
        self.members = dict(members or {})

    @classmethod
    def urn(cls) -> str:
        """The stable name of this kind of problem, e.g. `urn:bloom:problem:slot-taken`."""
        return "urn:bloom:problem:" + re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class Malformed(Problem):
    """400: the request cannot be read."""

    status = 400
    title = "The request could not be read"


class NotSignedIn(Problem):
    """401: no session, or one that has ended."""

    status = 401
    title = "Please sign in"


class Forbidden(Problem):
    """403: the caller may know that it exists, but may not do this."""

    status = 403
    title = "This is not yours to do"


class NotFound(Problem):
    """404: not there, or nothing the caller may know of."""

    status = 404
    title = "There is nothing here"


class MethodNotAllowed(Problem):
    """405: the path exists, not with this method."""

    status = 405
    title = "This method is not offered here"


class Conflict(Problem):
    """409: it contradicts what is there."""

    status = 409
    title = "This conflicts with what is already there"


class Gone(Problem):
    """410: it was there and is no longer usable."""

    status = 410
    title = "This is no longer valid"


class TooLarge(Problem):
    """413: the body is over the limit."""

    status = 413
    title = "The request is too large"


class UnsupportedMediaType(Problem):
    """415: the body is not JSON."""

    status = 415
    title = "The body must be JSON"


class Unprocessable(Problem):
    """422: well-formed, but not acceptable; `errors` names the fields."""

    status = 422
    title = "Some of this cannot be accepted"


class TooManyRequests(Problem):
    """429: over a limit; `retry_after` seconds until the next is let through."""

    status = 429
    title = "Too many requests; please wait a moment"


class Unavailable(Problem):
    """503: a part is away for now; nothing was half done."""

    status = 503
    title = "We cannot do this right now; please try again"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        """`retry_after` is in seconds."""
        super().__init__(detail, retry_after=retry_after)
