"""What every answer carries, whatever it says."""

import uuid
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.shared.logs import logged

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("path", ["/health", "/api/things", "/api/who", "/api/nothing", "/openapi.json"])
def test_every_answer_has_an_id_and_is_neither_stored_nor_sniffed(offline: FlaskClient, path: str) -> None:
    answer = offline.get(path)
    assert uuid.UUID(answer.headers["X-Request-Id"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_id_is_ours_and_new_for_each_request(offline: FlaskClient) -> None:
    forged = {"X-Request-Id": "00000000-0000-4000-8000-000000000000"}
    ids = {offline.get("/health", headers=forged).headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3
    assert forged["X-Request-Id"] not in ids


def test_a_header_that_a_slice_sets_replaces_the_usual_one(offline: FlaskClient) -> None:
    assert offline.post("/api/cookie").headers.getlist("Cache-Control") == ["max-age=5"]


def test_a_cookie_is_for_our_server_alone(offline: FlaskClient) -> None:
    cookie = offline.post("/api/cookie").headers["Set-Cookie"]
    assert cookie == "probe=value; " + cookie.partition("; ")[2]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=60"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_over_tls_a_cookie_is_secure(offline: FlaskClient, environment: Callable[..., None]) -> None:
    environment(base_url="https://bloomhealth.us")
    assert "Secure" in offline.post("/api/cookie").headers["Set-Cookie"].split("; ")


def test_one_line_is_logged_a_request_by_its_route(offline: FlaskClient) -> None:
    path = f"/api/things/{uuid.uuid4()}"
    with logged() as lines:
        answer = offline.get(path, headers={"Traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    [line] = lines.read()
    assert line["message"] == "request"
    assert line["route"] == "GET /api/things/{id}"
    assert line["method"] == "GET"
    assert line["status"] == 200
    assert line["milliseconds"] >= 0
    assert line["requestId"] == answer.headers["X-Request-Id"]
    assert line["logging.googleapis.com/trace"] == f"projects/bloom-local/traces/{TRACE}"


def test_health_is_not_logged_and_an_unknown_path_not_repeated(offline: FlaskClient) -> None:
    with logged() as lines:
        offline.get("/health")
        offline.get("/api/somebody@example.org")
    [line] = lines.read()
    assert line["route"] == "unknown"
    assert "example.org" not in lines.text
