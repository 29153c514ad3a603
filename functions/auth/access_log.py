"""GET /api/user/access-log: who, other than oneself, looked at one's record or changed it, in plain words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareRelationship
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import Role, signed_in
from shared.session import Caller

routes = Routes()

DEEDS: Final[dict[str, str]] = {
    Action.CONVERSATION_OPENED: "opened a conversation with you",
    Action.CONVERSATION_READ: "looked at your conversation",
    Action.CONVERSATION_JOINED: "opened your conversation to follow it live",
    Action.CONVERSATIONS_LISTED: "saw your conversation in their list",
    Action.MESSAGES_READ: "read messages of your conversation",
    Action.MESSAGE_SENT: "wrote to you",
    Action.MESSAGE_SENT_AGAIN: "wrote to you",
    Action.FILE_READ: "looked at a file of your conversation",
    Action.FILE_ATTACHED: "sent you a file",
    Action.FILE_SHARED: "let you open a file",
    Action.FILE_DELETED: "deleted a file that they had sent you",
    Action.RISK_RAISED: "was told of a message that may need an answer soon",
    Action.MESSAGE_EDITED: "changed something they wrote to you",
    Action.MESSAGE_DELETED: "deleted something they wrote to you",
    Action.FEEDBACK_GIVEN: "said whether a message of yours was understood rightly",
    Action.FEEDBACK_REVISED: "said whether a message of yours was understood rightly",
    Action.REVIEW_QUEUE_READ: "looked at messages of yours to say whether they were understood rightly",
    Action.IMPERSONATION_BEGAN: "began to look at Bloom Health as you see it, to help with a problem",
    Action.IMPERSONATION_LOOKED: "looked at Bloom Health as you see it, to help with a problem",
    Action.IMPERSONATION_ENDED: "stopped looking at Bloom Health as you see it",
    Action.BREAK_GLASS_BEGAN: "opened your record for a reason that somebody else reviews",
    Action.BREAK_GLASS_ENDED: "closed your record again",
    Action.BREAK_GLASS_REVIEWED: "reviewed why your record was opened",
    Action.RECORD_READ: "read in your record, which they had opened for a reason that somebody else reviews",
    Action.USER_SUSPENDED: "paused your account",
    Action.USER_RESTORED: "opened your account again",
    Action.USER_UNLOCKED: "ended a pause in signing in to your account",
    Action.USER_ROLE_CHANGED: "changed what your account may do",
    Action.AUDIT_READ: "looked at who did what with your record",
    Action.CREDENTIALS_VERIFIED: "verified your licence",
    Action.CREDENTIALS_REJECTED: "could not verify your licence",
    Action.APPOINTMENT_READ: "looked at an appointment of yours",
    Action.APPOINTMENTS_LISTED: "saw an appointment of yours in a list",
    Action.APPOINTMENT_RESCHEDULED: "moved an appointment with you",
    Action.PROFILE_READ: "looked at your profile",
    Action.PROFILE_CHANGED: "changed your profile",
    Action.APPOINTMENT_CANCELLED: "called off an appointment with you",
    Action.CARE_LISTED: "saw you in their list of patients",
    Action.CARE_ACCEPTED: "accepted you into their care",
    Action.CARE_DECLINED: "answered your request for care",
    Action.CARE_ENDED: "ended your care",
    Action.CREDENTIALS_SUBMITTED: "handed in a licence in your name",
    Action.EXPORT_MADE: "made a copy of your data",
    Action.ACCESS_LOG_READ: "looked at this list",
}
DEEDS_BY_SUBJECT: Final[dict[str, str]] = {
    **dict.fromkeys(("account", "settings", "credentials"), "did something to your account"),
    **dict.fromkeys(("session", "trusted-device"), "did something to the places where you are signed in"),
    **dict.fromkeys(
        ("password", "two-factor", "backup-codes", "backup-code", "passkey", "provider"),
        "did something to the ways in which you sign in",
    ),
    "consent": "did something to what you agreed to",
    **dict.fromkeys(("erasure", "retention"), "did something to the erasure of your account"),
    **dict.fromkeys(("conversation", "conversations", "messages", "message"), "did something in your conversation"),
    "file": "did something with a file of your conversation",
    "care": "did something to your care",
    **dict.fromkeys(
        ("appointment", "appointments", "series", "hold", "waitlist", "attendance", "meeting", "reminder"),
        "did something to an appointment of yours",
    ),
    **dict.fromkeys(("user", "users"), "did something to your account"),
    "audit": "did something with the list of who did what with your record",
    **dict.fromkeys(("impersonation", "impersonations"), "looked at Bloom Health as you see it"),
    **dict.fromkeys(("break-glass", "record"), "asked for your record"),
    **dict.fromkeys(
        ("feedback", "review-queue", "training", "model", "rollout", "drift"),
        "did something about how messages are understood",
    ),
    **dict.fromkeys(("availability", "slots"), "did something about the times at which you can be booked"),
    **dict.fromkeys(("risk", "alerts", "alert"), "dealt with a message that may need an answer soon"),
    "dashboard": "looked at the numbers of the whole product",
    "coverage": "looked after you while your therapist could not be reached",
    "on-call": "said who can be reached while your therapist cannot",
}
OTHER_DEED: Final = "asked for something about you"
OTHER: Final = "other"
CODES: Final = sorted({*(action.replace(".", "-") for action in DEEDS), *DEEDS_BY_SUBJECT, OTHER})
"""What a deed is called for clients that have words of their own: an action's name with a hyphen, or its subject's."""


class Ending(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Doer(StrEnum):
    """Who it was, seen from the caller."""

    THERAPIST = "therapist"
    ADMINISTRATOR = "administrator"
    OTHER = "other"


ROLES: Final = {
    Doer.THERAPIST: "your therapist",
    Doer.ADMINISTRATOR: "an administrator",
    Doer.OTHER: "another person",
}


class Look(Schema):
    """One entry: somebody did something at some time. `name` is there where it is somebody the caller knows.

    `role` and `what` are English words for `by` and `deed`.
    """

    id: UUID
    at: datetime
    name: str | None
    by: Doer
    role: str
    deed: Annotated[str, Field(json_schema_extra={"enum": list(CODES)})]
    what: str
    ending: Ending


class LooksQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: str | None = Field(None, max_length=200)


class Looks(Schema):
    """A page, the newest first."""

    items: list[Look]
    next_cursor: str | None


@routes.endpoint("GET /api/user/access-log", allow=signed_in, limit=Limit("access-log", 60, per=60))
def list_looks(caller: Caller, query: LooksQuery) -> Looks:
    """Who looked at the caller's record or changed it; what the caller did is left out."""
    return page_of(caller, query)


@transaction
def page_of(db: Database, caller: Caller, query: LooksQuery) -> Looks:
    """Read a page, and keep that it was read."""
    found = _entries(db, caller.user_id, _before(query.cursor) if query.cursor else None, query.limit + 1)
    page = found[: query.limit]
    known = _therapists(db, caller.user_id, {entry.actor_id for entry in page})
    audit.record(db, Action.ACCESS_LOG_READ, subject_id=caller.user_id)
    more = len(found) > query.limit
    following = cursor.encode(page[-1].occurred_at.isoformat(), str(page[-1].id)) if more else None
    return Looks(items=[_look(entry, known) for entry in page], next_cursor=following)


def describe(action: str) -> str:
    """What was done, in words for whom it was done to."""
    return DEEDS.get(action) or DEEDS_BY_SUBJECT.get(action.partition(".")[0]) or OTHER_DEED


def code_of(action: str) -> str:
    """The deed's name among CODES."""
    if action in DEEDS:
        return action.replace(".", "-")
    subject = action.partition(".")[0]
    return subject if subject in DEEDS_BY_SUBJECT else OTHER


def _entries(
    db: Database, person_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[tuple[Any, ...]]]:
    query = (
        select(AuditEvent.id, AuditEvent.occurred_at, AuditEvent.action, AuditEvent.outcome, AuditEvent.actor_id)
        .add_columns(User.role)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.subject_id == person_id, AuditEvent.actor_id != person_id)
        .order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(AuditEvent.occurred_at, AuditEvent.id) < before)
    return db.execute(query).all()


def _therapists(db: Database, person_id: UUID, actor_ids: set[UUID]) -> dict[UUID, str]:
    """The names of those who treat the person, or did."""
    rows = db.execute(
        select(User.id, User.name)
        .join(CareRelationship, CareRelationship.therapist_id == User.id)
        .where(
            CareRelationship.patient_id == person_id,
            CareRelationship.therapist_id.in_(actor_ids),
            CareRelationship.accepted_at.is_not(None),
        )
    )
    return {row.id: row.name for row in rows}


def _look(entry: Row[tuple[Any, ...]], known: dict[UUID, str]) -> Look:
    by = _doer(entry.role, is_known=entry.actor_id in known)
    endings = {AuditOutcome.SUCCESS: Ending.DONE, AuditOutcome.DENIED: Ending.REFUSED}
    return Look(
        id=entry.id,
        at=entry.occurred_at,
        name=known.get(entry.actor_id) or None,
        by=by,
        role=ROLES[by],
        deed=code_of(entry.action),
        what=describe(entry.action),
        ending=endings.get(entry.outcome, Ending.FAILED),
    )


def _doer(role: Role | None, *, is_known: bool) -> Doer:
    if is_known:
        return Doer.THERAPIST
    return Doer.ADMINISTRATOR if role is Role.ADMINISTRATOR else Doer.OTHER


def _before(given: str) -> tuple[datetime, UUID]:
    """The time and id that the page before ended with. Raises Unprocessable naming `?cursor`."""
    moment, entry_id = cursor.decode(given, 2)
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(entry_id)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise cursor.unknown_cursor() from None
