"""Sign-out, and what the present session is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import Session, User
from shared.database.transaction import transaction
from shared.events import SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie
from shared.problems import NotSignedIn
from shared.roles import signed_in
from shared.session import Caller

from .signed_in import SignedInUser, tell_revocation

routes = Routes()


class PresentSession(Schema):
    """Who is signed in, and until when at most."""

    user: SignedInUser
    session_id: UUID
    expires_at: datetime


@routes.endpoint("GET /api/auth/session", allow=signed_in, limit=Limit("session", 120, per=60))
def present_session(caller: Caller) -> PresentSession:
    """Who is signed in with this cookie or token."""
    return describe_session(caller)


@routes.endpoint("POST /api/auth/sign-out", allow=signed_in, limit=Limit("sign-out", 30, per=60))
def sign_out(caller: Caller) -> Answer[None]:
    """End this session everywhere, its open sockets included, and remove the cookie."""
    ended = end_session(caller)
    tell_revocation(ended)
    return Answer(None, cookies=(SetCookie(session.cookie_name(), "", max_age=0),))


@transaction
def describe_session(db: Database, caller: Caller) -> PresentSession:
    """The user and session of the caller."""
    row = db.execute(
        select(User, Session.expires_at)
        .join(Session, Session.user_id == User.id)
        .where(Session.id == caller.session_id)
    ).one_or_none()
    if row is None:
        raise NotSignedIn
    user, expires_at = row
    return PresentSession(user=SignedInUser.of(user), session_id=caller.session_id, expires_at=expires_at)


@transaction
def end_session(db: Database, caller: Caller) -> SessionsRevoked | None:
    """Mark the caller's session as ended."""
    audit.record(db, Action.SESSION_SIGNED_OUT, subject_id=caller.user_id, resource=("session", caller.session_id))
    return session.revoke(db, caller.user_id, [caller.session_id])
