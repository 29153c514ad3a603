"""Whether the path of alerts is well: messages that wait too long for their analysis, the probe, and who is on call."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.contract import Schema
from shared.crisis_lines import CHECKED_ON
from shared.database.models.accounts import User
from shared.database.models.analysis import ProbeRun, RiskEvent, RiskStatus
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import MessageSent, MessageUpdated
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import administrators
from shared.session import Caller
from shared.settings import settings
from shared.telemetry import log

from .on_call import on_call

routes = Routes()

UNSCORED_FOR: Final = timedelta(seconds=60)


class ProbeState(StrEnum):
    """What the last probe says of the path of alerts."""

    OFF = "off"
    WAITING = "waiting"
    ARRIVED = "arrived"
    ALARM = "alarm"


class ShownProbe(Schema):
    """The last probe: when it was sent, when its alert came back, and why there is an alarm."""

    state: ProbeState
    sent_at: datetime | None = None
    arrived_at: datetime | None = None
    failure: str | None = None


class AlertsStatus(Schema):
    """How the path of alerts is, in numbers that name nobody."""

    probe: ShownProbe
    waiting: int
    """Alerts that nobody has acknowledged and whose clock runs."""
    on_call: int
    """Therapists who can be asked at this moment."""
    unscored: int
    """Messages that have waited longer than a minute to be delivered or analysed."""
    crisis_lines_checked_on: date
    """When somebody last went through the telephone lines that patients are shown."""


@routes.endpoint("GET /api/alerts/status", allow=administrators, limit=Limit("alerts-status", 120, per=60))
def alerts_status(caller: Caller) -> AlertsStatus:  # noqa: ARG001 - it says nothing about anybody
    """Whether alerts arrive, and whether somebody can answer them."""
    return read_status()


@transaction
def read_status(db: Database) -> AlertsStatus:
    """Read it."""
    waiting = (
        select(func.count())
        .select_from(RiskEvent)
        .join(User, User.id == RiskEvent.patient_id)
        .where(RiskEvent.status == RiskStatus.OPEN, RiskEvent.next_escalation_at.is_not(None), ~User.is_synthetic)
    )
    return AlertsStatus(
        probe=_probe(db),
        waiting=db.scalar(waiting) or 0,
        on_call=len(on_call(db, now())),
        unscored=_unscored(db),
        crisis_lines_checked_on=CHECKED_ON,
    )


def look_for_unscored() -> None:
    """Raise the alarm where messages wait: their therapists see them, and no model has looked at them yet."""
    waiting = unscored()
    if waiting:
        log("messages-unscored", severity="CRITICAL", messages=waiting, seconds=UNSCORED_FOR.seconds)


@transaction
def unscored(db: Database) -> int:
    """How many there are."""
    return _unscored(db)


def _unscored(db: Database) -> int:
    query = (
        select(func.count())
        .select_from(OutboxEvent)
        .where(
            OutboxEvent.delivered_at.is_(None),
            OutboxEvent.created_at < now() - UNSCORED_FOR,
            OutboxEvent.type.in_((MessageSent.type, MessageUpdated.type)),
        )
    )
    return db.scalar(query) or 0


def _probe(db: Database) -> ShownProbe:
    run = db.scalar(select(ProbeRun).order_by(ProbeRun.sent_at.desc()).limit(1)) if settings().probe_minutes else None
    if run is None:
        return ShownProbe(state=ProbeState.WAITING if settings().probe_minutes else ProbeState.OFF)
    state = ProbeState.ARRIVED if run.arrived_at else ProbeState.WAITING
    return ShownProbe(
        state=ProbeState.ALARM if run.alarmed_at else state,
        sent_at=run.sent_at,
        arrived_at=run.arrived_at,
        failure=run.failure,
    )
