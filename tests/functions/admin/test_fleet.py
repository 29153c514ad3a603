"""What the whole product shares is counted once a minute by one instance, bounded, and shown while it is news."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import redis
from shared.clock import held_at, now
from shared.database.engine import engine
from shared.database.models.accounts import Session, User
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskSource, RiskStatus
from shared.database.models.messaging import Message
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import EVENT_TYPES, MessageSent, TimeFreed, UnreadWaiting
from shared.messages import seal_body
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.people import Pair, add_pair, add_person
from tests.shared.recorded import Recorded, recording

PATH = "/api/internal/admin/fleet"


@pytest.fixture
def recorded(admin: FlaskClient) -> Iterator[Recorded]:
    with recording() as found:
        forget_figures()
        yield found


@pytest.fixture
def counts(admin: FlaskClient, product: LocalCloud) -> InternalCalls:
    return InternalCalls(admin, product)


def fleet() -> Any:
    """The slice, as the function loaded it."""
    return next(module for name, module in list(sys.modules.items()) if name.endswith("main.fleet"))


def forget_figures() -> None:
    """As an instance that has just started."""
    fleet()._latest = fleet()._Latest()


@transaction
def add_event(db: Database, event_type: str, age: timedelta, *, delivered: bool = False) -> None:
    moment = now() - age
    row = OutboxEvent(type=event_type, aggregate_id=uuid4(), payload=b"x" * 40, created_at=moment)
    row.delivered_at = now() if delivered else None
    db.add(row)


@transaction
def add_alert(db: Database, pair: Pair, status: RiskStatus, age: timedelta) -> UUID:
    message_id, moment = uuid4(), now() - age
    seq = int(moment.timestamp() * 1000) % 2**31
    db.add(
        Message(
            id=message_id,
            conversation_id=pair.conversation_id,
            sender_id=pair.patient.id,
            seq=seq,
            sent_at=moment,
            body=seal_body(message_id, "text"),
        )
    )
    db.flush()
    alert = RiskEvent(
        message_id=message_id,
        message_version=1,
        conversation_id=pair.conversation_id,
        patient_id=pair.patient.id,
        level=RiskLevel.HIGH,
        source=RiskSource.PHRASE,
        status=status,
        opened_at=moment,
        acknowledged_at=moment if status is RiskStatus.ACKNOWLEDGED else None,
        acknowledged_by=pair.therapist.id if status is RiskStatus.ACKNOWLEDGED else None,
    )
    db.add(alert)
    db.flush()
    return alert.id


def test_nothing_waits_in_a_product_where_nothing_happened(counts: InternalCalls, recorded: Recorded) -> None:
    assert counts.tick(PATH).status_code == 204
    for name in ("bloom_outbox_waiting", "bloom_outbox_oldest_seconds", "bloom_mails_waiting"):
        assert recorded.samples()[name, ()] == 0, name
    for age in fleet()._ages():
        assert recorded.samples()["bloom_messages_unscored", (("age", age),)] == 0
        assert recorded.samples()["bloom_risk_alerts_open", (("age", age), ("state", "open"))] == 0


def test_what_waits_is_counted_by_what_it_is_and_how_long(counts: InternalCalls, recorded: Recorded) -> None:
    add_event(MessageSent.type, timedelta(seconds=10))
    add_event(MessageSent.type, timedelta(minutes=10))
    add_event(UnreadWaiting.type, timedelta(minutes=2))
    add_event(TimeFreed.type, timedelta(hours=2))
    add_event(MessageSent.type, timedelta(days=1), delivered=True)
    counts.tick(PATH)
    assert recorded.value("bloom_outbox_waiting") == 4
    assert recorded.value("bloom_outbox_oldest_seconds") == pytest.approx(7200, abs=30)
    assert recorded.value("bloom_mails_waiting") == 1
    assert recorded.value("bloom_messages_unscored", age="under_1m") == 1
    assert recorded.value("bloom_messages_unscored", age="5m_to_15m") == 1
    assert recorded.value("bloom_messages_unscored_oldest_seconds") == pytest.approx(600, abs=30)


def test_alerts_are_counted_by_state_and_age_and_those_of_nobody_are_not(
    counts: InternalCalls, recorded: Recorded
) -> None:
    pair, nobodys = add_pair(), add_pair()
    make_synthetic(nobodys)
    add_alert(pair, RiskStatus.OPEN, timedelta(seconds=30))
    add_alert(pair, RiskStatus.OPEN, timedelta(minutes=20))
    add_alert(pair, RiskStatus.ACKNOWLEDGED, timedelta(hours=3))
    add_alert(nobodys, RiskStatus.OPEN, timedelta(hours=5))
    counts.tick(PATH)
    for state, age in (("open", "under_1m"), ("open", "15m_to_1h"), ("acknowledged", "over_1h")):
        assert recorded.value("bloom_risk_alerts_open", state=state, age=age) == 1
    assert recorded.value("bloom_risk_alerts_open", state="open", age="over_1h") == 0
    assert recorded.value("bloom_risk_alert_oldest_seconds", state="open") == pytest.approx(1200, abs=30)
    assert recorded.value("bloom_risk_alert_oldest_seconds", state="acknowledged") == pytest.approx(10800, abs=30)


@transaction
def make_synthetic(db: Database, pair: Pair) -> None:
    db.get_one(User, pair.patient.id).is_synthetic = True


@transaction
def end_sessions(db: Database, person_id: UUID) -> None:
    ended = update(Session).where(Session.user_id == person_id).values(revoked_at=now())
    db.execute(ended)


def test_sessions_and_sign_ups_are_counted_by_role(counts: InternalCalls, recorded: Recorded) -> None:
    people = [add_person(Role.PATIENT) for _ in range(3)] + [add_person(Role.THERAPIST)]
    end_sessions(people[0].id)
    age_account(people[1].id)
    counts.tick(PATH)
    assert recorded.value("bloom_sessions_active", role="PATIENT") == 2
    assert recorded.value("bloom_sessions_active", role="THERAPIST") == 1
    assert recorded.value("bloom_sign_ups_last_day", role="PATIENT") == 2
    assert recorded.value("bloom_sign_ups_last_day", role="ADMINISTRATOR") == 0


@transaction
def age_account(db: Database, user_id: UUID) -> None:
    db.get_one(User, user_id).created_at = now() - timedelta(days=3)


def test_seven_queries_are_all_that_it_costs(counts: InternalCalls, recorded: Recorded) -> None:
    counts.tick(PATH)
    statements: list[str] = []
    event.listen(engine(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts.tick(PATH)
    assert len(statements) == 7
    assert all("LIMIT" in statement or "created_at >" in statement for statement in statements)


def test_another_instance_shows_what_one_counted_and_nobody_what_is_no_news(
    counts: InternalCalls, recorded: Recorded
) -> None:
    add_event(TimeFreed.type, timedelta(hours=1))
    counts.tick(PATH)
    forget_figures()
    assert recorded.value("bloom_outbox_waiting") == 1
    later = now() + timedelta(seconds=fleet().NEWS_FOR)

    def moment() -> datetime:
        return later

    with held_at(moment):
        assert "bloom_outbox_waiting" not in recorded.page()


def test_without_redis_the_instance_that_counted_shows_it(counts: InternalCalls, recorded: Recorded) -> None:
    add_event(TimeFreed.type, timedelta(hours=1))
    for _ in range(redis.FAILURES_BEFORE_OPEN):
        redis._breaker.failed()
    assert counts.tick(PATH).status_code == 204
    assert recorded.value("bloom_outbox_waiting") == 1


def test_where_no_numbers_are_kept_nothing_is_counted(counts: InternalCalls) -> None:
    counts.tick(PATH)
    statements: list[str] = []
    event.listen(engine(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert counts.tick(PATH).status_code == 204
    assert statements == []


def test_only_the_scheduler_has_it_counted(admin: FlaskClient, counts: InternalCalls) -> None:
    assert admin.post(PATH, json={}).status_code == 401
    assert admin.post(PATH, json={}, headers=add_person(Role.ADMINISTRATOR).bearer).status_code == 401
    assert counts.tick(PATH, account="PUSH_SERVICE_ACCOUNT").status_code == 403


def test_whatever_is_told_by_mail_is_an_event(admin: FlaskClient) -> None:
    assert set(fleet().MAILED) <= set(EVENT_TYPES)
