"""Each week is laid beside what the model learnt from, once, and administrators see where it moved."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from functions.ml_feedback.drift_policy import FEWEST
from shared.clock import held_at
from shared.database.models.accounts import User
from shared.database.models.analysis import Label
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.consents import Consent
from shared.database.models.learning import DriftReport, ModelStatus, ModelVersion
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.inference_stand_in import running
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import As, Pair, add_pair, add_person, rows

ROUTE = "/api/internal/ml/drift"
MONDAY = datetime(2031, 3, 10, 2, 30, tzinfo=UTC)
LAST_WEEK = MONDAY - timedelta(days=3)
BODIES = ("ich kann seit Wochen nicht gut schlafen", "hoy me siento muy mal otra vez")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with held_at(lambda: MONDAY):
        yield


@pytest.fixture
def calls(ml_feedback: FlaskClient, product: LocalCloud) -> InternalCalls:
    """The schedule's calls."""
    return InternalCalls(ml_feedback, product)


@transaction
def add_version(db: Database, distribution: dict[str, Any]) -> None:
    db.add(
        ModelVersion(
            id=uuid4(),
            name="test-1",
            status=ModelStatus.CHAMPION,
            artifact_uri="gs://models/test-1",
            artifact_sha256=bytes(32),
            base_model="base",
            metrics={"trainingDistribution": distribution},
            thresholds={},
            thresholds_version="test-1",
            created_at=LAST_WEEK - timedelta(days=30),
        )
    )


def a_week_of(pair: Pair, count: int, label: Label, confidence: float = 0.95) -> None:
    for number in range(count):
        add_analysis(pair, label, confidence, body=BODIES[number % 2], at=LAST_WEEK)


def weeks(client: FlaskClient) -> Any:
    answer = As(client, add_person(Role.ADMINISTRATOR)).get("/api/ml/drift")
    assert answer.status_code == 200
    return answer.get_json()["items"]


def test_a_week_is_reported_once_with_every_measure(ml_feedback: FlaskClient, calls: InternalCalls) -> None:
    then = {"label": {"Normal": 0.9, "Stress": 0.1}, "confidence": {"0.9": 1.0}, "words": {"0-10": 1.0}}
    add_version(then | {"language": {"en": 1.0}})
    a_week_of(add_pair(), FEWEST, Label.STRESS)
    for _ in range(2):
        assert calls.tick(ROUTE).status_code == 204
    [week] = weeks(ml_feedback)
    assert (week["weekStart"], week["modelVersion"], week["texts"]) == ("2031-03-03", "test-1", FEWEST)
    verdicts = {name: said["verdict"] for name, said in week["measures"].items()}
    assert verdicts == {"label": "drifted", "confidence": "steady", "words": "steady", "language": "drifted"}
    assert week["measures"]["language"]["now"] == {"de": 0.5, "es": 0.5}
    assert week["measures"]["label"]["now"] == {"Stress": 1.0}
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "drift.measure"))
    assert entry.resource_id is not None


def test_other_weeks_and_probes_are_not_counted(ml_feedback: FlaskClient, calls: InternalCalls) -> None:
    pair, probe = add_pair(), add_pair()
    make_synthetic(probe)
    a_week_of(probe, 2, Label.SUICIDAL)
    add_analysis(pair, at=MONDAY)
    add_analysis(pair, at=MONDAY - timedelta(days=8))
    assert calls.tick(ROUTE).status_code == 204
    assert weeks(ml_feedback) == []
    a_week_of(pair, 1, Label.NORMAL)
    assert calls.tick(ROUTE).status_code == 204
    [week] = weeks(ml_feedback)
    assert (week["texts"], week["measures"]["label"]["verdict"]) == (1, "no-reference")


def test_what_serves_and_was_never_registered_tells_its_reference_itself(
    ml_feedback: FlaskClient, calls: InternalCalls, environment: Callable[..., None]
) -> None:
    """As the shipped model; what served before it, and is gone, is told of by nobody."""
    pair = add_pair()
    a_week_of(pair, FEWEST, Label.STRESS)
    add_analysis(pair, at=LAST_WEEK, model_version="gone")
    with running() as serving:
        serving.version, serving.metrics = "test-1", {"trainingDistribution": {"label": {"Normal": 1.0}}}
        environment(inference_url=serving.url)
        assert calls.tick(ROUTE).status_code == 204
    verdicts = {week["modelVersion"]: week["measures"]["label"]["verdict"] for week in weeks(ml_feedback)}
    assert verdicts == {"test-1": "drifted", "gone": "no-reference"}


def test_who_took_the_consent_to_analysis_back_has_no_message_opened(
    ml_feedback: FlaskClient, calls: InternalCalls
) -> None:
    withdrawn, standing = add_pair(), add_pair()
    for pair in (withdrawn, standing):
        a_week_of(pair, 1, Label.NORMAL)
    withdraw(withdrawn)
    calls.tick(ROUTE)
    [week] = weeks(ml_feedback)
    assert (week["texts"], week["measures"]["words"]["texts"]) == (2, 1)


def test_reports_are_listed_a_page_at_a_time(ml_feedback: FlaskClient, calls: InternalCalls) -> None:
    pair = add_pair()
    for version in ("one", "two", "three"):
        add_analysis(pair, at=LAST_WEEK, model_version=version)
    calls.tick(ROUTE)
    asking = As(ml_feedback, add_person(Role.ADMINISTRATOR))
    first = asking.get("/api/ml/drift", limit=2).get_json()
    second = asking.get("/api/ml/drift", limit=2, cursor=first["nextCursor"]).get_json()
    assert (len(first["items"]), len(second["items"]), second["nextCursor"]) == (2, 1, None)
    found = {week["modelVersion"] for week in first["items"] + second["items"]}
    assert found == {"one", "two", "three"}
    assert asking.get("/api/ml/drift", cursor="WyJhIiwiYiJd").status_code == 422


@transaction
def withdraw(db: Database, pair: Pair) -> None:
    db.execute(update(Consent).where(Consent.user_id == pair.patient.id).values(withdrawn_at=MONDAY))


@transaction
def make_synthetic(db: Database, pair: Pair) -> None:
    db.execute(update(User).where(User.id == pair.patient.id).values(is_synthetic=True))


def test_what_is_kept_holds_no_words_of_anybody(ml_feedback: FlaskClient, calls: InternalCalls) -> None:
    a_week_of(add_pair(), 3, Label.NORMAL)
    calls.tick(ROUTE)
    [kept] = rows(select(DriftReport))
    assert not any(word in str(kept.measures) for word in ("Wochen", "schlafen", "siento", "otra"))


def test_only_the_scheduler_measures(ml_feedback: FlaskClient, calls: InternalCalls) -> None:
    assert ml_feedback.post(ROUTE, json={}).status_code == 401
    assert calls.tick(ROUTE, account="PUSH_SERVICE_ACCOUNT").status_code == 403
