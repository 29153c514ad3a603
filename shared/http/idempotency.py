"""`Idempotency-Key`: what creates something does so once, however often a caller repeats the request."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.clock import now
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.delivery import IdempotencyRecord
from shared.database.transaction import expect_unique, transaction
from shared.http.problem_json import response_for
from shared.problems import Conflict, Malformed, Problem, Unavailable, Unprocessable

HEADER: Final = "Idempotency-Key"
KEPT_FOR: Final = timedelta(hours=24)
# Longer than any request may take: whoever claimed the key and has not answered by then is dead.
IN_FLIGHT_FOR: Final = timedelta(seconds=60)
LONGEST_KEY: Final = 255


class KeyReused(Unprocessable):
    """The key came before with another body."""

    title = "This Idempotency-Key was used for another request"


class StillInFlight(Conflict):
    """The first request with this key has not been answered yet."""

    title = "The first request with this Idempotency-Key is still under way"


@dataclass(frozen=True)
class Claim:
    """A key as one caller used it for one route."""

    caller_id: UUID
    route: str
    key: str
    body: bytes

    @property
    def digest(self) -> bytes:
        """What tells one body from another."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True)
class _Kept:
    status: int
    media_type: str
    body: str


def once(claim: Claim, answer: Callable[[], Response]) -> Response:
    """The first answer to this key, made now or kept from then.

    Raises Malformed, KeyReused, StillInFlight, and what `answer` raises; a failure of ours (5xx) and a refusal that
    waiting mends (429) are not kept.
    """
    if not (0 < len(claim.key) <= LONGEST_KEY and claim.key.isascii() and claim.key.isprintable()):
        raise Malformed(f"{HEADER} wants 1 to {LONGEST_KEY} printable ASCII characters.")
    record_id, kept = _claim_in_database(claim)
    if kept is not None:
        return Response(kept.body, kept.status, {"Idempotency-Replayed": "true"}, mimetype=kept.media_type)
    try:
        response = _answered(answer)
    except BaseException:
        with suppress(Unavailable):
            _release(record_id)
        raise
    with suppress(Unavailable):  # it is done; a repeat within the day may then be told of a conflict instead
        _keep(record_id, _Kept(response.status_code, response.mimetype or "", response.get_data(as_text=True)))
    return response


def _claim_in_database(claim: Claim) -> tuple[UUID, _Kept | None]:
    try:
        return _take(claim)
    except _Raced:
        raise StillInFlight(retry_after=1) from None


class _Raced(Exception):
    """Another request inserted the key at the same moment; caught here."""


@transaction(tries=12)  # neighbours in the index conflict under load, and nothing else waits for this
def _take(db: Database, claim: Claim) -> tuple[UUID, _Kept | None]:
    moment = now()
    found = db.scalar(
        select(IdempotencyRecord).where(
            IdempotencyRecord.caller == str(claim.caller_id),
            IdempotencyRecord.route == claim.route,
            IdempotencyRecord.key == claim.key,
        )
    )
    if found is not None and found.expires_at <= moment:
        db.delete(found)
        db.flush()
        found = None
    if found is None:
        found = IdempotencyRecord(
            caller=str(claim.caller_id),
            route=claim.route,
            key=claim.key,
            request_digest=claim.digest,
            in_flight_until=moment + IN_FLIGHT_FOR,
            created_at=moment,
            expires_at=moment + KEPT_FOR,
        )
        with expect_unique(db, "uq_idempotency_record_caller_route_key", _Raced):
            db.add(found)
        return found.id, None
    return found.id, _answer_of(found, claim)


def _answer_of(found: IdempotencyRecord, claim: Claim) -> _Kept | None:
    """The answer kept for this very body; None where its first request died, and this one takes its place."""
    if bytes(found.request_digest) != claim.digest:
        raise KeyReused
    if found.status is not None and found.answer is not None:
        media_type, _, body = _open(found.id, found.answer).partition("\n")
        return _Kept(found.status, media_type, body)
    if found.in_flight_until is not None and found.in_flight_until > now():
        raise StillInFlight(retry_after=1)
    found.in_flight_until = now() + IN_FLIGHT_FOR
    return None


def _answered(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except Problem as problem:
        if problem.status >= 500 or problem.status == 429:
            raise
        if problem.denial:
            audit.record_denial(problem.denial)
        return response_for(problem)


@transaction(tries=12)
def _keep(db: Database, record_id: UUID, kept: _Kept) -> None:
    found = db.get(IdempotencyRecord, record_id)
    if found is not None:
        sealed = f"{kept.media_type}\n{kept.body}"
        found.answer = seal(KeyRing.EVENT, sealed, "idempotency_record", "answer", record_id)
        found.status, found.in_flight_until = kept.status, None


@transaction
def _release(db: Database, record_id: UUID) -> None:
    db.execute(delete(IdempotencyRecord).where(IdempotencyRecord.id == record_id, IdempotencyRecord.status.is_(None)))


def _open(record_id: UUID, sealed: bytes) -> str:
    return unseal(KeyRing.EVENT, sealed, "idempotency_record", "answer", record_id)
