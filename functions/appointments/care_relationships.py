"""A patient asks for care, the therapist accepts or declines, and either side ends it; every row is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID, uuid4

from pydantic import StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import access, audit, conversations
from shared.appointments import hand_over
from shared.audit_actions import Action
from shared.care_end import keep_word, spread_word
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.transaction import expect_unique, transaction
from shared.events import CareEnded, Event
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, patients, patients_and_therapists
from shared.session import Caller
from shared.settings import settings

from . import care_end
from .shown_care import DeclineReason, ShownCare, sealed_note, shown_care
from .taking_time import TRIES

routes = Routes()

_LINES = r"^(?:[^\x00-\x1f\x7f-\x9f]|[\t\r\n])*$"


class NotAcceptingPatients(Conflict):
    """The therapist takes nobody new at the moment."""

    title = "This therapist is not taking new patients at the moment"


class AlreadyAsked(Conflict):
    """There is an open request, or care, between the two."""

    title = "You have already asked this therapist, or are in their care"


class AtCapacity(Conflict):
    """The therapist has as many patients as one may have in care."""

    title = "You have as many patients in care as is possible at once"


class CareStandsElsewhere(Conflict):
    """The relationship is not, or no longer, where this step leads on from, or it is the other side's step."""

    title = "This step is not open to you where things stand now"


class NewRequest(Schema):
    """What the patient would like the therapist to know before they answer."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=_LINES)] | None = None


class Step(StrEnum):
    """Where a relationship can be taken."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class CareChange(Schema):
    """The next step; declining, and nothing else, says why."""

    status: Step
    reason: DeclineReason | None = None


class CareQuery(Schema):
    """Which ones, and which page."""

    status: CareStatus | None = None
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class Capacity(Schema):
    """How many patients a therapist has in care, and how many they may have at once."""

    in_care: int
    most: int


class CareRelationships(Schema):
    """A page, the latest request first."""

    items: list[ShownCare]
    next_cursor: str | None
    capacity: Capacity | None
    """The caller's, where they are a therapist."""


@routes.endpoint(
    "POST /api/therapists/{id}/connect", allow=patients, limit=Limit("connect", 20, per=3600), status=201, once=True
)
def connect(caller: Caller, id: UUID, new: NewRequest) -> ShownCare:
    """Ask a therapist for care."""
    return requested(caller, id, new.note, uuid4())


@routes.endpoint(
    "GET /api/care-relationships", allow=patients_and_therapists, limit=Limit("care-relationships", 120, per=60)
)
def list_care_relationships(caller: Caller, query: CareQuery) -> CareRelationships:
    """The caller's own, those that are over among them."""
    return page_of(caller, query)


@routes.endpoint(
    "PATCH /api/care-relationships/{id}", allow=patients_and_therapists, limit=Limit("change-care", 60, per=60)
)
def change_care(caller: Caller, id: UUID, change: CareChange) -> ShownCare:
    """Accept or decline a request, take one's own back, or end care. Permissions follow at once, on sockets too."""
    if (change.reason is not None) is not (change.status is Step.DECLINED):
        raise Unprocessable(errors=[FieldFault("/reason", "says why a request is declined, and nothing else")])
    taken = changed(caller, id, change)
    if taken.ended:
        spread_word(taken.ended)
    hand_over(*taken.called_off)
    return taken.shown


@dataclass(frozen=True)
class Taken:
    """A step that was taken: what the caller sees, and what others are to be told."""

    shown: ShownCare
    ended: CareEnded | None
    called_off: tuple[Event, ...]


@transaction
def requested(db: Database, caller: Caller, therapist_id: UUID, note: str | None, care_id: UUID) -> ShownCare:
    """Keep a request, where the therapist may be asked."""
    _require_open(db, therapist_id)
    care = CareRelationship(
        id=care_id,
        patient_id=caller.user_id,
        therapist_id=therapist_id,
        note=sealed_note(care_id, note),
        requested_at=now(),
    )
    with expect_unique(db, "uq_care_relationship_open_kind", AlreadyAsked):
        db.add(care)
    audit.record(db, Action.CARE_REQUESTED, subject_id=caller.user_id, resource=("care_relationship", care_id))
    return shown_care(db, caller, [care])[0]


@transaction
def page_of(db: Database, caller: Caller, query: CareQuery) -> CareRelationships:
    """Read a page, in as many queries for two hundred as for one."""
    found = access.care_relationships(
        db,
        caller,
        action=Action.CARE_LISTED,
        status=query.status,
        before=_before(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    following = cursor.encode(page[-1].requested_at.isoformat(), str(page[-1].id)) if more else None
    capacity = _capacity(db, caller.user_id) if caller.role is Role.THERAPIST else None
    return CareRelationships(items=shown_care(db, caller, page), next_cursor=following, capacity=capacity)


@transaction(tries=TRIES)
def changed(db: Database, caller: Caller, care_id: UUID, change: CareChange) -> Taken:
    """Take one step; with what is to be told of it after the commit."""
    action = _ACTIONS[change.status]
    care = access.care_relationship(db, caller, care_id, action=action)
    ended, called_off = None, tuple[Event, ...]()
    if (caller.role, care.status, change.status) not in _STEPS:
        raise CareStandsElsewhere(denial=Denial(action, care.patient_id, care.id))
    audit.record(
        db,
        action,
        subject_id=care.patient_id,
        resource=("care_relationship", care.id),
        details={"from": care.status, **({"reason": change.reason} if change.reason else {})},
    )
    if change.status is Step.ACCEPTED:
        _accept(db, care)
    elif change.status is Step.DECLINED:
        care.status, care.declined_at, care.decline_reason = CareStatus.DECLINED, now(), change.reason
    else:
        ended, called_off = _end(db, caller, care)
    db.flush()
    return Taken(shown_care(db, caller, [care])[0], ended, called_off)


_ACTIONS: Final = {
    Step.ACCEPTED: Action.CARE_ACCEPTED,
    Step.DECLINED: Action.CARE_DECLINED,
    Step.ENDED: Action.CARE_ENDED,
}
_STEPS: Final = {
    (Role.THERAPIST, CareStatus.REQUESTED, Step.ACCEPTED),
    (Role.THERAPIST, CareStatus.REQUESTED, Step.DECLINED),
    (Role.THERAPIST, CareStatus.ACCEPTED, Step.ENDED),
    (Role.PATIENT, CareStatus.REQUESTED, Step.ENDED),
    (Role.PATIENT, CareStatus.ACCEPTED, Step.ENDED),
}


def _require_open(db: Database, therapist_id: UUID) -> None:
    """Raises NotFound where patients may not know of the therapist, NotAcceptingPatients."""
    accepts = db.scalar(
        select(TherapistProfile.accepts_new_patients)
        .join(User, User.id == TherapistProfile.user_id)
        .where(
            User.id == therapist_id,
            User.role == Role.THERAPIST,
            User.status == UserStatus.ACTIVE,
            access.licence_stands(),
        )
    )
    if accepts is None:
        raise NotFound
    if not accepts:
        raise NotAcceptingPatients


def _accept(db: Database, care: CareRelationship) -> None:
    """Into care, with a conversation of its own: one that ended earlier stays closed, and the patient's to read."""
    # The transaction is serializable: of two that count at once, one begins again and counts the other.
    capacity = _capacity(db, care.therapist_id)
    if capacity.in_care >= capacity.most:
        raise AtCapacity
    care.status, care.accepted_at = CareStatus.ACCEPTED, now()
    conversations.open_for(db, care)


def _capacity(db: Database, therapist_id: UUID) -> Capacity:
    in_care = db.scalar(
        select(func.count()).where(
            CareRelationship.therapist_id == therapist_id,
            CareRelationship.status == CareStatus.ACCEPTED,
            CareRelationship.kind == CareKind.STANDING,
        )
    )
    return Capacity(in_care=in_care or 0, most=settings().care_capacity)


def _end(db: Database, caller: Caller, care: CareRelationship) -> tuple[CareEnded | None, tuple[Event, ...]]:
    moment, stood = now(), care.status is CareStatus.ACCEPTED
    care.status, care.ended_at, care.ended_by = CareStatus.ENDED, moment, caller.user_id
    if not stood:
        return None, ()
    called_off = care_end.call_off(db, care, moment)
    return keep_word(db, care.id, care.therapist_id, moment), called_off


def _before(given: str) -> tuple[datetime, UUID]:
    try:
        moment, care_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(care_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
