"""A function asks the classifier: the challenger where there is one, and the stable model whenever that is away."""

import time
from collections.abc import Callable, Iterator

import pytest

from shared import inference
from shared.inference import Challenger, InferenceAway, predict, predict_at
from tests.functions.messages.inference_stand_in import InferenceStandIn, running

WITHIN_MS = 600


@pytest.fixture
def stable(environment: Callable[..., None]) -> Iterator[InferenceStandIn]:
    """The model that serves."""
    with running() as stand_in:
        environment(inference_url=stand_in.url, inference_timeout_ms=str(WITHIN_MS))
        inference.forget()
        yield stand_in
    inference.forget()


@pytest.fixture
def tried() -> Iterator[InferenceStandIn]:
    """The model on trial."""
    with running() as stand_in:
        stand_in.version = "tuned-2"
        stand_in.says("Suicidal", 0.7)
        stand_in.thresholds = {"Suicidal": {"raised": 0.2, "high": 0.6}}
        yield stand_in


def challenger(stand_in: InferenceStandIn) -> Challenger:
    return Challenger(stand_in.url, "tuned-2")


def test_without_a_challenger_the_stable_model_is_asked(stable: InferenceStandIn) -> None:
    said = predict("hm")
    assert (said.label, said.model_version, said.fell_back_from) == ("Stress", "stand-in-1", None)
    assert said.thresholds == stable.thresholds


def test_a_challenger_answers_by_its_own_thresholds_and_the_stable_model_is_not_asked(
    stable: InferenceStandIn, tried: InferenceStandIn
) -> None:
    said = predict("hm", challenger(tried))
    assert (said.label, said.model_version, said.fell_back_from) == ("Suicidal", "tuned-2", None)
    assert said.thresholds == {"Suicidal": {"raised": 0.2, "high": 0.6}}
    assert stable.texts == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"raw": b"not JSON"},
        {"version": "another"},
        {"thresholds": None},
        {"seconds": 2.0},
    ],
    ids=str,
)
def test_whatever_ails_a_challenger_the_stable_model_answers_in_time_and_it_is_told(
    stable: InferenceStandIn, tried: InferenceStandIn, trouble: dict[str, object]
) -> None:
    predict("warm")
    for name, value in trouble.items():
        setattr(tried, name, value)
    began = time.perf_counter()
    said = predict("hm", challenger(tried))
    assert (time.perf_counter() - began) * 1000 < WITHIN_MS
    assert (said.label, said.model_version, said.fell_back_from) == ("Stress", "stand-in-1", "tuned-2")
    assert said.thresholds == stable.thresholds
    assert said.latency_ms >= (WITHIN_MS // 2 if "seconds" in trouble else 0)


def test_a_challenger_that_is_not_there_is_soon_not_asked_any_more_and_the_other_still_is(
    stable: InferenceStandIn,
) -> None:
    gone = Challenger("http://127.0.0.1:9", "tuned-2")
    for _ in range(inference.FAILURES_BEFORE_OPEN + 1):
        assert predict("hm", gone).fell_back_from == "tuned-2"
    with pytest.raises(InferenceAway):
        predict_at(gone.address, "hm", within_ms=100)
    assert len(stable.texts) == inference.FAILURES_BEFORE_OPEN + 1


def test_where_both_are_away_nothing_is_said(stable: InferenceStandIn, tried: InferenceStandIn) -> None:
    stable.status = tried.status = 503
    with pytest.raises(InferenceAway):
        predict("hm", challenger(tried))
