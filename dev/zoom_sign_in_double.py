"""Zoom's OAuth 2.0 and `/v2/users/me` on this machine: codes work once, PKCE and secret are checked, tokens rotate."""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from dev.sign_in_pages import (
    Asked,
    RegisteredClient,
    Reply,
    StartResponse,
    challenge_of,
    consent_page,
    name_of,
)

TOKEN_SECONDS: Final = 3600
CODE_SECONDS: Final = 600
SCOPE: Final = "user:read:user"


@dataclass(frozen=True)
class Person:
    """Somebody with an account at Zoom."""

    id: str
    email: str
    verified: int

    def as_json(self) -> dict[str, object]:
        """As `/v2/users/me` shows it (https://developers.zoom.us/docs/api/users/#tag/users/GET/users/{userId})."""
        first, _, last = name_of(self.email).partition(" ")
        names = {"first_name": first, "last_name": last, "display_name": f"{first} {last}".strip()}
        return {"id": self.id, "email": self.email, "verified": self.verified, "status": "active", **names}


@dataclass
class _Code:
    person: Person
    challenge: str
    ends_at: float


@dataclass
class _Grant:
    person: Person
    access_token: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    refresh_token: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    ends_at: float = field(default_factory=lambda: time.time() + TOKEN_SECONDS)


class ZoomSignIn:
    """A WSGI application that answers as zoom.us and api.zoom.us do."""

    def __init__(self, client: RegisteredClient, is_in: Callable[[str, str], object] | None = None) -> None:
        """`is_in` is told the address and the id of who has a verified account: their practice's account has them."""
        self._client = client
        self._is_in = is_in
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._grants: list[_Grant] = []

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        return self.reply(Asked.of(environ)).send(start_response)

    def reply(self, asked: Asked) -> Reply:
        """The answer to one request."""
        answers: dict[str, Callable[[Asked], Reply]] = {
            "GET /oauth/authorize": self._ask_who,
            "POST /oauth/authorize": self._authorize,
            "POST /oauth/token": self._token,
            "POST /oauth/revoke": self._revoke,
            "GET /v2/users/me": self._me,
            "GET /health": lambda _: _json("200 OK", {"status": "up"}),
        }
        answer = answers.get(f"{asked.method} {asked.path}", _not_here)
        with self._lock:
            return answer(asked)

    def _ask_who(self, asked: Asked) -> Reply:
        fault = self._client.fault_of(asked.query)
        return _fault("invalid_request", fault) if fault else consent_page("Zoom")

    def _authorize(self, asked: Asked) -> Reply:
        fault = self._client.fault_of(asked.query)
        if fault:
            return _fault("invalid_request", fault)
        if "email" not in asked.form:
            return self._client.send_back(asked.query, error="access_denied")
        email, code = asked.form["email"], secrets.token_urlsafe(24)
        person_id = asked.form.get("id") or hashlib.sha256(email.encode()).hexdigest()[:22]
        person = Person(person_id, email, 0 if "unverified" in asked.form else 1)
        if person.verified and self._is_in is not None:
            self._is_in(person.email, person.id)
        self._codes[code] = _Code(person, asked.query["code_challenge"], time.time() + CODE_SECONDS)
        return self._client.send_back(asked.query, code=code)

    def _token(self, asked: Asked) -> Reply:
        if not self._client.is_shown_by(asked.authorization):
            return _fault("invalid_client", "wants HTTP Basic", "401 Unauthorized")
        if asked.form.get("grant_type") == "refresh_token":
            return self._refresh(asked.form.get("refresh_token", ""))
        code = self._codes.pop(asked.form.get("code", ""), None)  # once, whatever comes of it
        if code is None or code.ends_at < time.time():
            return _fault("invalid_grant", "no such code")
        if asked.form.get("redirect_uri") != self._client.redirect_uri:
            return _fault("invalid_grant", "another redirect_uri")
        if challenge_of(asked.form.get("code_verifier", "")) != code.challenge:
            return _fault("invalid_grant", "the code verifier does not fit")
        return self._grant(code.person)

    def _refresh(self, refresh_token: str) -> Reply:
        for grant in self._grants:
            if secrets.compare_digest(grant.refresh_token, refresh_token):
                self._grants.remove(grant)
                return self._grant(grant.person)
        return _fault("invalid_grant", "no such refresh token")

    def _grant(self, person: Person) -> Reply:
        grant = _Grant(person)
        self._grants.append(grant)
        tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
        return _json("200 OK", {**tokens, "token_type": "bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPE})

    def _revoke(self, asked: Asked) -> Reply:
        if not self._client.is_shown_by(asked.authorization):
            return _fault("invalid_client", "wants HTTP Basic", "401 Unauthorized")
        token = asked.form.get("token", "")
        self._grants = [grant for grant in self._grants if token not in (grant.access_token, grant.refresh_token)]
        return _json("200 OK", {"status": "success"})

    def _me(self, asked: Asked) -> Reply:
        for grant in self._grants:
            if asked.authorization == f"Bearer {grant.access_token}" and time.time() < grant.ends_at:
                return _json("200 OK", grant.person.as_json())
        return _json("401 Unauthorized", {"code": 124, "message": "Invalid access token."})


def _json(status: str, value: object) -> Reply:
    return Reply(status, json.dumps(value))


def _not_here(_: Asked) -> Reply:
    return _json("404 Not Found", {"error": "not here"})


def _fault(error: str, reason: str, status: str = "400 Bad Request") -> Reply:
    return _json(status, {"error": error, "reason": reason})
