"""GET /api/therapists/available: who takes new patients and may practise, as patients choose among them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select
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

from .moments import Moment
from .next_slots import next_slots, slots_within
from .slots import Slot, Span
from .therapist_slots import window

routes = Routes()

LOOKED_AT: Final = 100
BATCHES: Final = 5
"""Where a free time is asked for, so many therapists are looked at for one page, which may then be a short one."""

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
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    """Only who has a free time that starts from the one, now where none is given, until before the other, two weeks
    later by default."""
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
    """The first three of the time that is asked for, or else of the next 62 days, as far as the horizon goes."""


class Therapists(Schema):
    """A page, in an order that favours nobody and stays the same."""

    items: list[AvailableTherapist]
    next_cursor: str | None


@routes.endpoint("GET /api/therapists/available", allow=patients, limit=Limit("available-therapists", 120, per=60))
def list_available(query: DirectoryQuery) -> Therapists:
    """Therapists who take new patients and whose licence is in force, with their next free times."""
    moment = now()
    after = _after(query.cursor) if query.cursor else None
    if query.since is None and query.until is None:
        page, following = _page(query, after)
        slots = next_slots({row.user_id: row.schedule_version for row in page}, moment)
    else:
        page, slots, following = _free_within(query, after, window(query.since, query.until, moment), moment)
    items = [_shown(row, slots.get(row.user_id, ())) for row in page]
    return Therapists(items=items, next_cursor=cursor.encode(str(following)) if following else None)


def _page(query: DirectoryQuery, after: UUID | None) -> tuple[Sequence[Row[Any]], UUID | None]:
    found = some(query, after, query.limit)
    page = found[: query.limit]
    return page, page[-1].user_id if len(found) > query.limit else None


def _free_within(
    query: DirectoryQuery, after: UUID | None, within: Span, moment: datetime
) -> tuple[Sequence[Row[Any]], Mapping[UUID, Sequence[Slot]], UUID | None]:
    """Batch by batch until the page is full, or enough were looked at; and after whom the next one begins."""
    page: list[Row[Any]] = []
    slots: dict[UUID, Sequence[Slot]] = {}
    for _ in range(BATCHES):
        found = some(query, after, LOOKED_AT)
        batch = found[:LOOKED_AT]
        slots |= slots_within([row.user_id for row in batch], within, moment)
        free = [row for row in batch if slots.get(row.user_id)]
        room = query.limit - len(page)
        page += free[:room]
        if len(free) > room:
            return page, slots, page[-1].user_id
        if len(found) <= LOOKED_AT:
            return page, slots, None
        after = batch[-1].user_id
    return page, slots, after


@transaction
def some(db: Database, query: DirectoryQuery, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """So many with one query, and one more therapist where others follow."""
    return db.execute(_available(query, after).limit(limit + 1)).all()


def _available(query: DirectoryQuery, after: UUID | None) -> Select[Any]:
    """Ordered as ix_therapist_profile_open is: what has been read already costs nothing.

    Columns rather than entities, which take longer than the database does.
    """
    profile = TherapistProfile
    wanted = [
        profile.accepts_new_patients,
        profile.credentials_status == CredentialsStatus.VERIFIED,  # what the index asks for, in its own words
        access.licence_stands(),
        User.role == Role.THERAPIST,
        User.status == UserStatus.ACTIVE,
        User.is_synthetic.is_(False),
    ]
    if after is not None:
        wanted.append(profile.user_id > after)
    if query.specialty is not None:
        wanted.append(_holds(profile.specialties, func.lower(query.specialty)))
    if query.language is not None:
        wanted.append(_holds(profile.languages, query.language.lower(), query.language.lower() + "-"))
    shown = (profile.bio, profile.specialties, profile.languages, profile.schedule_version, User.name, User.time_zone)
    joined = select(profile.user_id, *shown).join(User, User.id == profile.user_id)
    return joined.where(*wanted).order_by(profile.user_id)


def _holds(listed: object, word: object, beginning: str | None = None) -> ColumnElement[bool]:
    """Whether an entry of a JSON list is this word, or begins so; capitals do not matter."""
    entry = func.jsonb_array_elements_text(listed).table_valued("value").render_derived()
    found = func.lower(entry.c.value)
    is_it = found == word
    if beginning is not None:
        is_it = or_(is_it, found.startswith(beginning, autoescape=True))
    return exists(select(1).select_from(entry).where(is_it))


def _shown(row: Row[Any], slots: Iterable[Slot]) -> AvailableTherapist:
    return AvailableTherapist(
        id=row.user_id,
        name=row.name,
        bio=row.bio,
        specialties=row.specialties,
        languages=row.languages,
        time_zone=row.time_zone,
        next_slots=[NextSlot(start_at=slot.start_at, end_at=slot.end_at) for slot in slots],
    )


def _after(given: str) -> UUID:
    try:
        return UUID(cursor.decode(given, 1)[0])
    except (TypeError, ValueError, AttributeError):
        raise cursor.unknown_cursor() from None
