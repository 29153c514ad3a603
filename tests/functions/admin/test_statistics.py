"""The dashboard's numbers: counted right, counted once, and counted also where Redis is away."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis as redis_client
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.engine import engine
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import Label, RiskEvent, RiskLevel, RiskOutcome, RiskSource, RiskStatus
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.models.profiles import CredentialsStatus
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import forget
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import As, Pair, Person, add_pair, add_person

URL = "/api/admin/stats"
KEY = "cached:admin:stats"
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def cache(product: LocalCloud) -> Any:
    """Redis as it is."""
    with redis_client.Redis.from_url(product.settings["REDIS_URL"]) as client:
        yield client


@pytest.fixture
def counts(product: LocalCloud) -> Any:
    """How often users were counted by role since the test began."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "GROUP BY" in statement and "role" in statement:
            seen.append(statement)

    event.listen(engine(), "before_cursor_execute", note)
    yield seen
    event.remove(engine(), "before_cursor_execute", note)


def test_everything_is_counted(admin: FlaskClient) -> None:
    noon = now().astimezone(UTC).replace(hour=12, minute=0)
    with held_at(lambda: noon):
        pair = add_pair()
        add_person(Role.THERAPIST, licence=CredentialsStatus.PENDING)
        add_week_old(add_person())
        erase(add_person())
        belong_to_nobody(add_person())
        add_day(pair)
        answer = As(admin, add_person(Role.ADMINISTRATOR)).get(URL)
    assert answer.status_code == 200
    shown = answer.get_json()
    shown.pop("cachedAt")
    assert shown == {
        "totalUsers": 5,
        "therapists": 2,
        "patients": 2,
        "administrators": 1,
        "newUsersLast7Days": 4,
        "activeSessions": 5,
        "therapistsAwaitingVerification": 1,
        "appointmentsToday": 1,
        "messagesToday": 3,
        "openRiskEvents": 1,
        "modelAccuracy": 66.67,
    }


def test_what_only_tries_whether_alerts_arrive_is_no_risk(asking: As) -> None:
    pair, probe = add_pair(), add_pair()
    for one in (pair, probe):
        add_analysis(one)
        add_alert(one)
    belong_to_nobody(probe.patient)
    assert asking.get(URL).get_json()["openRiskEvents"] == 1
    days = asking.get("/api/admin/timeseries", metric="risk-events").get_json()["points"]
    assert sum(day["value"] for day in days) == 1


@transaction
def add_alert(db: Database, pair: Pair) -> None:
    [message] = db.query(Message).filter(Message.conversation_id == pair.conversation_id)
    db.add(_risk_event(pair, message))


def test_an_empty_product_has_zeros_and_no_accuracy(asking: As) -> None:
    shown = asking.get(URL).get_json()
    assert (shown["totalUsers"], shown["administrators"], shown["messagesToday"]) == (1, 1, 0)
    assert shown["modelAccuracy"] is None


def test_what_was_counted_stands_for_five_minutes(asking: As, cache: Any) -> None:
    first = asking.get(URL).get_json()
    add_person()
    assert asking.get(URL).get_json() == first
    assert 290 < cache.ttl(KEY) <= 300
    assert json.loads(cache.get(KEY))["cachedAt"] == first["cachedAt"]
    cache.delete(KEY)
    assert asking.get(URL).get_json()["totalUsers"] == first["totalUsers"] + 1


def test_a_hundred_at_once_cause_one_count(asking: As, counts: list[str]) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: asking.get(URL), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["cachedAt"] for answer in answers}) == 1
    assert len(counts) == 1


def test_while_another_instance_counts_its_result_is_waited_for(asking: As, cache: Any, counts: list[str]) -> None:
    found = asking.get(URL).get_json()
    cache.delete(KEY)
    counts.clear()
    cache.set("counting:admin:stats", "another instance", ex=10)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asking.get, URL)
        cache.set(KEY, json.dumps({**found, "totalUsers": 77}))
        assert answer.result().get_json()["totalUsers"] == 77
    assert counts == []


def test_where_the_other_instance_died_the_count_is_done_all_the_same(
    asking: As, cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.set("counting:admin:stats", "another instance", ex=10)
    assert asking.get(URL).get_json()["totalUsers"] == 1
    assert cache.get("counting:admin:stats") == b"another instance"


def test_an_entry_of_another_version_is_no_answer(asking: As, cache: Any) -> None:
    cache.set(KEY, '{"totalUsers": 1}')
    assert asking.get(URL).get_json()["totalUsers"] == 1


def test_a_hundred_at_once_without_redis_do_not_count_one_after_the_other(
    asking: As, counts: list[str], environment: Callable[..., None]
) -> None:
    environment(upstash_redis_rest_url=NOBODY_LISTENS)
    forget()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: asking.get(URL), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(counts) < 25


def test_without_redis_it_is_counted(asking: As, environment: Callable[..., None]) -> None:
    environment(upstash_redis_rest_url=NOBODY_LISTENS)
    forget()
    assert asking.get(URL).get_json()["totalUsers"] == 1
    add_person()
    assert asking.get(URL).get_json()["totalUsers"] == 2


@transaction
def add_week_old(db: Database, person: Person) -> None:
    db.get_one(User, person.id).created_at = now() - timedelta(days=8)


@transaction
def erase(db: Database, person: Person) -> None:
    user = db.get_one(User, person.id)
    user.status, user.erased_at, user.password_hash = UserStatus.ERASED, now(), None


@transaction
def belong_to_nobody(db: Database, person: Person) -> None:
    db.get_one(User, person.id).is_synthetic = True


def add_day(pair: Pair) -> None:
    """Three messages with answers to two of three analyses, two appointments of which one is called off, two alerts."""
    analyses = [add_analysis(pair) for _ in range(3)]
    _add_rows(pair, analyses)


@transaction
def _add_rows(db: Database, pair: Pair, analyses: list[Any]) -> None:
    moment = now()
    for number, analysis_id in enumerate(analyses):
        corrected = Label.NORMAL if number == 0 else None
        db.add(
            MLFeedback(
                analysis_id=analysis_id,
                therapist_id=pair.therapist.id,
                is_correct=corrected is None,
                corrected_label=corrected,
            )
        )
    for number, status in enumerate((AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED, AppointmentStatus.BOOKED)):
        start = moment + timedelta(hours=number if number < 2 else 24)
        cancelled = status is AppointmentStatus.CANCELLED
        db.add(
            Appointment(
                patient_id=pair.patient.id,
                therapist_id=pair.therapist.id,
                status=status,
                start_at=start,
                end_at=start + timedelta(minutes=50),
                blocked_from=start,
                blocked_until=start + timedelta(minutes=50),
                time_zone="UTC",
                cancelled_at=moment if cancelled else None,
                cancel_reason=CancelReason.OTHER if cancelled else None,
            )
        )
    messages = list(db.query(Message).order_by(Message.seq))
    alert = _risk_event(pair, messages[0])
    resolved = _risk_event(pair, messages[2])
    resolved.status, resolved.resolved_at = RiskStatus.RESOLVED, moment
    resolved.outcome, resolved.outcome_note = RiskOutcome.NO_RISK_FOUND, b"-"
    db.add_all([alert, resolved])
    db.flush()
    part = _risk_event(pair, messages[1])
    part.alert_id = alert.id
    db.add(part)


def _risk_event(pair: Pair, message: Message) -> RiskEvent:
    return RiskEvent(
        id=uuid4(),
        message_id=message.id,
        message_version=1,
        conversation_id=pair.conversation_id,
        patient_id=pair.patient.id,
        level=RiskLevel.HIGH,
        source=RiskSource.MODEL,
        opened_at=now(),
    )


def test_the_answer_is_for_administrators_alone_also_from_the_cache(asking: As, admin: FlaskClient) -> None:
    asking.get(URL)
    assert As(admin, add_person(Role.THERAPIST)).get(URL).status_code == 403
