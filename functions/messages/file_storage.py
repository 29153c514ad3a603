"""Where files lie: a bucket that clients reach by links that live minutes, and that we look into ourselves."""

import functools
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

from shared.clock import now
from shared.settings import SettingsError, settings

from .file_signing import Signer, SignerAway, own_credentials, signer

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

LINKS_LIVE: Final = timedelta(minutes=5)
SECONDS_TO_CONNECT: Final = 2.0
SECONDS_TO_ANSWER: Final = 10.0
SECONDS_OF_RETRIES: Final = 1.0


class StorageAway(Exception):
    """The bucket, or who signs links to it, could not be reached."""


@dataclass(frozen=True)
class Link:
    """An address that lets whoever has it do one thing with one object, and the headers that belong to it."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class StoredObject:
    """What lies there. One that is larger than was asked for is not read: it has a size alone."""

    size: int
    content: bytes
    sha256: bytes


class FileStorage(Protocol):
    """A bucket."""

    def upload_link(self, name: str, content_type: str, size: int) -> Link:
        """To put one object there, once, of exactly this type and so many bytes. Raises StorageAway."""

    def download_link(self, name: str, content_type: str, disposition: str) -> Link:
        """To get one object, under this type and disposition. Raises StorageAway."""

    def fetch(self, name: str, at_most: int) -> StoredObject | None:
        """What was put there, hashed as it comes; None where nothing was. Raises StorageAway."""

    def remove(self, name: str) -> None:
        """Take it away; it may be gone already. Raises StorageAway."""


class _Received:
    """Takes the pieces of a download."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        """Keep a piece."""
        self.digest.update(piece)
        return self._content.write(piece)

    @property
    def content(self) -> bytes:
        """All that came, which is not copied."""
        return self._content.getvalue()


@dataclass(frozen=True)
class CloudStorage:
    """A bucket of Cloud Storage, or of an emulator of it, through Google's own client; links are signed as V4."""

    client: "Client"
    bucket: str
    account: str
    signer: Signer

    def upload_link(self, name: str, content_type: str, size: int) -> Link:
        """Size and type are part of what is signed, and that nothing lies there yet: what was looked at stays."""
        headers = {"x-goog-content-length-range": f"{size},{size}", "x-goog-if-generation-match": "0"}
        return self._link(name, "PUT", {"Content-Type": content_type, **headers}, {})

    def download_link(self, name: str, content_type: str, disposition: str) -> Link:
        """Type and disposition are part of what is signed."""
        return self._link(name, "GET", {}, {"response_type": content_type, "response_disposition": disposition})

    def fetch(self, name: str, at_most: int) -> StoredObject | None:
        """Whole and as it was put there, which the client checks against the bucket's own checksum."""
        blob, received = self._blob(name), _Received()
        with _told():
            if not _reloaded(blob):
                return None
            if blob.size > at_most:
                return StoredObject(blob.size, b"", b"")
            blob.download_to_file(received, raw_download=True, if_generation_match=blob.generation, **_patience())
        content = received.content
        return StoredObject(len(content), content, received.digest.digest())

    def remove(self, name: str) -> None:
        """Every version that can be reached; what the bucket keeps besides is its own policy."""
        from google.api_core.exceptions import NotFound

        with _told():
            try:
                self._blob(name).delete(**_patience())
            except NotFound:
                return

    def _link(self, name: str, method: str, headers: dict[str, str], answer: dict[str, str]) -> Link:
        from google.oauth2.service_account import Credentials

        credentials = Credentials(self.signer, self.account, "")  # type: ignore[no-untyped-call]
        expires_at = now() + LINKS_LIVE
        with _told():
            url = self._blob(name).generate_signed_url(
                version="v4",
                expiration=LINKS_LIVE,
                method=method,
                headers=dict(headers),
                credentials=credentials,
                **answer,
            )
        return Link(url, headers, expires_at)

    def _blob(self, name: str) -> "Blob":
        return self.client.bucket(self.bucket).blob(name)


def _reloaded(blob: "Blob") -> bool:
    from google.api_core.exceptions import NotFound

    try:
        blob.reload(**_patience())
    except NotFound:
        return False
    return True


def _patience() -> dict[str, Any]:
    """How long one call may take: somebody waits for it."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(SECONDS_OF_RETRIES)
    return {"timeout": (SECONDS_TO_CONNECT, SECONDS_TO_ANSWER), "retry": retry}


@contextmanager
def _told() -> Iterator[None]:
    """What the client raises within becomes StorageAway."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, DataCorruption, InvalidResponse, SignerAway, OSError) as error:
        raise StorageAway(type(error).__name__) from None


def file_storage() -> FileStorage:
    """The bucket that STORAGE_URL names. Raises StorageAway where nobody says who we are to it."""
    return _storage_at(settings().storage_url)


@functools.lru_cache(maxsize=1)
def _storage_at(address: str) -> FileStorage:
    url = urlsplit(address)
    if url.scheme not in {"gs", "http"}:
        raise SettingsError("STORAGE_URL: wants gs://BUCKET, or http://host:port/BUCKET for an emulator")
    bucket = url.netloc if url.scheme == "gs" else url.path.strip("/")
    with _told():
        return CloudStorage(_client(url), bucket, settings().storage_signing_account, signer())


def _client(url: SplitResult) -> "Client":
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    project = settings().google_cloud_project
    if url.scheme == "gs":
        return Client(project, own_credentials())
    options = {"api_endpoint": f"http://{url.netloc}"}
    return Client(project, AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]
