"""Whether alerts arrive is found out all the time: a message of nobody's is sent, and its alert must come back.

One tick sends, through the front door; the alert's event, back from Pub/Sub, notes its arrival; a later tick judges.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import Session, Transport, User
from shared.database.models.analysis import ProbeRun, RiskEvent, RiskOutcome, RiskStatus
from shared.database.models.messaging import Message
from shared.database.transaction import expect_unique, transaction
from shared.events import RiskRaised
from shared.session import open_session
from shared.settings import settings
from shared.telemetry import log

from .alerts_shown import sealed_note
from .probe_accounts import probe_patient

ARRIVES_WITHIN: Final = timedelta(seconds=60)
SECONDS_TO_SEND: Final = 10.0
BODY: Final = "This is a probe of whether alerts arrive. Nobody wrote it. I want to die"
CLIENT_ID: Final = "probe-"
NOTE: Final = "A probe of whether alerts arrive; nobody wrote it."


@dataclass(frozen=True)
class _Sending:
    run_id: UUID
    conversation_id: UUID
    token: str
    session_id: UUID


class _SentAlready(Exception):
    """Another tick was quicker; caught here."""


def probe() -> None:
    """Judge the last probe, and send the next one when its time has come."""
    if not settings().probe_minutes:
        return
    judge()
    try:
        sending = begin()
    except _SentAlready:
        return
    if sending:
        finish(sending, _send(sending))


def note_arrival(event: RiskRaised) -> None:
    """An alert has been told to everybody whom it is for; where it is a probe's, that is what was waited for."""
    if settings().probe_minutes:
        _note_arrival(event)


def judge() -> None:
    """Raise the alarm where a probe's alert has not come in time, and close the alerts of probes.

    An open one would grow with the next probe, which would then raise none of its own.
    """
    late = judged()
    if late:
        log("probe-alert-missing", severity="CRITICAL", runId=str(late), seconds=ARRIVES_WITHIN.seconds)


@transaction
def judged(db: Database) -> UUID | None:
    """The run that is overdue, marked as such, if there is one."""
    run = db.scalar(select(ProbeRun).order_by(ProbeRun.sent_at.desc()).limit(1).with_for_update())
    if run is None or run.alarmed_at is not None:
        _resolve(db)
        return None
    late = (run.arrived_at or now()) - run.sent_at > ARRIVES_WITHIN
    if run.arrived_at or late:
        _resolve(db)
    if not late:
        return None
    run.alarmed_at, run.failure = now(), "late" if run.arrived_at else "missing"
    return run.id


@transaction
def begin(db: Database) -> _Sending | None:
    """Keep that one is sent, and open a session for the one message; None where the last was sent just now.

    Raises _SentAlready where another tick does so at the same moment.
    """
    moment = now()
    last = db.scalar(select(ProbeRun).order_by(ProbeRun.slot.desc()).limit(1))
    if last is not None and moment - last.sent_at < timedelta(minutes=settings().probe_minutes):
        return None
    with expect_unique(db, "uq_probe_run_slot", _SentAlready):
        run = ProbeRun(id=uuid4(), slot=last.slot + 1 if last else 1, sent_at=moment)
        db.add(run)
    patient, conversation_id = probe_patient(db)
    opened = open_session(db, patient, transport=Transport.BEARER, address="", user_agent="probe")
    return _Sending(run.id, conversation_id, opened.token, opened.session_id)


@transaction
def finish(db: Database, sending: _Sending, failure: str | None) -> None:
    """The session has done its work; what was not sent is an alarm at once."""
    db.execute(update(Session).where(Session.id == sending.session_id).values(revoked_at=now()))
    if failure:
        db.execute(update(ProbeRun).where(ProbeRun.id == sending.run_id).values(alarmed_at=now(), failure=failure))


def _send(sending: _Sending) -> str | None:
    """As any patient's client does; what went wrong, if something did."""
    message = {"conversationId": str(sending.conversation_id), "body": BODY, "clientId": f"{CLIENT_ID}{sending.run_id}"}
    try:
        answer = httpx.post(
            f"{settings().base_url}/api/messages",
            json=message,
            headers={"Authorization": f"Bearer {sending.token}"},
            timeout=SECONDS_TO_SEND,
        )
    except httpx.HTTPError as error:
        failure = f"not sent: {type(error).__name__}"
    else:
        failure = "" if answer.status_code == 200 else f"not sent: {answer.status_code}"
    if failure:
        log("probe-not-sent", severity="CRITICAL", runId=str(sending.run_id), failure=failure)
    return failure or None


@transaction
def _note_arrival(db: Database, event: RiskRaised) -> None:
    query = select(Message.client_id).join(User, User.id == Message.sender_id)
    client_id = db.scalar(query.where(Message.id == event.message_id, User.is_synthetic))
    if client_id is None or not client_id.startswith(CLIENT_ID):
        return
    db.execute(
        update(ProbeRun)
        .where(ProbeRun.id == UUID(client_id.removeprefix(CLIENT_ID)), ProbeRun.arrived_at.is_(None))
        .values(arrived_at=now())
    )


def _resolve(db: Database) -> None:
    """Close the alerts of probes, so that nobody is asked to answer them."""
    query = (
        select(RiskEvent)
        .join(User, User.id == RiskEvent.patient_id)
        .where(User.is_synthetic, RiskEvent.alert_id.is_(None), RiskEvent.status != RiskStatus.RESOLVED)
    )
    for alert in db.scalars(query):
        alert.status, alert.resolved_at, alert.outcome = RiskStatus.RESOLVED, now(), RiskOutcome.NO_RISK_FOUND
        alert.outcome_note, alert.next_escalation_at = sealed_note(alert.id, NOTE), None
        alert.version += 1
