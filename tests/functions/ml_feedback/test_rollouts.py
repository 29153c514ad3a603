"""A rollout begins on a verdict, goes on by evidence, ends with two administrators, and goes back at one word."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.environment import INFERENCE_SERVICE
from functions.ml_feedback.rollout_steps import RolloutMoved, take_back
from functions.ml_feedback.rollout_tending import active
from functions.ml_feedback.served_revisions import ServedRevision, keep_model, serve_alone, service_name
from shared.clock import held_at, now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.analysis import Label
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.learning import ModelStatus, ModelVersion, Rollout
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.inference_stand_in import InferenceStandIn, running
from tests.functions.ml_feedback import cloud_run as cloud_runs
from tests.functions.ml_feedback.cloud_run import CloudRun
from tests.functions.ml_feedback.rollout_rows import (
    AHEAD,
    CHALLENGER,
    CHAMPION,
    add_answers,
    add_model,
    add_rollout,
    ago,
    compared,
    model_path,
    model_row,
    rollout_row,
)
from tests.functions.ml_feedback.training import answer
from tests.people import As, Pair, Person, add_pair, add_person, rows
from tests.waiting import until

ROLLOUTS, CURRENT = "/api/ml/rollouts", "/api/ml/rollouts/current"
ADVANCE, ROLLBACK = "/api/ml/rollouts/advance", "/api/ml/rollouts/rollback"
TICK = "/api/internal/ml/tick"


@pytest.fixture
def stable() -> Iterator[InferenceStandIn]:
    """The model that serves."""
    with running() as stand_in:
        yield stand_in


@pytest.fixture
def cloud_run(tmp_path: Path, ml_feedback: FlaskClient, environment: Callable[..., None]) -> Iterator[CloudRun]:
    """Cloud Run, where one revision serves the image's own model."""
    with cloud_runs.running(tmp_path) as double:
        environment(cloud_run_url=double.url, inference_service=INFERENCE_SERVICE)
        yield double


@pytest.fixture
def administrator(ml_feedback: FlaskClient) -> Person:
    return add_person(Role.ADMINISTRATOR)


@pytest.fixture
def asking(ml_feedback: FlaskClient, administrator: Person) -> As:
    return As(ml_feedback, administrator)


@pytest.fixture
def calls(ml_feedback: FlaskClient, product: LocalCloud) -> InternalCalls:
    """Cloud Scheduler."""
    return InternalCalls(ml_feedback, product)


@pytest.fixture
def pair(ml_feedback: FlaskClient) -> Pair:
    return add_pair()


@pytest.fixture
def serving(cloud_run: CloudRun, stable: InferenceStandIn, environment: Callable[..., None]) -> CloudRun:
    """Both Cloud Run and what serves."""
    environment(inference_url=stable.url)
    return cloud_run


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, str(answer.get_json()["type"]).rpartition(":")[2]


def actions() -> list[str]:
    entries = rows(select(AuditEvent).order_by(AuditEvent.occurred_at))
    return [entry.action for entry in entries if entry.action.startswith("rollout.")]


def meant(rollout_id: UUID) -> dict[str, object]:
    """The rollout as whoever takes it on or back has just seen it."""
    return {"rolloutId": str(rollout_id), "version": rollout_row(rollout_id).version}


def try_again(asking: As, name: str) -> Any:
    return asking.post(f"/api/ml/models/{model_row(name).id}/try-again")


def with_answers(pair: Pair, *, flagged: int = 0) -> None:
    """Enough of both for a stage, and alike but for what the challenger flags."""
    add_answers(pair, CHAMPION, 6)
    add_answers(pair, CHALLENGER, 6, flagged=flagged)


@transaction
def change(db: Database, /, model: type[Any], id: UUID, **columns: object) -> None:
    db.execute(update(model).where(model.id == id).values(**columns))


# Beginning


def test_a_model_that_is_ahead_is_brought_up_beside_the_one_that_serves_and_asked_in_the_shadow(
    asking: As, administrator: Person, serving: CloudRun, calls: InternalCalls
) -> None:
    model_id = add_model(verdict=AHEAD, metrics={"comparison": compared()})
    begun = asking.post(ROLLOUTS, {"modelId": str(model_id)})
    assert begun.status_code == 201
    shown = begun.get_json()
    assert (shown["status"], shown["percent"], shown["isUp"], shown["isSettled"]) == ("active", 0, False, False)
    assert shown["startedBy"] == str(administrator.id)
    serving.at_rest()
    assert calls.tick(TICK).status_code == 204
    row = rollout_row(UUID(shown["id"]))
    assert row.address == serving.challenger_url
    assert asking.get(CURRENT).get_json()["isSettled"]
    assert model_row(CHALLENGER).status is ModelStatus.CHALLENGER
    assert actions() == ["rollout.start", "rollout.advance"]
    champion = model_row(CHAMPION)
    assert (champion.status, champion.artifact_uri) == (ModelStatus.CHAMPION, "gs://models/base")
    assert bytes(champion.artifact_sha256).hex() == "ab" * 32


@pytest.mark.parametrize(
    ("model", "detail"),
    [
        ({}, "not been compared yet"),
        ({"verdict": {**AHEAD, "verdict": "not-enough", "reasons": ["few-risk-positives"]}}, "few-risk-positives"),
        ({"verdict": {**AHEAD, "verdict": "worse", "reasons": ["macro-f1"]}}, "worse: macro-f1"),
        (
            {"verdict": {**AHEAD, "verdict": "worse", "reasons": ["macro-f1"]}, "status": ModelStatus.REJECTED},
            "rejected: macro-f1",
        ),
        ({"verdict": AHEAD, "status": ModelStatus.RETIRED}, "It is retired"),
        ({"verdict": {**AHEAD, "champion": "older"}}, "another model"),
    ],
    ids=["not judged", "not enough", "worse", "rejected", "retired", "judged beside another"],
)
def test_nothing_begins_without_a_verdict_that_says_so(
    asking: As, serving: CloudRun, model: dict[str, Any], detail: str
) -> None:
    model_id = add_model(metrics={"comparison": compared()}, **model)
    refused = asking.post(ROLLOUTS, {"modelId": str(model_id)})
    assert kind(refused) == (409, "not-ahead")
    assert detail in refused.get_json()["detail"]
    assert rows(select(Rollout)) == []


def test_what_serves_has_to_be_what_is_registered(asking: As, serving: CloudRun, stable: InferenceStandIn) -> None:
    model_id = add_model(verdict=AHEAD)
    body = {"modelId": str(model_id)}
    assert kind(asking.post(ROLLOUTS, body)) == (409, "served-model-unknown")
    add_model(CHAMPION, ModelStatus.CHAMPION)
    stable.version = "something else"
    assert kind(asking.post(ROLLOUTS, body)) == (409, "served-model-unknown")
    stable.version = CHAMPION
    assert asking.post(ROLLOUTS, body).status_code == 201


def test_one_at_a_time_and_the_last_has_to_be_gone(asking: As, serving: CloudRun, administrator: Person) -> None:
    rollout_id = add_rollout(administrator)
    another = add_model("tuned-3", verdict=AHEAD)
    assert kind(asking.post(ROLLOUTS, {"modelId": str(another)})) == (409, "rollout-under-way")
    change(Rollout, rollout_id, status="rolled_back", finished_at=now(), settled_at=None)
    assert kind(asking.post(ROLLOUTS, {"modelId": str(another)})) == (409, "rollout-under-way")
    change(Rollout, rollout_id, settled_at=now())
    assert asking.post(ROLLOUTS, {"modelId": str(another)}).status_code == 201
    serving.at_rest()


def test_a_model_that_is_not_there_and_a_classifier_that_is_away_are_told_apart(
    asking: As, serving: CloudRun, environment: Callable[..., None]
) -> None:
    assert kind(asking.post(ROLLOUTS, {"modelId": str(uuid4())})) == (404, "not-found")
    environment(inference_url="http://127.0.0.1:9")
    assert kind(asking.post(ROLLOUTS, {"modelId": str(uuid4())})) == (503, "serving-away")
    environment(inference_service="")
    assert kind(asking.post(ROLLOUTS, {"modelId": str(uuid4())})) == (503, "serving-away")


@pytest.mark.parametrize(
    ("told", "reason", "left"),
    [
        ({"broken": True}, "not-deployed", ModelStatus.CANDIDATE),
        ({"version": "somebody else"}, "another-model", ModelStatus.REJECTED),
        ({"labels": ["Happiness"]}, "another-model", ModelStatus.REJECTED),
    ],
)
def test_a_challenger_that_does_not_come_up_as_what_it_is_goes_back(
    asking: As, serving: CloudRun, calls: InternalCalls, told: dict[str, Any], reason: str, left: ModelStatus
) -> None:
    model_id = add_model(verdict=AHEAD, metrics={"comparison": compared()}, path=model_path(**told))
    begun = asking.post(ROLLOUTS, {"modelId": str(model_id)}).get_json()
    serving.at_rest()
    calls.tick(TICK)
    row = rollout_row(UUID(begun["id"]))
    assert (row.status, row.reason, row.address) == ("rolled_back", reason, None)
    _settled(calls, serving, row.id)
    assert model_row(CHALLENGER).status is left
    assert serving.served == []


def test_one_that_cloud_run_never_brings_up_is_given_up_after_a_while(
    calls: InternalCalls, administrator: Person, serving: CloudRun, environment: Callable[..., None]
) -> None:
    rollout_id = add_rollout(administrator, 0, address=None, settled=False, at=ago(21))
    environment(cloud_run_url="http://127.0.0.1:9")
    assert calls.tick(TICK).status_code == 204
    assert rollout_row(rollout_id).status == "active", "Cloud Run has not been heard of: the next tick asks again"
    environment(cloud_run_url=serving.url)
    calls.tick(TICK)
    row = rollout_row(rollout_id)
    assert (row.status, row.reason) == ("rolled_back", "not-deployed")


# Going on


@pytest.mark.parametrize(("percent", "following"), [(10, 25), (25, 50)])
def test_the_next_stage_begins_by_itself_on_evidence_that_stays_with_it(
    calls: InternalCalls, administrator: Person, pair: Pair, percent: int, following: int
) -> None:
    rollout_id = add_rollout(administrator, percent, at=ago(31))
    with_answers(pair)
    calls.tick(TICK)
    row = rollout_row(rollout_id)
    assert (row.percent, row.status) == (following, "active")
    [decision] = row.evidence
    assert (decision["move"], decision["from"], decision["to"], decision["by"]) == ("advance", percent, following, None)
    assert decision["challenger"] == {
        **{"requests": 6, "errors": 0, "p99Ms": 20.0, "flagged": 0, "judged": 0, "disagreed": 0},
        **{"slow": 0, "flaggedAlone": None, "disagreedAlone": None},
    }
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "rollout.advance"))
    assert entry.details["challenger"] == "requests 6, errors 0, p99Ms 20.0, flagged 0, judged 0, disagreed 0, slow 0"
    assert (entry.details["to"], entry.resource_id) == (str(following), rollout_id)


@pytest.mark.parametrize(("requests", "minutes"), [(5, 31), (6, 29)])
def test_no_stage_ends_before_its_requests_and_its_minutes(
    calls: InternalCalls, asking: As, administrator: Person, pair: Pair, requests: int, minutes: int
) -> None:
    rollout_id = add_rollout(administrator, at=ago(minutes))
    add_answers(pair, CHALLENGER, requests)
    calls.tick(TICK)
    assert rollout_row(rollout_id).percent == 10
    early = asking.post(ADVANCE, meant(rollout_id))
    assert kind(early) == (409, "step-too-early")
    assert early.get_json()["detail"] == f"{6 - requests} requests and {max(30 - minutes, 0)} minutes are missing"
    outlook = asking.get(CURRENT).get_json()["outlook"]
    assert (outlook["move"], outlook["requestsMissing"]) == ("stay", 6 - requests)
    assert outlook["challenger"]["requests"] == requests


@pytest.mark.parametrize("percent", [10, 100])
@pytest.mark.parametrize("harm", ["errors", "latency", "alert-rate", "disagreement"])
def test_one_tick_after_the_evidence_everybody_has_the_champion_again(
    calls: InternalCalls, administrator: Person, pair: Pair, percent: int, harm: str
) -> None:
    rollout_id = add_rollout(administrator, percent, at=ago(1))
    if percent == 100:
        change(
            Rollout,
            rollout_id,
            started_at=ago(60),
            evidence=[{"to": 100, "stageBeganAt": ago(60).isoformat()}],
        )
    before = ago(30) if percent == 100 else now()
    if harm == "errors":
        add_answers(pair, CHAMPION, 6, fell_back_from=CHALLENGER)
    elif harm == "latency":
        add_answers(pair, CHAMPION, 100, at=before)
        add_answers(pair, CHALLENGER, 100, ms=200)
    elif harm == "alert-rate":
        add_answers(pair, CHAMPION, 40, flagged=20, at=before)
        add_answers(pair, CHALLENGER, 40, flagged=1)
    else:
        for analysis_id in add_answers(pair, CHAMPION, 15, at=before):
            answer(pair, analysis_id)
        for analysis_id in add_answers(pair, CHALLENGER, 15):
            answer(pair, analysis_id, Label.ANXIETY)
    assert calls.tick(TICK).status_code == 204
    row = rollout_row(rollout_id)
    assert (row.status, row.percent, row.reason) == ("rolled_back", 0, harm)
    assert row.evidence[-1]["harms"] == [harm]
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "rollout.return"))
    assert (entry.details["reason"], entry.details["from"], entry.actor_id) == (harm, str(percent), None)
    assert model_row(CHALLENGER).status is ModelStatus.REJECTED
    assert model_row(CHAMPION).status is ModelStatus.CHAMPION


def test_harm_is_acted_on_though_cloud_run_is_away(
    calls: InternalCalls, administrator: Person, pair: Pair, environment: Callable[..., None]
) -> None:
    rollout_id = add_rollout(administrator, 50, at=ago(1))
    environment(cloud_run_url="http://127.0.0.1:9", inference_service=INFERENCE_SERVICE)
    add_answers(pair, CHAMPION, 6, fell_back_from=CHALLENGER)
    assert calls.tick(TICK).status_code == 204
    assert rollout_row(rollout_id).status == "rolled_back"


@pytest.mark.parametrize("fault", ["a start that some messages met", "two answers of a cold start"])
def test_what_passes_at_a_stages_start_takes_nothing_back(
    calls: InternalCalls, administrator: Person, pair: Pair, environment: Callable[..., None], fault: str
) -> None:
    environment(rollout_patience="10=500/30")
    rollout_id = add_rollout(administrator, at=ago(1))
    if fault == "two answers of a cold start":
        add_answers(pair, CHAMPION, 120)
        add_answers(pair, CHALLENGER, 118)
        add_answers(pair, CHALLENGER, 2, ms=400)
    else:
        add_answers(pair, CHAMPION, 3, fell_back_from=CHALLENGER)
    calls.tick(TICK)
    assert rollout_row(rollout_id).status == "active"
    add_answers(pair, CHAMPION, 17, fell_back_from=CHALLENGER)
    calls.tick(TICK)
    assert rollout_row(rollout_id).reason == "errors"


# The last step


def test_the_last_step_needs_two_and_the_same_one_twice_is_refused(
    asking: As, administrator: Person, ml_feedback: FlaskClient, pair: Pair, calls: InternalCalls
) -> None:
    rollout_id = add_rollout(administrator, 50, at=ago(31))
    with_answers(pair)
    calls.tick(TICK)
    assert rollout_row(rollout_id).percent == 50, "time alone does not take the last step"
    asked = asking.post(ADVANCE, meant(rollout_id)).get_json()
    assert (asked["askedBy"], asked["approvedBy"], asked["percent"]) == (str(administrator.id), None, 50)
    assert kind(asking.post(ADVANCE, meant(rollout_id))) == (409, "second-administrator-needed")
    another = add_person(Role.ADMINISTRATOR)
    approved = As(ml_feedback, another).post(ADVANCE, meant(rollout_id)).get_json()
    assert (approved["percent"], approved["approvedBy"], approved["status"]) == (100, str(another.id), "active")
    entries = rows(select(AuditEvent).where(AuditEvent.action.in_(("rollout.ask", "rollout.approve"))))
    assert {(entry.action, entry.actor_id) for entry in entries} == {
        ("rollout.ask", administrator.id),
        ("rollout.approve", another.id),
    }
    assert [decision["by"] for decision in rollout_row(rollout_id).evidence] == [
        str(administrator.id),
        str(another.id),
    ]


def test_nobody_approves_what_they_have_not_seen_asked_for(
    asking: As, administrator: Person, ml_feedback: FlaskClient, pair: Pair
) -> None:
    """Both look at the same page and mean to ask: the second press is no approval."""
    rollout_id = add_rollout(administrator, 50, at=ago(31))
    with_answers(pair)
    seen = meant(rollout_id)
    assert asking.post(ADVANCE, seen).status_code == 200
    another = As(ml_feedback, add_person(Role.ADMINISTRATOR))
    assert kind(another.post(ADVANCE, seen)) == (409, "rollout-moved")
    assert kind(another.post(ADVANCE, {"rolloutId": str(uuid4()), "version": 1})) == (409, "rollout-moved")
    assert (rollout_row(rollout_id).percent, rollout_row(rollout_id).approved_by) == (50, None)
    assert another.post(ADVANCE, meant(rollout_id)).get_json()["percent"] == 100


@pytest.mark.parametrize("why", ["a day has passed", "who asked is suspended", "who asked is somebody else now"])
def test_a_wish_that_no_longer_stands_is_approved_by_nobody(
    asking: As, administrator: Person, ml_feedback: FlaskClient, pair: Pair, why: str
) -> None:
    rollout_id = add_rollout(administrator, 50, at=ago(31))
    with_answers(pair)
    asking.post(ADVANCE, meant(rollout_id))
    if why == "a day has passed":
        change(Rollout, rollout_id, asked_at=now() - timedelta(hours=24))
    elif why == "who asked is suspended":
        change(User, administrator.id, status=UserStatus.SUSPENDED, suspended_at=now())
    else:
        change(User, administrator.id, role=Role.THERAPIST)
    another = add_person(Role.ADMINISTRATOR)
    asked = As(ml_feedback, another).post(ADVANCE, meant(rollout_id)).get_json()
    assert (asked["askedBy"], asked["percent"]) == (str(another.id), 50)


def test_no_step_comes_before_the_champion_has_flagged_enough_unless_two_decide_it(
    asking: As,
    administrator: Person,
    ml_feedback: FlaskClient,
    pair: Pair,
    calls: InternalCalls,
    environment: Callable[..., None],
) -> None:
    environment(rollout_patience="10=6/30/4,25=6/30/4")
    rollout_id = add_rollout(administrator, 10, at=ago(31))
    add_answers(pair, CHAMPION, 40, flagged=3)
    add_answers(pair, CHALLENGER, 5)
    outlook = asking.get(CURRENT).get_json()["outlook"]
    assert (outlook["move"], outlook["requestsMissing"], outlook["alertsMissing"]) == ("stay", 1, 1)
    early = asking.post(ADVANCE, meant(rollout_id))
    assert kind(early) == (409, "step-too-early")
    assert early.get_json()["detail"] == "1 requests and 0 minutes are missing, and 1 alerts"
    add_answers(pair, CHALLENGER, 1)
    calls.tick(TICK)
    assert rollout_row(rollout_id).percent == 10, "too few alerts for both to be compared by"
    asked = asking.post(ADVANCE, meant(rollout_id)).get_json()
    assert (asked["askedBy"], asked["percent"], asked["evidence"][-1]["alertsMissing"]) == (
        str(administrator.id),
        10,
        1,
    )
    assert kind(asking.post(ADVANCE, meant(rollout_id))) == (409, "second-administrator-needed")
    approved = As(ml_feedback, add_person(Role.ADMINISTRATOR)).post(ADVANCE, meant(rollout_id)).get_json()
    assert (approved["percent"], approved["askedBy"], approved["approvedBy"]) == (25, None, None)
    assert actions() == ["rollout.ask", "rollout.approve"]


def test_enough_alerts_of_the_champion_and_it_goes_on_by_itself(
    calls: InternalCalls, administrator: Person, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(rollout_patience="10=6/30/4")
    rollout_id = add_rollout(administrator, 10, at=ago(31))
    add_answers(pair, CHAMPION, 40, flagged=4)
    add_answers(pair, CHALLENGER, 6, flagged=1)
    calls.tick(TICK)
    assert rollout_row(rollout_id).percent == 25


@pytest.mark.parametrize("path", [ROLLOUTS, ADVANCE, "/api/ml/models/{id}/try-again"])
def test_what_moves_it_on_asks_who_one_is_and_what_takes_it_back_does_not(
    asking: As, administrator: Person, path: str
) -> None:
    rollout_id = add_rollout(administrator)
    stale(administrator)
    body = {"modelId": str(uuid4())} if path == ROLLOUTS else meant(rollout_id)
    assert kind(asking.post(path.replace("{id}", str(uuid4())), body)) == (403, "step-up-required")
    assert asking.post(ROLLBACK, meant(rollout_id)).status_code == 200


@transaction
def stale(db: Database, person: Person) -> None:
    moment = now() - timedelta(hours=1)
    db.execute(update(Session).where(Session.user_id == person.id).values(stepped_up_at=moment))


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("path", [ROLLOUTS, ADVANCE, ROLLBACK, "/api/ml/models/{id}/try-again"])
def test_nobody_else_moves_models(
    ml_feedback: FlaskClient, administrator: Person, pair: Pair, role: Role, path: str
) -> None:
    rollout_id = add_rollout(administrator, 50, at=ago(31))
    with_answers(pair)
    path = path.replace("{id}", str(model_row(CHALLENGER).id))
    assert As(ml_feedback, add_person(role)).post(path, meant(rollout_id)).status_code == 403
    assert (rollout_row(rollout_id).percent, rollout_row(rollout_id).asked_by) == (50, None)


# Going back


def test_one_word_takes_it_back_whatever_the_evidence(asking: As, administrator: Person, pair: Pair) -> None:
    rollout_id = add_rollout(administrator, 50, at=ago(31))
    seen = meant(rollout_id)
    shown = asking.post(ROLLBACK, seen).get_json()
    assert (shown["status"], shown["percent"], shown["reason"]) == ("rolled_back", 0, "by-hand")
    assert shown["evidence"][-1]["by"] == str(administrator.id)
    assert rollout_row(rollout_id).finished_at is not None
    for again in (seen, meant(rollout_id)):
        assert kind(asking.post(ROLLBACK, again)) == (409, "rollout-moved")
    assert kind(asking.post(ROLLBACK, {"rolloutId": str(uuid4()), "version": 1})) == (404, "no-rollout")
    assert kind(asking.post(ADVANCE, meant(rollout_id))) == (404, "no-rollout")
    assert kind(asking.get(CURRENT)) == (404, "no-rollout")
    assert [item["id"] for item in asking.get(ROLLOUTS).get_json()["items"]] == [str(rollout_id)]


@pytest.mark.parametrize("gone", ["by the tick", "by somebody else"])
def test_who_takes_it_back_a_second_time_does_not_undo_the_one_before(
    asking: As, administrator: Person, pair: Pair, calls: InternalCalls, gone: str
) -> None:
    good = add_rollout(administrator, 100, at=ago(99))
    change(Rollout, good, status="completed", finished_at=ago(60))
    change(ModelVersion, model_row(CHAMPION).id, status=ModelStatus.RETIRED)
    change(ModelVersion, model_row(CHALLENGER).id, status=ModelStatus.CHAMPION)
    bad = add_next(good, administrator)
    seen = meant(bad)
    if gone == "by the tick":
        add_answers(pair, CHALLENGER, 6, fell_back_from="tuned-3")
        calls.tick(TICK)
    else:
        asking.post(ROLLBACK, seen)
    assert rollout_row(bad).status == "rolled_back"
    for _ in range(2):
        assert kind(asking.post(ROLLBACK, seen)) == (409, "rollout-moved")
    assert model_row(CHALLENGER).status is ModelStatus.CHAMPION
    change(Rollout, bad, settled_at=None)
    undone = asking.post(ROLLBACK, asking.get(ROLLOUTS).get_json()["items"][1] | meant(good))
    assert undone.status_code == 422, "no more than which one is said"
    assert asking.post(ROLLBACK, meant(good)).get_json()["status"] == "rolled_back"
    assert model_row(CHAMPION).status is ModelStatus.CHAMPION
    assert rollout_row(bad).settled_at is not None, "nobody is brought back to the model of a rollout that is undone"


@transaction
def add_next(db: Database, before: UUID, administrator: Person) -> UUID:
    """A rollout of another model beside the champion that this one made."""
    model = ModelVersion(
        id=uuid4(),
        name="tuned-3",
        status=ModelStatus.CHALLENGER,
        artifact_uri="tuned-3",
        artifact_sha256=bytes(32),
        base_model="base",
        thresholds_version="tuned-3",
    )
    db.add(model)
    db.flush()
    next_one = Rollout(
        id=uuid4(),
        champion_id=db.get_one(Rollout, before).challenger_id,
        challenger_id=model.id,
        percent=10,
        address="http://127.0.0.1:9",
        started_by=administrator.id,
        started_at=ago(5),
        stage_started_at=ago(5),
        settled_at=ago(5),
    )
    db.add(next_one)
    return next_one.id


def test_a_rollout_that_made_a_champion_is_not_undone_under_the_next_one(asking: As, administrator: Person) -> None:
    good = add_rollout(administrator, 100, at=ago(99))
    change(Rollout, good, status="completed", finished_at=ago(60))
    change(ModelVersion, model_row(CHAMPION).id, status=ModelStatus.RETIRED)
    change(ModelVersion, model_row(CHALLENGER).id, status=ModelStatus.CHAMPION)
    add_next(good, administrator)
    assert kind(asking.post(ROLLBACK, meant(good))) == (409, "rollout-moved")
    assert model_row(CHALLENGER).status is ModelStatus.CHAMPION


@pytest.mark.parametrize(
    ("percent", "left"),
    [(0, ModelStatus.CANDIDATE), (10, ModelStatus.REJECTED)],
)
def test_what_was_taken_back_before_it_answered_anybody_is_a_candidate_still(
    asking: As, administrator: Person, percent: int, left: ModelStatus
) -> None:
    rollout_id = add_rollout(administrator, percent)
    change(ModelVersion, model_row(CHALLENGER).id, verdict=AHEAD)
    asking.post(ROLLBACK, meant(rollout_id))
    model = model_row(CHALLENGER)
    assert (model.status, model.verdict, model.retired_at is None) == (left, AHEAD, left is ModelStatus.CANDIDATE)


def test_a_model_that_came_back_is_tried_again_once_an_administrator_wants_it(
    asking: As, administrator: Person, serving: CloudRun
) -> None:
    rollout_id = add_rollout(administrator, 10)
    change(ModelVersion, model_row(CHALLENGER).id, verdict=AHEAD)
    assert kind(try_again(asking, CHALLENGER)) == (409, "not-ahead"), "it is being tried"
    asking.post(ROLLBACK, meant(rollout_id))
    wanted = {"modelId": str(model_row(CHALLENGER).id)}
    assert kind(asking.post(ROLLOUTS, wanted)) == (409, "not-ahead")
    assert try_again(asking, CHALLENGER).status_code == 204
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "model.try-again"))
    assert (entry.resource_id, entry.actor_id) == (model_row(CHALLENGER).id, administrator.id)
    assert model_row(CHALLENGER).retired_at is None
    assert asking.post(ROLLOUTS, wanted).status_code == 201
    serving.at_rest()


def test_a_model_that_its_comparison_rejected_is_not_tried_again(asking: As) -> None:
    add_model(verdict={**AHEAD, "verdict": "worse", "reasons": ["macro-f1"]}, status=ModelStatus.REJECTED)
    assert kind(try_again(asking, CHALLENGER)) == (409, "not-ahead")
    assert model_row(CHALLENGER).status is ModelStatus.REJECTED


def test_a_deployment_over_a_challenger_ends_the_rollout_and_not_the_model(
    asking: As, serving: CloudRun, calls: InternalCalls, pair: Pair
) -> None:
    model_id = add_model(verdict=AHEAD, metrics={"comparison": compared()})
    begun = UUID(asking.post(ROLLOUTS, {"modelId": str(model_id)}).get_json()["id"])
    serving.at_rest()
    calls.tick(TICK)
    change(Rollout, begun, percent=10)
    serving.deploy("released", {}, {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100})
    add_answers(pair, CHAMPION, 20, fell_back_from=CHALLENGER)
    calls.tick(TICK)
    row = rollout_row(begun)
    assert (row.status, row.reason) == ("rolled_back", "deployed-over")
    _settled(calls, serving, begun)
    assert serving.service()["template"]["containers"][0]["image"] == "released"
    assert model_row(CHALLENGER).status is ModelStatus.CANDIDATE


@pytest.mark.parametrize("deed", ["begin", "take back"])
def test_who_did_it_is_told_so_though_a_tick_was_quicker_with_the_rest(
    asking: As, administrator: Person, serving: CloudRun, deed: str
) -> None:
    body: dict[str, object]
    if deed == "begin":
        add_model(verdict=AHEAD, metrics={"comparison": compared()})
        path, body, status = ROLLOUTS, {"modelId": str(model_row(CHALLENGER).id)}, 201
    else:
        rollout_id = add_rollout(administrator)
        first, back = (ServedRevision(f"{service_name()}-{name}", {}) for name in ("00001", f"b{rollout_id.hex[:8]}"))
        change(Rollout, rollout_id, serving={"stable": asdict(first), "challenger": asdict(first)})
        path, body, status = ROLLBACK, meant(rollout_id), 200
        until(lambda: serve_alone(back, first.name))
    serving.meanwhile = overtake
    answered = asking.post(path, body)
    assert vars(serving)["meanwhile"] is None
    assert answered.status_code == status, answered.get_json()
    serving.at_rest()


@transaction
def overtake(db: Database) -> None:
    db.execute(update(Rollout).values(version=Rollout.version + 1))


def test_of_two_who_act_at_once_the_second_is_told_to_look_again(administrator: Person, pair: Pair) -> None:
    add_rollout(administrator)
    seen = active()
    assert seen
    take_back(seen, "by-hand")
    with pytest.raises(RolloutMoved):
        take_back(seen, "by-hand")


def test_a_tick_that_was_overtaken_does_nothing(
    calls: InternalCalls, administrator: Person, pair: Pair, asking: As
) -> None:
    rollout_id = add_rollout(administrator, at=ago(31))
    with_answers(pair)
    asking.post(ROLLBACK, meant(rollout_id))
    assert calls.tick(TICK).status_code == 204
    assert (rollout_row(rollout_id).status, actions()) == ("rolled_back", ["rollout.return"])


# The whole way


def test_from_the_verdict_to_everybody_and_back_again_at_one_word(
    asking: As,
    ml_feedback: FlaskClient,
    administrator: Person,
    serving: CloudRun,
    stable: InferenceStandIn,
    calls: InternalCalls,
    pair: Pair,
) -> None:
    moment = [now()]

    def stage() -> None:
        """Half an hour with enough answers of both."""
        add_answers(pair, CHAMPION, 6, at=moment[0] + timedelta(minutes=1))
        add_answers(pair, CHALLENGER, 6, at=moment[0] + timedelta(minutes=1))
        moment[0] += timedelta(minutes=31)
        for person in (administrator, another):
            fresh(person, moment[0])
        calls.tick(TICK)

    with held_at(lambda: moment[0]):
        add_model(verdict=AHEAD, metrics={"comparison": compared()})
        another = add_person(Role.ADMINISTRATOR)
        model_id = rows(select(ModelVersion.id))[0]
        begun = asking.post(ROLLOUTS, {"modelId": str(model_id)}).get_json()
        serving.at_rest()
        calls.tick(TICK)
        seen = [rollout_row(UUID(begun["id"])).percent]
        for _ in range(4):
            stage()
            seen.append(rollout_row(UUID(begun["id"])).percent)
        assert seen == [0, 10, 25, 50, 50]
        for person in (administrator, another):
            As(ml_feedback, person).post(ADVANCE, meant(UUID(begun["id"])))
        assert rollout_row(UUID(begun["id"])).percent == 100
        stage()
        until(lambda: _ended(calls, begun["id"]))
        assert serving.served[-1]["MODEL_PATH"] == model_path()
        assert (model_row(CHALLENGER).status, model_row(CHAMPION).status) == (
            ModelStatus.CHAMPION,
            ModelStatus.RETIRED,
        )
        _settled(calls, serving, UUID(begun["id"]))
        keep_model({})  # somebody deploys what the stack's settings name
        until(lambda: serving.served[-1] == {})
        calls.tick(TICK)
        until(lambda: serving.served[-1].get("MODEL_PATH") == model_path())
        [entry] = rows(select(AuditEvent).where(AuditEvent.action == "model.put-back"))
        assert (entry.resource_id, entry.actor_id) == (UUID(begun["id"]), None)
        assert entry.details == {"model": CHALLENGER, "instead": "the image's own"}
        undone = asking.post(ROLLBACK, meant(UUID(begun["id"]))).get_json()
        assert (undone["status"], undone["reason"]) == ("rolled_back", "by-hand")
        until(lambda: serving.served[-1] == {})
        assert model_row(CHAMPION).status is ModelStatus.CHAMPION
        assert model_row(CHALLENGER).status is ModelStatus.REJECTED
        _settled(calls, serving, UUID(begun["id"]))
    assert [decision["move"] for decision in rollout_row(UUID(begun["id"])).evidence] == [
        *("shadow", "advance", "advance", "advance", "ask", "ask", "finish", "return")
    ]
    assert sorted(actions()) == sorted(
        [
            *("rollout.start", *["rollout.advance"] * 4, "rollout.ask", "rollout.approve"),
            *("rollout.complete", "rollout.return"),
        ]
    )


@transaction
def fresh(db: Database, person: Person, moment: Any) -> None:
    """They have just stepped up, and were seen."""
    values = {"stepped_up_at": moment, "last_seen_at": moment}
    db.execute(update(Session).where(Session.user_id == person.id).values(**values))


def _ended(calls: InternalCalls, rollout_id: str) -> bool:
    calls.tick(TICK)
    return rollout_row(UUID(rollout_id)).status == "completed"


def _settled(calls: InternalCalls, serving: CloudRun, rollout_id: UUID) -> None:
    """Ticks until Cloud Run serves one model for everybody."""
    for _ in range(4):
        serving.at_rest()
        calls.tick(TICK)
        if rollout_row(rollout_id).settled_at is not None:
            break
    else:
        raise AssertionError("Cloud Run does not serve what the row says")
    assert all("tag" not in target for target in serving.service()["traffic"])
