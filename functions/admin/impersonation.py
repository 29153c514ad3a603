"""/api/admin/impersonations: an administrator looks on as somebody, to help; they read a little and change nothing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import Transport, User, UserStatus
from shared.database.models.trust import Impersonation, ImpersonationEnding
from shared.database.transaction import expect_unique, transaction
from shared.events import AccountNotice, SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.impersonation import IMPERSONATION
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import Conflict, Denial, Forbidden, NotFound
from shared.roles import Role, administrators
from shared.session import Caller, NewSession

from .impersonation_ends import end, end_lapsed_of
from .impersonations_shown import TABLE, ShownImpersonation, shown_impersonations
from .reasons import ImpersonationReason, Words, sealed

routes = Routes()

LASTS: Final = timedelta(minutes=30)


class AdministratorNotSeen(Forbidden):
    """Nobody looks on as an administrator, themselves included: they would see what administrators may do."""

    title = "Nobody can look on as an administrator"


class AccountPaused(Conflict):
    """Whoever cannot sign in sees nothing that could be looked at."""

    title = "This account is paused, so there is nothing to look at"


class LookingOnAlready(Conflict):
    """One at a time."""

    title = "You are looking on as somebody already; please end that first"


class NewImpersonation(Schema):
    """As whom, and why."""

    user_id: UUID
    reason_code: ImpersonationReason
    reason: Words


class BegunImpersonation(Schema):
    """What has begun. A page has a cookie, which counts with the header `X-Session: impersonation`; others a token."""

    impersonation: ShownImpersonation
    token: str | None


@dataclass(frozen=True)
class Begun:
    """What has begun, its session, and what the person is told after the commit."""

    shown: ShownImpersonation
    opened: NewSession
    told: AccountNotice


@routes.endpoint(
    "POST /api/admin/impersonations",
    allow=administrators,
    limit=Limit("impersonate", 10, per=60),
    status=201,
    fresh=True,
)
def begin_impersonation(caller: Caller, new: NewImpersonation, visit: Visit) -> Answer[BegunImpersonation]:
    """Look on as a patient or therapist for 30 minutes at the most; they are told by mail, and see each look."""
    begun = begin(caller, new, visit)
    outbox.hand_over(begun.told)
    if _transport(visit) is Transport.BEARER:
        return Answer(BegunImpersonation(impersonation=begun.shown, token=begun.opened.token))
    cookie = _cookie(begun.opened.token, int(LASTS.total_seconds()))
    return Answer(BegunImpersonation(impersonation=begun.shown, token=None), cookies=(cookie,))


@routes.endpoint(
    "DELETE /api/admin/impersonations/{id}", allow=administrators, limit=Limit("end-impersonation", 30, per=60)
)
def end_impersonation(caller: Caller, id: UUID) -> Answer[None]:
    """Look on no more; any administrator can end it. Where it has ended already, this changes nothing."""
    session.tell_revocation(closed(caller, id))
    return Answer(None, cookies=(_cookie("", 0),))


@transaction
def begin(db: Database, caller: Caller, new: NewImpersonation, visit: Visit) -> Begun:
    """Check and begin. Raises NotFound, AdministratorNotSeen, AccountPaused, LookingOnAlready."""
    user = _person(db, new.user_id)
    end_lapsed_of(db, caller.user_id)
    opened = session.open_impersonation(
        db,
        user.id,
        caller.user_id,
        reason_code=new.reason_code,
        lasts=LASTS,
        transport=_transport(visit),
        address=visit.address,
        user_agent=visit.user_agent,
    )
    begun = Impersonation(
        id=opened.session_id,
        administrator_id=caller.user_id,
        user_id=user.id,
        reason_code=new.reason_code,
        reason=sealed(new.reason, TABLE, "reason", opened.session_id),
        began_at=now(),
        expires_at=opened.expires_at,
    )
    with expect_unique(db, "uq_impersonation_open", LookingOnAlready):
        db.add(begun)
    audit.record(
        db,
        Action.IMPERSONATION_BEGAN,
        subject_id=user.id,
        resource=(TABLE, begun.id),
        details={"until": begun.expires_at.isoformat()},
        purpose=new.reason_code,
    )
    return Begun(shown_impersonations(db, [begun])[0], opened, notify(db, user.id, Notice.LOOKED_ON))


@transaction
def closed(db: Database, caller: Caller, impersonation_id: UUID) -> SessionsRevoked | None:
    """End one and its session, by whoever asks. Raises NotFound."""
    found = db.scalar(select(Impersonation).where(Impersonation.id == impersonation_id).with_for_update())
    if found is None:
        raise NotFound(denial=Denial(Action.IMPERSONATION_ENDED, resource_id=impersonation_id))
    if found.ended_at is None:
        end(db, found, ImpersonationEnding.CLOSED, now(), by=caller.user_id)
    return session.revoke(db, found.user_id, [found.id])


def _person(db: Database, user_id: UUID) -> User:
    found = db.scalar(
        select(User).where(User.id == user_id, User.status != UserStatus.ERASED, User.is_synthetic.is_(False))
    )
    denial = Denial(Action.IMPERSONATION_BEGAN, user_id)
    if found is None:
        raise NotFound(denial=denial)
    if found.role is Role.ADMINISTRATOR:
        raise AdministratorNotSeen(denial=denial)
    if found.status is UserStatus.SUSPENDED:
        raise AccountPaused
    return found


def _transport(visit: Visit) -> Transport:
    """A page never holds a token that its scripts could read."""
    return Transport.BEARER if visit.wants_bearer and not visit.has_origin else Transport.COOKIE


def _cookie(value: str, max_age: int) -> SetCookie:
    return SetCookie(session.cookie_name(IMPERSONATION), value, max_age=max_age)
