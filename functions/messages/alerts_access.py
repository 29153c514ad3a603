"""Whose an alert is: the only way to one, where the check, its audit entry and the refusal are one step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, true, tuple_
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import RiskEvent, RiskStatus
from shared.problems import Denial, Forbidden, NotFound
from shared.roles import Role
from shared.session import Caller

from .on_call import is_on_call

METADATA: Final = {"view": "metadata"}


class NotEscalatedToYou(Forbidden):
    """Somebody on call knows that an alert waits; it is for them to answer once it is escalated to them."""

    title = "This alert has not been escalated to you"


@dataclass(frozen=True)
class Seen:
    """An alert, and whether the caller sees whose it is and what it is about, or only that it is there."""

    alert: RiskEvent
    in_full: bool


@dataclass(frozen=True)
class Page:
    """Which alerts of a list, the latest first; `before` is the opening and id that the page before ended with."""

    status: RiskStatus | None
    before: tuple[datetime, UUID] | None
    limit: int


def alert(db: Database, caller: Caller, alert_id: UUID, *, action: Action) -> Seen:
    """The alert, locked: in full for who treats its patient or covers for them, else as metadata for administrators.

    Leaves an audit entry named by `action`. Raises NotFound, NotEscalatedToYou, LicenceNotVerified, audited too.
    """
    found = db.scalar(select(RiskEvent).where(RiskEvent.id == alert_id, RiskEvent.alert_id.is_(None)).with_for_update())
    if found is None:
        access.require_licence(db, caller, action=action, resource_id=alert_id)
        raise NotFound(denial=Denial(action, resource_id=alert_id))
    seen = Seen(found, caller.role is Role.THERAPIST)
    if seen.in_full:
        _require_seat(db, caller, found, action)
    elif not db.scalar(select(_is_somebodys()).where(RiskEvent.id == found.id)):
        raise NotFound(denial=Denial(action, resource_id=alert_id))
    note(db, seen, action)
    return seen


def alerts(db: Database, caller: Caller, page: Page, *, action: Action) -> list[Seen]:
    """A page of what the caller may know of, each leaving its audit entry. Raises LicenceNotVerified, audited too."""
    access.require_licence(db, caller, action=action)
    query = (
        select(RiskEvent, _in_full(caller))
        .where(RiskEvent.alert_id.is_(None), _is_known(db, caller))
        .order_by(RiskEvent.opened_at.desc(), RiskEvent.id.desc())
        .limit(page.limit)
    )
    if page.status is not None:
        query = query.where(RiskEvent.status == page.status)
    if page.before is not None:
        query = query.where(tuple_(RiskEvent.opened_at, RiskEvent.id) < page.before)
    found = [Seen(row[0], bool(row[1])) for row in db.execute(query)]
    for seen in found:
        note(db, seen, action)
    return found


def of_patient(db: Database, patient_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Seen]:
    """A patient's alerts in full, the latest first, for who was let into the record: it leaves no entry."""
    query = select(RiskEvent).where(RiskEvent.patient_id == patient_id, RiskEvent.alert_id.is_(None))
    if before is not None:
        query = query.where(tuple_(RiskEvent.opened_at, RiskEvent.id) < before)
    rows = db.scalars(query.order_by(RiskEvent.opened_at.desc(), RiskEvent.id.desc()).limit(limit))
    return [Seen(found, in_full=True) for found in rows]


def note(db: Database, seen: Seen, action: Action) -> None:
    """Leave the audit entry of an alert."""
    audit.record(
        db,
        action,
        subject_id=seen.alert.patient_id,
        resource=("risk_event", seen.alert.id),
        details={} if seen.in_full else METADATA,
    )


def _require_seat(db: Database, caller: Caller, found: RiskEvent, action: Action) -> None:
    if access.seats_that_stand(db, [(found.conversation_id, caller.user_id)]):
        return
    access.require_licence(db, caller, action=action, subject_id=found.patient_id, resource_id=found.id)
    denial = Denial(action, found.patient_id, found.id)
    waits = found.status is RiskStatus.OPEN and found.next_escalation_at is not None
    if waits and is_on_call(db, caller.user_id, now()):
        raise NotEscalatedToYou(denial=denial)
    raise NotFound(denial=denial)


def _in_full(caller: Caller) -> ColumnElement[bool]:
    if caller.role is not Role.THERAPIST:
        return ~true()
    return RiskEvent.conversation_id.in_(access.followed_by(caller.user_id))


def _is_known(db: Database, caller: Caller) -> ColumnElement[bool]:
    """To administrators all of somebody's; to therapists their own, and while on call those that nobody has taken."""
    if caller.role is not Role.THERAPIST:
        return _is_somebodys()
    if not is_on_call(db, caller.user_id, now()):
        return _in_full(caller)
    waits = and_(RiskEvent.status == RiskStatus.OPEN, RiskEvent.next_escalation_at.is_not(None), _is_somebodys())
    return or_(_in_full(caller), waits)


def _is_somebodys() -> ColumnElement[bool]:
    """Whether an alert's patient is a person, and still there."""
    return exists().where(User.id == RiskEvent.patient_id, ~User.is_synthetic, User.status != UserStatus.ERASED)
