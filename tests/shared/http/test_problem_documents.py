"""Whatever goes wrong is told as RFC 9457 problem+json, and nothing of ours or of a person's shows in it."""

import uuid

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.shared.http.probe import BODY_LIMIT
from tests.shared.logs import logged

GOOD = {"displayName": "lamp"}


def problem(answer: TestResponse, status: int, name: str) -> dict[str, object]:
    """The document of a refusal, once what every refusal has in common is checked."""
    document: dict[str, object] = answer.get_json()
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert document["type"] == f"urn:bloom:problem:{name}"
    assert document["title"]
    assert document["status"] == status
    assert document["instance"] == answer.headers["X-Request-Id"]
    return document


@pytest.mark.parametrize("body", [b"", b"{", b'{"displayName": "a"', b"{'a': 1}", b"\xff\xfe", b'{"a": "\x01"}'])
def test_a_body_that_is_no_json_is_malformed(offline: FlaskClient, body: bytes) -> None:
    answer = offline.post("/api/things", data=body, content_type="application/json")
    assert problem(answer, 400, "malformed")["detail"] == "The body is not valid JSON."


def test_a_lone_surrogate_is_malformed(offline: FlaskClient) -> None:
    for body, place in (
        (b'{"displayName": "\\ud83d"}', "/displayName"),
        (b'{"displayName": "a", "parts": ["b", "\\udc00\\ud800"]}', "/parts/1"),
        (b'{"display\\udfff/Name": "a"}', "/display\udfff~1Name"),
    ):
        document = problem(offline.post("/api/things", data=body, content_type="application/json"), 400, "malformed")
        assert document["errors"] == [{"pointer": place, "detail": "must not contain half of a surrogate pair"}]


def test_a_body_nested_beyond_reason_is_malformed(offline: FlaskClient) -> None:
    body = b'{"parts": ' + b"[" * 250
    problem(offline.post("/api/things", data=body, content_type="application/json"), 400, "malformed")


@pytest.mark.parametrize("path", ["/api/nothing", "/", "/api/things/", "/api//things", "/robots.txt", "/api/%2e%2e"])
def test_an_unknown_path_is_not_found(offline: FlaskClient, path: str) -> None:
    problem(offline.get(path), 404, "not-found")


@pytest.mark.parametrize("wrong_id", ["7", "me", "0" * 31, "%00", "é", f"{uuid.UUID(int=7).hex}0"])
def test_a_path_whose_id_is_none_is_not_found(offline: FlaskClient, wrong_id: str) -> None:
    problem(offline.get(f"/api/things/{wrong_id}"), 404, "not-found")


def test_a_method_that_is_not_offered_is_told_which_are(offline: FlaskClient) -> None:
    answer = offline.patch("/api/things", json=GOOD)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_a_preflight_is_never_answered(offline: FlaskClient) -> None:
    answer = offline.options("/api/things", headers={"Origin": "https://evil.example"})
    problem(answer, 405, "method-not-allowed")
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_a_body_over_the_limit_is_refused_by_its_stated_length(offline: FlaskClient) -> None:
    answer = offline.post("/api/things", data=b" " * (BODY_LIMIT + 1), content_type="application/json")
    problem(answer, 413, "too-large")


def test_a_body_over_the_limit_is_refused_where_no_length_is_stated(offline: FlaskClient) -> None:
    answer = offline.post(
        "/api/things",
        content_type="application/json",
        environ_overrides={"wsgi.input": Endless(), "CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )
    problem(answer, 413, "too-large")


def test_a_body_at_the_limit_is_taken(offline: FlaskClient) -> None:
    body = b'{"displayName": "lamp"}'
    answer = offline.post("/api/things", data=body + b" " * (BODY_LIMIT - len(body)), content_type="application/json")
    assert answer.status_code == 201


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_body_of_another_type_is_refused(offline: FlaskClient, media_type: str | None) -> None:
    answer = offline.post("/api/things", data=b'{"displayName": "lamp"}', content_type=media_type)
    problem(answer, 415, "unsupported-media-type")


def test_json_may_state_its_charset(offline: FlaskClient) -> None:
    body = b'{"displayName": "lamp"}'
    assert offline.post("/api/things", data=body, content_type="application/json; charset=utf-8").status_code == 201


def test_a_problem_of_a_slice_keeps_its_name_and_detail(offline: FlaskClient) -> None:
    document = problem(offline.post("/api/things/taken"), 409, "thing-taken")
    assert document["detail"] == "Thing 7 has this name."
    assert document["title"] == "There is such a thing already"


@pytest.mark.parametrize("path", ["/api/things/broken", "/api/things/misread"])
def test_a_bug_of_ours_is_a_plain_500(offline: FlaskClient, path: str) -> None:
    answer = offline.post(path)
    document = problem(answer, 500, "problem")
    assert set(document) == {"type", "title", "status", "instance"}


def test_a_bug_is_logged_by_its_type_and_place_alone(offline: FlaskClient) -> None:
    with logged() as lines:
        answer = offline.post("/api/things/broken")
    [line] = [line for line in lines.read() if line["message"] == "unexpected-error"]
    assert line["severity"] == "ERROR"
    assert line["error"] == "RuntimeError"
    assert "break_thing" in line["frames"]
    assert line["requestId"] == answer.headers["X-Request-Id"]
    assert "alone" not in lines.text


def test_nobody_signed_in_is_told_how_to(offline: FlaskClient) -> None:
    answer = offline.get("/api/who")
    problem(answer, 401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


class Endless:
    """A body that never ends."""

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "nobody may read all of it"
        return b" " * size
