"""The present session, sign-out, and the list of where somebody is signed in, each of which can be ended."""

import functools
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import Session, Transport, User
from shared.database.transaction import look_up, transaction
from shared.events import SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie
from shared.problems import NotFound, NotSignedIn
from shared.roles import Role, signed_in
from shared.session import Caller
from shared.settings import settings

from .devices import describe_device, describe_network
from .signed_in import SignedInUser

routes = Routes()

SHOWN_AT_MOST: Final = 200
TRIES: Final = 12
"""Sessions are neighbours in few pages of an index, so that many that end at once conflict; and each has to end."""


class PresentSession(Schema):
    """Who is signed in, and until when."""

    user: SignedInUser
    session_id: UUID
    expires_at: datetime
    """When the session ends if nothing more is done: asking for this counted as use. It may live a minute longer."""
    absolute_expires_at: datetime
    """When it ends however much it is used."""
    second_factor_owed: bool
    """Whether nothing else can be done before a second factor is set up or shown."""
    fresh: bool
    """Whether what asks for a step-up can be done now."""
    fresh_until: datetime | None
    impersonated: bool
    """Whether an administrator looks on with it: a client says so, and offers nothing that changes something."""


class OpenSession(Schema):
    """A session that has not ended."""

    id: UUID
    device: str
    """Plain words, such as `Firefox on Linux`."""
    network: str | None
    """The first part of the address, such as `203.0.113.x`."""
    transport: Transport
    created_at: datetime
    last_seen_at: datetime
    """To the minute."""
    expires_at: datetime
    """When it ends if it is not used again."""
    current: bool
    """Whether it is the one that asks."""


class LookingOn(Schema):
    """An administrator who looks on to help with a problem; it is ended as a session is."""

    id: UUID
    by: Role
    began_at: datetime
    expires_at: datetime


class OpenSessions(Schema):
    """Where somebody is signed in, the last used first, at most 200; and who looks on, which is no place of theirs."""

    items: tuple[OpenSession, ...]
    looking_on: tuple[LookingOn, ...]
    next_cursor: None = None


@routes.endpoint("GET /api/auth/session", allow=signed_in, limit=Limit("session", 120, per=60), before_two_factor=True)
def present_session(caller: Caller) -> PresentSession:
    """Who is signed in with this cookie or token, and when that ends; asking counts as use."""
    return describe_session(caller)


@routes.endpoint(
    "POST /api/auth/sign-out", allow=signed_in, limit=Limit("sign-out", 30, per=60), before_two_factor=True
)
def sign_out(caller: Caller) -> Answer[None]:
    """End this session everywhere, its open sockets included, and remove the cookie."""
    session.tell_revocation(end_present_session(caller))
    return Answer(None, cookies=(_no_cookie(),))


@routes.endpoint("GET /api/auth/sessions", allow=signed_in, limit=Limit("sessions", 60, per=60))
def list_sessions(caller: Caller) -> OpenSessions:
    """Everywhere the caller is signed in, and which administrators look on."""
    items, looking_on = find_open_sessions(caller)
    return OpenSessions(items=items, looking_on=looking_on)


@routes.endpoint("DELETE /api/auth/sessions/{id}", allow=signed_in, limit=Limit("revoke-session", 60, per=60))
def revoke_session(caller: Caller, id: UUID) -> Answer[None]:
    """End one of the caller's sessions everywhere within a second, its open sockets included."""
    session.tell_revocation(end_session(caller, id))
    return Answer(None, cookies=(_no_cookie(),) if id == caller.session_id else ())


@routes.endpoint("DELETE /api/auth/sessions", allow=signed_in, limit=Limit("revoke-others", 30, per=60))
def revoke_other_sessions(caller: Caller) -> None:
    """End every session of the caller but the one that asks."""
    session.tell_revocation(end_other_sessions(caller))


@functools.cache
def _present() -> Select[tuple[UUID, str, str, Role, datetime]]:
    """Built once: every page asks it, and building it takes as long as asking."""
    return (
        select(User.id, User.email, User.name, User.role, Session.expires_at)
        .join(Session, Session.user_id == User.id)
        .where(Session.id == bindparam("session_id"))
    )


def describe_session(caller: Caller) -> PresentSession:
    """The user and session of the caller."""
    found = look_up(_present(), {"session_id": caller.session_id})
    if not found:
        raise NotSignedIn
    [row] = found
    absolute_end = row.expires_at
    return PresentSession(
        user=SignedInUser(id=row.id, email=row.email, name=row.name, role=row.role),
        session_id=caller.session_id,
        expires_at=_end_unless_used(absolute_end, now(), caller),
        absolute_expires_at=absolute_end,
        second_factor_owed=caller.owes_second_factor,
        fresh=caller.is_fresh(),
        fresh_until=caller.proved_at and caller.proved_at + timedelta(minutes=settings().step_up_minutes),
        impersonated=caller.impersonated_by is not None,
    )


@transaction
def find_open_sessions(db: Database, caller: Caller) -> tuple[tuple[OpenSession, ...], tuple[LookingOn, ...]]:
    """The caller's sessions that have not ended; an administrator's who looks on is none of theirs."""
    found = db.scalars(
        select(Session)
        .where(Session.user_id == caller.user_id, session.is_open(caller.role))
        .order_by(Session.last_seen_at.desc(), Session.id)
        .limit(SHOWN_AT_MOST)
    ).all()
    own = tuple(_shown(row, caller) for row in found if row.impersonated_by is None)
    others = (row for row in found if row.impersonated_by is not None)
    return own, tuple(_looking_on(row) for row in others if now() < session.impersonation_ends_at(row))


def _looking_on(row: Session) -> LookingOn:
    return LookingOn(id=row.id, by=Role.ADMINISTRATOR, began_at=row.created_at, expires_at=row.expires_at)


def _shown(row: Session, caller: Caller) -> OpenSession:
    current = row.id == caller.session_id
    seen_at = now() if current else row.last_seen_at
    return OpenSession(
        id=row.id,
        device=describe_device(row.user_agent),
        network=describe_network(row.ip),
        transport=row.transport,
        created_at=row.created_at,
        last_seen_at=seen_at,
        expires_at=_end_unless_used(row.expires_at, seen_at, caller),
        current=current,
    )


def _end_unless_used(absolute_end: datetime, seen_at: datetime, caller: Caller) -> datetime:
    return min(absolute_end, seen_at + settings().idle_limit(staff=caller.is_held_to_staffs_times))


@transaction(tries=TRIES)
def end_present_session(db: Database, caller: Caller) -> SessionsRevoked | None:
    """Mark the caller's session as ended."""
    audit.record(db, Action.SESSION_SIGNED_OUT, subject_id=caller.user_id, resource=("session", caller.session_id))
    return session.revoke(db, caller.user_id, [caller.session_id])


@transaction(tries=TRIES)
def end_session(db: Database, caller: Caller, session_id: UUID) -> SessionsRevoked | None:
    """Mark one of the caller's sessions as ended, or one with which an administrator looks on.

    Raises NotFound for another's, and for one that has ended.
    """
    is_theirs = db.scalar(
        select(Session.id).where(
            Session.id == session_id,
            Session.user_id == caller.user_id,
            session.is_open(caller.role),
        )
    )
    if is_theirs is None:
        raise NotFound
    audit.record(db, Action.SESSION_REVOKED, subject_id=caller.user_id, resource=("session", session_id))
    return session.revoke(db, caller.user_id, [session_id])


@transaction(tries=TRIES)
def end_other_sessions(db: Database, caller: Caller) -> SessionsRevoked | None:
    """Mark every other session of the caller as ended."""
    others = db.scalars(
        select(Session.id).where(
            Session.user_id == caller.user_id, Session.id != caller.session_id, Session.revoked_at.is_(None)
        )
    ).all()
    ended = session.revoke(db, caller.user_id, others) if others else None
    if ended:
        audit.record(db, Action.SESSION_OTHERS_REVOKED, subject_id=caller.user_id)
    return ended


def _no_cookie() -> SetCookie:
    return SetCookie(session.cookie_name(), "", max_age=0)
