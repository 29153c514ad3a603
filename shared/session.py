"""Sessions (the login): opaque tokens, kept as digests, cached for a minute, revoked everywhere within a second.

A session's use is noted once a minute, so that reading costs no write. What was used within that minute is therefore
not known exactly, and an unused session ends up to a minute late: never before its time, which is what clients are
told.

An administrator who looks on as somebody has a session of that person's, marked with both: the kernel of HTTP lets it
read a few things and change nothing, no socket is opened with it, and it ends with the administrator's own.
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

from sqlalchemy import ColumnElement, and_, or_, select, update
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
    impersonated_by: UUID | None = None
    """The administrator who looks on as this person, where it is not the person themselves who asks."""

    @property
    def acts(self) -> UUID:
        """Who really asks: whom limits count, and whom the audit trail names."""
        return self.impersonated_by or self.user_id

    @property
    def is_held_to_staffs_times(self) -> bool:
        """Whether the session ends as soon as one of staff does."""
        return self.role.is_staff or self.impersonated_by is not None

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
    moment = now()
    row = Session(
        user_id=user.id,
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + settings().absolute_limit(staff=Role(user.role).is_staff),
        transport=transport,
        ip=address,
        user_agent=user_agent,
        stepped_up_at=moment,
        two_factor_at=moment if second_factor else None,
    )
    return _opened(db, row)


def open_impersonation(
    db: Database,
    user_id: UUID,
    administrator_id: UUID,
    *,
    reason_code: str,
    lasts: timedelta,
    transport: Transport,
    address: str,
    user_agent: str,
) -> NewSession:
    """Open a session with which an administrator looks on as somebody, within the caller's transaction.

    Nothing was proved with it, so nothing that asks for a proof can be done.
    """
    moment = now()
    row = Session(
        user_id=user_id,
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + lasts,
        transport=transport,
        ip=address,
        user_agent=user_agent,
        impersonated_by=administrator_id,
        impersonation_reason=reason_code,
    )
    return _opened(db, row)


def _opened(db: Database, row: Session) -> NewSession:
    token = secrets.token_urlsafe(32)
    row.token_hash = _digest(token)
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
    if found.impersonated_by is not None and not _administers(db, found.impersonated_by):
        return None
    if moment - found.last_seen_at >= SEEN_EVERY:
        found.last_seen_at = moment
    # The next use has to be noted by then, so that is how long the cache may be believed.
    return _caller(found, Role(role)), min(_ends_at(found, role), found.last_seen_at + SEEN_EVERY)


def _administers(db: Database, user_id: UUID) -> bool:
    """Whether somebody is an administrator at this moment, whatever became of their sessions."""
    mine = (User.id == user_id, User.role == Role.ADMINISTRATOR, User.status == UserStatus.ACTIVE)
    return db.scalar(select(User.id).where(*mine)) is not None


@transaction
def find_all(db: Database, tokens: Collection[str]) -> dict[str, Caller]:
    """The callers whose tokens these are, in one look for many; a use of each. The cache is left alone.

    It is for sockets, so whoever looks on as somebody is not among them.
    """
    by_hash = {_digest(token): token for token in tokens}
    rows = db.execute(
        select(Session, User.role)
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash.in_(list(by_hash)), Session.revoked_at.is_(None), User.status == UserStatus.ACTIVE)
        .where(Session.impersonated_by.is_(None))
    )
    moment = now()
    alive = [(found, Role(role)) for found, role in rows if moment < _ends_at(found, role)]
    unnoted = [found.id for found, _ in alive if moment - found.last_seen_at >= SEEN_EVERY]
    if unnoted:
        noting = update(Session).where(Session.id.in_(unnoted)).values(last_seen_at=moment)
        db.execute(noting.execution_options(synchronize_session=False))
    return {by_hash[bytes(found.token_hash)]: _caller(found, role) for found, role in alive}


def _caller(found: Session, role: Role) -> Caller:
    themselves = found.impersonated_by is None
    owes = settings().two_factor_for_staff and role.is_staff and themselves and found.two_factor_at is None
    return Caller(found.user_id, role, found.id, found.stepped_up_at, owes, found.impersonated_by)


def _ends_at(found: Session, role: Role) -> datetime:
    staff = Role(role).is_staff or found.impersonated_by is not None
    return min(found.expires_at, found.last_seen_at + _unused_for_at_most(staff=staff))


def _unused_for_at_most(*, staff: bool) -> timedelta:
    """The idle limit and the minute of use that may not have been noted."""
    return settings().idle_limit(staff=staff) + SEEN_EVERY


def impersonation_ends_at(found: Session) -> datetime:
    """When a session with which an administrator looks on is over, if it is used no more."""
    return _ends_at(found, Role.ADMINISTRATOR)


def is_open(role: Role) -> ColumnElement[bool]:
    """What a query asks for the sessions, of users of this role, that have not ended."""
    moment = now()
    return and_(
        Session.revoked_at.is_(None),
        Session.expires_at > moment,
        Session.last_seen_at > moment - _unused_for_at_most(staff=role.is_staff),
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
        UUID(fields["impersonatedBy"]) if fields.get("impersonatedBy") else None,
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
            "impersonatedBy": str(caller.impersonated_by) if caller.impersonated_by else None,
            "goodUntil": good_until.isoformat(),
            "limitKey": hashlib.sha256(str(caller.acts).encode()).hexdigest()[:32],
        }
    )
    milliseconds = max(1, (good_until - now()) // timedelta(milliseconds=1))
    try:
        ask(lambda redis: redis.set(cache_key(token), entry, px=milliseconds, nx=True))
    except RedisAway:
        return


def revoke(db: Database, user_id: UUID, session_ids: Iterable[UUID]) -> SessionsRevoked | None:
    """End these sessions of a user within the caller's transaction; `deliver_revocation` what it returns after it.

    Those with which the user looks on as somebody else end as well: whoever signs out anywhere stops looking on.
    """
    named = and_(Session.user_id == user_id, Session.id.in_(list(session_ids)))
    rows = db.execute(
        update(Session)
        .where(or_(named, Session.impersonated_by == user_id), Session.revoked_at.is_(None))
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
