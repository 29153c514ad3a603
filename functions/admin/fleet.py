"""What the whole product shares is counted here alone, once a minute: each instance shows it for as long as it is news.

One instance counts and keeps the figures in Redis; GET /metrics of any instance of this function shows them. Nothing
is kept of anybody: counts and ages, by role, state and how long something has waited.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared import session, telemetry
from shared.clock import now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.analysis import RiskEvent, RiskStatus
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import (
    AccountErased,
    AccountNotice,
    AccountUnlocked,
    AppointmentChanged,
    MessageSent,
    MessageUpdated,
    PrivacyNotice,
    ReminderDue,
    RiskAlertChanged,
    RiskRaised,
    SeriesBooked,
    SignUpRepeated,
    TimeOffered,
    UnreadWaiting,
    VerificationRequested,
)
from shared.http.endpoint import Routes
from shared.redis import RedisAway, ask
from shared.roles import Role, scheduler
from shared.telemetry import metrics
from shared.telemetry.metrics import Metric

from . import oversight

routes = Routes()

CACHE_KEY: Final = "cached:admin:fleet"
NEWS_FOR: Final = 150
"""Seconds after which what was counted is not shown any more: a figure that stands still would look well."""
SECONDS_BETWEEN_LOOKS: Final = 2.0
EVENTS_COUNTED: Final = 10_000
SESSIONS_COUNTED: Final = 200_000
MAILED: Final = tuple(
    event.type
    for event in (
        VerificationRequested,
        SignUpRepeated,
        AccountNotice,
        AccountErased,
        AccountUnlocked,
        PrivacyNotice,
        UnreadWaiting,
        AppointmentChanged,
        SeriesBooked,
        ReminderDue,
        TimeOffered,
        RiskRaised,
        RiskAlertChanged,
    )
)
SCORED: Final = (MessageSent.type, MessageUpdated.type)
WAITING: Final = tuple(status for status in RiskStatus if status is not RiskStatus.RESOLVED)
UP_TO: Final = (("under_1m", 60), ("1m_to_5m", 300), ("5m_to_15m", 900), ("15m_to_1h", 3600))
OLDER: Final = "over_1h"
Figures = dict[str, list[tuple[tuple[str, ...], float]]]
"""By a metric's name: the values of its labels, and how it stands."""
_figures: Final = TypeAdapter(Figures)
SHOWN: Final = (
    metrics.OUTBOX_WAITING,
    metrics.OUTBOX_OLDEST,
    metrics.MAILS_WAITING,
    metrics.UNSCORED,
    metrics.UNSCORED_OLDEST,
    metrics.ALERTS_OPEN,
    metrics.ALERT_OLDEST,
    metrics.SESSIONS_ACTIVE,
    metrics.SIGN_UPS,
    metrics.COUNTED_AT,
    *oversight.SHOWN,
)


@routes.endpoint("POST /api/internal/admin/fleet", allow=scheduler)
def count_fleet() -> None:
    """Count, where numbers are kept at all."""
    if telemetry.is_on():
        _latest.keep(counted())


@transaction
def counted(db: Database) -> Figures:
    """Everything at one moment, each with one bounded query over an index."""
    moment = now()
    return {
        **_events(db, moment),
        **_alerts(db, moment),
        **oversight.counted(db, moment),
        metrics.SESSIONS_ACTIVE.name: _by_role(_sessions(db)),
        metrics.SIGN_UPS.name: _by_role(_sign_ups(db, moment)),
        metrics.COUNTED_AT.name: [((), moment.timestamp())],
    }


def _events(db: Database, moment: datetime) -> Figures:
    left = (
        select(OutboxEvent.type, OutboxEvent.created_at)
        .where(OutboxEvent.delivered_at.is_(None))
        .order_by(OutboxEvent.created_at)
        .limit(EVENTS_COUNTED)
        .subquery()
    )
    is_scored, age = left.c.type.in_(SCORED), _age(left.c.created_at, moment)
    row = db.execute(
        select(
            func.count(),
            func.min(left.c.created_at),
            func.count().filter(left.c.type.in_(MAILED)),
            func.min(left.c.created_at).filter(is_scored),
            *(func.count().filter(is_scored, age == name) for name in _ages()),
        )
    ).one()
    waiting, oldest, mails, oldest_unscored, *unscored = row
    return {
        metrics.OUTBOX_WAITING.name: [((), waiting)],
        metrics.OUTBOX_OLDEST.name: [((), _seconds(oldest, moment))],
        metrics.MAILS_WAITING.name: [((), mails)],
        metrics.UNSCORED.name: [((name,), found) for name, found in zip(_ages(), unscored, strict=True)],
        metrics.UNSCORED_OLDEST.name: [((), _seconds(oldest_unscored, moment))],
    }


def _alerts(db: Database, moment: datetime) -> Figures:
    open_ones = (
        select(RiskEvent.status, RiskEvent.opened_at, _age(RiskEvent.opened_at, moment).label("age"))
        .join(User, User.id == RiskEvent.patient_id)
        .where(RiskEvent.alert_id.is_(None), RiskEvent.status.in_(WAITING), User.is_synthetic.is_(False))
        .order_by(RiskEvent.opened_at)
        .limit(EVENTS_COUNTED)
        .subquery()
    )
    state, age = open_ones.c.status, open_ones.c.age
    bands = select(state, age, func.count(), func.min(open_ones.c.opened_at)).group_by(state, age)
    found = {(state, age): (number, oldest) for state, age, number, oldest in db.execute(bands)}
    return {
        metrics.ALERTS_OPEN.name: [
            ((state, age), found.get((state, age), (0, None))[0]) for state in WAITING for age in _ages()
        ],
        metrics.ALERT_OLDEST.name: [
            (
                (state,),
                max((_seconds(oldest, moment) for (one, _), (_, oldest) in found.items() if one == state), default=0),
            )
            for state in WAITING
        ],
    }


def _sessions(db: Database) -> Mapping[Role, int]:
    open_ones = or_(*(and_(User.role == role, session.is_open(role)) for role in Role))
    found = (
        select(User.role)
        .join(Session, Session.user_id == User.id)
        .where(open_ones, User.status == UserStatus.ACTIVE, User.is_synthetic.is_(False))
        .where(Session.impersonated_by.is_(None))
        .limit(SESSIONS_COUNTED)
        .subquery()
    )
    return dict(db.execute(select(found.c.role, func.count()).group_by(found.c.role)).tuples().all())


def _sign_ups(db: Database, moment: datetime) -> Mapping[Role, int]:
    made = (User.created_at > moment - timedelta(days=1), User.is_synthetic.is_(False))
    return dict(db.execute(select(User.role, func.count()).where(*made).group_by(User.role)).tuples().all())


def _by_role(found: Mapping[Role, int]) -> list[tuple[tuple[str, ...], float]]:
    return [((role,), found.get(role, 0)) for role in Role]


def _ages() -> list[str]:
    return [*(name for name, _ in UP_TO), OLDER]


def _age(since: ColumnElement[datetime] | InstrumentedAttribute[datetime], moment: datetime) -> ColumnElement[str]:
    bands = [(since > moment - timedelta(seconds=seconds), name) for name, seconds in UP_TO]
    return case(*bands, else_=OLDER)


def _seconds(since: datetime | None, moment: datetime) -> float:
    return max(0.0, (moment - since).total_seconds()) if since else 0.0


class _Latest:
    """The figures that were counted last, by whichever instance."""

    def __init__(self) -> None:
        self._figures: Figures = {}
        self._looked_at = float("-inf")

    def keep(self, figures: Figures) -> None:
        """These are the latest."""
        self._figures, self._looked_at = figures, time.monotonic()
        try:
            ask(lambda redis: redis.set(CACHE_KEY, _figures.dump_json(figures).decode(), ex=NEWS_FOR))
        except RedisAway:
            return  # this instance shows them all the same

    def readings(self, metric: Metric) -> metrics.Readings:
        """How a gauge stands; nothing where that is no news any more."""
        if time.monotonic() - self._looked_at > SECONDS_BETWEEN_LOOKS:
            self._look()
        return dict(self._figures.get(metric.name, ())) if self._is_news() else {}

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            entry = ask(lambda redis: redis.get(CACHE_KEY))
            self._figures = _figures.validate_json(entry) if entry else self._figures
        except (RedisAway, ValidationError):
            return

    def _is_news(self) -> bool:
        return any(now().timestamp() - value < NEWS_FOR for _, value in self._figures.get(metrics.COUNTED_AT.name, ()))


_latest: Final = _Latest()


def _show(metric: Metric) -> None:
    telemetry.watch(metric, lambda: _latest.readings(metric))


for _metric in SHOWN:
    _show(_metric)
