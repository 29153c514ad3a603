"""What a caller can be told went wrong, as RFC 9457 problem details; never a word of the text that was sent."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.responses import JSONResponse

FieldFault = tuple[str, str]
"""A JSON Pointer (RFC 6901) into the body, and what is wrong there."""


def as_json(faults: Sequence[FieldFault]) -> list[dict[str, str]]:
    """The faults as an answer's `errors`."""
    return [{"pointer": pointer, "detail": detail} for pointer, detail in faults]


class Problem(Exception):
    """Anything a caller may be told; subclasses say which."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str = "", errors: Sequence[FieldFault] = (), retry_after: int | None = None) -> None:
        """`retry_after` is in seconds."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after

    def response(self, request_id: str) -> JSONResponse:
        """The problem as an answer."""
        body: dict[str, object] = {
            "type": "urn:bloom:problem:" + re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower(),
            "title": self.title,
            "status": self.status,
            "instance": request_id,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = as_json(self.errors)
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse(body, self.status, headers | dict(self.headers), "application/problem+json")


class Malformed(Problem):
    """400: the body is no JSON, or a header cannot be read."""

    status = 400
    title = "The request could not be read"


class NotIdentified(Problem):
    """401: callers have to say who they are, and this one has no valid ID token for us."""

    status = 401
    title = "Send an ID token for this service"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class CallerRefused(Problem):
    """403: the ID token is valid, and another account's than those that may ask."""

    status = 403
    title = "This account may not ask"


class NotFound(Problem):
    """404: no such route."""

    status = 404
    title = "There is nothing here"


class MethodNotAllowed(Problem):
    """405: the route exists, for another method."""

    status = 405
    title = "This route has no such method"


class TooLarge(Problem):
    """413: body, text or batch over its limit."""

    status = 413
    title = "The request is too large"


class UnsupportedMediaType(Problem):
    """415: the body is not declared as JSON."""

    status = 415
    title = "Send application/json"


class Unacceptable(Problem):
    """422: well-formed JSON that is not what the route takes."""

    status = 422
    title = "The request was understood but cannot be accepted"


class QueueFull(Problem):
    """429: more texts wait than may."""

    status = 429
    title = "Too many texts are waiting"


class DeadlineOutOfReach(Problem):
    """429: by what runs took lately, all that waits before this cannot be done by the caller's X-Deadline-Ms."""

    status = 429
    title = "Too much is waiting to answer within the caller's deadline"


class IdentityKeysAway(Problem):
    """503: the keys to verify ID tokens with cannot be had; nobody is let in unverified."""

    status = 503
    title = "Callers cannot be identified at the moment"


class NotReady(Problem):
    """503: the model is not loaded yet, or the container is stopping."""

    status = 503
    title = "Not ready to classify"


class DeadlinePassed(Problem):
    """504: the caller's own X-Deadline-Ms ran out first."""

    status = 504
    title = "Not answered within the caller's deadline"


class CallerGone(Problem):
    """499: the caller hung up; nobody reads this answer."""

    status = 499
    title = "The caller hung up"


class PredictionFailed(Problem):
    """500: the network raised an error for each text of the request; in a batch, others would be answered."""

    title = "The text could not be classified"
