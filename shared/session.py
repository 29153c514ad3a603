"""Sessions (the login): opaque tokens, kept as digests, cached for a minute, revoked everywhere within a second.

A session's use is noted once a minute, so that reading costs no write. What was used within that minute is therefore
not known exactly, and an unused session ends up to a minute late: never before its time, which is what clients are
told.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.transaction import transaction
from shared.events import SessionsRevoked, session_channel
from shared.redis import RedisAway, ask, publish
from shared.roles import Role
from shared.settings import settings

SECONDS_CACHED: Final = 60
# Longer than any request that could still fill the cache with what it read before the revocation.
SECONDS_REVOKED: Final = 600
REVOKED: Final = "revoked"
SEEN_EVERY: Final = timedelta(seconds=SECONDS_CACHED)


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    user_id: UUID
    role: Role
    session_id: UUID
    proved_at: datetime | None = None
    """When they last proved who they are, by signing in or stepping up; UTC."""
    owes_second_factor: bool = False
    """Whether they are staff, who must have one, and signed in without."""

    def is_fresh(self) -> bool:
        """Whether that proof is recent enough for what asks for a step-up."""
        lasts = timedelta(minutes=settings().step_up_minutes)
        return self.proved_at is not None and now() < self.proved_at + lasts


@dataclass(frozen=True)
class NewSession:
    """A session just opened; the token exists here and with the client, nowhere else."""

    token: str
    session_id: UUID
    expires_at: datetime


def open_session(
    db: Database, user: User, *, transport: Transport, address: str, user_agent: str, second_factor: bool = False
) -> NewSession:
    """Open a session within the caller's transaction; `second_factor` is whether one was shown besides a password."""
    token = secrets.token_urlsafe(32)
    moment = now()
    row = Session(
        user_id=user.id,
        token_hash=_digest(token),
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + settings().absolute_limit(staff=Role(user.role).is_staff),
        transport=transport,
        ip=address,
        user_agent=user_agent,
        stepped_up_at=moment,
        two_factor_at=moment if second_factor else None,
    )
    db.add(row)
    db.flush()
    return NewSession(token, row.id, row.expires_at)


def renew_token(
    db: Database, caller: Caller, *, second_factor: bool = False
) -> tuple[NewSession, SessionsRevoked] | None:
    """Give the caller's session a new token, proved now, within the caller's transaction; None where it has ended.

    The old token ends: hand the event to `deliver_revocation` after the commit. Open sockets stay, since the session
    is the same.
    """
    row = db.scalar(select(Session).where(Session.id == caller.session_id, Session.revoked_at.is_(None)))
    if row is None:
        return None
    token, old, moment = secrets.token_urlsafe(32), bytes(row.token_hash), now()
    row.token_hash, row.last_seen_at, row.stepped_up_at = _digest(token), moment, moment
    if second_factor:
        row.two_factor_at = moment
    ended = SessionsRevoked(occurred_at=moment, user_id=row.user_id, session_ids=(), token_hashes=(old.hex(),))
    outbox.record(db, ended)
    return NewSession(token, row.id, row.expires_at), ended


def find_in_database(token: str) -> Caller | None:
    """The caller whose token this is, whatever the cache says; fills the cache."""
    found = _find_alive(_digest(token))
    if found is None:
        return None
    caller, good_until = found
    _fill_cache(token, caller, good_until)
    return caller


@transaction
def _find_alive(db: Database, token_hash: bytes) -> tuple[Caller, datetime] | None:
    row = db.execute(
        select(Session, User.role, User.status)
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == token_hash, Session.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    found, role, status = row
    moment = now()
    if status != "active" or moment >= _ends_at(found, role):
        return None
    if moment - found.last_seen_at >= SEEN_EVERY:
        found.last_seen_at = moment
    # The next use has to be noted by then, so that is how long the cache may be believed.
    return _caller(found, Role(role)), min(_ends_at(found, role), found.last_seen_at + SEEN_EVERY)


@transaction
def find_all(db: Database, tokens: Collection[str]) -> dict[str, Caller]:
    """The callers whose tokens these are, in one look for many; a use of each. The cache is left alone."""
    by_hash = {_digest(token): token for token in tokens}
    rows = db.execute(
        select(Session, User.role)
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash.in_(list(by_hash)), Session.revoked_at.is_(None), User.status == UserStatus.ACTIVE)
    )
    moment = now()
    alive = [(found, Role(role)) for found, role in rows if moment < _ends_at(found, role)]
    unnoted = [found.id for found, _ in alive if moment - found.last_seen_at >= SEEN_EVERY]
    if unnoted:
        noting = update(Session).where(Session.id.in_(unnoted)).values(last_seen_at=moment)
        db.execute(noting.execution_options(synchronize_session=False))
    return {by_hash[bytes(found.token_hash)]: _caller(found, role) for found, role in alive}


def _caller(found: Session, role: Role) -> Caller:
    owes = settings().two_factor_for_staff and role.is_staff and found.two_factor_at is None
    return Caller(found.user_id, role, found.id, found.stepped_up_at, owes)


def _ends_at(found: Session, role: Role) -> datetime:
    return min(found.expires_at, found.last_seen_at + _unused_for_at_most(role))


def _unused_for_at_most(role: Role) -> timedelta:
    """The idle limit and the minute of use that may not have been noted."""
    return settings().idle_limit(staff=Role(role).is_staff) + SEEN_EVERY


def is_open(role: Role) -> ColumnElement[bool]:
    """What a query asks for the sessions, of users of this role, that have not ended."""
    moment = now()
    return and_(
        Session.revoked_at.is_(None),
        Session.expires_at > moment,
        Session.last_seen_at > moment - _unused_for_at_most(role),
    )


@transaction
def still_open(db: Database, session_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of these sessions that have not ended, whatever the cache says; looking does not count as use."""
    rows = db.execute(
        select(Session, User.role)
        .join(User, User.id == Session.user_id)
        .where(Session.id.in_(list(session_ids)), Session.revoked_at.is_(None), User.status == UserStatus.ACTIVE)
    )
    return frozenset(found.id for found, role in rows if now() < _ends_at(found, role))


def cookie_name(purpose: str = "session") -> str:
    """What our cookie for a purpose is called: `__Host-` wherever TLS is (RFC 6265bis)."""
    return f"__Host-bloom-{purpose}" if settings().secure_cookies else f"bloom-{purpose}"


def is_our_cookie(name: str) -> bool:
    """Whether a cookie of this name is one that `cookie_name` names."""
    return name.startswith(cookie_name(""))


def cache_key(token: str) -> str:
    """The cache's name for a token."""
    return _cache_key(_digest(token).hex())


def _cache_key(token_hash: str) -> str:
    return f"session:{token_hash}"


def from_entry(entry: str) -> Caller | None:
    """The caller a cache entry stands for; None where the database has to be asked (again)."""
    fields = json.loads(entry)
    if now() >= datetime.fromisoformat(fields["goodUntil"]):
        return None
    return Caller(
        UUID(fields["userId"]),
        Role(fields["role"]),
        UUID(fields["sessionId"]),
        datetime.fromisoformat(fields["provedAt"]) if fields["provedAt"] else None,
        fields["owesSecondFactor"],
    )


def _fill_cache(token: str, caller: Caller, good_until: datetime) -> None:
    # NX: a fill that races a revocation finds the tombstone and leaves it.
    entry = json.dumps(
        {
            "userId": str(caller.user_id),
            "role": caller.role,
            "sessionId": str(caller.session_id),
            "provedAt": caller.proved_at.isoformat() if caller.proved_at else None,
            "owesSecondFactor": caller.owes_second_factor,
            "goodUntil": good_until.isoformat(),
            "limitKey": hashlib.sha256(str(caller.user_id).encode()).hexdigest()[:32],
        }
    )
    milliseconds = max(1, (good_until - now()) // timedelta(milliseconds=1))
    try:
        ask(lambda redis: redis.set(cache_key(token), entry, px=milliseconds, nx=True))
    except RedisAway:
        return


def revoke(db: Database, user_id: UUID, session_ids: Iterable[UUID]) -> SessionsRevoked | None:
    """End these sessions of a user within the caller's transaction; `deliver_revocation` what it returns after it."""
    rows = db.execute(
        update(Session)
        .where(Session.user_id == user_id, Session.id.in_(list(session_ids)), Session.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(Session.id, Session.token_hash)
    ).all()
    if not rows:
        return None
    event = SessionsRevoked(
        occurred_at=now(),
        user_id=user_id,
        session_ids=tuple(row.id for row in rows),
        token_hashes=tuple(bytes(row.token_hash).hex() for row in rows),
    )
    outbox.record(db, event)
    return event


def revoke_all(db: Database, user_id: UUID) -> SessionsRevoked | None:
    """End every session of a user within the caller's transaction; `tell_revocation` after it."""
    live = db.scalars(select(Session.id).where(Session.user_id == user_id, Session.revoked_at.is_(None)))
    return revoke(db, user_id, live.all())


def deliver_revocation(event: SessionsRevoked) -> None:
    """Put a tombstone over each cached session and tell the relay. Raises RedisAway."""
    for token_hash in event.token_hashes:
        _insist(partial(_bury, token_hash))
    told = event.model_dump_json(exclude={"token_hashes"})
    _insist(lambda: publish(session_channel(event.user_id), told))


def tell_revocation(*ended: SessionsRevoked | None) -> None:
    """After the commit: cache and relay learn it at once; where Redis is away, the outbox tells them later."""
    for event in ended:
        if event is None:
            continue
        try:
            deliver_revocation(event)
        except RedisAway:
            return
        outbox.mark_delivered(event.id)


def _insist(step: Callable[[], None]) -> None:
    # One answer that came too late must not leave a session in the cache for a minute; both steps may be repeated.
    try:
        step()
    except RedisAway:
        step()


def _bury(token_hash: str) -> None:
    ask(lambda redis: redis.set(_cache_key(token_hash), REVOKED, ex=SECONDS_REVOKED))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
