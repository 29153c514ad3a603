"""An internal route opens for one account of ours with a valid token of our issuer, and for nothing else."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from dev.id_tokens import load_key
from dev.oidc_issuer import public_key
from shared.http import internal_caller
from tests.shared.http.rotating_issuer import RotatingIssuer


@pytest.fixture
def key(product: LocalCloud) -> RSAKey:
    """What the local issuer signs with."""
    return load_key(product.data_dir / "oidc-key.json")


@pytest.fixture
def claims(product: LocalCloud) -> dict[str, Any]:
    """Those of a good token."""
    return {
        "iss": product.settings["OIDC_ISSUER"],
        "aud": product.settings["OIDC_AUDIENCE"],
        "sub": "1",
        "email": product.settings["PUSH_SERVICE_ACCOUNT"],
        "email_verified": True,
        "iat": int(time.time()),
        "exp": int(time.time()) + 3600,
    }


def signed(claims: dict[str, Any], key: RSAKey, **header: object) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"} | header, claims, key)


def call(client: FlaskClient, token: str) -> TestResponse:
    return client.post("/api/internal/probe", headers={"Authorization": f"Bearer {token}"})


def test_the_account_of_the_route_is_let_in(client: FlaskClient, product: LocalCloud) -> None:
    settings = product.settings
    token = product.id_tokens.sign(settings["PUSH_SERVICE_ACCOUNT"], settings["OIDC_AUDIENCE"])
    assert call(client, token).status_code == 204


def test_claims_made_here_are_good_ones(client: FlaskClient, key: RSAKey, claims: dict[str, Any]) -> None:
    assert call(client, signed(claims, key)).status_code == 204


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a", "Bearer a.b.c", "é"])
def test_no_token_is_401(client: FlaskClient, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post("/api/internal/probe", headers=headers)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", "https://another.example"),
        ("aud", ["https://another.example"]),
        ("aud", ""),
        ("aud", None),
        ("iss", "https://accounts.google.com"),
        ("iss", None),
        ("exp", None),
        ("exp", "tomorrow"),
    ],
)
def test_a_claim_that_is_not_ours_is_401(
    client: FlaskClient, key: RSAKey, claims: dict[str, Any], claim: str, value: object
) -> None:
    changed = claims | {claim: value}
    if value is None:
        del changed[claim]
    assert call(client, signed(changed, key)).status_code == 401


@pytest.mark.parametrize(("claim", "seconds_from_now"), [("exp", -60), ("iat", 3600), ("nbf", 3600)])
def test_a_token_out_of_its_time_is_401(
    client: FlaskClient, key: RSAKey, claims: dict[str, Any], claim: str, seconds_from_now: int
) -> None:
    changed = claims | {claim: int(time.time()) + seconds_from_now}
    assert call(client, signed(changed, key)).status_code == 401


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("email", "scheduler@bloom-local.iam.gserviceaccount.com"),
        ("email", "PUBSUB-PUSH@bloom-local.iam.gserviceaccount.com"),
        ("email", None),
        ("email_verified", False),
        ("email_verified", "true"),
        ("email_verified", 1),
        ("email_verified", None),
    ],
)
def test_another_account_or_an_unverified_one_is_403(
    client: FlaskClient, key: RSAKey, claims: dict[str, Any], claim: str, value: object
) -> None:
    assert call(client, signed(claims | {claim: value}, key)).status_code == 403


def test_a_token_signed_by_another_key_of_the_same_name_is_401(
    client: FlaskClient, key: RSAKey, claims: dict[str, Any]
) -> None:
    forged = RSAKey.generate_key(2048, auto_kid=True)
    assert call(client, signed(claims, forged, kid=key.kid)).status_code == 401
    assert call(client, signed(claims, forged)).status_code == 401


def test_the_public_key_is_no_secret_to_sign_with(
    client: FlaskClient, product: LocalCloud, key: RSAKey, claims: dict[str, Any]
) -> None:
    published = json.dumps(public_key(product.data_dir / "oidc-key.json")).encode()
    for secret in (published, key.as_pem(private=False)):
        assert call(client, hs256(key.kid, claims, secret)).status_code == 401


def test_an_unsigned_token_is_401(client: FlaskClient, key: RSAKey, claims: dict[str, Any]) -> None:
    for algorithm in ("none", "None", "NONE"):
        parts = [{"alg": algorithm, "kid": key.kid}, claims]
        token = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        assert call(client, f"{token}.").status_code == 401


def test_a_changed_token_is_401(client: FlaskClient, key: RSAKey, claims: dict[str, Any]) -> None:
    head, _, signature = signed(claims | {"email": "somebody@example.org"}, key).split(".")
    assert call(client, f"{head}.{base64url(json.dumps(claims).encode())}.{signature}").status_code == 401


def test_a_session_opens_no_internal_route(client: FlaskClient) -> None:
    client.set_cookie("bloom-session", "a-session-token")
    headers = {"Origin": "http://localhost:3000"}
    assert client.post("/api/internal/probe", headers=headers).status_code in {401, 403}


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def hs256(key_id: str | None, claims: dict[str, Any], secret: bytes) -> str:
    signed_part = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": key_id}, claims))
    return f"{signed_part}.{base64url(hmac.digest(secret, signed_part.encode(), 'sha256'))}"


@pytest.fixture
def issuer(client: FlaskClient, environment: Callable[..., None]) -> Iterator[RotatingIssuer]:
    made = RotatingIssuer()
    environment(oidc_issuer=made.url, oidc_jwks_url=f"{made.url}/jwks.json")
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()
    internal_caller._fetch_keys.cache_clear()


def test_a_rotated_key_is_fetched_and_the_old_one_forgotten(
    client: FlaskClient, product: LocalCloud, issuer: RotatingIssuer
) -> None:
    old = issuer.token(product)
    assert call(client, old).status_code == 204
    issuer.rotate("second")
    assert call(client, issuer.token(product)).status_code == 204
    assert call(client, old).status_code == 401


def test_the_keys_are_kept_between_calls(client: FlaskClient, product: LocalCloud, issuer: RotatingIssuer) -> None:
    token = issuer.token(product)
    assert [call(client, token).status_code for _ in range(5)] == [204] * 5
    assert issuer.asked == 1


def test_an_issuer_that_is_away_is_503(client: FlaskClient, product: LocalCloud, issuer: RotatingIssuer) -> None:
    token = issuer.token(product)
    issuer.server.shutdown()
    issuer.server.server_close()
    answer = call(client, token)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
