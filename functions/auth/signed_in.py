"""A session just opened, as the answer tells it: by cookie, or by bearer token where the client asked for one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import Transport, User
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import Forbidden
from shared.roles import Role
from shared.session import NewSession


class BearerFromPage(Forbidden):
    """A page asked for a bearer token, which scripts could read."""

    title = "Pages sign in with the cookie"


class SignedInUser(Schema):
    """The signed-in user, as they may see themselves."""

    id: UUID
    email: str
    name: str
    role: Role

    @classmethod
    def of(cls, user: User) -> "SignedInUser":
        """From the row."""
        return cls(id=user.id, email=user.email, name=user.name, role=Role(user.role))


class SignedIn(Schema):
    """A session by cookie."""

    user: SignedInUser
    expires_at: datetime


class SignedInWithToken(Schema):
    """A session by bearer token, which is shown this once."""

    user: SignedInUser
    token: str
    expires_at: datetime


def require_no_page(visit: Visit) -> None:
    """A bearer token is never for a page. Raises BearerFromPage."""
    if visit.wants_bearer and visit.has_origin:
        raise BearerFromPage


def open_for(db: Database, user: User, visit: Visit, *, second_factor: bool) -> NewSession:
    """Open a session for whoever proved to be this user, within the caller's transaction."""
    user.last_signed_in_at = now()
    transport = Transport.BEARER if visit.wants_bearer else Transport.COOKIE
    opened = session.open_session(
        db,
        user,
        transport=transport,
        address=visit.address,
        user_agent=visit.user_agent,
        second_factor=second_factor,
    )
    audit.record(
        db,
        Action.SESSION_SIGNED_IN,
        subject_id=user.id,
        actor_id=user.id,
        resource=("session", opened.session_id),
    )
    return opened


def answer_with(
    opened: NewSession, user: SignedInUser, visit: Visit, *more: SetCookie
) -> Answer[SignedIn | SignedInWithToken]:
    """The answer to a sign-in, a step-up, or whatever else gave the session a new token."""
    if visit.wants_bearer:
        body = SignedInWithToken(user=user, token=opened.token, expires_at=opened.expires_at)
        return Answer(body, cookies=more)
    return Answer(SignedIn(user=user, expires_at=opened.expires_at), cookies=(session_cookie(opened), *more))


def session_cookie(opened: NewSession) -> SetCookie:
    """The cookie that carries a new token, as long as the session can live."""
    age = int((opened.expires_at - now()).total_seconds())
    return SetCookie(session.cookie_name(), opened.token, max_age=age)
