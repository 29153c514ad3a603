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
    """The newest one is refused, so that the others do not take turns in pushing each other out."""

    title = "There are too many open sockets for this account"


class UnknownEvent(Malformed):
    """No such event comes from clients."""

    title = "There is no such event"


def as_ack(problem: Problem) -> dict[str, Any]:
    """What acknowledges an event that could not be done."""
    return {"error": {"type": problem.urn(), "title": problem.title}}


async def answer(send: Send, problem: Problem, *, prefix: str = "http", **members: object) -> None:
    """Answer an HTTP request with a problem. `prefix` is `websocket.http` for a handshake that is refused."""
    fields = {
        "type": problem.urn(),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": str(uuid.uuid4()),
        **members,
    }
    headers = [(b"retry-after", str(problem.retry_after).encode())] if problem.retry_after else []
    await answer_json(send, problem.status, fields, "application/problem+json", prefix=prefix, headers=headers)


async def answer_json(
    send: Send,
    status: int,
    fields: Mapping[str, object],
    media_type: str = "application/json",
    *,
    prefix: str = "http",
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer an HTTP request with JSON."""
    sent = [(b"content-type", media_type.encode()), (b"cache-control", b"no-store"), *headers]
    await send({"type": f"{prefix}.response.start", "status": status, "headers": sent})
    await send({"type": f"{prefix}.response.body", "body": json.dumps(fields).encode()})
