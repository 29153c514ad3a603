"""Cloud Storage on this machine: a link is obeyed as it was signed, in its time, and in no other way."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.oauth2.service_account import Credentials

from dev.environment import BUCKET
from dev.storage import StorageDouble, serve, store_in
from dev.storage_signatures import public_key_of
from functions.messages.file_signing import KeySigner

ORIGIN = "http://localhost:3000"
KEY = generate_private_key(65_537, 2048)
OTHER_KEY = generate_private_key(65_537, 2048)
TEXT = b"what was put there"


@dataclass
class Storage:
    """A running double, its clock, and Google's client of it."""

    port: int
    client: Client
    moment: list[datetime]

    def link(self, method: str, key: Any = KEY, name: str = "a/b c.txt", **more: Any) -> str:
        """A link that lives five minutes, as Google's client signs it."""
        credentials = Credentials(KeySigner(key), "files@local", "")  # type: ignore[no-untyped-call]
        blob = self.client.bucket(BUCKET).blob(name)
        return str(
            blob.generate_signed_url(
                version="v4", expiration=timedelta(minutes=5), method=method, credentials=credentials, **more
            )
        )

    def ask(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer."""
        split = urlsplit(url)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, f"{split.path}?{split.query}".rstrip("?"), body or None, headers or {})
        answer = connection.getresponse()
        said = answer.status, answer.read(), dict(answer.getheaders())
        connection.close()
        return said


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Storage]]:
    servers: list[Any] = []

    def begin() -> Storage:
        encoded = base64.b64encode(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
        moment = [datetime.now(UTC)]
        double = StorageDouble(
            store_in(tmp_path / "files", BUCKET), public_key_of(encoded), ORIGIN, now=lambda: moment[0]
        )
        server = serve(double, 0)
        servers.append(server)
        port = server.server_port
        options = {"api_endpoint": f"http://127.0.0.1:{port}"}
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return Storage(port, Client("local", nobody, client_options=options), moment)

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def storage(start: Callable[[], Storage]) -> Storage:
    return start()


def put(storage: Storage, body: bytes = TEXT, headers: dict[str, str] | None = None) -> int:
    signed = {"Content-Type": "text/plain", "x-goog-content-length-range": f"{len(TEXT)},{len(TEXT)}"}
    link = storage.link("PUT", headers=dict(signed))
    return storage.ask("PUT", link, body, {**signed, **(headers or {})})[0]


def test_what_was_put_by_one_link_is_got_by_another(storage: Storage) -> None:
    assert put(storage) == 200
    disposition = 'attachment; filename="x.txt"'
    link = storage.link("GET", response_type="text/plain; charset=utf-8", response_disposition=disposition)
    status, body, headers = storage.ask("GET", link)
    assert (status, body) == (200, TEXT)
    assert headers["Content-Disposition"] == disposition
    assert {value for name, value in headers.items() if name.lower() == "content-type"} == {"text/plain; charset=utf-8"}
    assert storage.client.bucket(BUCKET).get_blob("a/b c.txt").download_as_bytes() == TEXT


@pytest.mark.parametrize(
    ("minutes", "status"), [(0, 200), (4.9, 200), (5.1, 400), (60 * 24 * 8, 400), (-16, 400)], ids=str
)
def test_a_link_holds_for_its_five_minutes(storage: Storage, minutes: float, status: int) -> None:
    put(storage)
    link = storage.link("GET")
    storage.moment[0] += timedelta(minutes=minutes)
    found, body, _ = storage.ask("GET", link)
    assert found == status
    assert (b"ExpiredToken" in body) == (minutes > 5)


@pytest.mark.parametrize("changed", ["path", "method", "expires", "added", "removed", "signature", "twice", "host"])
def test_a_link_that_was_changed_is_refused(storage: Storage, changed: str) -> None:
    put(storage)
    link = storage.link("GET", response_type="text/plain")
    altered = {
        "path": link.replace("b%20c.txt", "b%20d.txt"),
        "expires": link.replace("X-Goog-Expires=300", "X-Goog-Expires=3000"),
        "added": f"{link}&response-content-disposition=inline",
        "removed": link.replace("&response-content-type=text%2Fplain", ""),
        "signature": link[:-1] + ("0" if link[-1] != "0" else "1"),
        "twice": f"{link}&response-content-type=text%2Fhtml",
    }.get(changed, link)
    headers = {"Host": "elsewhere.test"} if changed == "host" else {}
    method = "PUT" if changed == "method" else "GET"
    assert (altered != link) == (changed not in ("host", "method"))
    status, body, _ = storage.ask(method, altered, b"x" if method == "PUT" else b"", headers)
    assert status == 403
    assert TEXT not in body


@pytest.mark.parametrize(
    "query", ["", "?X-Goog-Algorithm=GOOG4-RSA-SHA256", "?alt=media", "?X-Goog-Algorithm=none&a=b"]
)
def test_without_a_signature_there_is_nothing(storage: Storage, query: str) -> None:
    put(storage)
    status, body, _ = storage.ask("GET", f"http://x/{BUCKET}/{quote('a/b c.txt')}{query}")
    assert status == 403
    assert TEXT not in body


def test_a_link_that_another_key_signed_is_refused(storage: Storage) -> None:
    put(storage)
    assert storage.ask("GET", storage.link("GET", OTHER_KEY))[0] == 403


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (TEXT + b"!", {}, 400),
        (TEXT[:-1], {}, 400),
        (b"", {}, 400),
        (TEXT, {"Content-Type": "text/html"}, 403),
        (TEXT, {"x-goog-content-length-range": "0,999999"}, 403),
        (TEXT, {"x-goog-acl": "public-read"}, 403),
    ],
)
def test_an_upload_has_the_size_and_type_that_were_signed(
    storage: Storage, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert put(storage, body, headers) == status
    assert storage.client.bucket(BUCKET).get_blob("a/b c.txt") is None


def test_a_header_that_was_signed_cannot_be_left_out(storage: Storage) -> None:
    signed = {"Content-Type": "text/plain", "x-goog-content-length-range": "1,9"}
    assert storage.ask("PUT", storage.link("PUT", headers=dict(signed)), b"x", {"Content-Type": "text/plain"})[0] == 403


def test_nothing_is_put_over_what_is_there_where_that_was_signed(storage: Storage) -> None:
    signed = {"Content-Type": "text/plain", "x-goog-if-generation-match": "0"}
    link = storage.link("PUT", headers=dict(signed))
    assert [storage.ask("PUT", link, body, signed)[0] for body in (TEXT, b"another")] == [200, 412]
    assert storage.client.bucket(BUCKET).get_blob("a/b c.txt").download_as_bytes() == TEXT


@pytest.mark.parametrize("path", ["/wipe", "/wipe?keep-buckets=1", f"/b/{BUCKET}/o", f"/{BUCKET}", "/none"])
def test_what_only_the_emulator_offers_is_closed(storage: Storage, path: str) -> None:
    put(storage)
    assert storage.ask("GET", f"http://x{path}")[0] == 403
    assert storage.client.bucket(BUCKET).get_blob("a/b c.txt") is not None


def test_our_page_may_follow_links_and_no_other(storage: Storage) -> None:
    put(storage)
    wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    ours = storage.ask("OPTIONS", storage.link("PUT"), headers={"Origin": ORIGIN, **wanted})
    assert (ours[0], ours[2]["Access-Control-Allow-Origin"]) == (204, ORIGIN)
    assert "x-goog-content-length-range" in ours[2]["Access-Control-Allow-Headers"]
    assert storage.ask("GET", storage.link("GET"), headers={"Origin": ORIGIN})[2]["Vary"] == "Origin"
    for method in ("OPTIONS", "GET"):
        _, _, headers = storage.ask(method, storage.link("GET"), headers={"Origin": "https://elsewhere.test"})
        assert "Access-Control-Allow-Origin" not in headers


def test_what_is_deleted_is_gone_from_the_disk_and_what_stays_is_there_again(
    start: Callable[[], Storage], tmp_path: Path
) -> None:
    first = start()
    bucket = first.client.bucket(BUCKET)
    for name in ("stays", "goes"):
        bucket.blob(name).upload_from_string(TEXT + name.encode())
    bucket.blob("goes").delete()
    with pytest.raises(NotFound):
        bucket.blob("goes").delete()
    second = start()
    assert second.client.bucket(BUCKET).blob("stays").download_as_bytes() == TEXT + b"stays"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file())
    assert b"therestays" in kept
    assert b"theregoes" not in kept


def test_a_slow_client_keeps_nobody_waiting(storage: Storage) -> None:
    slow = HTTPConnection("127.0.0.1", storage.port, timeout=10)
    slow.putrequest("PUT", urlsplit(storage.link("PUT", name="slow")).path)
    slow.putheader("Content-Length", "100")
    slow.endheaders(b"a little")
    assert put(storage) == 200
    slow.close()


def test_a_link_says_nothing_but_what_was_asked(storage: Storage) -> None:
    names = {name for name, _ in parse_qsl(urlsplit(storage.link("GET")).query)}
    assert names == {
        f"X-Goog-{word}" for word in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    }
