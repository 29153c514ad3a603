"""GET /api/therapists/available: who takes new patients and may practise, as patients choose among them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import Role, patients

from .next_slots import next_slots
from .slots import Slot

routes = Routes()

Found = tuple[TherapistProfile, str, str]

_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
_TAG = r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$"


class DirectoryQuery(Schema):
    """What a patient looks for, and which page."""

    specialty: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_LINE)] | None
    ) = None
    """As therapists name it, in capitals or not."""
    language: Annotated[str, StringConstraints(min_length=2, max_length=35, pattern=_TAG)] | None = None
    """A tag of BCP 47; `en` finds `en-GB` too."""
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class NextSlot(Schema):
    """A time that can be booked."""

    start_at: datetime
    end_at: datetime


class AvailableTherapist(Schema):
    """A therapist as patients see one before they know each other."""

    id: UUID
    name: str
    bio: str
    specialties: list[str]
    languages: list[str]
    time_zone: str
    next_slots: list[NextSlot]
    """The first three of the next 62 days, as far as the therapist's horizon goes."""


class Therapists(Schema):
    """A page, in an order that favours nobody and stays the same."""

    items: list[AvailableTherapist]
    next_cursor: str | None


@routes.endpoint("GET /api/therapists/available", allow=patients, limit=Limit("available-therapists", 120, per=60))
def list_available(query: DirectoryQuery) -> Therapists:
    """Therapists who take new patients and whose licence is in force, with their next free times."""
    found = page_of(query)
    page = found[: query.limit]
    slots = next_slots([profile.user_id for profile, *_ in page], now())
    items = [_shown(*row, slots.get(row[0].user_id, ())) for row in page]
    more = len(found) > query.limit
    return Therapists(items=items, next_cursor=cursor.encode(str(items[-1].id)) if more else None)


@transaction
def page_of(db: Database, query: DirectoryQuery) -> list[Found]:
    """Read a page with one query, and one more therapist where another page follows."""
    after = _after(query.cursor) if query.cursor else None
    rows = db.execute(_available(query, after).limit(query.limit + 1))
    return [(profile, name, time_zone) for profile, name, time_zone in rows]


def _available(query: DirectoryQuery, after: UUID | None) -> Select[tuple[TherapistProfile, str, str]]:
    """Ordered as ix_therapist_profile_open is: what has been read already costs nothing."""
    profile = TherapistProfile
    wanted = [
        profile.accepts_new_patients,
        profile.credentials_status == CredentialsStatus.VERIFIED,  # what the index asks for, in its own words
        access.licence_stands(),
        User.role == Role.THERAPIST,
        User.status == UserStatus.ACTIVE,
    ]
    if after is not None:
        wanted.append(profile.user_id > after)
    if query.specialty is not None:
        wanted.append(_holds(profile.specialties, func.lower(query.specialty)))
    if query.language is not None:
        wanted.append(_holds(profile.languages, query.language.lower(), query.language.lower() + "-"))
    joined = select(profile, User.name, User.time_zone).join(User, User.id == profile.user_id)
    return joined.where(*wanted).order_by(profile.user_id)


def _holds(listed: object, word: object, beginning: str | None = None) -> ColumnElement[bool]:
    """Whether an entry of a JSON list is this word, or begins so; capitals do not matter."""
    entry = func.jsonb_array_elements_text(listed).table_valued("value").render_derived()
    found = func.lower(entry.c.value)
    is_it = found == word
    if beginning is not None:
        is_it = or_(is_it, found.startswith(beginning, autoescape=True))
    return exists(select(1).select_from(entry).where(is_it))


def _shown(profile: TherapistProfile, name: str, time_zone: str, slots: Iterable[Slot]) -> AvailableTherapist:
    return AvailableTherapist(
        id=profile.user_id,
        name=name,
        bio=profile.bio,
        specialties=profile.specialties,
        languages=profile.languages,
        time_zone=time_zone,
        next_slots=[NextSlot(start_at=slot.start_at, end_at=slot.end_at) for slot in slots],
    )


def _after(given: str) -> UUID:
    try:
        return UUID(cursor.decode(given, 1)[0])
    except (TypeError, ValueError, AttributeError):
        raise cursor.unknown_cursor() from None
