"""What the local Zoom can be made to do: be slow, refuse, limit, lose its answers; and what it was asked."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from dev.sign_in_pages import Asked, Reply

LONGEST_HOLD_SECONDS: Final = 60.0


def said(status: str, body: object = None, **headers: str) -> Reply:
    """JSON, or nothing."""
    text = "" if body is None else json.dumps(body)
    return Reply(status, text, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def fault(status: str, code: int, message: str, **headers: str) -> Reply:
    """An error as Zoom's API tells it (https://developers.zoom.us/docs/api/errors/)."""
    return said(status, {"code": code, "message": message}, **headers)


@dataclass
class Trouble:
    """What becomes of requests whose `METHOD /path` matches, for so many times."""

    matching: str
    times: int = 1_000_000
    status: str = ""
    """Answered instead, with `code`, `message` and `headers`; empty: the answer is what it would be."""
    code: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False
    """Whether the request is carried out all the same: only its answer is lost."""
    held: bool = False
    """Whether it is answered only when the trouble is over."""


class Troubles:
    """Those that are on, and every request since somebody looked."""

    def __init__(self) -> None:
        """None at first."""
        self._lock = threading.Lock()
        self._troubles: list[Trouble] = []
        self._over = threading.Event()
        self._seen: list[dict[str, Any]] = []
        self._limit: tuple[int, float] | None = None
        self._recent: deque[float] = deque()

    def meet(self, asked: Asked, answer: Callable[[Asked], Reply]) -> Reply:
        """Answer a request of the API, or not."""
        with self._lock:
            self._seen.append({"method": asked.method, "path": asked.path, "body": asked.body, "query": asked.query})
            trouble, over = self._matching(asked), self._over
            limited = self._limited()
        if limited is not None:
            return limited
        if trouble is None:
            return answer(asked)
        reply = answer(asked) if trouble.done or not trouble.status else None
        if trouble.held:
            over.wait(LONGEST_HOLD_SECONDS)
        if not trouble.status:
            assert reply is not None
            return reply
        return Reply(
            trouble.status,
            json.dumps({"code": trouble.code, "message": trouble.message}),
            headers=tuple(trouble.headers.items()),
        )

    def begin(self, trouble: Trouble) -> None:
        """From now on."""
        with self._lock:
            self._troubles.append(trouble)

    def end(self) -> None:
        """All of them, and what they held goes out."""
        with self._lock:
            self._troubles.clear()
            self._limit = None
            self._recent.clear()
            self._over.set()
            self._over = threading.Event()

    def limit(self, requests: int, seconds: float) -> None:
        """Let through so many requests in so many seconds."""
        with self._lock:
            self._limit = (requests, seconds)

    def seen(self, *, forget: bool) -> list[dict[str, Any]]:
        """The requests, the oldest first."""
        with self._lock:
            found = list(self._seen)
            if forget:
                self._seen.clear()
        return found

    def _matching(self, asked: Asked) -> Trouble | None:
        for trouble in self._troubles:
            if trouble.times > 0 and re.fullmatch(trouble.matching, f"{asked.method} {asked.path}"):
                trouble.times -= 1
                return trouble
        return None

    def _limited(self) -> Reply | None:
        """https://developers.zoom.us/docs/api/rate-limits/"""
        if self._limit is None:
            return None
        requests, seconds = self._limit
        while self._recent and self._recent[0] <= time.time() - seconds:
            self._recent.popleft()
        if len(self._recent) < requests:
            self._recent.append(time.time())
            return None
        again = datetime.fromtimestamp(self._recent[0] + seconds + 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return fault(
            "429 Too Many Requests",
            429,
            "You have reached the maximum per-second rate limit for this API. Try again later.",
            **{
                "X-RateLimit-Category": "Medium",
                "X-RateLimit-Type": "QPS",
                "X-RateLimit-Limit": str(requests),
                "X-RateLimit-Remaining": "0",
                "Retry-After": again,
            },
        )
