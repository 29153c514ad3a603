"""In the cloud a function says who asks: a token is fetched once and kept, and its being away keeps nobody waiting."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import OctKey

from shared import inference
from shared.inference import InferenceAway, predict
from tests.functions.messages.inference_stand_in import InferenceStandIn, running

AUDIENCE = "https://inference.example.org"


class TokenEndpoint:
    """Google's, where a service account's own assertion becomes an ID token for an audience."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.lifetime = 3600
        endpoint = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.asked += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                body = json.dumps({"id_token": endpoint.token()}).encode()
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Page)

    def token(self) -> str:
        claims = {"aud": AUDIENCE, "iat": int(time.time()), "exp": int(time.time()) + self.lifetime, "n": self.asked}
        return jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256))


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenEndpoint]:
    """Answers for the account that this process is now."""
    made = TokenEndpoint()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "client_email": "messages@bloom-local.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"http://127.0.0.1:{made.server.server_port}/token",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def stand_in(endpoint: TokenEndpoint, environment: Callable[..., None]) -> Iterator[InferenceStandIn]:
    with running() as made:
        environment(inference_url=made.url, inference_audience=AUDIENCE, inference_timeout_ms="500")
        inference.forget()
        yield made
    inference.forget()


def test_a_token_is_fetched_once_and_sent_with_each_question(
    stand_in: InferenceStandIn, endpoint: TokenEndpoint
) -> None:
    for _ in range(5):
        predict("hm")
    assert endpoint.asked == 1
    assert inference._identity()["Authorization"].startswith("Bearer ey")


def test_a_token_that_ends_within_minutes_is_fetched_anew(stand_in: InferenceStandIn, endpoint: TokenEndpoint) -> None:
    endpoint.lifetime = 120
    predict("hm")
    asked = endpoint.asked
    endpoint.lifetime = 3600
    for _ in range(3):
        predict("hm")
    assert endpoint.asked == asked + 1


def test_where_no_token_can_be_had_nobody_waits_and_the_way_is_soon_left_alone(
    stand_in: InferenceStandIn, endpoint: TokenEndpoint
) -> None:
    endpoint.status = 503
    began = time.perf_counter()
    for _ in range(inference.FAILURES_BEFORE_OPEN + 3):
        with pytest.raises(InferenceAway):
            predict("hm")
    assert time.perf_counter() - began < 1
    assert endpoint.asked == inference.FAILURES_BEFORE_OPEN
    assert stand_in.texts == []
