"""What is seen of a relay: sockets and why they end, what clients ask, and how long a change takes to reach them."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Final

from containers.realtime.problems import Send
from shared import telemetry
from shared.clock import now
from shared.events import Event
from shared.problems import NotFound, Problem
from shared.telemetry import metrics
from shared.telemetry.traces import NOTHING

ENDS: Final = {
    "too many frames": "flooded",
    "not a packet": "malformed",
    "text only": "malformed",
    "connect again": "aged",
    "not signed in": "refused",
    "session ended": "revoked",
    "too slow": "too-slow",
    "too many sockets": "too-many",
}
"""By the reason that a client is given."""
NORMAL: Final = 1000
RELAY_ENDS: Final = 1012


def end_of(code: int, reason: str) -> str:
    """Why we closed a socket, in the words of the metric."""
    if code == RELAY_ENDS:
        return "relay-ended"
    return ENDS.get(reason) or ("left" if code == NORMAL else "malformed")


def watch(metric: metrics.Metric, read: Callable[[], float]) -> None:
    """A gauge without labels."""
    telemetry.watch(metric, lambda: {(): float(read())})


def delivering(event: Event, listeners: Callable[[], int]) -> AbstractContextManager[object]:
    """Within the block an event goes to sockets; it is timed where somebody listens, in the trace that it came from."""
    return _delivering(event, listeners) if telemetry.is_on() else NOTHING


@contextmanager
def _delivering(event: Event, listeners: Callable[[], int]) -> Iterator[None]:
    with telemetry.following(f"deliver {event.type}", event.traceparent, sockets=listeners()):
        yield
        told(event.type, event.occurred_at, listeners())


def told(event_type: str, occurred_at: datetime, listeners: int) -> None:
    """A change that was kept at a moment is on its way to so many sockets."""
    if listeners:
        telemetry.observe(metrics.DELIVERY_SECONDS, max(0.0, (now() - occurred_at).total_seconds()), event_type)
        telemetry.count(metrics.FRAMES_TOLD, by=listeners)


async def answered(event: str, answer: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """What a client's event is answered with, timed."""
    started = time.perf_counter()
    given = await answer()
    kind = str(given.get("error", {}).get("type", ""))
    outcome = "done" if not kind else "failed" if kind == Problem.urn() else "refused"
    telemetry.observe(metrics.CLIENT_EVENT_SECONDS, time.perf_counter() - started, event, outcome)
    telemetry.finish(failed=outcome == "failed")
    return given


async def answer_metrics(send: Send, accept: str) -> None:
    """GET /metrics. Raises NotFound where no numbers are kept."""
    found = telemetry.page(accept)
    if found is None:
        raise NotFound
    headers = [(b"content-type", found[1].encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": found[0]})
