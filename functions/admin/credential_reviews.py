"""POST /api/admin/therapists/{id}/credentials and the list of who waits: a licence is verified, or told why not."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema, UtcTime
from shared.database.models.accounts import User, UserStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Unprocessable
from shared.roles import administrators
from shared.session import Caller

routes = Routes()

_LINES = r"^(?:[^\x00-\x1f\x7f-\x9f]|[\t\r\n])*$"


class NothingToReview(Conflict):
    """No licence waits, or it is another one than the reviewer looked at."""

    title = "There is no licence to decide on as you saw it; please look again"


class LicenceExpired(Conflict):
    """A licence that has expired cannot be verified."""

    title = "This licence has expired and cannot be verified"


class Verdict(StrEnum):
    """What becomes of a licence."""

    APPROVE = "approve"
    REJECT = "reject"


class Review(Schema):
    """The decision, of the licence as it was sent at `submittedAt`; a rejection says why, for the therapist to read."""

    decision: Verdict
    submitted_at: UtcTime
    reason: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_LINES)] | None
    ) = None


class ReviewedLicence(Schema):
    """A therapist's licence as it was sent, and what was decided."""

    therapist_id: UUID
    name: str
    status: CredentialsStatus
    in_force: bool
    licence_number: str | None
    region: str | None
    expires_on: date | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    reviewed_by: UUID | None
    rejection_reason: str | None


class LicencesQuery(Schema):
    """Which ones: those that wait, where nothing else is said."""

    status: Literal[CredentialsStatus.PENDING, CredentialsStatus.VERIFIED, CredentialsStatus.REJECTED] = (
        CredentialsStatus.PENDING
    )
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class Licences(Schema):
    """A page, who has waited longest first."""

    items: list[ReviewedLicence]
    next_cursor: str | None


@routes.endpoint("GET /api/admin/therapists/credentials", allow=administrators, limit=Limit("licences", 120, per=60))
def list_licences(query: LicencesQuery) -> Licences:
    """Licences in one state."""
    return page_of(query)


@routes.endpoint(
    "POST /api/admin/therapists/{id}/credentials",
    allow=administrators,
    limit=Limit("review-licence", 60, per=60),
    fresh=True,
)
def review_licence(caller: Caller, id: UUID, review: Review) -> ReviewedLicence:
    """Verify or reject a licence; the therapist is told by mail."""
    if (review.reason is not None) is not (review.decision is Verdict.REJECT):
        raise Unprocessable(errors=[FieldFault("/reason", "says why a licence is rejected, and nothing else")])
    shown, told = reviewed(caller, id, review)
    outbox.hand_over(told)
    return shown


@transaction
def page_of(db: Database, query: LicencesQuery) -> Licences:
    """Read a page."""
    profile = TherapistProfile
    order = (profile.credentials_submitted_at, profile.user_id)
    wanted = select(profile, User.name, access.licence_stands()).join(User, User.id == profile.user_id)
    wanted = wanted.where(profile.credentials_status == query.status, User.status != UserStatus.ERASED)
    if query.cursor:
        wanted = wanted.where(tuple_(*order) > _after(query.cursor))
    rows = db.execute(wanted.order_by(*order).limit(query.limit + 1)).tuples().all()
    page, more = rows[: query.limit], len(rows) > query.limit
    audit.record(db, Action.CREDENTIALS_LISTED)
    last = page[-1][0] if more else None
    following = None
    if last is not None and last.credentials_submitted_at is not None:
        following = cursor.encode(last.credentials_submitted_at.isoformat(), str(last.user_id))
    return Licences(items=[_shown(*row) for row in page], next_cursor=following)


@transaction
def reviewed(db: Database, caller: Caller, therapist_id: UUID, review: Review) -> tuple[ReviewedLicence, AccountNotice]:
    """Decide on a licence that still is as it was seen. Raises NotFound, NothingToReview, LicenceExpired."""
    found = db.execute(
        select(TherapistProfile, User.name)
        .join(User, User.id == TherapistProfile.user_id)
        .where(TherapistProfile.user_id == therapist_id, User.status != UserStatus.ERASED)
        .with_for_update(of=TherapistProfile)
    ).one_or_none()
    if found is None:
        raise NotFound(denial=Denial(ACTIONS[review.decision], therapist_id))
    profile, name = found
    if profile.credentials_status is not CredentialsStatus.PENDING or not _is_as_seen(profile, review):
        raise NothingToReview
    _decide(profile, caller, review)
    db.flush()
    in_force = access.holds_licence(db, therapist_id)
    if review.decision is Verdict.APPROVE and not in_force:
        raise LicenceExpired
    audit.record(db, ACTIONS[review.decision], subject_id=therapist_id)
    return _shown(profile, name, in_force), notify(db, therapist_id, NOTICES[review.decision])


ACTIONS: Final = {Verdict.APPROVE: Action.CREDENTIALS_VERIFIED, Verdict.REJECT: Action.CREDENTIALS_REJECTED}
NOTICES: Final = {Verdict.APPROVE: Notice.CREDENTIALS_VERIFIED, Verdict.REJECT: Notice.CREDENTIALS_REJECTED}


def _decide(profile: TherapistProfile, caller: Caller, review: Review) -> None:
    approved = review.decision is Verdict.APPROVE
    profile.credentials_status = CredentialsStatus.VERIFIED if approved else CredentialsStatus.REJECTED
    profile.reviewed_at, profile.reviewed_by, profile.rejection_reason = now(), caller.user_id, review.reason
    profile.schedule_version += 1  # what can be booked of them is another from now on


def _is_as_seen(profile: TherapistProfile, review: Review) -> bool:
    return profile.credentials_submitted_at == review.submitted_at


def _shown(profile: TherapistProfile, name: str, in_force: bool) -> ReviewedLicence:
    return ReviewedLicence(
        therapist_id=profile.user_id,
        name=name,
        status=profile.credentials_status,
        in_force=in_force,
        licence_number=profile.license_number,
        region=profile.license_region,
        expires_on=profile.license_expires_on,
        submitted_at=profile.credentials_submitted_at,
        reviewed_at=profile.reviewed_at,
        reviewed_by=profile.reviewed_by,
        rejection_reason=profile.rejection_reason,
    )


def _after(given: str) -> tuple[datetime, UUID]:
    try:
        moment, therapist_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(therapist_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
