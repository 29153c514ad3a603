"""The last seal of each day, signed and put where nobody can change or remove it for years.

Whoever can write to the database can make a whole chain anew, or end it early. A head outside contradicts that.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy import func, select

from shared.audit.canonical import canonical
from shared.audit.signing import is_signed, sign
from shared.clock import now
from shared.contract import Schema
from shared.database.models.audit_trail import AuditSeal
from shared.database.transaction import look_up
from shared.settings import settings
from shared.telemetry import log

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

FOLDER: Final = "heads/"
DAYS_LOOKED_BACK: Final = 14
"""How long the bucket may be away before a day goes without its head."""
SECONDS_TO_CONNECT: Final = 2.0
SECONDS_TO_ANSWER: Final = 10.0
SECONDS_OF_RETRIES: Final = 5.0


class BucketAway(Exception):
    """The bucket could not be reached, or does not let us in."""


class DayHead(Schema):
    """What the trail had come to at the end of a day (UTC)."""

    day: date
    number: int
    """The seal's."""
    digest: str
    """The seal's, in hexadecimal."""
    key_id: str | None = None
    signature: str | None = None
    """Ed25519 over the canonical bytes of day, number and digest, in hexadecimal."""

    @property
    def message(self) -> bytes:
        """What is signed."""
        return canonical({"day": self.day.isoformat(), "digest": self.digest, "number": self.number})

    @property
    def is_signed(self) -> bool:
        """Whether one of our keys signed it."""
        try:
            return is_signed(self.message, self.key_id, bytes.fromhex(self.signature or ""))
        except ValueError:
            return False


def signed_head(day: date, number: int, digest: bytes) -> DayHead:
    """The head of a day, signed where there is a key."""
    bare = DayHead(day=day, number=number, digest=digest.hex())
    key_id, signature = sign(bare.message)
    return bare.model_copy(update={"key_id": key_id, "signature": signature.hex() if signature else None})


@dataclass(frozen=True)
class HeadBucket:
    """Where heads lie: Cloud Storage, or an emulator of it, through Google's own client."""

    bucket: "Bucket"

    def add(self, head: DayHead) -> bool:
        """Put it there unless that day has one already, which stays as it is; whether it was put. Raises BucketAway."""
        from google.api_core.exceptions import PreconditionFailed

        content = head.model_dump_json(by_alias=True)
        with _told():
            try:
                self._blob(head.day).upload_from_string(
                    content, content_type="application/json", if_generation_match=0, **_patience()
                )
            except PreconditionFailed:
                return False
        return True

    def head(self, day: date) -> DayHead | None:
        """A day's; None where there is none. Raises BucketAway, and ValueError for what is no head."""
        from google.api_core.exceptions import NotFound

        with _told():
            try:
                content = self._blob(day).download_as_bytes(**_patience())
            except NotFound:
                return None
        try:
            return DayHead.model_validate_json(content)
        except ValidationError:
            raise ValueError(f"{FOLDER}{day}.json is no head") from None

    def days(self) -> list[date]:
        """All days that have one, the earliest first. Raises BucketAway."""
        with _told():
            blobs = list(self.bucket.client.list_blobs(self.bucket, prefix=FOLDER, **_patience()))
        return sorted(date.fromisoformat(blob.name.removeprefix(FOLDER).removesuffix(".json")) for blob in blobs)

    def _blob(self, day: date) -> "Blob":
        return self.bucket.blob(f"{FOLDER}{day.isoformat()}.json")


def keep_heads() -> int:
    """Put the heads of the last days there that are missing; how many there were. Raises BucketAway."""
    address, kept = settings().audit_bucket_url, 0
    for day in _days_without(address) if address else ():
        if head := _head_of(day):
            kept += _add(_bucket_at(address), head)
            _there.add((address, day))
    return kept


def _days_without(address: str) -> list[date]:
    """Those of the last days that this instance knows no head of, and that seals reach back to."""
    today = now().astimezone(UTC).date()
    days = [today - timedelta(days=ago) for ago in range(DAYS_LOOKED_BACK, 0, -1)]
    unknown = [day for day in days if (address, day) not in _there]
    [(first,)] = look_up(select(func.min(AuditSeal.from_at)), {}) if unknown else [(None,)]
    return [day for day in unknown if first is not None and end_of(day) > first]


_there: Final[set[tuple[str, date]]] = set()
"""Days whose head this instance has put there, or found: it need not ask again every minute."""


def _add(bucket: HeadBucket, head: DayHead) -> bool:
    if bucket.add(head):
        log("audit-head-kept", day=head.day.isoformat(), number=head.number, digest=head.digest)
        return True
    there = bucket.head(head.day)
    if there is None or (there.number, there.digest) != (head.number, head.digest):
        log("audit-head-contradicts", severity="CRITICAL", day=head.day.isoformat(), number=head.number)
    return False


def _head_of(day: date) -> DayHead | None:
    """Of a day whose last span is sealed."""
    ends = end_of(day)
    last = select(AuditSeal.number, AuditSeal.digest, AuditSeal.until_at).where(AuditSeal.from_at < ends)
    for number, digest, until_at in look_up(last.order_by(AuditSeal.from_at.desc()).limit(1), {}):
        if until_at == ends:
            return signed_head(day, number, bytes(digest))
    return None


def end_of(day: date) -> datetime:
    """The midnight after a day, UTC, at which one of its seals ends."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def head_bucket() -> HeadBucket | None:
    """The bucket that AUDIT_BUCKET_URL names; None where it names none. Raises BucketAway."""
    address = settings().audit_bucket_url
    return _bucket_at(address) if address else None


@functools.lru_cache(maxsize=1)
def _bucket_at(address: str) -> HeadBucket:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    url, project = urlsplit(address), settings().google_cloud_project
    with _told():
        if url.scheme == "gs":
            return HeadBucket(Client(project).bucket(url.netloc))
        options = {"api_endpoint": f"http://{url.netloc}"}
        client = Client(project, AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]
        return HeadBucket(client.bucket(url.path.strip("/")))


def _patience() -> dict[str, Any]:
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(SECONDS_OF_RETRIES)
    return {"timeout": (SECONDS_TO_CONNECT, SECONDS_TO_ANSWER), "retry": retry}


@contextmanager
def _told() -> Iterator[None]:
    """What the client raises within becomes BucketAway."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, DataCorruption, InvalidResponse, OSError) as error:
        raise BucketAway(type(error).__name__) from None
