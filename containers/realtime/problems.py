"""What a socket's client can be told went wrong, and the same over plain HTTP (RFC 9457)."""

import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from shared.problems import Forbidden, Malformed, Problem, TooManyRequests

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class ForeignOrigin(Forbidden):
    """A cookie came along on a socket that no page of ours opened."""

    title = "This socket was not opened by our own pages"


class WebSocketOnly(Malformed):
    """Long-polling cannot hold on several instances."""

    title = "Connect with the WebSocket transport: long-polling is not offered"


class TooManySockets(TooManyRequests):
    """The oldest gives way, is told why, and does not come back by itself: no two push each other out in turns."""

    title = "This account was opened in too many places; this is the one that was opened first"


class UnknownEvent(Malformed):
    """No such event comes from clients."""

    title = "There is no such event"


def as_ack(problem: Problem) -> dict[str, Any]:
    """What acknowledges an event that could not be done."""
    return {"error": {"type": problem.urn(), "title": problem.title}}


async def answer(send: Send, problem: Problem, **members: object) -> None:
    """Answer an HTTP request with a problem."""
    fields = {
        "type": problem.urn(),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": str(uuid.uuid4()),
        **members,
    }
    headers = [(b"retry-after", str(problem.retry_after).encode())] if problem.retry_after else []
    await answer_json(send, problem.status, fields, "application/problem+json", headers=headers)


async def answer_json(
    send: Send,
    status: int,
    fields: Mapping[str, object],
    media_type: str = "application/json",
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer an HTTP request with JSON."""
    sent = [(b"content-type", media_type.encode()), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": json.dumps(fields).encode()})
