"""Whether the trail is what it was when it was sealed: seals a few thousand entries at a time, then the ends.

Every entry is read again and hashed, and held against the list of its seal; the list against the seal; the seal against
its own digest, its signature, the one before, and the day's head outside. What was removed is missing, and what was
inserted is in no list.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select

from shared.audit.canonical import (
    EVENT_COLUMNS,
    FORMAT,
    LEAF_BYTES,
    SEAL_COLUMNS,
    each_leaf,
    event_digest,
    seal_digest,
)
from shared.audit.findings import Finding, Kind
from shared.audit.heads import DayHead, HeadBucket, end_of, head_bucket
from shared.audit.retention import retention_ends
from shared.audit.sealing import BEFORE_THE_FIRST, LATEST, ids_sealed_from
from shared.audit.signing import can_check, is_signed
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditSeal, AuditSealLeaves
from shared.database.transaction import look_up
from shared.settings import settings

EVENTS_AT_ONCE: Final = 5_000
SEALS_AT_ONCE: Final = 200
MOST_TOLD: Final = 1_000
"""How many entries that are in no list, or numbers that nobody has, one look tells of."""
IDS_AT_ONCE: Final = 1_000
UNSEALED_COUNTED: Final = 100_000
HEAD_IS_LATE: Final = timedelta(days=1)


@dataclass
class Checked:
    """What was looked at, and what was found."""

    seals: int = 0
    events: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Extent:
    """The first and the last number of the chain, 0 where there is no seal, and until when everything is sealed."""

    first: int
    last: int
    until_at: datetime | None


def extent() -> Extent:
    """How long the chain is."""
    [(first, last)] = look_up(select(func.min(AuditSeal.number), func.max(AuditSeal.number)), {})
    if last is None:
        return Extent(0, 0, None)
    [(until_at,)] = look_up(select(AuditSeal.until_at).where(AuditSeal.number == last), {})
    return Extent(first, last, until_at)


def unsealed(length: Extent) -> int:
    """How many entries the next seals will cover, counted up to UNSEALED_COUNTED."""
    behind = select(AuditEvent.id)
    if length.until_at is not None:
        behind = behind.where(AuditEvent.occurred_at >= length.until_at)
    [(count,)] = look_up(select(func.count()).select_from(behind.limit(UNSEALED_COUNTED).subquery()), {})
    return int(count)


def batches(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The numbers from one to another in runs that are a few thousand entries each."""
    while first <= last:
        upto = _upto(first, last)
        yield first, upto
        first = upto + 1


def batch_before(last: int, most: int) -> int:
    """The number from which on up to so many seals end with this one and are a few thousand entries together."""
    counts = select(AuditSeal.number, AuditSeal.event_count).where(AuditSeal.number <= last)
    total = 0
    first = last
    for number, count in look_up(counts.order_by(AuditSeal.number.desc()).limit(most), {}):
        total += count
        if total > EVENTS_AT_ONCE and number != last:
            break
        first = number
    return max(1, min(first, last))


def _upto(first: int, last: int) -> int:
    counts = select(AuditSeal.number, AuditSeal.event_count).where(AuditSeal.number.between(first, last))
    total, upto, found = 0, first, 0
    for number, count in look_up(counts.order_by(AuditSeal.number).limit(SEALS_AT_ONCE), {}):
        total, found = total + count, found + 1
        if total > EVENTS_AT_ONCE and number != first:
            return upto
        upto = number
    return upto if found == SEALS_AT_ONCE else last


def check_seals(first: int, last: int, days: Sequence[date] | None = None) -> Checked:
    """Seals of these numbers with all that they cover; numbers that nobody has are told of as well.

    `days` are those that have a head, where the caller knows. Raises BucketAway.
    """
    before, seals = _read(first, last)
    checked = Checked(seals=len(seals))
    checked.findings += _gaps(first, last, seals)
    for seal in seals:
        checked.findings += _of_seal(seal, before)
        before = seal
    if seals:
        _check_events(seals, checked)
        checked.findings += _of_heads(seals, days)
    return checked


def _read(first: int, last: int) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
    """The seal before the first, and those of the numbers, each with its leaves or None."""
    found = look_up(
        select(*SEAL_COLUMNS, AuditSealLeaves.leaves)
        .outerjoin(AuditSealLeaves, AuditSealLeaves.id == AuditSeal.id)
        .where(AuditSeal.number.between(first - 1, last))
        .order_by(AuditSeal.number),
        {},
    )
    seals: list[Mapping[str, Any]] = [{**row._mapping} for row in found]
    before = seals.pop(0) if seals and seals[0]["number"] < first else None
    return before, seals


def _gaps(first: int, last: int, seals: Sequence[Mapping[str, Any]]) -> list[Finding]:
    there = {seal["number"] for seal in seals}
    missing = (number for number in range(first, last + 1) if number not in there)
    return [Finding(Kind.SEAL_REMOVED, number) for number in islice(missing, MOST_TOLD)]


def _of_seal(seal: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[Finding]:
    number = seal["number"]
    own = {name: value for name, value in seal.items() if name != "leaves"}
    if seal["format"] != FORMAT or seal_digest(own) != bytes(seal["digest"]) or not _fits(seal):
        yield Finding(Kind.SEAL_CHANGED, number)
    if not _follows(seal, before):
        yield Finding(Kind.SEAL_UNLINKED, number)
    if _must_be_signed(seal, before) and not is_signed(bytes(seal["digest"]), seal["key_id"], seal["signature"]):
        yield Finding(Kind.SEAL_FORGED, number)


def _fits(seal: Mapping[str, Any]) -> bool:
    """Whether its list is the one that was sealed; it may be gone with its entries, once these are old enough."""
    if seal["leaves"] is None:
        return _is_retired(seal)
    leaves = bytes(seal["leaves"])
    right_length = len(leaves) == seal["event_count"] * LEAF_BYTES
    return right_length and hashlib.sha256(leaves).digest() == bytes(seal["events_digest"])


def _is_retired(seal: Mapping[str, Any]) -> bool:
    return bool(seal["until_at"] <= retention_ends(now(), settings().audit_retention_years))


def _follows(seal: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    if seal["number"] == 1:
        return bytes(seal["previous_digest"]) == BEFORE_THE_FIRST
    if before is None or before["number"] != seal["number"] - 1:
        return True  # the gap is told of by itself
    same = bytes(seal["previous_digest"]) == bytes(before["digest"])
    return same and bool(seal["from_at"] == before["until_at"])


def _must_be_signed(seal: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Once one is signed all that follow are; without a key at hand nobody can tell."""
    signed = seal["signature"] is not None or (before is not None and before["signature"] is not None)
    return signed and can_check()


def _check_events(seals: Sequence[Mapping[str, Any]], checked: Checked) -> None:
    sound = [seal for seal in seals if _fits(seal)]
    expected = [
        (seal["number"], event_id, digest)
        for seal in sound
        for event_id, digest in each_leaf(bytes(seal["leaves"] or b""))
    ]
    ids = {event_id for _, event_id, _ in expected}
    there = _within(seals[0]["from_at"], seals[-1]["until_at"], len(ids) + MOST_TOLD)
    found = {**there, **_by_id([event_id for event_id in ids if event_id not in there])}
    for number, event_id, digest in expected:
        if event_id not in found:
            checked.findings.append(Finding(Kind.EVENT_REMOVED, number, event_id))
        elif event_digest(found[event_id]) != digest:
            checked.findings.append(Finding(Kind.EVENT_CHANGED, number, event_id))
    checked.events += len(expected)
    checked.findings += _inserted([event for event in there.values() if event.id not in ids], sound)


def _within(since: datetime, until: datetime, most: int) -> dict[UUID, Row[Any]]:
    query = select(*EVENT_COLUMNS).where(AuditEvent.occurred_at >= since, AuditEvent.occurred_at < until)
    return {event.id: event for event in look_up(query.order_by(AuditEvent.occurred_at).limit(most), {})}


def _by_id(ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    found: dict[UUID, Row[Any]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = select(*EVENT_COLUMNS).where(AuditEvent.id.in_(ids[start : start + IDS_AT_ONCE]))
        found |= {event.id: event for event in look_up(some, {})}
    return found


def _inserted(extra: Sequence[Row[Any]], seals: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Those that no seal covers: a later one may, of what came late, and the next will, of what has just come."""
    if not extra:
        return
    first = min(event.occurred_at for event in extra)
    later = ids_sealed_from(first, max(event.occurred_at for event in extra) + 2 * LATEST)
    sealed_until = extent().until_at
    starts = [seal["from_at"] for seal in seals]
    for event in extra:
        place = bisect_right(starts, event.occurred_at) - 1
        covers = place >= 0 and event.occurred_at < seals[place]["until_at"]
        awaited = sealed_until is not None and event.occurred_at >= sealed_until - LATEST
        if covers and event.id not in later and not awaited:
            yield Finding(Kind.EVENT_INSERTED, seals[place]["number"], event.id)


def _of_heads(seals: Sequence[Mapping[str, Any]], days: Sequence[date] | None) -> Iterator[Finding]:
    """Each day that ends within these seals, held against its head."""
    closing = {seal["until_at"].date() - timedelta(days=1): seal for seal in seals if _closes_a_day(seal["until_at"])}
    bucket = head_bucket() if closing else None
    if bucket is None:
        return
    known = bucket.days() if days is None else days
    for day, seal in closing.items():
        if day in known:
            yield from _of_head(bucket, day, seal)
        elif known and known[0] < day and end_of(day) + HEAD_IS_LATE < now():
            yield Finding(Kind.HEAD_MISSING, seal["number"], day=day)


def _closes_a_day(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == datetime.min.time()


def _of_head(bucket: HeadBucket, day: date, seal: Mapping[str, Any]) -> Iterator[Finding]:
    head = _told_by(bucket, day)
    if head is None or (can_check() and not head.is_signed):
        yield Finding(Kind.HEAD_FORGED, seal["number"], day=day)
    elif (head.number, head.digest) != (seal["number"], bytes(seal["digest"]).hex()):
        yield Finding(Kind.SEAL_FORGED, seal["number"], day=day)


def _told_by(bucket: HeadBucket, day: date) -> DayHead | None:
    try:
        return bucket.head(day)
    except ValueError:
        return None


def check_ends() -> Checked:
    """Whether the chain begins at its first number and is as long as the heads outside say."""
    length, checked = extent(), Checked()
    checked.findings += _before_the_first(length)
    bucket = head_bucket()
    for day in _days_after(bucket.days() if bucket else [], length.until_at):
        head = _told_by(bucket, day) if bucket else None
        if head is None or (can_check() and not head.is_signed):
            checked.findings.append(Finding(Kind.HEAD_FORGED, day=day))
        elif head.number > length.last:
            checked.findings.append(Finding(Kind.TAIL_REMOVED, head.number, day=day))
    return checked


def _days_after(days: Iterable[date], until_at: datetime | None) -> list[date]:
    """Those that end after everything that is sealed: there should be none."""
    return [day for day in days if until_at is None or end_of(day) > until_at]


def _before_the_first(length: Extent) -> Iterator[Finding]:
    if not length.last:
        return
    if length.first > 1:  # whose entries are older cannot be told
        yield from (Finding(Kind.SEAL_REMOVED, number) for number in islice(range(1, length.first), MOST_TOLD))
        return
    [(starts,)] = look_up(select(AuditSeal.from_at).where(AuditSeal.number == length.first), {})
    older = select(AuditEvent.id).where(AuditEvent.occurred_at < starts).order_by(AuditEvent.occurred_at)
    found = [event_id for (event_id,) in look_up(older.limit(MOST_TOLD), {})]
    late = ids_sealed_from(starts, starts + LATEST) if found else set()
    yield from (Finding(Kind.EVENT_INSERTED, length.first, event_id) for event_id in found if event_id not in late)
