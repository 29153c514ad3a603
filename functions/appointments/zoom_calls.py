"""One request to Zoom: within a budget of time, behind a breaker, and never repeated by itself."""

import functools
import json as json_format
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from shared.redis import Breaker, open_breakers
from shared.telemetry import asking, skipped

FAILURES_BEFORE_OPEN: Final = 5
SECONDS_OPEN: Final = 5.0
LEAST_SECONDS: Final = 0.05
LONGEST_TO_CONNECT: Final = 0.5
LARGEST_ANSWER: Final = 1024 * 1024


class ZoomAway(Exception):
    """Zoom did not answer in time, cannot right now, or asked us to wait: try again later."""


class MeetingRuns(ZoomAway):
    """The meeting is being held, and can be removed when it is over."""


class ZoomRefused(Exception):
    """Zoom answered and will not do it; the same request would be refused again."""

    def __init__(self, status: int, code: int, message: str = "") -> None:
        """`code` is Zoom's own; `message` may quote what was sent and is for comparing, never for a log."""
        super().__init__(f"{status}, code {code}")
        self.status, self.code, self.message = status, code, message


class Budget:
    """The time that one piece of work may spend with Zoom, all its requests together."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """It begins now."""
        self._clock = clock
        self._ends_at = clock() + seconds

    def left(self) -> float:
        """Seconds that are left. Raises ZoomAway where nothing can be done in them."""
        seconds = self._seconds()
        if seconds < LEAST_SECONDS:
            raise ZoomAway("no time left")
        return seconds

    def is_left(self) -> bool:
        """Whether anything can be done in what is left."""
        return self._seconds() >= LEAST_SECONDS

    def _seconds(self) -> float:
        return self._ends_at - self._clock()


@dataclass(frozen=True)
class Answer:
    """What Zoom said."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]
    """Empty where there was none."""

    @property
    def code(self) -> int:
        """Zoom's own code for what is wrong; 0 where it gave none."""
        code = self.body.get("code")
        return code if isinstance(code, int) else 0

    @property
    def message(self) -> str:
        """What Zoom says is wrong."""
        return str(self.body.get("message", ""))


_breaker = Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)
open_breakers["zoom",] = lambda: float(_breaker.stands_open)


@functools.cache
def _client() -> httpx.Client:
    return httpx.Client(follow_redirects=False)


def ask(
    method: str,
    url: str,
    budget: Budget,
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
    json: object = None,
) -> Answer:
    """Send a request once and read the answer, whatever its status below 500 is. Raises ZoomAway."""
    seconds = budget.left()
    if _breaker.is_open():
        skipped("zoom")
        raise ZoomAway("it just did not answer")
    request = {"headers": dict(headers), "params": query, "json": json, "timeout": _timeout(seconds)}
    with asking("zoom", ZoomAway):
        return _asked(method, url, budget, request)


def _asked(method: str, url: str, budget: Budget, request: dict[str, Any]) -> Answer:
    try:
        with _client().stream(method, url, **request) as response:
            answer = Answer(response.status_code, response.headers, _body_of(response, budget))
        if answer.status >= 500:
            raise ZoomAway(f"status {answer.status}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        _breaker.failed()
        raise ZoomAway(type(error).__name__) from None
    except ZoomAway:
        _breaker.failed()
        raise
    _breaker.succeeded()
    return answer


def _timeout(seconds: float) -> httpx.Timeout:
    """Connecting and waiting take the budget together."""
    connect = min(LONGEST_TO_CONNECT, seconds / 4)
    return httpx.Timeout(seconds - connect, connect=connect, pool=connect)


def _body_of(response: httpx.Response, budget: Budget) -> dict[str, Any]:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        budget.left()  # an answer that trickles in ends with the budget, too
        if len(content) > LARGEST_ANSWER:
            raise ValueError("larger than any answer of Zoom's")
    if not content:
        return {}
    body = json_format.loads(content)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body
