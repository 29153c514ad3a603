"""Grafana as its documentation has it: the API that finds a dashboard by uid, and pages that a JWT in the URL opens.

https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/ (200, 401, 403 and 404 with their messages) and
https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/jwt/ (`url_login`,
`key_file`, `expect_claims`, `role_attribute_path = role`, `role_attribute_strict`).
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

SERVICE_TOKEN = "glsa_the-service-account-and-nobody-else"
ROLES = ("None", "Viewer", "Editor", "Admin")


class Grafana:
    """One Grafana with its dashboards, which remembers who asked for what."""

    def __init__(self, issuer: str) -> None:
        """`issuer` is whom it expects tokens from."""
        self.issuer = issuer
        self.titles = {"bloom-qa-overview": "Overview"}
        self.forbidden: set[str] = set()
        self.fault: tuple[int, bytes] | None = None
        """What it answers the API with instead, if anything."""
        self.silent = False
        self.over = threading.Event()
        self.asked: list[str] = []
        self.below = ""
        """Path that it is served from (`serve_from_sub_path`)."""
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self._server = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self.below}"

    @property
    def signing_key(self) -> str:
        """The setting whose public half it was given."""
        der = self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return base64.b64encode(der).decode()

    def find(self, path: str, token: str) -> tuple[int, dict[str, Any]]:
        """GET /api/dashboards/uid/:uid."""
        if token != f"Bearer {SERVICE_TOKEN}":
            return 401, {"message": "Unauthorized"}
        uid = path.removeprefix("/api/dashboards/uid/")
        if uid in self.forbidden:
            return 403, {"accessErrorId": "ACE0123456789", "message": "Access denied", "title": "Access denied"}
        if uid not in self.titles:
            return 404, {"message": "Dashboard not found"}
        slug = self.titles[uid].lower().replace(" ", "-")
        found = {"id": 1, "uid": uid, "title": self.titles[uid], "schemaVersion": 41, "version": 1, "panels": []}
        meta = {"isStarred": False, "slug": slug, "url": f"{self.below}/d/{uid}/{slug}"}
        return 200, {"dashboard": found, "meta": meta}

    def claims_of(self, url: str) -> dict[str, Any]:
        """Whom it lets in by a page's URL. Raises JoseError where nobody."""
        [token] = parse_qs(urlsplit(url).query)["auth_token"]
        public = self.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        claims = jwt.decode(token, ECKey.import_key(public), algorithms=["ES256"]).claims
        expected = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.url},
            sub={"essential": True},
            role={"essential": True, "values": list(ROLES)},
            exp={"essential": True},
        )
        expected.validate(claims)
        return claims

    def page(self, url: str) -> tuple[int, bytes]:
        """A dashboard's page, for whom the URL lets in."""
        try:
            self.claims_of(url)
        except (JoseError, KeyError, ValueError):
            return 401, b'{"message":"Invalid JWT"}'
        return 200, b"<html>the dashboard</html>"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, grafana: Grafana) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.grafana = grafana


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        known = self.server.grafana
        known.asked.append(self.path)
        path = self.path.removeprefix(known.below)
        if not path.startswith("/api/"):
            self._answer(*known.page(self.path))
        elif known.silent:
            known.over.wait(10)
        else:
            status, found = known.find(path, self.headers.get("Authorization", ""))
            self._answer(*(known.fault or (status, json.dumps(found).encode())))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Its own log is none of ours."""


@contextmanager
def grafana(issuer: str) -> Iterator[Grafana]:
    """It runs within the block."""
    running = Grafana(issuer)
    running.start()
    try:
        yield running
    finally:
        running.stop()
