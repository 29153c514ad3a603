"""Google's sign-in on this machine: the OpenID provider of oidc-provider-mock, with what Google adds and insists on.

Added are PKCE, the client's secret, `iss` in the answer (RFC 9207), revocation (RFC 7009), and a page to choose who
signs in; addresses count as verified unless that page says otherwise.
"""

import argparse
import hashlib
import io
import json
import threading
import warnings
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from wsgiref.util import setup_testing_defaults

from dev.sign_in_pages import (
    Application,
    Asked,
    RegisteredClient,
    Reply,
    SignInServer,
    StartResponse,
    challenge_of,
    consent_page,
    name_of,
)


def _openid_provider() -> Application:
    with warnings.catch_warnings():
        import authlib.deprecate  # which makes its own warnings loud

        warnings.filterwarnings("ignore", category=authlib.deprecate.AuthlibDeprecationWarning)
        import oidc_provider_mock  # type: ignore[import-untyped]

        provider: Application = oidc_provider_mock.app(require_nonce=True)
    return provider


class Google:
    """A WSGI application that answers as accounts.google.com does."""

    def __init__(self, client: RegisteredClient) -> None:
        self._client = client
        self._provider = _openid_provider()
        self._challenges: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        asked, issuer = Asked.of(environ), f"http://{environ['HTTP_HOST']}"
        answers: dict[str, Callable[[], Reply]] = {
            "GET /health": lambda: Reply("200 OK", '{"status": "up"}'),
            "GET /.well-known/openid-configuration": lambda: self._discovery(environ, issuer),
            "GET /oauth2/authorize": lambda: self._ask_who(asked),
            "POST /oauth2/authorize": lambda: self._authorize(environ, asked, issuer),
            "POST /oauth2/token": lambda: self._token(environ, asked),
            "POST /oauth2/revoke": lambda: self._revoke(asked),
        }
        answer = answers.get(f"{asked.method} {asked.path}", lambda: self._pass_on(environ, asked.form))
        with self._lock:
            return answer().send(start_response)

    def _discovery(self, environ: dict[str, Any], issuer: str) -> Reply:
        document = json.loads(self._pass_on(environ, {}).body)
        added = {
            "revocation_endpoint": f"{issuer}/oauth2/revoke",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return Reply("200 OK", json.dumps({**document, **added}))

    def _ask_who(self, asked: Asked) -> Reply:
        fault = self._client.fault_of(asked.query)
        return _fault("invalid_request", fault) if fault else consent_page("Google")

    def _authorize(self, environ: dict[str, Any], asked: Asked, issuer: str) -> Reply:
        fault = self._client.fault_of(asked.query)
        if fault:
            return _fault("invalid_request", fault)
        if "email" not in asked.form:
            return self._client.send_back(asked.query, error="access_denied", iss=issuer)
        given = self._pass_on(environ, {"sub": self._known(asked.form)})
        answer = parse_qs(urlsplit(given.location).query)
        if "code" not in answer:
            return given
        [code] = answer["code"]
        self._challenges[code] = asked.query["code_challenge"]
        return self._client.send_back(asked.query, code=code, iss=issuer)

    def _known(self, form: dict[str, str]) -> str:
        """The id of whoever was chosen, whom the provider knows from now on."""
        email = form["email"]
        subject = form.get("sub") or str(int.from_bytes(hashlib.sha256(email.encode()).digest()[:8]))
        claims = {"email": email, "email_verified": "unverified" not in form, "name": name_of(email)}
        environ: dict[str, Any] = {"REQUEST_METHOD": "PUT", "PATH_INFO": f"/users/{subject}"}
        setup_testing_defaults(environ)
        self._ask_provider(environ, json.dumps(claims), "application/json")
        return subject

    def _token(self, environ: dict[str, Any], asked: Asked) -> Reply:
        if not self._client.is_shown_by(asked.authorization):
            return _fault("invalid_client", "", "401 Unauthorized")
        if asked.form.get("refresh_token") in self._revoked:
            return _fault("invalid_grant", "revoked")
        if asked.form.get("grant_type") == "authorization_code":
            challenge = self._challenges.pop(asked.form.get("code", ""), "")
            if challenge_of(asked.form.get("code_verifier", "")) != challenge:
                return _fault("invalid_grant", "the code verifier does not fit")
        return self._pass_on(environ, asked.form)

    def _revoke(self, asked: Asked) -> Reply:
        self._revoked.add(asked.form.get("token", ""))
        return Reply("200 OK", "{}")

    def _pass_on(self, environ: dict[str, Any], form: dict[str, str]) -> Reply:
        return self._ask_provider(environ, urlencode(form), "application/x-www-form-urlencoded")

    def _ask_provider(self, environ: dict[str, Any], body: str, content_type: str) -> Reply:
        told: list[Any] = []
        sent = {
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
            "wsgi.input": io.BytesIO(body.encode()),
        }
        pieces = self._provider({**environ, **sent}, lambda *status_and_headers, **_: told.extend(status_and_headers))
        said = b"".join(pieces).decode()
        headers = dict(told[1])
        return Reply(told[0], said, headers.get("Content-Type", "text/plain"), headers.get("Location", ""))


def _fault(error: str, reason: str, status: str = "400 Bad Request") -> Reply:
    return Reply(status, json.dumps({"error": error, "error_description": reason}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3061)
    SignInServer(parser.parse_args().port, Google(RegisteredClient.registered("google"))).serve_forever()
