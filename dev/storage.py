"""Cloud Storage on this machine: the emulator's API for our functions, and for clients links that have to be signed."""

import argparse
import io
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.storage import Storage

from dev.environment import environment_variable
from dev.event_loop import run, run_until_stopped
from dev.storage_signatures import Refused, check_link, public_key_of

MOST_BYTES: Final = 64 * 1024 * 1024
API: Final = ("/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/")
"""What only our functions ask for; the emulator looks at nobody's credentials, and listens on the loopback alone."""
ALLOWED_HEADERS: Final = "content-type, x-goog-content-length-range, x-goog-if-generation-match"


class KeptStorage(Storage):  # type: ignore[misc]  # the emulator states no types
    """The emulator's store, whose list of objects survives being killed while it is written."""

    def _write_config_to_file(self) -> None:
        kept = {
            name: getattr(self, name)
            for name in ("buckets", "objects", "resumable", "bucket_iam_policies", "soft_deleted")
        }
        place = self._store._disk_path(".meta")
        place.with_suffix(".part").write_text(json.dumps(kept))
        os.replace(place.with_suffix(".part"), place)  # noqa: PTH105 - the same, and shorter


@dataclass(frozen=True)
class StorageDouble:
    """A store, the key that links to it are signed with, and the page whose browser may follow them."""

    store: Storage
    key: RSAPublicKey
    origin: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """The emulator is made for one request at a time."""
    held: set[str] = field(default_factory=set)
    """Paths of the objects under a hold, which the emulator does not know of."""
    locked: frozenset[str] = frozenset()
    """Buckets under a retention policy that is locked and longer than anything here lives."""


class Handler(RequestHandler):  # type: ignore[misc]  # likewise
    """One request: a signed link is checked and obeyed as Cloud Storage does; the rest is the emulator's."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    rfile: Any

    def __init__(self, double: StorageDouble, *given: Any) -> None:
        self._double = double
        self._media_type: str | None = None
        super().__init__(double.store, *given)

    def _answer_preflight(self) -> None:
        """A browser asks whether our page may follow a link: the bucket's CORS configuration says so."""
        self._say(204 if self.headers.get("Origin") == self._double.origin else 403, b"")

    def send_header(self, keyword: str, value: str) -> None:
        """The media type that a link asks for, which the emulator does not know of."""
        if keyword.lower() == "content-type" and self._media_type:
            value = self._media_type
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        """What lets our page read the answer, and nobody else's."""
        if self.headers.get("Origin") == self._double.origin:
            self.send_header("Access-Control-Allow-Origin", self._double.origin)
            self.send_header("Access-Control-Allow-Methods", "GET, PUT")
            self.send_header("Access-Control-Allow-Headers", ALLOWED_HEADERS)
            self.send_header("Access-Control-Max-Age", "3600")
            self.send_header("Vary", "Origin")
        super().end_headers()

    def log_message(self, format: str, *given: object) -> None:
        """Say nothing: links are secrets while they live."""

    def _answer(self) -> None:
        try:
            body = self._body()
            if not self.path.startswith(API) and self.path != "/":
                self._obey_link(self.command, len(body))
            if self.command in ("PATCH", "DELETE"):
                self._obey_holds(body)
            if self.path.startswith(API):
                self._obey_conditions(body)
            self._hand_on(self.command, body)
        except Refused as refused:
            self._say(refused.status, f"<?xml version='1.0'?><Error><Code>{refused.code}</Code></Error>".encode())

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - the server's names
    do_OPTIONS = _answer_preflight  # noqa: N815

    def _hand_on(self, method: str, body: bytes) -> None:
        """To the emulator, which reads a body that is all there, and lets nobody wait for a slow client."""
        connection: Any = self.rfile
        self.rfile = io.BytesIO(body)
        try:
            with self._double.lock:
                Router(self).handle(method)
        finally:
            self.rfile = connection

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise Refused(411, "MissingContentLength")
        size = int(self.headers.get("Content-Length") or 0)
        if size > MOST_BYTES:
            self.close_connection = True
            raise Refused(400, "EntityTooLarge")
        body: bytes = self.rfile.read(size)
        return body

    def _obey_link(self, method: str, size: int) -> None:
        if method not in ("GET", "PUT"):
            raise Refused(405, "MethodNotAllowed")
        headers = {name.lower(): value for name, value in self.headers.items()}
        check_link(method, self.path, headers, self._double.key, self._double.now())
        asked = parse_qs(urlsplit(self.path).query)
        self._media_type = asked.get("response-content-type", [None])[0]
        if method == "PUT":
            self._check_upload(headers, size)

    def _check_upload(self, headers: dict[str, str], size: int) -> None:
        """Extension headers of an upload (https://cloud.google.com/storage/docs/xml-api/reference-headers)."""
        if span := headers.get("x-goog-content-length-range"):
            least, most = map(int, span.split(","))
            if not least <= size <= most:
                raise Refused(400, "EntityTooSmall" if size < least else "EntityTooLarge")
        bucket, _, name = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        if headers.get("x-goog-if-generation-match") == "0" and name in self._double.store.objects.get(bucket, {}):
            raise Refused(412, "PreconditionFailed")

    def _obey_holds(self, body: bytes) -> None:
        """An object under a hold stays (https://cloud.google.com/storage/docs/object-holds)."""
        place, held = urlsplit(self.path).path, self._double.held
        if self.command == "DELETE":
            if place in held:
                raise Refused(403, "ObjectUnderActiveHold")
        elif "temporaryHold" in (changes := json.loads(body)):
            (held.add if changes["temporaryHold"] else held.discard)(place)

    def _obey_conditions(self, body: bytes) -> None:
        """What must not be there yet, and what has to stay (https://cloud.google.com/storage/docs/bucket-lock)."""
        url = urlsplit(self.path)
        bucket, _, name = unquote(url.path).partition("/b/")[2].partition("/o")
        is_upload = url.path.startswith("/upload/")
        name = _name_in(body, self.headers.get("Content-Type", "")) if is_upload else name.lstrip("/")
        is_there = name in self._double.store.objects.get(bucket, {})
        if is_upload and is_there and parse_qs(url.query).get("ifGenerationMatch") == ["0"]:
            raise Refused(412, "PreconditionFailed")
        if is_there and bucket in self._double.locked and (is_upload or self.command == "DELETE"):
            raise Refused(403, "RetentionPolicyNotMet")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _name_in(body: bytes, content_type: str) -> str:
    """The name of the object that a multipart upload of the JSON API brings; none where it says none."""
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if not whole.is_multipart():
        return ""
    about: Any = next(part for part in whole.walk() if not part.is_multipart())
    return str(json.loads(about.get_payload(decode=True)).get("name", ""))


def store_in(folder: Path, *buckets: str) -> Storage:
    """The emulator's store in a folder, with buckets that keep nothing of what was deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    store = KeptStorage(data_dir=str(folder.absolute()))
    for bucket in buckets:
        if store.get_bucket(bucket) is None:
            create_bucket(bucket, store)
        store.buckets[bucket]["softDeletePolicy"] = {"retentionDurationSeconds": "0"}
    store._write_config_to_file()
    return store


def serve(double: StorageDouble, port: int) -> ThreadingHTTPServer:
    """Listen, in threads of its own; port 0 takes a free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), lambda *given: Handler(double, *given))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


async def _main(arguments: argparse.Namespace) -> None:
    key = public_key_of(environment_variable("STORAGE_SIGNING_KEY"))
    store = store_in(arguments.folder, arguments.bucket, *arguments.locked)
    double = StorageDouble(store, key, arguments.origin, locked=frozenset(arguments.locked))
    server = serve(double, arguments.port)
    await run_until_stopped()
    server.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3070)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument(
        "--locked", action="append", default=[], help="a bucket that nothing is changed in or removed from"
    )
    parser.add_argument("--origin", required=True)
    run(_main(parser.parse_args()))
