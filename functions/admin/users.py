"""POST /api/admin/users/search, PATCH /api/admin/users/{id}: who there is, and what administrators change of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.access import is_in_care
from shared.account_notices import Notice, notify
from shared.administrators import require_another
from shared.appointments import has_ahead
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.events import AccountUnlocked, Event, SessionsRevoked
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, administrators
from shared.session import Caller

routes = Routes()

_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"


class NotOneself(Conflict):
    """Whoever administers does not change their own account here: nobody is to lock themselves out."""

    title = "Please ask another administrator to change your own account"


class RoleInUse(Conflict):
    """Care or appointments hang on what the account is."""

    title = "This account is in care or has appointments ahead, so its role cannot change"


class SuspensionReason(StrEnum):
    """Why an account is paused, coded so that it needs no words about a person."""

    SECURITY = "security"
    CONDUCT = "conduct"
    LICENCE = "licence"
    REQUESTED = "requested"
    OTHER = "other"


class UserSearch(Schema):
    """Which accounts: all of them, the latest first, or those that a text, a role or a status names."""

    text: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_LINE)] | None
    ) = None
    """The beginning of an address, of a name, or of its last word, capitals or not; or a whole id, as the trail has."""
    role: Role | None = None
    status: Literal[UserStatus.ACTIVE, UserStatus.SUSPENDED] | None = None
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class ShownUser(Schema):
    """An account as administrators see it: nothing of what was written or said in care."""

    id: UUID
    email: str
    name: str
    role: Role
    status: UserStatus
    suspension_reason: str | None
    email_verified: bool
    credentials_status: CredentialsStatus | None
    """A therapist's, once a licence was sent."""
    created_at: datetime
    last_signed_in_at: datetime | None


class Users(Schema):
    """A page."""

    items: list[ShownUser]
    next_cursor: str | None


class UserChange(Schema):
    """Exactly one of: another role; paused, with a reason, or open again; no pause after wrong guesses any more."""

    role: Role | None = None
    status: Literal[UserStatus.ACTIVE, UserStatus.SUSPENDED] | None = None
    reason: SuspensionReason | None = None
    unlock: Literal[True] | None = None


@dataclass(frozen=True)
class Changed:
    """What was done, and what follows after the commit."""

    shown: ShownUser
    told: tuple[Event, ...] = ()
    ended: SessionsRevoked | None = None


@routes.endpoint("POST /api/admin/users/search", allow=administrators, limit=Limit("search-users", 120, per=60))
def search_users(search: UserSearch) -> Users:
    """A page of accounts; those that are erased, and those that are nobody's, are not among them."""
    return page_of(search)


@routes.endpoint(
    "PATCH /api/admin/users/{id}", allow=administrators, limit=Limit("change-user", 30, per=60), fresh=True
)
def change_user(caller: Caller, id: UUID, change: UserChange) -> ShownUser:
    """Change one thing of an account. Sessions and sockets end at once where it is paused or has another role."""
    _require_one(change)
    changed = change_of(caller, id, change)
    session.tell_revocation(changed.ended)
    outbox.hand_over(*changed.told)
    return changed.shown


@transaction
def page_of(db: Database, search: UserSearch) -> Users:
    """Read a page; what was looked for is no part of the audit entry."""
    query = _found_by(search).order_by(User.created_at.desc(), User.id.desc()).limit(search.limit + 1)
    if search.cursor:
        query = query.where(tuple_(User.created_at, User.id) < _after(search.cursor))
    rows = db.execute(query).all()
    page, more = rows[: search.limit], len(rows) > search.limit
    audit.record(db, Action.USERS_SEARCHED)
    last = page[-1][0] if more else None
    following = cursor.encode(last.created_at.isoformat(), str(last.id)) if last else None
    return Users(items=[_shown(*row) for row in page], next_cursor=following)


@transaction
def change_of(db: Database, caller: Caller, user_id: UUID, change: UserChange) -> Changed:
    """Check and change. Raises NotFound, NotOneself, LastAdministrator, RoleInUse."""
    found = db.execute(_accounts().where(User.id == user_id).with_for_update(of=User)).one_or_none()
    if found is None:
        raise NotFound(denial=Denial(Action.USER_CHANGED, user_id))
    user, credentials = found
    if user_id == caller.user_id:
        raise NotOneself
    if change.role is not None:
        told, ended = _give_role(db, user, change.role)
    elif change.status is UserStatus.SUSPENDED:
        assert change.reason is not None
        told, ended = _suspend(db, user, change.reason)
    elif change.status is UserStatus.ACTIVE:
        told, ended = _restore(db, user), None
    else:
        told, ended = _unlock(db, user), None
    db.flush()
    return Changed(_shown(user, credentials), told, ended)


def _require_one(change: UserChange) -> None:
    given = [name for name in ("role", "status", "unlock") if getattr(change, name) is not None]
    if len(given) != 1:
        raise Unprocessable(errors=[FieldFault("", "wants exactly one of role, status and unlock")])
    if (change.reason is not None) is not (change.status is UserStatus.SUSPENDED):
        raise Unprocessable(errors=[FieldFault("/reason", "says why an account is suspended, and nothing else")])


def _give_role(db: Database, user: User, role: Role) -> tuple[tuple[Event, ...], SessionsRevoked | None]:
    if user.role is role:
        return (), None
    if user.role is Role.ADMINISTRATOR:
        require_another(db, user.id)
    if is_in_care(db, user.id) or has_ahead(db, user.id):
        raise RoleInUse
    before, user.role = user.role, role
    _note(db, Action.USER_ROLE_CHANGED, user, {"from": before, "to": role})
    return (notify(db, user.id, Notice.ROLE_CHANGED),), session.revoke_all(db, user.id)


def _suspend(db: Database, user: User, reason: SuspensionReason) -> tuple[tuple[Event, ...], SessionsRevoked | None]:
    if user.status is UserStatus.SUSPENDED:
        user.suspension_reason = reason
        _note(db, Action.USER_SUSPENDED, user, {"reason": reason})
        return (), None
    if user.role is Role.ADMINISTRATOR:
        require_another(db, user.id)
    user.status, user.suspended_at, user.suspension_reason = UserStatus.SUSPENDED, now(), reason
    _note(db, Action.USER_SUSPENDED, user, {"reason": reason})
    return (notify(db, user.id, Notice.ACCOUNT_SUSPENDED),), session.revoke_all(db, user.id)


def _restore(db: Database, user: User) -> tuple[Event, ...]:
    if user.status is UserStatus.ACTIVE:
        return ()
    user.status, user.suspended_at, user.suspension_reason = UserStatus.ACTIVE, None, None
    _note(db, Action.USER_RESTORED, user)
    return (notify(db, user.id, Notice.ACCOUNT_RESTORED),)


def _unlock(db: Database, user: User) -> tuple[Event, ...]:
    unlocked = AccountUnlocked(occurred_at=now(), user_id=user.id)
    outbox.record(db, unlocked)
    _note(db, Action.USER_UNLOCKED, user)
    return unlocked, notify(db, user.id, Notice.ACCOUNT_UNLOCKED)


def _note(db: Database, action: Action, user: User, details: dict[str, str] | None = None) -> None:
    audit.record(db, action, subject_id=user.id, details=details)


def _accounts() -> Select[Any]:
    return (
        select(User, TherapistProfile.credentials_status)
        .outerjoin(TherapistProfile, TherapistProfile.user_id == User.id)
        .where(User.status != UserStatus.ERASED, User.is_synthetic.is_(False))
    )


def _found_by(search: UserSearch) -> Select[Any]:
    query = _accounts()
    if search.role is not None:
        query = query.where(User.role == search.role)
    if search.status is not None:
        query = query.where(User.status == search.status)
    if search.text is not None:
        user_id = _as_id(search.text)
        query = query.where(_begins_with(search.text.lower()) if user_id is None else User.id == user_id)
    return query


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


LAST_WORD: Final = r"[^ ]+$"


def _begins_with(text: str) -> ColumnElement[bool]:
    """Each of the three by an index of its own (bytewise collation; elsewhere it is only slower)."""
    name = func.lower(User.name)
    return or_(
        User.email.startswith(text, autoescape=True),
        name.startswith(text, autoescape=True),
        func.substring(name, LAST_WORD).startswith(text, autoescape=True),
    )


def _shown(user: User, credentials: CredentialsStatus | None) -> ShownUser:
    return ShownUser(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        status=user.status,
        suspension_reason=user.suspension_reason,
        email_verified=user.email_verified_at is not None,
        credentials_status=credentials,
        created_at=user.created_at,
        last_signed_in_at=user.last_signed_in_at,
    )


def _after(given: str) -> tuple[datetime, UUID]:
    try:
        moment, user_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(user_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
