"""The local Zoom as tests use it: what it was asked, what it holds, and what it is made to do."""

import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import httpx

API: Final = "/v2/"
CREATE, REGISTER = r"POST /v2/users/[^/]+/meetings", r"POST /v2/meetings/\d+/registrants"
CHANGE, DELETE, SHOW = r"PATCH /v2/meetings/\d+", r"DELETE /v2/meetings/\d+", r"GET /v2/meetings/\d+"
LIST, USER, TOKEN = r"GET /v2/users/[^/]+/meetings", r"GET /v2/users/[^/]+", r"POST /oauth/token"
ANYTHING: Final = ".*"


class LocalZoom:
    """A running double, by its control route and by its pages."""

    def __init__(self, url: str) -> None:
        self.url = url

    def add_user(self, email: str, **more: Any) -> str:
        """Somebody in our Zoom account; their id."""
        return str(self._control("POST", "users", email=email, **more)["id"])

    def remove_user(self, user_id: str) -> None:
        """Somebody leaves our Zoom account."""
        self._control("DELETE", "users", id=user_id)

    def meetings(self) -> list[dict[str, Any]]:
        """Every meeting, whole."""
        found: list[dict[str, Any]] = self._control("GET", "meetings")
        return found

    def change_meeting(self, meeting_id: object, **columns: Any) -> None:
        """What its host does in Zoom itself; without columns it is deleted there."""
        self._control("POST", "meetings", meeting_id=int(str(meeting_id)), **columns)

    def asked(self, matching: str = ANYTHING) -> list[str]:
        """Method and path of the requests that match, the oldest first."""
        seen = (f"{request['method']} {request['path']}" for request in self._control("GET", "requests"))
        return [request for request in seen if re.fullmatch(matching, request)]

    def forget_requests(self) -> None:
        """Only what is asked from now on counts."""
        self._control("DELETE", "requests")

    def bodies(self) -> str:
        """Everything that was sent to it."""
        return "\n".join(f"{request['path']} {request['body']}" for request in self._control("GET", "requests"))

    def trouble(self, matching: str, **what: Any) -> None:
        """What becomes of requests from now on: see `dev.zoom_troubles.Trouble`."""
        self._control("POST", "trouble", matching=matching, **what)

    def calm(self) -> None:
        """No trouble any more; what was held is answered."""
        self._control("DELETE", "trouble")

    def limit(self, requests: int, seconds: float) -> None:
        """Zoom lets through so many requests in so many seconds."""
        self._control("POST", "limit", requests=requests, seconds=seconds)

    def revoke_tokens(self) -> None:
        """No access token that was given works any more."""
        self._control("DELETE", "tokens")

    def forget(self) -> None:
        """It is as it was at first."""
        self._control("DELETE", "everything")

    def _control(self, method: str, what: str, **given: Any) -> Any:
        answer = httpx.request(method, f"{self.url}/_double/{what}", json=given, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None


def forget_zoom() -> None:
    """Drop what this process remembers of Zoom, in every copy of the function that is loaded."""
    for module in _loaded("zoom"):
        module._rest_zoom.cache_clear()
    for module in _loaded("zoom_calls"):
        module._breaker.succeeded()
    for module in _loaded("zoom_pauses"):
        module._known.clear()


def _loaded(name: str) -> Iterator[ModuleType]:
    for package in ("main", "functions.appointments"):
        if f"{package}.{name}" in sys.modules:
            yield sys.modules[f"{package}.{name}"]
