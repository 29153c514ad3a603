"""DELETE /api/user: an erasure is asked for, stands for a time of grace, and can be called off within it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.account_notices import Notice, notify
from shared.administrators import require_another
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, Undecipherable, unseal
from shared.database.models.credentials import TrustedDevice
from shared.database.models.profiles import PatientProfile
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.database.transaction import expect_unique, transaction
from shared.events import AccountNotice, Event, SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie
from shared.problems import Conflict
from shared.roles import Role, signed_in
from shared.session import Caller
from shared.settings import settings

from .retention import Kept, kept_after, retention_ends

routes = Routes()

OPEN: Final = (ErasureStatus.PENDING, ErasureStatus.HELD, ErasureStatus.RUNNING)


class NoErasureToCancel(Conflict):
    """None was asked for, it was called off already, or it has begun."""

    title = "There is no erasure that could be called off"


class _AskedTwice(Exception):
    """Two requests at once; the other one stands. Caught here."""


class Standing(StrEnum):
    """Where the caller's erasure stands."""

    NONE = "none"
    SCHEDULED = "scheduled"
    HELD = "held"


class ErasureState(Schema):
    """An erasure that was asked for, if any: when it is due, and what stays after it."""

    status: Standing
    requested_at: datetime | None = None
    due_at: datetime | None = None
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class _Asked:
    state: ErasureState
    told: tuple[Event, ...]
    ended: SessionsRevoked | None


@routes.endpoint(
    "DELETE /api/user", allow=signed_in, limit=Limit("request-erasure", 5, per=3600), status=202, fresh=True
)
def request_erasure(caller: Caller) -> Answer[ErasureState]:
    """Have the account erased after the days of grace; signs out everywhere. Asking again changes nothing."""
    try:
        asked = schedule(caller)
    except _AskedTwice:
        asked = schedule(caller)
    session.tell_revocation(asked.ended)
    if asked.told:
        from shared.appointments import hand_over  # the models of appointments, only where somebody leaves

        hand_over(*asked.told)
    gone = (SetCookie(session.cookie_name(purpose), "", max_age=0) for purpose in ("session", "device"))
    return Answer(asked.state, cookies=tuple(gone))


@routes.endpoint("GET /api/user/erasure", allow=signed_in, limit=Limit("erasure", 60, per=60))
def show_erasure(caller: Caller) -> ErasureState:
    """Whether the account is going to be erased, when, and what stays."""
    return look_up(caller)


@routes.endpoint("POST /api/user/erasure/cancel", allow=signed_in, limit=Limit("cancel-erasure", 20, per=3600))
def cancel_erasure(caller: Caller) -> ErasureState:
    """Call the erasure off, as long as it has not begun."""
    outbox.hand_over(call_off(caller))
    return ErasureState(status=Standing.NONE)


@transaction
def schedule(db: Database, caller: Caller) -> _Asked:
    """Keep the request, call off what is ahead, and sign out everywhere.

    Raises LastAdministrator.
    """
    standing, told = _open_request(db, caller.user_id), tuple[Event, ...]()
    if standing is None:
        if caller.role is Role.ADMINISTRATOR:
            require_another(db, caller.user_id)
        standing, called_off = _new_request(db, caller)
        told = (notify(db, caller.user_id, Notice.ERASURE_REQUESTED), *called_off)
    ended = sign_out_everywhere(db, caller.user_id)
    return _Asked(_state(db, caller, standing), told, ended)


@transaction
def look_up(db: Database, caller: Caller) -> ErasureState:
    """How it stands."""
    standing = _open_request(db, caller.user_id)
    return _state(db, caller, standing) if standing else ErasureState(status=Standing.NONE)


@transaction
def call_off(db: Database, caller: Caller) -> AccountNotice:
    """Cancel in one step what no job has claimed. Raises NoErasureToCancel."""
    cancelled = db.scalar(
        update(ErasureRequest)
        .where(
            ErasureRequest.user_id == caller.user_id,
            ErasureRequest.status.in_((ErasureStatus.PENDING, ErasureStatus.HELD)),
            ErasureRequest.started_at.is_(None),
        )
        .values(status=ErasureStatus.CANCELLED, cancelled_at=now())
        .returning(ErasureRequest.id)
    )
    if cancelled is None:
        raise NoErasureToCancel
    audit.record(db, Action.ERASURE_CANCELLED, subject_id=caller.user_id, resource=("erasure_request", cancelled))
    return notify(db, caller.user_id, Notice.ERASURE_CANCELLED)


def sign_out_everywhere(db: Database, person_id: UUID) -> SessionsRevoked | None:
    """End every session and trusted device within the caller's transaction; `session.tell_revocation` after it."""
    db.execute(
        update(TrustedDevice)
        .where(TrustedDevice.user_id == person_id, TrustedDevice.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    return session.revoke_all(db, person_id)


def record_kept_until(db: Database, person_id: UUID, erased_at: datetime) -> datetime:
    """When the person's record may go, if they are erased at this time."""
    rules = settings()
    years, of_age = rules.clinical_retention_years, rules.age_of_majority_years
    return retention_ends(erased_at, _born(db, person_id), years=years, of_age=of_age)


def _born(db: Database, person_id: UUID) -> date | None:
    sealed = db.scalar(select(PatientProfile.date_of_birth).where(PatientProfile.user_id == person_id))
    if sealed is None:
        return None
    try:
        plain = unseal(KeyRing.CLINICAL, sealed, "patient_profile", "date_of_birth", person_id)
        return date.fromisoformat(plain)
    except (Undecipherable, ValueError):
        return None


def _new_request(db: Database, caller: Caller) -> tuple[ErasureRequest, tuple[Event, ...]]:
    from . import closing  # the models of appointments, only where somebody leaves

    moment = now()
    new = ErasureRequest(
        user_id=caller.user_id,
        requested_at=moment,
        due_at=moment + timedelta(days=settings().erasure_grace_days),
    )
    with expect_unique(db, "uq_erasure_request_open", _AskedTwice):
        db.add(new)
    closing.leave_queues(db, caller.user_id)
    closing.take_no_more_patients(db, caller.user_id)
    # A therapist goes on seeing patients in the time of grace: they should hear of it from a person.
    ahead = new.due_at if caller.role is Role.THERAPIST else moment
    called_off = closing.cancel_appointments(db, caller.user_id, after=ahead)
    audit.record(db, Action.ERASURE_REQUESTED, subject_id=caller.user_id, resource=("erasure_request", new.id))
    return new, called_off


def _open_request(db: Database, person_id: UUID) -> ErasureRequest | None:
    return db.scalar(select(ErasureRequest).where(ErasureRequest.user_id == person_id, ErasureRequest.status.in_(OPEN)))


def _state(db: Database, caller: Caller, standing: ErasureRequest) -> ErasureState:
    until = record_kept_until(db, caller.user_id, standing.due_at)
    return ErasureState(
        status=Standing.HELD if standing.status is ErasureStatus.HELD else Standing.SCHEDULED,
        requested_at=standing.requested_at,
        due_at=standing.due_at,
        kept=tuple(kept_after(caller.role, until)),
    )
