"""An alert that nobody answers goes on: to a second clinician, to everybody on call, to the administrators.

After how many minutes is a setting. The defaults are a proposal of ours and no clinical standard.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access, audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskStatus
from shared.database.transaction import transaction
from shared.settings import settings
from shared.telemetry import log_exception

from .alerts import COVERAGE, UNANSWERED, AlertEvent, changed, deliver_alert, raised
from .escalation_coverage import begin_coverage
from .on_call import administrators, on_call

BATCH: Final = 50


class Step(IntEnum):
    """How far an alert has gone."""

    OWN = 0
    """Its patient's own therapist is asked."""
    SECOND = 1
    """The first who is on call, too."""
    ON_CALL = 2
    """Everybody on call, too."""
    ADMINISTRATORS = 3
    """Administrators are told that nobody has answered; they see no more of it than that."""


@dataclass(frozen=True)
class _Reached:
    """Whom a step asks, beside those who were asked before."""

    step: Step
    people: tuple[UUID, ...]
    own: UUID
    """The therapist whose patient it is."""
    covering: tuple[UUID, ...]
    """Who covers for them already."""
    staying: tuple[UUID, ...]
    """Who of these is on call still."""


def escalate_due() -> int:
    """Take every step whose time has come; how many alerts went on. One that cannot holds up no other."""
    moved = 0
    for alert_id in due_now():
        try:
            events = taken_when_due(alert_id)
        except Exception as error:  # noqa: BLE001 - the next tick tries it again, and the others go on
            log_exception("escalation-failed", error)
            continue
        moved += bool(events)
        for event in events:
            deliver_alert(event)
    return moved


@transaction
def due_now(db: Database) -> list[UUID]:
    """Alerts that somebody else has to be told of, the longest overdue first; those of nobody's are left aside."""
    query = (
        select(RiskEvent.id)
        .join(User, User.id == RiskEvent.patient_id)
        .where(RiskEvent.status != RiskStatus.RESOLVED, RiskEvent.next_escalation_at <= now())
        .where(~User.is_synthetic, User.status != UserStatus.ERASED)
        .order_by(RiskEvent.next_escalation_at)
        .limit(BATCH)
    )
    return list(db.scalars(query))


@transaction(tries=8)
def taken_when_due(db: Database, alert_id: UUID) -> list[AlertEvent]:
    """Take the next step of one alert, if it is due still; what to deliver. Of two ticks at once, one takes it."""
    alert = db.scalar(select(RiskEvent).where(RiskEvent.id == alert_id).with_for_update())
    moment = now()
    if alert is None or alert.next_escalation_at is None or alert.next_escalation_at > moment:
        return []
    return take_step(db, alert, moment)


def take_step(db: Database, alert: RiskEvent, moment: datetime) -> list[AlertEvent]:
    """Ask the next who can be asked, let them in where they are clinicians, and keep what tells of it.

    Where a step finds nobody new, the next one is taken at once.
    """
    reached = _reach(db, alert, moment)
    told_before = (reached.own, *reached.covering)
    alert.escalation_step, alert.escalated_at, alert.version = reached.step, moment, alert.version + 1
    alert.next_escalation_at = _next(alert, moment)
    _note(db, alert, reached)
    events: list[AlertEvent] = []
    if reached.step is Step.ADMINISTRATORS:
        begin_coverage(db, alert, reached.staying, moment)
        events.append(changed(alert, told_before, notice=UNANSWERED, mail_ids=reached.people))
    else:
        begin_coverage(db, alert, (*reached.people, *reached.staying), moment)
        events.append(raised(alert, _loudest(db, alert), reached.people))
        events.append(changed(alert, told_before, notice=COVERAGE, mail_ids=(reached.own,)))
    for event in events:
        outbox.record(db, event)
    return events


def _reach(db: Database, alert: RiskEvent, moment: datetime) -> _Reached:
    own, covering = access.therapist_of(db, alert.conversation_id), access.covering(db, alert.conversation_id)
    called = on_call(db, moment)
    new = [therapist_id for therapist_id in called if therapist_id not in {own, *covering}]
    step, people = Step.ADMINISTRATORS, administrators(db)
    if new and alert.escalation_step < Step.ON_CALL:
        first = alert.escalation_step < Step.SECOND
        step, people = (Step.SECOND, new[:1]) if first else (Step.ON_CALL, new)
    staying = tuple(therapist_id for therapist_id in covering if therapist_id in called)
    return _Reached(step, tuple(people), own, covering, staying)


def _next(alert: RiskEvent, moment: datetime) -> datetime | None:
    """When the step after this one is due, counted from when this one was; a clock that stands does not go on."""
    if alert.next_escalation_at is None or alert.escalation_step == Step.ADMINISTRATORS:
        return None
    chosen = settings()
    minutes = (0, chosen.alert_second_minutes, chosen.alert_on_call_minutes, chosen.alert_administrators_minutes)
    wait = max(0, minutes[alert.escalation_step + 1] - minutes[alert.escalation_step])
    return min(alert.next_escalation_at, moment) + timedelta(minutes=wait)


def _note(db: Database, alert: RiskEvent, reached: _Reached) -> None:
    details = {"step": reached.step.name.lower(), "told": [str(user_id) for user_id in reached.people]}
    audit.record(
        db, Action.ALERT_ESCALATED, subject_id=alert.patient_id, resource=("risk_event", alert.id), details=details
    )


def _loudest(db: Database, alert: RiskEvent) -> RiskEvent:
    """The latest message of the alert that is of high risk, or else the one that opened it."""
    query = select(RiskEvent).where(RiskEvent.alert_id == alert.id, RiskEvent.level == RiskLevel.HIGH)
    return db.scalars(query.order_by(RiskEvent.opened_at.desc()).limit(1)).one_or_none() or alert
