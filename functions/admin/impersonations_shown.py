"""GET /api/admin/impersonations: who looked on as whom, why, and until when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.trust import Impersonation, ImpersonationEnding
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import administrators

from .people import NamedPerson, named
from .reasons import ImpersonationReason, opened

routes = Routes()

TABLE: Final = Impersonation.__tablename__


class ShownImpersonation(Schema):
    """An administrator looked on as somebody, or does."""

    id: UUID
    administrator: NamedPerson
    user: NamedPerson
    reason_code: ImpersonationReason
    reason: str
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    """To the minute, where nobody closed it."""
    ending: ImpersonationEnding | None


class ImpersonationsQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class Impersonations(Schema):
    """A page, the latest first."""

    items: list[ShownImpersonation]
    next_cursor: str | None


@routes.endpoint("GET /api/admin/impersonations", allow=administrators, limit=Limit("impersonations", 60, per=60))
def list_impersonations(query: ImpersonationsQuery) -> Impersonations:
    """Every impersonation, with its reason."""
    return page_of(query)


@transaction
def page_of(db: Database, query: ImpersonationsQuery) -> Impersonations:
    """Read a page."""
    order = (Impersonation.began_at.desc(), Impersonation.id.desc())
    wanted = select(Impersonation).order_by(*order).limit(query.limit + 1)
    if query.cursor:
        wanted = wanted.where(tuple_(Impersonation.began_at, Impersonation.id) < _before(query.cursor))
    found = db.scalars(wanted).all()
    page, more = found[: query.limit], len(found) > query.limit
    audit.record(db, Action.IMPERSONATIONS_LISTED)
    following = cursor.encode(page[-1].began_at.isoformat(), str(page[-1].id)) if more else None
    return Impersonations(items=shown_impersonations(db, page), next_cursor=following)


def shown_impersonations(db: Database, found: Sequence[Impersonation]) -> list[ShownImpersonation]:
    """In as many queries for many as for one."""
    people = named(db, {one for row in found for one in (row.administrator_id, row.user_id)})
    return [
        ShownImpersonation(
            id=row.id,
            administrator=people[row.administrator_id],
            user=people[row.user_id],
            reason_code=ImpersonationReason(row.reason_code),
            reason=opened(row.reason, TABLE, "reason", row.id),
            began_at=row.began_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
            ending=row.ending,
        )
        for row in found
    ]


def _before(given: str) -> tuple[datetime, UUID]:
    try:
        moment, impersonation_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(impersonation_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
