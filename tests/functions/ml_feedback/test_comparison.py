"""A candidate is judged once, by what its training counted, and the verdict says on what it stands."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.learning import ModelStatus
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.ml_feedback.rollout_rows import CHALLENGER, CHAMPION, add_model, compared, model_row
from tests.people import As, add_person, rows

TICK = "/api/internal/ml/tick"


@pytest.fixture
def calls(ml_feedback: FlaskClient, product: LocalCloud) -> InternalCalls:
    """Cloud Scheduler."""
    return InternalCalls(ml_feedback, product)


@pytest.mark.parametrize(
    ("evidence", "verdict", "reasons", "status"),
    [
        (compared(), "ahead", [], ModelStatus.CANDIDATE),
        (compared(better=False), "worse", ["macro-f1", "risk-sensitivity"], ModelStatus.REJECTED),
        (compared(texts=199), "not-enough", ["few-risk-positives"], ModelStatus.CANDIDATE),
        (compared(corrections=[7, 1, 1]), "worse", ["one-voice"], ModelStatus.REJECTED),
        (
            compared(criticalCases=[{"case": "denial-1", "championPasses": True, "candidatePasses": False}]),
            "worse",
            ["critical-case"],
            ModelStatus.REJECTED,
        ),
    ],
    ids=["better", "planted bad", "too few", "one voice", "a critical case"],
)
def test_the_next_tick_judges_a_candidate_and_the_trail_says_how(
    calls: InternalCalls, evidence: dict[str, Any], verdict: str, reasons: list[str], status: ModelStatus
) -> None:
    model_id = add_model(metrics={"comparison": evidence})
    assert calls.tick(TICK).status_code == 204
    model = model_row(CHALLENGER)
    assert model.verdict is not None
    assert (model.verdict["verdict"], model.verdict["reasons"], model.status) == (verdict, reasons, status)
    assert (model.verdict["champion"], model.verdict["draws"]) == (CHAMPION, 2000)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "model.compare"))
    assert (entry.resource_id, entry.details["verdict"], entry.details["reasons"]) == (model_id, verdict, reasons)
    assert calls.tick(TICK).status_code == 204
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "model.compare"))) == 1


def test_a_verdict_says_how_scores_change_and_within_what(calls: InternalCalls) -> None:
    add_model(metrics={"comparison": compared()})
    calls.tick(TICK)
    verdict = model_row(CHALLENGER).verdict
    assert verdict is not None
    for change in (verdict["macroF1"], verdict["riskSensitivity"]):
        assert 0 < change["lower"] < change["value"] < change["upper"] < 0.2
    assert (verdict["texts"], verdict["riskPositives"]) == (500, 250)


@pytest.mark.parametrize("metrics", [{}, {"comparison": {"champion": "x"}}, {"comparison": compared(outcomes=[{}])}])
def test_what_cannot_be_read_is_judged_by_nobody_and_holds_up_no_other(
    calls: InternalCalls, metrics: dict[str, Any]
) -> None:
    add_model("older", metrics={"comparison": compared()})
    add_model("newer", metrics=metrics)
    assert calls.tick(TICK).status_code == 204
    assert model_row("newer").verdict is None
    assert model_row("older").verdict is not None


def test_the_list_of_models_shows_the_verdict_and_not_all_that_was_counted(
    calls: InternalCalls, ml_feedback: FlaskClient
) -> None:
    add_model(metrics={"macroF1": 0.8, "comparison": compared()})
    calls.tick(TICK)
    [shown] = As(ml_feedback, add_person(Role.ADMINISTRATOR)).get("/api/ml/models").get_json()["items"]
    assert shown["metrics"] == {"macroF1": 0.8}
    assert (shown["verdict"]["verdict"], shown["verdict"]["champion"]) == ("ahead", CHAMPION)
