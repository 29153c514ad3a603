"""A training's report is a page of its own, which can do nothing, and its figures are told as numbers."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.database.models.learning import RunStatus, TrainingRun
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.ml_feedback.rollout_rows import add_model
from tests.functions.ml_feedback.training import add_run
from tests.people import As, add_person

PAGE = "<!doctype html><title>Model report</title>"


@transaction
def made(db: Database, run_id: UUID, model: str) -> None:
    db.get_one(TrainingRun, run_id).metrics = {"model": model}


def report(client: FlaskClient, run_id: UUID) -> TestResponse:
    return As(client, add_person(Role.ADMINISTRATOR)).get(f"/api/ml/training-runs/{run_id}/report")


def kind(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


def test_it_is_shown_in_a_sandbox(ml_feedback: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(PAGE)
    add_model("told", metrics={"report": {"html": str(tmp_path / "report.html")}})
    made(run_id := add_run(RunStatus.SUCCEEDED), "told")
    answer = report(ml_feedback, run_id)
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, PAGE)
    headers = answer.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Disposition"].startswith("inline")
    rules = headers["Content-Security-Policy"].split("; ")
    assert rules[:2] == ["sandbox", "default-src 'none'"]
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize("metrics", [None, {}, {"report": {"json": "report.json"}}])
def test_a_run_without_one_says_so(ml_feedback: FlaskClient, metrics: dict[str, object] | None) -> None:
    run_id = add_run(RunStatus.SUCCEEDED)
    if metrics is not None:
        add_model("silent", metrics=metrics)
        made(run_id, "silent")
    assert kind(report(ml_feedback, run_id)) == (404, "report-missing")


def test_one_that_is_gone_may_come_back(ml_feedback: FlaskClient, tmp_path: Path) -> None:
    add_model("lost", metrics={"report": {"html": str(tmp_path / "report.html")}})
    made(run_id := add_run(RunStatus.SUCCEEDED), "lost")
    assert kind(report(ml_feedback, run_id)) == (503, "report-away")


def test_its_figures_are_told_with_their_intervals(ml_feedback: FlaskClient, tmp_path: Path) -> None:
    share = {"value": 0.8, "ci95": [0.7, 0.9], "hits": 8, "of": 10}
    figures = {
        "texts": 10,
        "accuracy": share,
        "macroF1": {"value": 0.75, "ci95": [0.6, 0.85]},
        "calibrationError": 0.04,
        "reliability": [{"confidence": 0.65, "right": share}],
        "confusion": [[4, 1], [1, 4]],
        "classes": {
            "Stress": {"texts": 5, "precision": share, "recall": share, "f1": {"value": 0.8, "ci95": [0.5, 1]}}
        },
    }
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"labels": ["Stress", "Normal"], "figures": {"posts": figures}}))
    told = {"report": {"json": str(path)}}
    model_id = add_model("measured", metrics=told)
    asking = As(ml_feedback, add_person(Role.ADMINISTRATOR))
    shown = asking.get(f"/api/ml/models/{model_id}/figures").get_json()
    assert shown["macroF1"] == {"value": 0.75, "lower": 0.6, "upper": 0.85}
    assert shown["classes"][0]["f1"] == {"value": 0.8, "lower": 0.5, "upper": 1.0}
    assert shown["reliability"] == [
        {"confidence": 0.65, "right": {"value": 0.8, "lower": 0.7, "upper": 0.9}, "texts": 10}
    ]
    assert (shown["labels"], shown["confusion"]) == (["Stress", "Normal"], [[4, 1], [1, 4]])
    path.write_text("{}")
    assert kind(asking.get(f"/api/ml/models/{model_id}/figures")) == (404, "report-missing")
