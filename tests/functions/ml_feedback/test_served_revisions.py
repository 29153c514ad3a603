"""Google's own client has Cloud Run serve a challenger beside the stable revision, move traffic, and take it away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dev.environment import INFERENCE_SERVICE
from functions.ml_feedback.served_revisions import (
    RevisionFailed,
    ServedRevision,
    ServingAway,
    deployed_model,
    is_beside,
    keep_model,
    leave_to_deployment,
    serve_alone,
    serve_beside,
    standing,
)
from tests.functions.ml_feedback.cloud_run import CloudRun, running
from tests.functions.ml_feedback.rollout_rows import model_path
from tests.waiting import until

STABLE = "inference-00001"
HELD = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": STABLE, "percent": 100}
CHALLENGER = ServedRevision("inference-c1", {"MODEL_PATH": model_path(), "MODEL_MANIFEST_SHA256": "00"})


@pytest.fixture
def cloud_run(tmp_path: Path, environment: Callable[..., None]) -> Iterator[CloudRun]:
    """Cloud Run, where one revision serves the image's own model."""
    with running(tmp_path) as double:
        environment(cloud_run_url=double.url, inference_service=INFERENCE_SERVICE)
        yield double


def up(cloud_run: CloudRun) -> str:
    return until(lambda: serve_beside(STABLE, CHALLENGER) or "")


def test_what_serves_at_first_is_the_images_own_model(cloud_run: CloudRun) -> None:
    assert standing() == ServedRevision(STABLE, {})


def test_a_challenger_has_an_address_of_its_own_and_no_traffic(cloud_run: CloudRun) -> None:
    assert serve_beside(STABLE, CHALLENGER) is None
    address = up(cloud_run)
    assert httpx.get(f"{address}/model").json()["modelVersion"] == "tuned-2"
    shown = cloud_run.service()
    assert [(one.get("revision"), one.get("percent", 0), one.get("tag")) for one in shown["trafficStatuses"]] == [
        (STABLE, 100, None),
        (CHALLENGER.name, 0, "challenger"),
    ]
    assert cloud_run.served == []
    assert standing().name == STABLE
    assert serve_beside(STABLE, CHALLENGER) == address
    assert cloud_run.service()["etag"] == shown["etag"], "what is so already is not asked for again"


def test_a_revision_that_does_not_come_up_is_told_apart_from_one_that_may_yet(cloud_run: CloudRun) -> None:
    broken = ServedRevision("inference-c2", {"MODEL_PATH": '{"broken": true}'})
    assert serve_beside(STABLE, broken) is None
    cloud_run.at_rest()
    with pytest.raises(RevisionFailed):
        serve_beside(STABLE, broken)
    assert standing().name == STABLE


def test_at_the_end_traffic_moves_first_and_the_address_goes_later(cloud_run: CloudRun) -> None:
    address = up(cloud_run)
    until(lambda: serve_alone(CHALLENGER, CHALLENGER.name, tagged=CHALLENGER.name))
    assert cloud_run.served[-1] == dict(CHALLENGER.variables)
    assert httpx.get(f"{address}/ready").status_code == 200
    until(lambda: serve_alone(CHALLENGER, CHALLENGER.name))
    [everybody] = cloud_run.at_rest()["traffic"]
    assert (everybody["percent"], everybody.get("revision"), everybody.get("tag")) == (100, None, None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/ready")
    assert standing() == CHALLENGER


def test_on_return_the_challenger_never_gets_traffic_though_it_is_the_latest_that_is_ready(
    cloud_run: CloudRun,
) -> None:
    up(cloud_run)
    back = ServedRevision("inference-b1", {})
    assert not serve_alone(back, STABLE)
    until(lambda: serve_alone(back, STABLE))
    assert cloud_run.served == []
    assert cloud_run.at_rest()["latestReadyRevision"].endswith("inference-b1")
    assert standing() == back


def test_a_model_that_a_deployment_replaced_is_put_back(cloud_run: CloudRun) -> None:
    keep_model(CHALLENGER.variables)
    cloud_run.at_rest()
    assert cloud_run.served == [dict(CHALLENGER.variables)]
    assert deployed_model() == standing().variables == CHALLENGER.variables


def test_to_put_it_back_moves_no_requests_that_a_release_holds(cloud_run: CloudRun) -> None:
    cloud_run.deploy("released", {"MODEL_PATH": model_path(version="older")}, HELD)
    keep_model(CHALLENGER.variables)
    shown = cloud_run.at_rest()
    assert [(one["revision"], one["percent"]) for one in shown["traffic"]] == [(STABLE, 100)]
    assert cloud_run.served == []
    assert shown["template"]["containers"][0]["image"] == "released"
    assert deployed_model() == CHALLENGER.variables


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_what_was_deployed_and_taken_back_comes_neither_with_a_challenger_nor_after_it(
    cloud_run: CloudRun, ends: str
) -> None:
    cloud_run.deploy("taken back", {"MODEL_PATH": model_path(version="older")}, HELD)
    assert standing() == ServedRevision(STABLE, {})
    up(cloud_run)
    last = CHALLENGER if ends == "well" else ServedRevision("inference-b1", {})
    until(lambda: serve_alone(last, CHALLENGER.name if ends == "well" else STABLE))
    assert {cloud_run.image_of(name) for name in (CHALLENGER.name, last.name)} == {"classifier"}
    assert standing() == last


def test_a_deployment_over_a_challenger_is_seen_and_left_alone(cloud_run: CloudRun) -> None:
    up(cloud_run)
    assert is_beside(CHALLENGER)
    cloud_run.deploy("released", {}, *cloud_run.service()["traffic"])
    assert not is_beside(CHALLENGER)
    until(leave_to_deployment)
    shown = cloud_run.at_rest()
    assert [(one["revision"], one["percent"], one.get("tag")) for one in shown["traffic"]] == [(STABLE, 100, None)]
    assert shown["template"]["containers"][0]["image"] == "released"


def test_other_variables_of_the_container_stay(cloud_run: CloudRun) -> None:
    up(cloud_run)
    container = cloud_run.service()["template"]["containers"][0]
    assert container["image"] == "classifier"
    assert {one["name"] for one in container["env"]} == set(CHALLENGER.variables)


def test_where_cloud_run_is_away_or_no_service_is_named_it_is_said(
    cloud_run: CloudRun, environment: Callable[..., None]
) -> None:
    environment(inference_service=INFERENCE_SERVICE + "-gone")
    with pytest.raises(ServingAway):
        standing()
    environment(inference_service="")
    with pytest.raises(ServingAway):
        standing()
    environment(inference_service=INFERENCE_SERVICE, cloud_run_url="http://127.0.0.1:9")
    with pytest.raises(ServingAway):
        serve_beside(STABLE, CHALLENGER)
