"""An issuer of ID tokens whose keys change while a function runs."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

from joserfc.jwk import RSAKey

from dev.cloud import LocalCloud
from dev.id_tokens import IdTokens


class RotatingIssuer:
    """An issuer that rotates its keys when it is told to, and counts how often it is asked for them."""

    def __init__(self) -> None:
        self.asked = 0
        self.rotate("first")
        issuer = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                body = json.dumps({"keys": [issuer.key.as_dict(private=False)]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def rotate(self, name: str) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})

    def token(self, cloud: LocalCloud) -> str:
        return IdTokens(self.key, self.url).sign(
            cloud.settings["PUSH_SERVICE_ACCOUNT"], cloud.settings["OIDC_AUDIENCE"]
        )
