"""The client's address is what our own proxy wrote, however many entries a client forges before it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

PEER = "127.0.0.1"


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, None, PEER),
        (0, "6.6.6.6", PEER),
        (0, "6.6.6.6, 203.0.113.7", PEER),
        (1, None, PEER),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6,6.6.6.6 ,  203.0.113.7", "203.0.113.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, " , ", PEER),
        (2, "203.0.113.7", PEER),
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
    ],
)
def test_only_what_our_proxies_appended_counts(
    offline: FlaskClient, environment: Callable[..., None], hops: int, forwarded: str | None, address: str
) -> None:
    environment(trusted_proxy_hops=str(hops))
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert offline.get("/api/visit", headers=headers).get_json()["address"] == address


def test_a_second_header_is_read_as_the_end_of_the_first(offline: FlaskClient) -> None:
    headers = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.7")]
    assert offline.get("/api/visit", headers=headers).get_json()["address"] == "203.0.113.7"


def test_a_forged_address_escapes_no_limit(client: FlaskClient) -> None:
    statuses = [
        client.get("/api/few", headers={"X-Forwarded-For": f"6.6.6.{number}, 203.0.113.7"}).status_code
        for number in range(5)
    ]
    assert statuses == [204, 204, 204, 429, 429]


def test_a_slice_sees_the_facts_of_the_request_and_no_more_than_200_characters(offline: FlaskClient) -> None:
    headers = {"User-Agent": "x" * 500, "Origin": "https://evil.example", "X-Session-Transport": "bearer"}
    assert offline.get("/api/visit", headers=headers).get_json() == {
        "address": PEER,
        "userAgent": "x" * 200,
        "hasOrigin": True,
        "wantsBearer": True,
        "signedIn": False,
    }
