"""GET /api/admin/timeseries: one number for each day, from bounded queries over indexes."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import Field
from sqlalchemy import ColumnElement, Date, Select, case, cast, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.analysis import RiskEvent
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import FieldFault, Unprocessable
from shared.roles import administrators

from .statistics import is_of_somebody

routes = Routes()

LONGEST: Final = timedelta(days=366)
USUAL: Final = timedelta(days=30)


class Metric(StrEnum):
    """What can be followed day by day."""

    SIGN_UPS = "sign-ups"
    SESSIONS = "sessions"
    """Sign-ins that succeeded."""
    MESSAGES = "messages"
    RISK_EVENTS = "risk-events"
    MODEL_ACCURACY = "model-accuracy"
    """Percent of the day's answers of therapists that say the model was right."""


class SeriesQuery(Schema):
    """Which number, from which day to which, both included; the last 30 days where none are given. Days are UTC's."""

    metric: Metric
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")


class Point(Schema):
    """A day and its number; null where there is nothing to say, as of an accuracy without answers."""

    date: date
    value: float | None


class TimeSeries(Schema):
    """Every day of the span, the earliest first."""

    metric: Metric
    points: list[Point]


@routes.endpoint("GET /api/admin/timeseries", allow=administrators, limit=Limit("admin-timeseries", 120, per=60))
def read_time_series(query: SeriesQuery) -> TimeSeries:
    """One number by day."""
    until = query.until or now().astimezone(UTC).date()
    since = query.since or until - USUAL + timedelta(days=1)
    if since > until:
        raise Unprocessable(errors=[FieldFault("?to", "is before from")])
    if until - since >= LONGEST:
        raise Unprocessable(errors=[FieldFault("?to", f"is more than {LONGEST.days} days after from")])
    found = by_day(query.metric, since, until)
    missing = None if query.metric is Metric.MODEL_ACCURACY else 0.0
    days = (since + timedelta(days=number) for number in range((until - since).days + 1))
    return TimeSeries(metric=query.metric, points=[Point(date=day, value=found.get(day, missing)) for day in days])


@transaction
def by_day(db: Database, metric: Metric, since: date, until: date) -> Mapping[date, float]:
    """The days of the span that have a number."""
    first, after_last = _midnight(since), _midnight(until + timedelta(days=1))
    rows = db.execute(_QUERIES[metric](first, after_last))
    return {day: round(float(value), 2) for day, value in rows}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _daily(
    moment: InstrumentedAttribute[datetime], value: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> Callable[[datetime, datetime], Select[tuple[date, Any]]]:
    # Written out, or each mention would be a parameter of its own and no longer the same to GROUP BY.
    day = cast(func.timezone(literal_column("'UTC'"), moment), Date)

    def query(first: datetime, after_last: datetime) -> Select[tuple[date, Any]]:
        return select(day, value).where(moment >= first, moment < after_last, *conditions).group_by(day)

    return query


_QUERIES: Final[dict[Metric, Callable[[datetime, datetime], Select[tuple[date, Any]]]]] = {
    Metric.SIGN_UPS: _daily(User.created_at, func.count(), User.is_synthetic.is_(False)),
    Metric.SESSIONS: _daily(
        AuditEvent.occurred_at,
        func.count(),
        AuditEvent.action == Action.SESSION_SIGNED_IN,
        AuditEvent.outcome == AuditOutcome.SUCCESS,
    ),
    Metric.MESSAGES: _daily(Message.sent_at, func.count()),
    Metric.RISK_EVENTS: _daily(RiskEvent.opened_at, func.count(), is_of_somebody(RiskEvent.patient_id)),
    Metric.MODEL_ACCURACY: _daily(MLFeedback.created_at, func.avg(case((MLFeedback.is_correct, 100.0), else_=0.0))),
}
