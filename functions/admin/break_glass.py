"""POST /api/admin/break-glass: an administrator opens one patient's record, for an hour, and others learn of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import expect_unique, transaction
from shared.events import Event, PrivacyNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, NotFound, TooManyRequests
from shared.roles import Role, administrators
from shared.session import Caller
from shared.settings import settings

from .break_glass_shown import TABLE, ShownGrant, is_open, shown_grants
from .reasons import BreakGlassReason, Words, sealed

routes = Routes()

LASTS: Final = timedelta(minutes=60)
REVIEW_WITHIN: Final = timedelta(hours=72)
A_DAY: Final = timedelta(hours=24)


class PrivacyOfficerMissing(Conflict):
    """There is nobody who would be told, so nobody looks."""

    title = "No privacy officer is named here, so no record can be opened"


class RecordOpenAlready(Conflict):
    """An administrator has opened this record, and it has not ended yet."""

    title = "You have opened this record already"


class TooManyRecords(TooManyRequests):
    """Somebody who opens one record after the other is stopped, whatever the reasons."""

    title = "You have opened as many records within a day as one person may"


class NewGrant(Schema):
    """Whose record, and why. The patient is told by mail, unless that would put somebody at risk."""

    patient_id: UUID
    reason_code: BreakGlassReason
    reason: Words
    tell_patient: bool = True


@dataclass(frozen=True)
class Opened:
    """What was opened, and what is told of it after the commit."""

    shown: ShownGrant
    told: tuple[Event, ...]


@routes.endpoint(
    "POST /api/admin/break-glass",
    allow=administrators,
    limit=Limit("break-glass", 10, per=60),
    status=201,
    fresh=True,
    once=True,
)
def open_record(caller: Caller, new: NewGrant) -> ShownGrant:
    """Open a patient's record for 60 minutes; the privacy officer and the patient are told, and somebody reviews it."""
    if not settings().privacy_officer_email:
        raise PrivacyOfficerMissing
    opened = grant_access(caller, new)
    outbox.hand_over(*opened.told)
    return opened.shown


@routes.endpoint(
    "POST /api/admin/break-glass/{id}/end", allow=administrators, limit=Limit("end-break-glass", 30, per=60)
)
def close_record(caller: Caller, id: UUID) -> ShownGrant:
    """Close a record that was opened, by whoever did; where it is closed already, this changes nothing."""
    return closed(caller, id)


@transaction
def grant_access(db: Database, caller: Caller, new: NewGrant) -> Opened:
    """Check and grant. Raises NotFound, RecordOpenAlready, TooManyRecords."""
    _require_patient(db, new.patient_id)
    _require_no_other(db, caller, new.patient_id)
    _require_few(db, caller)
    moment = now()
    grant = BreakGlassGrant(
        id=uuid4(),
        administrator_id=caller.user_id,
        patient_id=new.patient_id,
        reason_code=new.reason_code,
        granted_at=moment,
        expires_at=moment + LASTS,
        patient_told=new.tell_patient,
        review_due_at=moment + REVIEW_WITHIN,
    )
    grant.reason = sealed(new.reason, TABLE, "reason", grant.id)
    with expect_unique(db, "uq_break_glass_grant_open", RecordOpenAlready):
        db.add(grant)
    _note(db, Action.BREAK_GLASS_BEGAN, grant, {"until": grant.expires_at.isoformat()})
    told: tuple[Event, ...] = (_officer_is_told(db, grant),)
    if new.tell_patient:
        told += (notify(db, new.patient_id, Notice.RECORD_OPENED),)
    return Opened(shown_grants(db, [grant])[0], told)


@transaction
def closed(db: Database, caller: Caller, grant_id: UUID) -> ShownGrant:
    """Raises NotFound."""
    grant = db.scalar(select(BreakGlassGrant).where(BreakGlassGrant.id == grant_id).with_for_update())
    if grant is None:
        raise NotFound(denial=Denial(Action.BREAK_GLASS_ENDED, resource_id=grant_id))
    if grant.ended_at is None:
        end(db, grant, by=caller.user_id if is_open(grant) else None)
    return shown_grants(db, [grant])[0]


def end(db: Database, grant: BreakGlassGrant, *, by: UUID | None) -> None:
    """Keep that it is over, within the caller's transaction: by somebody, or by its time, which ended it whenever that
    is noted."""
    grant.ended_at, grant.ended_by = (now() if by else grant.expires_at), by
    how = {"by": "administrator" if by else "time", "at": grant.ended_at.isoformat()}
    _note(db, Action.BREAK_GLASS_ENDED, grant, how, actor_id=by or grant.administrator_id)
    db.flush()


def _require_patient(db: Database, patient_id: UUID) -> None:
    there = (User.role == Role.PATIENT, User.status != UserStatus.ERASED, User.is_synthetic.is_(False))
    if db.scalar(select(User.id).where(User.id == patient_id, *there)) is None:
        raise NotFound(denial=Denial(Action.BREAK_GLASS_BEGAN, patient_id))


def _require_no_other(db: Database, caller: Caller, patient_id: UUID) -> None:
    """One whose time is over is ended here, where nobody has noted it yet."""
    grant = db.scalar(
        select(BreakGlassGrant).where(
            BreakGlassGrant.administrator_id == caller.user_id,
            BreakGlassGrant.patient_id == patient_id,
            BreakGlassGrant.ended_at.is_(None),
        )
    )
    if grant is None:
        return
    if is_open(grant):
        raise RecordOpenAlready(f"It is {grant.id} and ends at {grant.expires_at.isoformat()}.")
    end(db, grant, by=None)


def _require_few(db: Database, caller: Caller) -> None:
    latest = db.scalars(
        select(BreakGlassGrant.granted_at)
        .where(BreakGlassGrant.administrator_id == caller.user_id, BreakGlassGrant.granted_at > now() - A_DAY)
        .order_by(BreakGlassGrant.granted_at.desc())
        .limit(settings().break_glass_daily)
    ).all()
    if len(latest) >= settings().break_glass_daily:
        raise TooManyRecords(
            retry_after=int((latest[-1] + A_DAY - now()).total_seconds()) + 1,
            denial=Denial(Action.BREAK_GLASS_BEGAN),
        )


def _officer_is_told(db: Database, grant: BreakGlassGrant) -> PrivacyNotice:
    event = PrivacyNotice(
        occurred_at=now(),
        notice="record-opened",
        grant_ids=(grant.id,),
        facts={
            "Administrator": str(grant.administrator_id),
            "Patient": str(grant.patient_id),
            "Reason": grant.reason_code,
            "Until": grant.expires_at.isoformat(timespec="minutes"),
            "To be reviewed until": grant.review_due_at.isoformat(timespec="minutes"),
            "Patient told": "yes" if grant.patient_told else "no",
        },
    )
    outbox.record(db, event)
    return event


def _note(
    db: Database, action: Action, grant: BreakGlassGrant, details: dict[str, str], actor_id: UUID | None = None
) -> None:
    audit.record(
        db,
        action,
        subject_id=grant.patient_id,
        resource=(TABLE, grant.id),
        actor_id=actor_id,
        details=details,
        purpose=grant.reason_code,
    )
