"""The one question that Grafana's HTTP API is asked: whether there is a dashboard, and at which path its page is.

https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/#get-dashboard-by-uid
"""

import functools
import time
from typing import TYPE_CHECKING, Final

from pydantic import Field, ValidationError

from shared.contract import Schema
from shared.redis import Breaker
from shared.settings import settings
from shared.telemetry import log

if TYPE_CHECKING:
    import httpx

FAILURES_BEFORE_OPEN: Final = 5
SECONDS_OPEN: Final = 5.0
LARGEST_ANSWER: Final = 2 * 1024 * 1024
FOUND: Final = 200
MISSING: Final = 404
REFUSED: Final = (401, 403)


class GrafanaAway(Exception):
    """Grafana did not answer in time, cannot right now, or does not take our service account."""


class DashboardMissing(Exception):
    """Grafana answered, and has no such dashboard."""


class _Meta(Schema, extra="ignore"):
    url: str = Field(pattern=r"^(/[A-Za-z0-9._~%-]+)+/?$")


class _Dashboard(Schema, extra="ignore"):
    meta: _Meta


_breaker: Final = Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)


def path_of(uid: str) -> str:
    """The path of a dashboard's page. Raises GrafanaAway, DashboardMissing."""
    if _breaker.is_open():
        raise GrafanaAway("it just did not answer")
    try:
        found = _path_of(uid)
    except GrafanaAway:
        _breaker.failed()
        raise
    except DashboardMissing:
        _breaker.succeeded()
        raise
    _breaker.succeeded()
    return found


def forget() -> None:
    """Close the connections, and forget that nobody answered."""
    _breaker.succeeded()
    if _client.cache_info().currsize:
        _client().close()
        _client.cache_clear()


def _path_of(uid: str) -> str:
    status, body = _ask(f"/api/dashboards/uid/{uid}")
    if status == MISSING:
        raise DashboardMissing
    if status in REFUSED:
        log("grafana-refuses-us", severity="ERROR", status=status)
    if status != FOUND:
        raise GrafanaAway(f"status {status}")
    try:
        return _Dashboard.model_validate_json(body).meta.url
    except ValidationError:
        raise GrafanaAway("not an answer of Grafana's") from None


def _ask(path: str) -> tuple[int, bytes]:
    """Status and body, within the time that one request may take. Raises GrafanaAway."""
    import httpx

    chosen = settings()
    seconds = chosen.grafana_timeout_ms / 1000
    ends_at = time.monotonic() + seconds
    headers = {"Accept": "application/json", "Authorization": f"Bearer {chosen.grafana_service_token}"}
    timeout = httpx.Timeout(seconds * 3 / 4, connect=seconds / 4)
    try:
        with _client().stream("GET", chosen.grafana_url + path, headers=headers, timeout=timeout) as answer:
            return answer.status_code, _read(answer, ends_at)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise GrafanaAway(type(error).__name__) from None


def _read(answer: "httpx.Response", ends_at: float) -> bytes:
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if time.monotonic() > ends_at or len(content) > LARGEST_ANSWER:
            raise GrafanaAway("no end")
    return bytes(content)


@functools.cache
def _client() -> "httpx.Client":
    import httpx

    # No connection is kept: it is asked seldom, and one that slept with the instance would be lost at its next use.
    return httpx.Client(follow_redirects=False, limits=httpx.Limits(max_keepalive_connections=0))
