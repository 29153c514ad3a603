"""Alerts for tests: how they are raised, what the list shows of them, and the minutes that pass."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.analysis import OnCallEntry, RiskEvent
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareKind, CareRelationship
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, Person, add_person, rows

SAID = "I want to die"
TICK = "/api/internal/messages/tick"
EVENTS = "/api/internal/messages/events"
LONG_SESSIONS = {"staff_idle_minutes": "10000", "staff_absolute_hours": "1000", "patient_idle_minutes": "10000"}


@contextmanager
def later(**span: float) -> Iterator[None]:
    """The clock stands so much later within the block."""
    moment = now() + timedelta(**span)
    with held_at(lambda: moment):
        yield


def raise_alert(messages: FlaskClient, pair: Pair, body: str = SAID) -> RiskEvent:
    """The patient says so outright; the alert that stands afterwards."""
    assert send(As(messages, pair.patient), pair, body).status_code == 200
    return alert_of(pair)


def alert_of(pair: Pair) -> RiskEvent:
    """The pair's latest alert."""
    query = select(RiskEvent).where(RiskEvent.conversation_id == pair.conversation_id, RiskEvent.alert_id.is_(None))
    return rows(query.order_by(RiskEvent.opened_at.desc()))[0]


def listed(messages: FlaskClient, person: Person, **query: object) -> list[dict[str, Any]]:
    """What somebody is shown."""
    answer = As(messages, person).get("/api/alerts", **query)
    assert answer.status_code == 200, answer.get_json()
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def step(messages: FlaskClient, person: Person, alert: RiskEvent | UUID, name: str, **body: object) -> TestResponse:
    """Take a step at the alert's present version, if no other is given."""
    found = rows(select(RiskEvent).where(RiskEvent.id == (alert if isinstance(alert, UUID) else alert.id)))[0]
    return As(messages, person).post(f"/api/alerts/{found.id}/{name}", {"version": found.version} | body)


def resolve(messages: FlaskClient, person: Person, alert: RiskEvent) -> TestResponse:
    """All steps from an open alert to the end of it."""
    assert step(messages, person, alert, "acknowledge").status_code == 200
    assert step(messages, person, alert, "start").status_code == 200
    return step(messages, person, alert, "resolve", outcome="safety_plan", note="We spoke, and made a plan.")


def tick(internal: InternalCalls) -> None:
    """The minute's tick."""
    answer = internal.tick(TICK)
    assert answer.status_code == 204, answer.get_json()


def add_on_call(*therapists: Person, **times: Any) -> None:
    """These are on call, in this order, after those who are already."""
    _add_on_call(therapists, times)


@transaction
def _add_on_call(db: Database, therapists: Sequence[Person], times: dict[str, Any]) -> None:
    administrator = db.scalars(select(User.id).where(User.role == Role.ADMINISTRATOR)).first() or therapists[0].id
    taken = len(db.scalars(select(OnCallEntry)).all())
    for position, therapist in enumerate(therapists, start=taken + 1):
        db.add(OnCallEntry(position=position, therapist_id=therapist.id, created_by=administrator, **times))


def on_call_therapists(count: int) -> list[Person]:
    """New therapists who are on call."""
    made = [add_person(Role.THERAPIST, name=f"On Call {number}") for number in range(count)]
    add_on_call(*made)
    return made


def covering(pair: Pair) -> list[UUID]:
    """Who was let in to cover, the first first."""
    query = select(CareRelationship).where(
        CareRelationship.patient_id == pair.patient.id, CareRelationship.kind == CareKind.COVERAGE
    )
    return [care.therapist_id for care in rows(query.order_by(CareRelationship.requested_at, CareRelationship.id))]


def entries(action: str) -> list[AuditEvent]:
    """The audit trail's entries of a kind, the oldest first."""
    return list(rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))
