"""What the stand-ins for Google and Zoom share: the client they know, the page that asks who signs in, a server."""

import base64
import hashlib
import hmac
import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from dev.environment import environment_variable
from dev.seed_accounts import ACCOUNTS

NEWCOMER: Final = "newcomer@people.test"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}"
    "button,input[type=email]{font:inherit;width:100%;box-sizing:border-box;padding:.6rem .8rem;margin:.25rem 0}"
)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class Asked:
    """A request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    authorization: str
    body: str = ""
    host: str = ""

    @classmethod
    def of(cls, environ: dict[str, Any]) -> "Asked":
        """From WSGI's environment, whose body is used up."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        method, path, host = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_HOST", "")
        return cls(method, path, query, dict(parse_qsl(body)), authorization, body, host)


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    status: str
    body: str = ""
    content_type: str = "application/json"
    location: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, start_response: StartResponse) -> list[bytes]:
        """As WSGI wants it."""
        body = self.body.encode()
        headers = [("Content-Type", self.content_type), ("Content-Length", str(len(body))), *self.headers]
        start_response(self.status, headers + ([("Location", self.location)] if self.location else []))
        return [body]


@dataclass(frozen=True)
class RegisteredClient:
    """The one client that a stand-in knows."""

    client_id: str
    client_secret: str
    redirect_uri: str

    @classmethod
    def registered(cls, provider: str) -> "RegisteredClient":
        """The client that the settings of this process name for `google` or `zoom`."""
        client_id = environment_variable(f"{provider.upper()}_CLIENT_ID")
        client_secret = environment_variable(f"{provider.upper()}_CLIENT_SECRET")
        callback = f"{environment_variable('BASE_URL')}/api/auth/oauth/{provider}/callback"
        return cls(client_id, client_secret, callback)

    def fault_of(self, asked: Mapping[str, str]) -> str:
        """What is wrong with a request for authorization; such a one is not sent back (RFC 9700, 4.1)."""
        wanted = {"client_id": self.client_id, "redirect_uri": self.redirect_uri, "response_type": "code"}
        for name, value in wanted.items():
            if asked.get(name) != value:
                return f"{name} is not what was registered"
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            return "PKCE with S256 is asked for"
        return ""

    def is_shown_by(self, authorization: str) -> bool:
        """Whether an Authorization header holds its id and secret (RFC 6749, 2.3.1)."""
        shown = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return hmac.compare_digest(authorization.encode(), f"Basic {shown}".encode())

    def send_back(self, asked: Mapping[str, str], **parameters: str) -> Reply:
        """The browser goes back to the client with these, and with the state it brought."""
        state = {"state": asked["state"]} if "state" in asked else {}
        return Reply("302 Found", location=f"{self.redirect_uri}?{urlencode({**parameters, **state})}")


def challenge_of(verifier: str) -> str:
    """PKCE's S256 (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def consent_page(provider: str) -> Reply:
    """Who signs in: somebody who has an account here, somebody new, any other address, or nobody."""
    people = [*((account.email, account.name) for account in ACCOUNTS), (NEWCOMER, "somebody new")]
    choices = "".join(
        f'<button name="email" value="{html.escape(email)}">{html.escape(email)} · {html.escape(name)}</button>'
        for email, name in people
    )
    return Reply(
        "200 OK",
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{provider} on this machine</title>'
        f"<style>{_STYLE}</style></head><body><h1>Who are you at {provider}?</h1>"
        f"<p>This stands in for {provider}; no password is asked for.</p><form method=post>{choices}</form><hr>"
        '<form method=post><input type=email name=email required placeholder="another address">'
        "<label><input type=checkbox name=unverified value=yes> not verified there</label>"
        "<button>Continue</button></form><hr>"
        "<form method=post><button name=deny value=yes>Do not allow</button></form></body></html>",
        content_type="text/html; charset=utf-8",
    )


def name_of(email: str) -> str:
    """What somebody with this address is called."""
    known = {account.email: account.name for account in ACCOUNTS}
    return known.get(email, email.partition("@")[0].replace(".", " ").title())


class SignInServer(ThreadingMixIn, WSGIServer):
    """Serves a WSGI application on the loopback, a thread for each request; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, application: Application) -> None:
        super().__init__(("127.0.0.1", port), _Quiet)
        self.set_app(application)

    def server_bind(self) -> None:
        """Take the port, without asking a name server what this machine is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])
        self.setup_environ()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: addresses hold codes and states."""
