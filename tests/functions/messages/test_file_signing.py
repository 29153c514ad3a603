"""In the cloud nobody holds the key: the service account signs links through IAM, and the bucket takes them."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dev.environment import BUCKET
from dev.storage import StorageDouble, serve, store_in
from functions.messages import file_signing
from functions.messages.file_signing import IamSigner, KeySigner, SignerAway, signer
from functions.messages.file_storage import StorageAway, file_storage

ACCOUNT = "files@bloom.iam.gserviceaccount.com"
OWN_KEY = generate_private_key(65_537, 2048)
"""By which the function proves to Google who it is."""


@dataclass
class Google:
    """The token endpoint of OAuth and signBlob of the IAM Credentials API; its key never leaves it."""

    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65_537, 2048))
    url: str = ""
    status: int = 200
    answer: dict[str, object] | None = None
    tokens: int = 0
    signed: list[tuple[str, str]] = field(default_factory=list)
    """Path and Authorization of each signBlob."""

    def token(self, _body: bytes) -> dict[str, object]:
        """A new access token."""
        self.tokens += 1
        return {"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"}

    def sign(self, body: bytes) -> dict[str, object]:
        """The signature of a blob."""
        if self.answer is not None:
            return self.answer
        signature = self.key.sign(base64.b64decode(json.loads(body)["payload"]), PKCS1v15(), SHA256())
        return {"keyId": "k", "signedBlob": base64.b64encode(signature).decode()}


@pytest.fixture
def google(environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Google]:
    google = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_token = self.path == "/token"
            if not is_token:
                google.signed.append((self.path, self.headers["Authorization"]))
            said = json.dumps(google.token(body) if is_token else google.sign(body)).encode()
            self.send_response(200 if is_token else google.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    google.url = f"http://127.0.0.1:{server.server_port}"
    pem = OWN_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "client_email": ACCOUNT, "private_key": pem, "private_key_id": "k"}
    (tmp_path / "account.json").write_text(json.dumps({**account, "token_uri": f"{google.url}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    environment(storage_signing_account=ACCOUNT, storage_signing_key="", iam_credentials_url=google.url)
    file_signing.own_credentials.cache_clear()
    yield google
    file_signing.own_credentials.cache_clear()
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(google: Google, environment: Callable[..., None], tmp_path: Path) -> Iterator[str]:
    """A bucket that knows the public half of Google's key."""
    double = StorageDouble(store_in(tmp_path / "files", BUCKET), google.key.public_key(), "http://localhost:3000")
    server = serve(double, 0)
    url = f"http://127.0.0.1:{server.server_port}/{BUCKET}"
    environment(storage_url=url)
    yield url
    server.shutdown()
    server.server_close()


def ask(method: str, url: str, **more: Any) -> httpx.Response:
    with httpx.Client(verify=False) as client:
        return client.request(method, url, **more)


def test_links_that_iam_signs_are_obeyed_by_the_bucket(google: Google, bucket: str) -> None:
    upload = file_storage().upload_link("x", "text/plain", 5)
    assert ask("PUT", upload.url, content=b"hello", headers=upload.headers).status_code == 200
    download = file_storage().download_link("x", "text/plain; charset=utf-8", "attachment")
    assert ask("GET", download.url).text == "hello"
    stored = file_storage().fetch("x", at_most=5)
    assert stored is not None
    assert (stored.size, stored.content) == (5, b"hello")
    assert ask("GET", download.url.replace("Expires=300", "Expires=301")).status_code == 403


def test_it_is_asked_as_the_account_with_a_token_that_is_used_again(google: Google, bucket: str) -> None:
    for _ in range(3):
        link = file_storage().download_link("x", "text/plain", "attachment")
    assert google.tokens == 1
    assert {(unquote(path), token) for path, token in google.signed} == {
        (f"/v1/projects/-/serviceAccounts/{ACCOUNT}:signBlob", "Bearer token-1")
    }
    [credential] = parse_qs(urlsplit(link.url).query)["X-Goog-Credential"]
    assert credential.startswith(f"{ACCOUNT}/")


@pytest.mark.parametrize(
    ("status", "answer"),
    [(403, {}), (500, {}), (200, {}), (200, {"signedBlob": None}), (200, {"signedBlob": "not base64!"})],
)
def test_without_a_signature_there_is_no_link(
    google: Google, bucket: str, status: int, answer: dict[str, object]
) -> None:
    google.status, google.answer = status, answer
    with pytest.raises(StorageAway):
        file_storage().upload_link("x", "text/plain", 5)


def test_a_signer_that_hangs_is_left_alone_for_a_while(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_signing, "SECONDS_TO_SIGN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging, said = IamSigner(ACCOUNT, f"http://127.0.0.1:{silent.getsockname()[1]}"), []
        for _ in range(5):
            with pytest.raises(SignerAway) as away:
                hanging.sign(b"x")
            said.append(str(away.value))
    assert said == ["ReadTimeout"] * 3 + ["left alone"] * 2


def test_with_nobody_to_say_who_we_are_there_is_none(
    google: Google, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = json.loads((tmp_path / "account.json").read_text()) | {"token_uri": "http://127.0.0.1:9/token"}
    (tmp_path / "account.json").write_text(json.dumps(account))
    with pytest.raises(SignerAway):
        IamSigner(ACCOUNT, google.url).sign(b"x")


def test_the_settings_decide_who_signs(google: Google, environment: Callable[..., None]) -> None:
    der = OWN_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    local = base64.b64encode(der).decode()
    environment(storage_url=f"http://127.0.0.1:9/{BUCKET}", storage_signing_key=local)
    assert isinstance(signer(), KeySigner)
    environment(storage_url="gs://bloom-files")
    assert signer() == IamSigner(ACCOUNT, google.url), "in the cloud no key of ours is used"


def test_a_bucket_of_the_cloud_is_asked_as_ourselves(google: Google, environment: Callable[..., None]) -> None:
    environment(storage_url="gs://bloom-files")
    link = file_storage().download_link("x", "text/plain", "attachment")
    assert link.url.startswith("https://storage.googleapis.com/bloom-files/x?")
