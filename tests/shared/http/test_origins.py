"""A page of another origin can do nothing in its visitor's name; what is no page needs no origin."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.people import add_person

OURS = "http://localhost:3000"
NOT_OURS = [
    "https://evil.example",
    "null",
    "",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:3000.evil.example",
    "http://localhost:3000/",
    "HTTP://LOCALHOST:3000",
]


@pytest.fixture
def with_cookie(offline: FlaskClient) -> FlaskClient:
    """A browser with a session cookie, of whatever session."""
    offline.set_cookie("bloom-session", "a-session-token")
    return offline


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    """A browser with a session cookie."""
    client.set_cookie("bloom-session", add_person().token)
    return client


@pytest.mark.parametrize("origin", NOT_OURS)
def test_a_cookie_from_another_origin_is_refused(with_cookie: FlaskClient, origin: str) -> None:
    answer = with_cookie.post("/api/who", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.get_json()["type"] == "urn:bloom:problem:foreign-origin"


@pytest.mark.parametrize("origin", NOT_OURS)
def test_another_origin_is_refused_without_a_cookie_too(offline: FlaskClient, origin: str) -> None:
    assert offline.post("/api/cookie", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OURS},
        {"Origin": OURS, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_cookie_from_our_own_page_is_taken(signed_in: FlaskClient, headers: dict[str, str]) -> None:
    assert signed_in.post("/api/who", headers=headers).status_code == 200


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "none", ""])
def test_a_cookie_without_a_sign_of_its_page_is_refused(with_cookie: FlaskClient, site: str | None) -> None:
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    assert with_cookie.post("/api/who", headers=headers).status_code == 403


def test_reading_with_a_cookie_needs_no_origin(signed_in: FlaskClient) -> None:
    assert signed_in.get("/api/who", headers={"Origin": "https://evil.example"}).status_code == 200


def test_without_cookie_and_origin_it_is_no_page(offline: FlaskClient) -> None:
    assert offline.post("/api/cookie").status_code == 204


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "app://bloom", None])
def test_a_bearer_token_is_exempt_since_no_page_can_add_it(client: FlaskClient, origin: str | None) -> None:
    headers = add_person().bearer | ({"Origin": origin} if origin else {})
    assert client.post("/api/who", headers=headers).status_code == 200


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", "Basic abc", "Bearerabc"])
def test_no_bearer_token_is_no_exemption(with_cookie: FlaskClient, authorization: str) -> None:
    headers = {"Origin": "https://evil.example", "Authorization": authorization}
    assert with_cookie.post("/api/who", headers=headers).status_code == 403


def test_the_cookie_never_stands_in_for_a_wrong_bearer_token(signed_in: FlaskClient) -> None:
    headers = {"Origin": "https://evil.example", "Authorization": "Bearer wrong"}
    assert signed_in.post("/api/who", headers=headers).status_code == 401


def test_over_tls_the_session_is_in_a_host_cookie(client: FlaskClient, environment: Callable[..., None]) -> None:
    environment(base_url="https://bloomhealth.us")
    token = add_person().token
    client.set_cookie("bloom-session", token)
    assert client.get("/api/who").status_code == 401
    client.set_cookie("__Host-bloom-session", token)
    assert client.get("/api/who").status_code == 200
    assert client.post("/api/who", headers={"Origin": "https://bloomhealth.us"}).status_code == 200
    assert client.post("/api/who", headers={"Origin": OURS}).status_code == 403
