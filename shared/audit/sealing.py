"""Seals over the trail, made in batches beside its writers, who wait for nobody.

An entry has the time at which it was written and is seen when its transaction commits, which may be later. So a span
is sealed a while after it is over, and whatever is seen only afterwards goes into the next seal, up to a limit: what
turns up in the past beyond it no request wrote, and it stays outside of every seal, where verifying finds it.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session as Database

from shared.audit.canonical import EVENT_COLUMNS, FORMAT, each_leaf, leaves_of, seal_digest
from shared.audit.signing import sign
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditSeal, AuditSealLeaves
from shared.database.transaction import expect_unique, look_up, transaction
from shared.telemetry import log

SETTLES: Final = timedelta(seconds=60)
"""After this all but a stuck transaction has committed: a statement may run 5 s, a pause within one last 5 s."""
LATEST: Final = timedelta(minutes=15)
"""How long after its own time an entry is still taken for one of ours; no request and no transaction lives so long."""
EVENTS_IN_A_SEAL: Final = 1000
SECONDS_AT_ONCE: Final = 20.0
BEFORE_THE_FIRST: Final = bytes(32)
ONE_MICROSECOND: Final = timedelta(microseconds=1)


class AnotherSealer(Exception):
    """Somebody else has just made the seal with this number or of this span; caught where seals are made."""


@dataclass(frozen=True)
class Link:
    """What the next seal goes on from."""

    number: int
    until_at: datetime
    digest: bytes


@dataclass(frozen=True)
class Drawn:
    """The events of a seal that is about to be made, by (occurred_at, id), and where its span ends."""

    events: Sequence[Row[Any]]
    until_at: datetime
    leaves_some: bool = False
    """Whether there were more of its own span, which come late for the next."""


def seal_settled(*, most: int = EVENTS_IN_A_SEAL, seconds: float = SECONDS_AT_ONCE) -> int:
    """Seal everything that has settled, or as much as can be done in the time; how many seals were made.

    Safe to call at any time from any number of places: one of two makes the next seal, and the other stops.
    """
    last, settled, made = last_link(), now() - SETTLES, 0
    if last is None:
        return 0
    late, ends = _late(last.until_at, most), time.perf_counter() + seconds
    while time.perf_counter() < ends and (drawn := _draw(last.until_at, settled, late, most)):
        try:
            last = keep(*made_of(last, drawn))
        except AnotherSealer:
            break
        made += 1
        log("audit-sealed", number=last.number, events=len(drawn.events), digest=last.digest.hex())
        late = _late(last.until_at, most) if drawn.leaves_some else []
    return made


def last_link() -> Link | None:
    """The newest seal, or where the first will begin; None where there is nothing to seal yet."""
    newest = select(AuditSeal.number, AuditSeal.until_at, AuditSeal.digest).order_by(AuditSeal.number.desc()).limit(1)
    for number, until_at, digest in look_up(newest, {}):
        return Link(number, until_at, bytes(digest))
    for (first,) in look_up(select(func.min(AuditEvent.occurred_at)), {}):
        return Link(0, _midnight(first), BEFORE_THE_FIRST) if first else None
    return None


def seals_from(moment: datetime) -> Select[tuple[UUID]]:
    """The ids of all seals whose span ends after a moment, by the index over where spans begin: they leave no gap."""
    first = select(func.max(AuditSeal.from_at)).where(AuditSeal.from_at <= moment).scalar_subquery()
    return select(AuditSeal.id).where(AuditSeal.from_at >= func.coalesce(first, moment))


def ids_sealed_from(moment: datetime, until: datetime | None = None) -> set[UUID]:
    """The ids of all events in seals whose span ends after a moment, and begins before another."""
    wanted = seals_from(moment)
    if until is not None:
        wanted = wanted.where(AuditSeal.from_at < until)
    leaves = look_up(select(AuditSealLeaves.leaves).where(AuditSealLeaves.id.in_(wanted)), {})
    return {event_id for (some,) in leaves for event_id, _ in each_leaf(bytes(some))}


def _late(until_at: datetime, most: int) -> list[Row[Any]]:
    """What has turned up since in spans that are sealed, the earliest first."""
    since = until_at - LATEST
    within = (AuditEvent.occurred_at >= since, AuditEvent.occurred_at < until_at)
    there = look_up(select(AuditEvent.occurred_at, AuditEvent.id).where(*within), {})
    if not there:
        return []
    sealed = ids_sealed_from(since)
    new = sorted((at, event_id) for at, event_id in there if event_id not in sealed)[:most]
    if not new:
        return []
    return _events(select(*EVENT_COLUMNS).where(AuditEvent.id.in_([event_id for _, event_id in new])), most)


def _draw(from_at: datetime, settled: datetime, late: Sequence[Row[Any]], most: int) -> Drawn | None:
    """What the next seal will cover; None where there is nothing for one. A day's last seal ends with the day."""
    midnight = _midnight(from_at) + timedelta(days=1)
    bound = min(settled, midnight)
    if bound <= from_at:
        return None
    if len(late) >= most:
        return Drawn(late, from_at + ONE_MICROSECOND, leaves_some=True)
    room = most - len(late)
    within = select(*EVENT_COLUMNS).where(AuditEvent.occurred_at >= from_at, AuditEvent.occurred_at < bound)
    found = _events(within, room + 1)
    own = Drawn(found, bound) if len(found) <= room else _cut(found, room)
    if not found and not late and bound != midnight:
        return None
    events = sorted([*late, *own.events], key=lambda event: (event.occurred_at, event.id))
    return Drawn(events, own.until_at, own.leaves_some)


def _cut(found: list[Row[Any]], room: int) -> Drawn:
    """As many as there is room for: whole moments, or else a part of one."""
    until_at = found[room].occurred_at
    whole = [event for event in found if event.occurred_at < until_at]
    return Drawn(whole, until_at) if whole else Drawn(found[:room], until_at + ONE_MICROSECOND, leaves_some=True)


def _events(query: Select[Any], most: int) -> list[Row[Any]]:
    return list(look_up(query.order_by(AuditEvent.occurred_at, AuditEvent.id).limit(most), {}))


def made_of(last: Link, drawn: Drawn) -> tuple[dict[str, Any], bytes]:
    """The columns of the seal that follows, and its leaves."""
    leaves = leaves_of(drawn.events)
    columns: dict[str, Any] = {
        "id": uuid4(),
        "number": last.number + 1,
        "format": FORMAT,
        "from_at": last.until_at,
        "until_at": drawn.until_at,
        "event_count": len(drawn.events),
        "events_digest": hashlib.sha256(leaves).digest(),
        "previous_digest": last.digest,
        "sealed_at": now(),
    }
    columns["digest"] = seal_digest(columns)
    columns["key_id"], columns["signature"] = sign(columns["digest"])
    return columns, leaves


@transaction
def keep(db: Database, columns: dict[str, Any], leaves: bytes) -> Link:
    """Write a seal with its leaves, whole or not at all. Raises AnotherSealer."""
    with (
        expect_unique(db, "uq_audit_seal_number", AnotherSealer),
        expect_unique(db, "uq_audit_seal_from_at", AnotherSealer),
    ):
        db.add(AuditSeal(**columns))
        db.add(AuditSealLeaves(id=columns["id"], leaves=leaves))
    return Link(columns["number"], columns["until_at"], columns["digest"])


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
