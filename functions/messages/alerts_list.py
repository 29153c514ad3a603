"""GET /api/alerts: what calls for an answer; for administrators, and who is on call, only that it does."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.analysis import RiskStatus
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import therapists, therapists_and_administrators
from shared.session import Caller

from . import alerts_access
from .alerts_access import Page
from .alerts_shown import ShownAlert, shown_alerts

routes = Routes()


class AlertsQuery(Schema):
    """Which ones, and which page."""

    status: RiskStatus | None = None
    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class AlertPage(Schema):
    """A page, the latest first."""

    items: list[ShownAlert]
    next_cursor: str | None


@routes.endpoint("GET /api/alerts", allow=therapists_and_administrators, limit=Limit("alerts", 120, per=60))
def list_alerts(caller: Caller, query: AlertsQuery) -> AlertPage:
    """The alerts that the caller may know of."""
    return page_of(caller, query)


@routes.endpoint("GET /api/alerts/{id}", allow=therapists, limit=Limit("alert", 120, per=60))
def read_alert(caller: Caller, id: UUID) -> ShownAlert:
    """One alert with the texts that worried, as they were then, whatever became of the messages."""
    return one(caller, id)


@transaction
def page_of(db: Database, caller: Caller, query: AlertsQuery) -> AlertPage:
    """Read a page."""
    before = _before(query.cursor) if query.cursor else None
    found = alerts_access.alerts(db, caller, Page(query.status, before, query.limit + 1), action=Action.ALERTS_LISTED)
    page = found[: query.limit]
    last = page[-1].alert if len(found) > query.limit else None
    following = cursor.encode(last.opened_at.isoformat(), str(last.id)) if last else None
    return AlertPage(items=shown_alerts(db, page), next_cursor=following)


@transaction
def one(db: Database, caller: Caller, alert_id: UUID) -> ShownAlert:
    """Check and read one."""
    seen = alerts_access.alert(db, caller, alert_id, action=Action.ALERT_READ)
    return shown_alerts(db, [seen], with_bodies=True)[0]


def _before(given: str) -> tuple[datetime, UUID]:
    try:
        moment, alert_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(alert_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
