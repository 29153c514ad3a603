"""Browsers that go to a provider and come back, and a Google that lies as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.sign_in_pages import Application, Asked, Reply, SignInServer, StartResponse
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import transaction
from tests.doubles import function_client
from tests.people import rows

OAUTH, ACCOUNTS, SESSION = "/api/auth/oauth", "/api/auth/accounts", "/api/auth/session"
ORIGIN = {"Origin": "http://localhost:3000"}
CLIENT = {
    "google_client_id": "bloom-local",
    "google_client_secret": "no secret on this machine",
    "zoom_client_id": "bloom-local",
    "zoom_client_secret": "no secret on this machine",
}


class Browser:
    """Somebody's browser: cookies of ours, and no patience for pages."""

    def __init__(self, client: FlaskClient | None = None) -> None:
        self.client = client or function_client("auth")

    def start(self, provider: str, **query: str) -> TestResponse:
        """Ask us to sign in there."""
        return self.client.get(f"{OAUTH}/{provider}", query_string=query)

    def leave(self, provider: str, **query: str) -> str:
        """Ask us to sign in there; where we send the browser."""
        answer = self.start(provider, **query)
        assert answer.status_code == 302, answer.get_json()
        return str(answer.headers["Location"])

    def come_back(self, callback: str) -> TestResponse:
        """Follow the provider's redirect."""
        address = urlsplit(callback)
        assert f"{address.scheme}://{address.netloc}" == "http://localhost:3000"
        return self.client.get(f"{address.path}?{address.query}")

    def sign_in(self, provider: str, email: str, *, return_to: str = "", **form: str) -> TestResponse:
        """The whole way there and back."""
        query = {"returnTo": return_to} if return_to else {}
        return self.come_back(agree(self.leave(provider, **query), email, **form))

    def link(self, provider: str, email: str, **form: str) -> TestResponse:
        """The whole way there and back for an account to be linked to the one that is signed in here."""
        return self.come_back(agree(self.begin_link(provider).get_json()["url"], email, **form))

    def begin_link(self, provider: str, **body: str) -> TestResponse:
        """Ask us to link an account there."""
        return self.client.post(f"{ACCOUNTS}/{provider}/link", json=body, headers=ORIGIN)

    def whoami(self) -> dict[str, Any] | None:
        """The user who is signed in here."""
        answer = self.client.get(SESSION)
        return answer.get_json()["user"] if answer.status_code == 200 else None

    def cookie(self, purpose: str) -> str:
        """A cookie of ours."""
        kept = self.client.get_cookie(f"bloom-{purpose}")
        return kept.value if kept else ""


def agree(url: str, email: str, **form: str) -> str:
    """Say yes at the provider as whoever has this address there; where it sends the browser."""
    answer = httpx.post(url, data={"email": email, **form})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def decline(url: str) -> str:
    """Say no at the provider."""
    return httpx.post(url, data={"deny": "yes"}).headers["Location"]


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return {name: value for name, (value, *_) in parse_qs(urlsplit(url).query).items()}


def told(answer: TestResponse) -> str:
    """What an answer that went wrong tells the sign-in page."""
    assert answer.status_code == 302, answer.get_json()
    page, _, problem = answer.headers["Location"].partition("#problem=")
    assert page == "/sign-in", page
    return problem


def trail(action: str) -> list[tuple[str, object]]:
    """Outcomes and subjects of an action in the audit trail."""
    found = rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at))
    return [(row.outcome.value, row.subject_id) for row in found]


@transaction
def change(db: Database, user_id: UUID, values: dict[str, object]) -> None:
    """A user's row becomes another."""
    user = db.get_one(User, user_id)
    for name, value in values.items():
        setattr(user, name, value)


@contextmanager
def serving(application: Application) -> Iterator[str]:
    """Serve an application within the block; its URL."""
    server = SignInServer(0, application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Liar:
    """An OpenID provider that says what a test makes it say; unchanged, what it says is right."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    published: list[RSAKey] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that are other than they should be; None leaves one out."""
    answers: dict[str, Reply] = field(default_factory=dict)
    """Whole answers, by path."""
    discovery: dict[str, Any] = field(default_factory=dict)
    forged: Callable[[str], str] | None = None
    """Changes a token after it was signed."""
    issuer: str = ""
    nonce: str = ""
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        asked = Asked.of(environ)
        self.asked.append(asked)
        self.issuer = f"http://{environ['HTTP_HOST']}"
        say = {
            "/.well-known/openid-configuration": self._document,
            "/keys": lambda: {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]},
            "/token": self._tokens,
        }
        reply = self.answers.get(asked.path) or Reply("200 OK", json.dumps(say[asked.path]()))
        return reply.send(start_response)

    def _document(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.issuer, **{name: self.issuer + path for name, path in places.items()}, **self.discovery}

    def _tokens(self) -> dict[str, Any]:
        return {
            "access_token": "an access token",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.id_token(),
        }

    def id_token(self) -> str:
        """A token, as it should be but for what the test changed."""
        moment = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": "bloom-local",
            "azp": "bloom-local",
            "sub": "10",
            "email": "liar@people.test",
            "email_verified": True,
            "nonce": self.nonce,
            "iat": moment,
            "exp": moment + 3600,
        }
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid}
        token = jwt.encode(header, claims, self.key)
        return self.forged(token) if self.forged else token

    def vouch(self, browser: Browser, **query: str) -> TestResponse:
        """Somebody signs in here, with any code."""
        asked = query_of(browser.leave("google"))
        self.nonce = asked["nonce"]
        given = {"code": "a code", "state": asked["state"], **query}
        return browser.client.get(f"{OAUTH}/google/callback", query_string=given)
