"""POST /api/alerts/{id}/…: an alert is acknowledged, taken in hand, passed on, and resolved with an outcome and a note.

Each step names the version of the alert that its caller looked at. Of two at once one is taken, and the other is told
what has become of the alert; a repeat of one's own is answered with the alert as it stands.
"""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.analysis import RiskEvent, RiskOutcome, RiskStatus
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial
from shared.roles import therapists, therapists_and_administrators
from shared.session import Caller

from . import alerts_access
from .alerts import AlertEvent, changed, deliver_alert
from .alerts_access import Seen
from .alerts_shown import ShownAlert, sealed_note, shown_alerts
from .escalation import Step, take_step

routes = Routes()

TRIES: Final = 8
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class AlertStandsElsewhere(Conflict):
    """The step does not follow from where the alert stands, since somebody was quicker say."""

    title = "This alert stands elsewhere by now"


class AlertChanged(Conflict):
    """There is more to the alert than the caller has seen."""

    title = "This alert has changed since you looked at it"


class NobodyLeftToAsk(Conflict):
    """An alert that administrators were told of cannot be passed on any further."""

    title = "Everybody who can be asked has been"


class AlertStep(Schema):
    """The version of the alert that the caller looked at."""

    version: Version


class AlertResolution(AlertStep):
    """How it ended; the note is kept sealed with the clinical record."""

    outcome: RiskOutcome
    note: Note


@routes.endpoint("POST /api/alerts/{id}/acknowledge", allow=therapists, limit=Limit("acknowledge-alert", 60, per=60))
def acknowledge_alert(caller: Caller, id: UUID, step: AlertStep) -> ShownAlert:
    """Say that one has seen it and sees to it: nobody else is asked from then on."""
    return _delivered(*acknowledged(caller, id, step))


@routes.endpoint("POST /api/alerts/{id}/start", allow=therapists, limit=Limit("start-alert", 60, per=60))
def start_alert(caller: Caller, id: UUID, step: AlertStep) -> ShownAlert:
    """Say that one is in touch with the patient, or about to be."""
    return _delivered(*started(caller, id, step))


@routes.endpoint(
    "POST /api/alerts/{id}/escalate", allow=therapists_and_administrators, limit=Limit("escalate-alert", 60, per=60)
)
def escalate_alert(caller: Caller, id: UUID, step: AlertStep) -> ShownAlert:
    """Ask the next who can be asked, now: the first on call, then everybody on call, then administrators."""
    return _delivered(*escalated(caller, id, step))


@routes.endpoint("POST /api/alerts/{id}/resolve", allow=therapists, limit=Limit("resolve-alert", 60, per=60))
def resolve_alert(caller: Caller, id: UUID, resolution: AlertResolution) -> ShownAlert:
    """Close it, with what came of it."""
    return _delivered(*resolved(caller, id, resolution))


@transaction(tries=TRIES)
def acknowledged(db: Database, caller: Caller, alert_id: UUID, step: AlertStep) -> tuple[ShownAlert, list[AlertEvent]]:
    """Stop the clock."""
    seen = alerts_access.alert(db, caller, alert_id, action=Action.ALERT_ACKNOWLEDGED)
    alert = seen.alert
    if alert.status is RiskStatus.ACKNOWLEDGED and alert.acknowledged_by == caller.user_id:
        return _as_it_stands(db, seen)
    _require(alert, RiskStatus.OPEN, step.version, Action.ALERT_ACKNOWLEDGED)
    alert.status, alert.acknowledged_at, alert.acknowledged_by = RiskStatus.ACKNOWLEDGED, now(), caller.user_id
    alert.assigned_to, alert.next_escalation_at = caller.user_id, None
    return _kept(db, seen)


@transaction(tries=TRIES)
def started(db: Database, caller: Caller, alert_id: UUID, step: AlertStep) -> tuple[ShownAlert, list[AlertEvent]]:
    """Take it in hand."""
    seen = alerts_access.alert(db, caller, alert_id, action=Action.ALERT_STARTED)
    alert = seen.alert
    if alert.status is RiskStatus.IN_PROGRESS and alert.started_by == caller.user_id:
        return _as_it_stands(db, seen)
    _require(alert, RiskStatus.ACKNOWLEDGED, step.version, Action.ALERT_STARTED)
    alert.status, alert.started_at, alert.started_by = RiskStatus.IN_PROGRESS, now(), caller.user_id
    alert.assigned_to = caller.user_id
    return _kept(db, seen)


@transaction(tries=TRIES)
def escalated(db: Database, caller: Caller, alert_id: UUID, step: AlertStep) -> tuple[ShownAlert, list[AlertEvent]]:
    """Take the clock's next step now."""
    seen = alerts_access.alert(db, caller, alert_id, action=Action.ALERT_ESCALATED)
    alert = seen.alert
    denial = Denial(Action.ALERT_ESCALATED, alert.patient_id, alert.id)
    if alert.status is RiskStatus.RESOLVED:
        raise AlertStandsElsewhere(_where(alert), denial=denial)
    _require_version(alert, step.version, denial)
    if alert.escalation_step == Step.ADMINISTRATORS:
        raise NobodyLeftToAsk(denial=denial)
    events = take_step(db, alert, now())
    db.flush()
    return shown_alerts(db, [seen])[0], events


@transaction(tries=TRIES)
def resolved(
    db: Database, caller: Caller, alert_id: UUID, resolution: AlertResolution
) -> tuple[ShownAlert, list[AlertEvent]]:
    """Keep the outcome and the note."""
    seen = alerts_access.alert(db, caller, alert_id, action=Action.ALERT_RESOLVED)
    alert = seen.alert
    if alert.status is RiskStatus.RESOLVED and alert.resolved_by == caller.user_id:
        return _as_it_stands(db, seen)
    _require(alert, RiskStatus.IN_PROGRESS, resolution.version, Action.ALERT_RESOLVED)
    alert.status, alert.resolved_at, alert.resolved_by = RiskStatus.RESOLVED, now(), caller.user_id
    alert.outcome, alert.outcome_note = resolution.outcome, sealed_note(alert.id, resolution.note)
    alert.next_escalation_at = None
    return _kept(db, seen)


def _delivered(shown: ShownAlert, events: list[AlertEvent]) -> ShownAlert:
    for event in events:
        deliver_alert(event)
    return shown


def _as_it_stands(db: Database, seen: Seen) -> tuple[ShownAlert, list[AlertEvent]]:
    return shown_alerts(db, [seen])[0], []


def _kept(db: Database, seen: Seen) -> tuple[ShownAlert, list[AlertEvent]]:
    """The alert after a step, and the event by which open pages follow."""
    alert = seen.alert
    alert.version += 1
    db.flush()
    told = (access.therapist_of(db, alert.conversation_id), *access.covering(db, alert.conversation_id))
    event = changed(alert, told)
    outbox.record(db, event)
    return shown_alerts(db, [seen])[0], [event]


def _require(alert: RiskEvent, status: RiskStatus, version: int, action: Action) -> None:
    """Raises AlertStandsElsewhere, AlertChanged."""
    denial = Denial(action, alert.patient_id, alert.id)
    if alert.status is not status:
        raise AlertStandsElsewhere(_where(alert), denial=denial)
    _require_version(alert, version, denial)


def _require_version(alert: RiskEvent, version: int, denial: Denial) -> None:
    if alert.version != version:
        raise AlertChanged(f"It is in version {alert.version} now.", denial=denial)


def _where(alert: RiskEvent) -> str:
    return {
        RiskStatus.OPEN: "Nobody has acknowledged it.",
        RiskStatus.ACKNOWLEDGED: "Somebody has acknowledged it.",
        RiskStatus.IN_PROGRESS: "Somebody is seeing to it.",
        RiskStatus.RESOLVED: "It is resolved.",
    }[alert.status]
