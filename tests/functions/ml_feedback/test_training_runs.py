"""A training is begun by an administrator or by the week, one at a time, and is never left standing when it died."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from dev.environment import RETRAIN_JOB
from infra.schedules import SCHEDULES
from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.learning import RunStatus, TrainingRun
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls
from tests.functions.ml_feedback.training import Jobs, add_feedback, add_run, made_up_posts, run_row
from tests.people import As, Person, add_person, rows
from tests.waiting import until

SCHEDULED, TICK = "/api/internal/ml/retrain", "/api/internal/ml/tick"


@pytest.fixture(scope="module")
def cloud_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """Cloud Run's double with a job that writes down how it was called."""
    jobs = Jobs(tmp_path_factory.mktemp("jobs"))
    yield jobs
    jobs.stop()


@pytest.fixture
def learning(product: LocalCloud, environment: Callable[..., None], cloud_run: Jobs) -> FlaskClient:
    """The feedback function, which finds Cloud Run and trains from three answers on."""
    names = ("retrain", "training-runs", "training-run", "models")
    limits = ",".join(f"{name}=10000/1" for name in names)
    environment(retrain_job=RETRAIN_JOB, cloud_run_url=cloud_run.url, retrain_min_feedback="3", limits=limits)
    return function_client("ml_feedback")


@pytest.fixture
def administrator(product: LocalCloud) -> Person:
    """Somebody who administers."""
    return add_person(Role.ADMINISTRATOR)


@pytest.fixture
def asking(learning: FlaskClient, administrator: Person) -> As:
    """A client that asks as the administrator."""
    return As(learning, administrator)


@pytest.fixture
def calls(learning: FlaskClient, product: LocalCloud) -> InternalCalls:
    """Cloud Scheduler."""
    return InternalCalls(learning, product)


def test_an_administrator_begins_a_training_and_cloud_run_is_told_which(
    asking: As, administrator: Person, cloud_run: Jobs
) -> None:
    add_feedback(3)
    begun = asking.post("/api/ml/retrain", {"feedbackDays": 14})
    assert begun.status_code == 202
    shown = begun.get_json()
    assert (shown["status"], shown["trigger"]) == ("queued", "administrator")
    assert shown["requestedBy"] == str(administrator.id)
    assert shown["execution"].startswith(f"{RETRAIN_JOB}/executions/")
    assert cloud_run.arguments(UUID(shown["id"])) == [f"--run-id={shown['id']}", "--feedback-days=14"]
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "training.start"))
    assert (entry.actor_id, entry.resource_id) == (administrator.id, UUID(shown["id"]))


def test_of_two_the_second_is_told_which_one_runs(asking: As) -> None:
    add_feedback(3)
    first = asking.post("/api/ml/retrain").get_json()
    second = asking.post("/api/ml/retrain")
    assert (second.status_code, second.get_json()["type"]) == (409, "urn:bloom:problem:training-under-way")
    assert second.get_json()["runId"] == first["id"]
    assert len(rows(select(TrainingRun))) == 1


def test_of_several_at_the_same_moment_one_begins_and_the_others_are_told_which(
    learning: FlaskClient, administrator: Person
) -> None:
    add_feedback(3)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: As(learning, administrator).post("/api/ml/retrain"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    [run_id] = rows(select(TrainingRun.id))
    told = [answer.get_json()["runId"] for answer in answers if answer.status_code == 409]
    assert told == [str(run_id)] * 3


def test_a_repeat_with_the_same_key_is_the_same_run(asking: As) -> None:
    add_feedback(3)
    key = {"Idempotency-Key": "sunday-1"}
    first, again = (asking.post("/api/ml/retrain", {"feedbackDays": 30}, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert len(rows(select(TrainingRun))) == 1


def test_an_earlier_one_that_ended_is_in_nobody_s_way(asking: As) -> None:
    add_feedback(3)
    for status in (RunStatus.SUCCEEDED, RunStatus.FAILED):
        add_run(status)
    assert asking.post("/api/ml/retrain").status_code == 202


def test_too_little_feedback_is_said_and_nothing_is_begun(asking: As) -> None:
    add_feedback(2, add_feedback(1, at=now() - timedelta(days=31)))
    said = asking.post("/api/ml/retrain")
    assert (said.status_code, said.get_json()["type"]) == (409, "urn:bloom:problem:too-little-feedback")
    assert said.get_json()["detail"] == "2 answers in 30 days; 3 are needed"
    assert rows(select(TrainingRun)) == []
    assert asking.post("/api/ml/retrain", {"feedbackDays": 60}).status_code == 202


@pytest.mark.parametrize("body", [{"feedbackDays": 0}, {"feedbackDays": 366}, {"feedbackDays": "x"}, {"days": 3}])
def test_days_that_cannot_be_are_refused_by_name(asking: As, body: dict[str, object]) -> None:
    refused = asking.post("/api/ml/retrain", body)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == f"/{next(iter(body))}"


@pytest.mark.parametrize("job", [RETRAIN_JOB + "-gone", ""])
def test_where_cloud_run_starts_nothing_the_run_is_marked_and_the_next_may_begin(
    asking: As, environment: Callable[..., None], job: str
) -> None:
    add_feedback(3)
    environment(retrain_job=job)
    away = asking.post("/api/ml/retrain")
    assert (away.status_code, away.get_json()["type"]) == (503, "urn:bloom:problem:training-away")
    [run] = rows(select(TrainingRun))
    assert (run.status, run.error) == (RunStatus.FAILED, "not-started")
    environment(retrain_job=RETRAIN_JOB)
    assert asking.post("/api/ml/retrain").status_code == 202


def test_the_week_begins_one_without_anybody_asking(calls: InternalCalls, cloud_run: Jobs) -> None:
    add_feedback(3)
    assert SCHEDULES["retraining"].cron == "0 2 * * 0"
    begun = calls.tick(SCHEDULED, feedbackDays=30).get_json()
    run = run_row(UUID(begun["runId"]))
    assert (run.trigger, run.requested_by, begun["reason"]) == ("schedule", None, None)
    assert cloud_run.arguments(run.id)[1] == "--feedback-days=30"
    assert calls.tick(SCHEDULED).get_json() == {"runId": None, "reason": "under-way"}


def test_a_week_with_little_feedback_is_no_failure(calls: InternalCalls) -> None:
    said = calls.tick(SCHEDULED)
    assert (said.status_code, said.get_json()) == (200, {"runId": None, "reason": "too-little-feedback"})


@pytest.mark.parametrize("path", [SCHEDULED, TICK])
def test_only_the_scheduler_calls_what_time_brings(calls: InternalCalls, learning: FlaskClient, path: str) -> None:
    assert learning.post(path, json={}).status_code == 401
    assert calls.tick(path, account="PUSH_SERVICE_ACCOUNT").status_code == 403
    assert rows(select(TrainingRun)) == []


@pytest.mark.parametrize(
    ("status", "silent_for", "error"),
    [
        (RunStatus.RUNNING, timedelta(minutes=4), "killed"),
        (RunStatus.RUNNING, timedelta(minutes=2), None),
        (RunStatus.QUEUED, timedelta(minutes=21), "not-started"),
        (RunStatus.QUEUED, timedelta(minutes=19), None),
    ],
)
def test_a_run_that_fell_silent_is_marked_by_the_next_tick(
    calls: InternalCalls, status: RunStatus, silent_for: timedelta, error: str | None
) -> None:
    run_id = add_run(status, at=now() - silent_for)
    assert calls.tick(TICK).status_code == 204
    run = run_row(run_id)
    assert (run.error, run.status) == (error, RunStatus.FAILED if error else status)
    entries = rows(select(AuditEvent).where(AuditEvent.action == "training.lose"))
    assert [(entry.resource_id, entry.outcome) for entry in entries] == (
        [(run_id, AuditOutcome.FAILURE)] if error else []
    )


def test_what_ended_by_itself_is_not_marked_later(calls: InternalCalls) -> None:
    run_id = add_run(RunStatus.SUCCEEDED, at=now() - timedelta(days=1))
    calls.tick(TICK)
    assert run_row(run_id).status is RunStatus.SUCCEEDED


def test_runs_are_listed_a_page_at_a_time_the_latest_first(asking: As) -> None:
    moments: list[datetime] = [now() - timedelta(days=days) for days in (3, 2, 1)]
    ids = [str(add_run(RunStatus.FAILED, at=moment)) for moment in moments]
    first = asking.get("/api/ml/training-runs", limit=2).get_json()
    assert [item["id"] for item in first["items"]] == ids[:0:-1]
    second = asking.get("/api/ml/training-runs", limit=2, cursor=first["nextCursor"]).get_json()
    assert ([item["id"] for item in second["items"]], second["nextCursor"]) == (ids[:1], None)


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwiYiJd", "WzEsMl0"])
def test_a_cursor_of_nobody_s_is_refused(asking: As, cursor: str) -> None:
    assert asking.get("/api/ml/training-runs", cursor=cursor).status_code == 422


def test_one_run_is_shown_with_its_log(asking: As) -> None:
    shown = asking.get(f"/api/ml/training-runs/{add_run()}").get_json()
    assert (shown["status"], shown["log"], shown["stage"]) == ("running", [], None)
    assert asking.get(f"/api/ml/training-runs/{uuid4()}").status_code == 404


def test_a_moment_is_enough_to_tell_silence(calls: InternalCalls) -> None:
    run_id = add_run()
    later = now() + timedelta(minutes=5)
    with held_at(lambda: later):
        calls.tick(TICK)
    assert run_row(run_id).finished_at == later


@pytest.mark.training
def test_from_the_request_to_a_model_among_the_models(
    asking: As, environment: Callable[..., None], tmp_path: Path
) -> None:
    """The function, Google's client, Cloud Run's double, the real job and the database, without anybody's help."""
    pytest.importorskip("torch")
    add_feedback(3)
    assert asking.get("/api/ml/models").get_json() == {"items": [], "nextCursor": None}
    environment(
        training_data=str(made_up_posts(tmp_path)),
        training_options="--epochs 0 --no-baselines",
        models_url=str(tmp_path / "models"),
    )
    jobs = Jobs(tmp_path, (sys.executable, "-m", "containers.inference.training"))
    try:
        environment(cloud_run_url=jobs.url)
        run_id = asking.post("/api/ml/retrain").get_json()["id"]
        until(lambda: shown_run(asking, run_id)["finishedAt"], 120)
    finally:
        jobs.stop()
    shown = shown_run(asking, run_id)
    assert (shown["status"], shown["examples"], shown["error"]) == ("succeeded", 3, None)
    [model] = asking.get("/api/ml/models").get_json()["items"]
    assert (model["status"], model["trainingRunId"]) == ("candidate", run_id)
    assert shown["metrics"]["model"] == model["name"]
    assert model["thresholds"] == {"Suicidal": model["thresholds"]["Suicidal"]}


def shown_run(asking: As, run_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = asking.get(f"/api/ml/training-runs/{run_id}").get_json()
    return shown
