"""In the cloud only named service accounts may ask, by an ID token that the issuer signed for this service."""

import asyncio
import base64
import datetime
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from containers.inference.caller_identity import CallerIdentity
from containers.inference.classifier import Classifier
from containers.inference.problems import CallerRefused, IdentityKeysAway, NotIdentified
from containers.inference.settings import Settings

from .conftest import HeldEngine, serving, until

MESSAGES, FEEDBACK = (f"{name}@bloom-local.iam.gserviceaccount.com" for name in ("messages", "feedback"))
ISSUER, AUDIENCE = "https://accounts.google.com", "https://inference.example.org"


class Issuer:
    """Publishes certificates by key id as Google does, counts how often, and signs with the keys."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.door = threading.Event()
        self.door.set()
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.published: dict[str, str] = {}
        self.rotate("first")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._page())
        self.url = f"http://127.0.0.1:{self.server.server_port}/certs"

    def rotate(self, key_id: str) -> None:
        """From now on this key alone is published."""
        self.keys[key_id] = rsa.generate_private_key(65537, 2048)
        self.published = {key_id: certificate(self.keys[key_id])}

    def token(self, key_id: str = "first", header: dict[str, object] | None = None, **claims: object) -> str:
        """A good token but for what the test says; a claim of None is left out."""
        good = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "1",
            "email": MESSAGES,
            "email_verified": True,
            "iat": int(time.time()),
            "exp": int(time.time()) + 3600,
        }
        said = {name: value for name, value in (good | claims).items() if value is not None}
        pem = self.keys[key_id].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return jwt.encode({"alg": "RS256", "kid": key_id, "typ": "JWT"} | (header or {}), said, RSAKey.import_key(pem))

    def _page(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                assert issuer.door.wait(30)
                body = json.dumps(issuer.published).encode()
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Page


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=7))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield issuer
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    """As in the beginning, but for its keys' values."""
    running.asked, running.status = 0, 200
    running.published = {"first": certificate(running.keys["first"])}
    return running


class Clock:
    """Tells the seconds that a test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(issuer: Issuer) -> Settings:
    callers = f"{MESSAGES}, {FEEDBACK}"
    return replace(
        Settings(),
        inference_callers=callers,
        inference_audience=AUDIENCE,
        inference_certs_url=issuer.url,
        batch_tokens=128,
    )


@pytest.fixture
def identity(settings: Settings, clock: Clock) -> CallerIdentity:
    return CallerIdentity(settings, clock)


async def test_the_named_accounts_are_let_in_and_the_keys_are_fetched_once(
    identity: CallerIdentity, issuer: Issuer
) -> None:
    await identity.require(f"Bearer {issuer.token()}")
    await identity.require(f"bearer {issuer.token(email=FEEDBACK)}")
    assert issuer.asked == 1


async def test_where_no_accounts_are_named_nobody_is_asked() -> None:
    await CallerIdentity(Settings()).require("")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a", "Bearer a.b.c", "é", "."])
async def test_no_token_is_refused_without_asking_for_keys(
    identity: CallerIdentity, issuer: Issuer, authorization: str
) -> None:
    with pytest.raises(NotIdentified):
        await identity.require(authorization)
    assert issuer.asked == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://another.example.org"},
        {"aud": [AUDIENCE]},
        {"aud": ""},
        {"aud": None},
        {"iss": "https://accounts.example.org"},
        {"iss": "accounts.google.com.example.org"},
        {"iss": None},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"exp": None},
        {"iat": int(time.time()) + 7200},
        {"iat": None},
    ],
)
async def test_a_token_with_a_claim_that_is_not_right_is_not_valid(
    identity: CallerIdentity, issuer: Issuer, claims: dict[str, Any]
) -> None:
    with pytest.raises(NotIdentified):
        await identity.require(f"Bearer {issuer.token(**claims)}")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "realtime@bloom-local.iam.gserviceaccount.com"},
        {"email": MESSAGES.upper()},
        {"email": f"{MESSAGES}, {FEEDBACK}"},
        {"email": [MESSAGES]},
        {"email": ""},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email_verified": None},
    ],
)
async def test_another_account_or_an_unverified_one_is_refused(
    identity: CallerIdentity, issuer: Issuer, claims: dict[str, Any]
) -> None:
    with pytest.raises(CallerRefused):
        await identity.require(f"Bearer {issuer.token(**claims)}")


async def test_a_token_that_somebody_else_signed_or_changed_is_not_valid(
    identity: CallerIdentity, issuer: Issuer
) -> None:
    forger = Issuer()
    forger.server.server_close()
    head, _, signature = issuer.token(email="somebody@example.org").split(".")
    claims = issuer.token().split(".")[1]
    public = issuer.published["first"].encode()
    for forged in (
        forger.token(),
        forger.token(header={"kid": "another"}),
        f"{head}.{claims}.{signature}",
        f"{encoded({'alg': 'none', 'kid': 'first'})}.{claims}.",
        f"{encoded({'alg': 'none'})}.{claims}.",
        by_secret({"alg": "HS256", "kid": "first"}, claims, public),
        by_secret({"alg": "ES256", "kid": "first"}, claims, public),
        f"{encoded({'alg': 'RS256', 'kid': ['first']})}.{claims}.{signature}",
        f"{encoded([])}.{claims}.{signature}",
    ):
        with pytest.raises(NotIdentified):
            await identity.require(f"Bearer {forged}")


async def test_a_rotated_key_is_fetched_and_the_old_one_forgotten(
    identity: CallerIdentity, issuer: Issuer, clock: Clock
) -> None:
    old = f"Bearer {issuer.token()}"
    await identity.require(old)
    issuer.rotate("second")
    clock.now += 2
    await identity.require(f"Bearer {issuer.token('second')}")
    with pytest.raises(NotIdentified):
        await identity.require(old)
    assert issuer.asked == 2


async def test_made_up_keys_do_not_make_us_ask_again_and_again(identity: CallerIdentity, issuer: Issuer) -> None:
    await identity.require(f"Bearer {issuer.token()}")
    for number in range(3):
        with pytest.raises(NotIdentified):
            await identity.require(f"Bearer {issuer.token(header={'kid': str(number)})}")
    assert issuer.asked == 1


async def test_while_the_keys_cannot_be_had_nobody_is_let_in(
    identity: CallerIdentity, issuer: Issuer, clock: Clock
) -> None:
    token = f"Bearer {issuer.token()}"
    issuer.status = 503
    for _ in range(3):
        with pytest.raises(IdentityKeysAway):
            await identity.require(token)
    assert issuer.asked == 1
    issuer.status, issuer.published = 200, {}
    clock.now += 2
    with pytest.raises(IdentityKeysAway):
        await identity.require(token)
    issuer.published = {"first": certificate(issuer.keys["first"])}
    clock.now += 2
    await identity.require(token)


async def test_an_issuer_that_nobody_reaches_is_no_way_in(settings: Settings) -> None:
    identity = CallerIdentity(replace(settings, inference_certs_url="http://127.0.0.1:1/certs"))
    await identity.prepare()
    with pytest.raises(IdentityKeysAway):
        await identity.require(f"Bearer {encoded({'alg': 'RS256', 'kid': 'first'})}.e30.")


async def test_keys_are_renewed_in_passing_and_outlive_an_issuer_that_is_away_for_some_hours(
    identity: CallerIdentity, issuer: Issuer, clock: Clock
) -> None:
    token = f"Bearer {issuer.token()}"
    await identity.require(token)
    clock.now += 3601
    issuer.door.clear()
    await identity.require(token)  # nobody waits for the renewal
    issuer.door.set()
    await until(lambda: issuer.asked == 2 and (identity._renewing is None or identity._renewing.done()))
    issuer.status = 503
    clock.now += 5 * 3600
    await identity.require(token)
    await until(lambda: identity._renewing is None or identity._renewing.done())
    clock.now += 3601
    with pytest.raises(IdentityKeysAway):
        await identity.require(token)


async def test_the_routes_that_read_texts_are_closed_and_those_of_the_platform_open(
    classifier: Classifier, settings: Settings, issuer: Issuer
) -> None:
    async with serving(settings, lambda _: classifier) as (_, client):
        token = {"Authorization": f"Bearer {issuer.token()}"}
        stranger = {"Authorization": f"Bearer {issuer.token(email='a@example.org')}"}
        assert await statuses(client, {}) == [401] * 3
        assert await statuses(client, stranger) == [403] * 3
        assert await statuses(client, token) == [200] * 3
        assert [(await client.get(path)).status_code for path in ("/health", "/ready", "/metrics")] == [200] * 3
        refused = await client.get("/model")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["type"] == "urn:bloom:problem:not-identified"
        assert (await client.get("/model", headers=stranger)).json()["type"] == "urn:bloom:problem:caller-refused"


async def test_without_keys_the_routes_say_to_come_again(
    classifier: Classifier, settings: Settings, issuer: Issuer
) -> None:
    issuer.status = 500
    async with serving(settings, lambda _: classifier) as (_, client):
        answer = await client.get("/model", headers={"Authorization": f"Bearer {issuer.token()}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["type"] == "urn:bloom:problem:identity-keys-away"


async def test_the_time_that_a_token_takes_counts_against_the_caller_s_deadline(
    held: tuple[HeldEngine, Classifier], settings: Settings, issuer: Issuer
) -> None:
    engine, classifier = held
    issuer.door.clear()
    async with serving(settings, lambda _: classifier) as (_, client):
        engine.runs.clear()
        headers = {"Authorization": f"Bearer {issuer.token()}", "X-Deadline-Ms": "20"}
        asking = asyncio.create_task(client.post("/predict", json={"text": "a"}, headers=headers))
        for _ in range(100):
            await asyncio.sleep(0)
        late = asyncio.get_running_loop().time() + 0.02
        await until(lambda: asyncio.get_running_loop().time() > late)
        issuer.door.set()
        assert (await asking).json()["type"] == "urn:bloom:problem:deadline-passed"
        assert engine.runs == []


async def statuses(client: httpx.AsyncClient, headers: dict[str, str]) -> list[int]:
    answers = (
        await client.post("/predict", json={"text": "a"}, headers=headers),
        await client.post("/predict/batch", json={"texts": ["a"]}, headers=headers),
        await client.get("/model", headers=headers),
    )
    return [answer.status_code for answer in answers]


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def by_secret(header: dict[str, str], claims: str, secret: bytes) -> str:
    signed = f"{encoded(header)}.{claims}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).decode().rstrip("=")
    return f"{signed}.{signature}"
