"""GET /api/admin/break-glass: which records were opened, and which reviews are to be closed."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, and_, not_, or_, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import administrators

from .break_glass_shown import GrantState, ShownGrant, shown_grants

routes = Routes()


class GrantsQuery(Schema):
    """Which ones, and which page."""

    state: GrantState | None = None
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class Grants(Schema):
    """A page, the latest first."""

    items: list[ShownGrant]
    next_cursor: str | None


@routes.endpoint("GET /api/admin/break-glass", allow=administrators, limit=Limit("list-break-glass", 60, per=60))
def list_openings(query: GrantsQuery) -> Grants:
    """Every opening of a record, with its reason and its review."""
    return page_of(query)


@transaction
def page_of(db: Database, query: GrantsQuery) -> Grants:
    """Read a page."""
    order = (BreakGlassGrant.granted_at.desc(), BreakGlassGrant.id.desc())
    wanted = select(BreakGlassGrant).order_by(*order).limit(query.limit + 1)
    if query.state is not None:
        wanted = wanted.where(_is_in(query.state))
    if query.cursor:
        wanted = wanted.where(tuple_(BreakGlassGrant.granted_at, BreakGlassGrant.id) < _before(query.cursor))
    found = db.scalars(wanted).all()
    page, more = found[: query.limit], len(found) > query.limit
    audit.record(db, Action.BREAK_GLASS_LISTED)
    following = cursor.encode(page[-1].granted_at.isoformat(), str(page[-1].id)) if more else None
    return Grants(items=shown_grants(db, page), next_cursor=following)


def _is_in(state: GrantState) -> ColumnElement[bool]:
    """As `break_glass_shown` says of one."""
    unreviewed, moment = BreakGlassGrant.reviewed_at.is_(None), now()
    opened = and_(BreakGlassGrant.ended_at.is_(None), BreakGlassGrant.expires_at > moment)
    late = BreakGlassGrant.review_due_at <= moment
    if state is GrantState.REVIEWED:
        return not_(unreviewed)
    if state is GrantState.OPEN:
        return and_(unreviewed, opened)
    over = and_(unreviewed, or_(BreakGlassGrant.ended_at.is_not(None), BreakGlassGrant.expires_at <= moment))
    return and_(over, late if state is GrantState.OVERDUE else not_(late))


def _before(given: str) -> tuple[datetime, UUID]:
    try:
        moment, grant_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(grant_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
