"""GET and POST /api/user/credentials: a therapist sends their licence, administrators verify it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import therapists
from shared.session import Caller

from .profile_fields import Day

routes = Routes()

_NUMBER = r"^[\p{L}\p{N}][\p{L}\p{N} ./-]*$"
_PLACE = r"^[\p{L}][\p{L}\p{N}\p{M} .,'\x{2019}()-]*$"


def _require_time_to_come(last_day: date) -> date:
    if last_day < now().date():
        raise ValueError("must not be over")
    return last_day


class Licence(Schema):
    """A licence to practise: its number, the state or region that gave it, and the last day on which it holds."""

    licence_number: Annotated[
        str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=2, max_length=40, pattern=_NUMBER)
    ]
    region: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60, pattern=_PLACE)]
    expires_on: Annotated[Day, AfterValidator(_require_time_to_come)]


class ShownCredentials(Schema):
    """Where a licence stands. `rejectionReason` is an administrator's answer to the last one sent."""

    status: CredentialsStatus
    in_force: bool
    """Whether it is verified and has not expired, so that its holder may see patients."""
    licence_number: str | None
    region: str | None
    expires_on: date | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    rejection_reason: str | None


@routes.endpoint("GET /api/user/credentials", allow=therapists, limit=Limit("read-credentials", 120, per=60))
def read_credentials(caller: Caller) -> ShownCredentials:
    """The caller's licence, and what became of it."""
    return credentials_of(caller)


@routes.endpoint("POST /api/user/credentials", allow=therapists, limit=Limit("submit-credentials", 10, per=3600))
def submit_credentials(caller: Caller, licence: Licence) -> ShownCredentials:
    """Send a licence to the administrators; until they verify it, patients are out of sight.

    That holds for the change of a verified one too. What waits already, or is verified already, is not sent again.
    """
    shown, notice = keep_licence(caller, licence)
    if notice is not None:
        outbox.hand_over(notice)
    return shown


@transaction
def credentials_of(db: Database, caller: Caller) -> ShownCredentials:
    """Read them."""
    return shown_credentials(db, therapist_profile(db, caller.user_id))


@transaction
def keep_licence(db: Database, caller: Caller, licence: Licence) -> tuple[ShownCredentials, AccountNotice | None]:
    """Put a licence into the queue; the mail that says so, where it was not there yet.

    Another therapist's number is not refused: whoever sent it first may be the one who is not its holder, and nobody
    is to learn here which numbers are in use. The audit entry names the others for whoever reviews it.
    """
    profile = therapist_profile(db, caller.user_id)
    if _stands_already(profile, licence):
        return shown_credentials(db, profile), None
    profile.license_number, profile.license_region = licence.licence_number, licence.region
    profile.license_expires_on = licence.expires_on
    profile.credentials_status, profile.credentials_submitted_at = CredentialsStatus.PENDING, now()
    profile.reviewed_at = profile.reviewed_by = profile.rejection_reason = None
    db.add(profile)
    holders = _others_with(db, caller.user_id, licence)
    details = {"alsoSentBy": holders} if holders else None
    audit.record(db, Action.CREDENTIALS_SUBMITTED, subject_id=caller.user_id, details=details)
    db.flush()
    return shown_credentials(db, profile), notify(db, caller.user_id, Notice.CREDENTIALS_SUBMITTED)


def therapist_profile(db: Database, user_id: UUID) -> TherapistProfile:
    """A therapist's profile, or an empty one that is not kept yet."""
    return db.get(TherapistProfile, user_id) or TherapistProfile(
        user_id=user_id,
        bio="",
        specialties=[],
        languages=[],
        accepts_new_patients=False,
        credentials_status=CredentialsStatus.UNSUBMITTED,
    )


def shown_credentials(db: Database, profile: TherapistProfile) -> ShownCredentials:
    """From the row."""
    return ShownCredentials(
        status=profile.credentials_status,
        in_force=access.holds_licence(db, profile.user_id),
        licence_number=profile.license_number,
        region=profile.license_region,
        expires_on=profile.license_expires_on,
        submitted_at=profile.credentials_submitted_at,
        reviewed_at=profile.reviewed_at,
        rejection_reason=profile.rejection_reason,
    )


def _stands_already(profile: TherapistProfile, licence: Licence) -> bool:
    kept = (profile.license_number, profile.license_region, profile.license_expires_on)
    waits_or_holds = profile.credentials_status in {CredentialsStatus.PENDING, CredentialsStatus.VERIFIED}
    return waits_or_holds and kept == (licence.licence_number, licence.region, licence.expires_on)


def _others_with(db: Database, user_id: UUID, licence: Licence) -> list[str]:
    rows = db.scalars(
        select(TherapistProfile.user_id)
        .where(
            TherapistProfile.user_id != user_id,
            TherapistProfile.license_number == licence.licence_number,
            func.lower(TherapistProfile.license_region) == licence.region.lower(),
        )
        .order_by(TherapistProfile.user_id)
    )
    return [str(other) for other in rows]
