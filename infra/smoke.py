"""`python -m infra.smoke https://bloomhealth.us`: whether a deployment answers as it has to, seen from outside."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

from infra.routes import INTERNAL_PREFIX, ROUTES

WITHIN_SECONDS: Final = 10.0
HEALTH: Final = "/health/"


def faults(origin: str, times: int = 1) -> Iterator[str]:
    """What is not as it has to be, a sentence each. `times`: how often each deployable's health is asked."""
    for deployable in dict.fromkeys(ROUTES.values()):
        path = HEALTH + deployable.replace("_", "-")
        answers = [_answer(origin + path)[0] for _ in range(times)]
        if bad := [status for status in answers if status != 200]:
            yield f"{path}: {len(bad)} of {times} answers were no 200, the first was {bad[0]}"
    status, kind, _ = _answer(origin + "/api/conversations")
    if status != 401 or kind != "application/problem+json":
        yield f"/api/conversations without a session: {status} {kind}, not 401 with a problem"
    status, kind, _ = _answer(origin + INTERNAL_PREFIX + "outbox/sweep", post=True)
    if 0 < status < 400:
        yield f"{INTERNAL_PREFIX} is reached from outside: {status}"
    status, _, body = _answer(origin + "/api/openapi.json")
    if status != 200 or "openapi" not in _document(body):
        yield f"/api/openapi.json: {status}, no contract"


def _document(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answer(url: str, *, post: bool = False) -> tuple[int, str, bytes]:
    """Status, type and body; status 0 where nothing answers."""
    request = urllib.request.Request(url, data=b"{}" if post else None)  # noqa: S310 - the operator names the origin
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_SECONDS) as response:  # noqa: S310
            return response.status, response.headers.get_content_type(), response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read()
    except OSError:
        return 0, "", b""


def main(arguments: list[str]) -> int:
    """Print each fault; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python -m infra.smoke", description=__doc__)
    parser.add_argument("origin", help="e.g. https://bloomhealth.us")
    parser.add_argument("--times", type=int, default=1, help="how often each deployable is asked (1)")
    given = parser.parse_args(arguments)
    found = list(faults(given.origin, given.times))
    sys.stdout.writelines(f"{fault}\n" for fault in found or ["all answers are as they have to be"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
