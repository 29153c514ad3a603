"""While a model is on trial, a patient's messages go to one of the two, always the same, and none stays unscored."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shared.database.models.analysis import MessageAnalysis, RiskEvent
from shared.roles import Role
from shared.rollout import place_of
from tests.functions.messages.inference_stand_in import InferenceStandIn, running
from tests.functions.messages.test_messages import history, send
from tests.functions.ml_feedback.rollout_rows import CHALLENGER, CHAMPION, add_rollout
from tests.people import As, Pair, add_pair, add_person, rows


@pytest.fixture
def challenger() -> Iterator[InferenceStandIn]:
    """The model on trial, which flags what the stable one does not."""
    with running() as stand_in:
        stand_in.version = CHALLENGER
        stand_in.says("Suicidal", 0.5)
        yield stand_in


def pair_at(rollout_id: UUID, below: bool, percent: int = 50) -> Pair:
    """A pair whose patient stands below that place, or not."""
    while (place_of(rollout_id, (pair := add_pair()).patient.id) < percent) is not below:
        pass
    return pair


def test_a_patient_below_the_percent_is_answered_by_the_challenger_and_another_is_not(
    messages: FlaskClient, inference: InferenceStandIn, challenger: InferenceStandIn, product: object
) -> None:
    rollout_id = add_rollout(add_person(Role.ADMINISTRATOR), 50, address=challenger.url)
    tried, stable = pair_at(rollout_id, below=True), pair_at(rollout_id, below=False)
    for pair, version, level in ((tried, CHALLENGER, "raised"), (stable, CHAMPION, "none")):
        for body in ("a", "b"):
            assert send(As(messages, pair.patient), pair, body).status_code == 200
        shown = [item["analysis"] for item in history(As(messages, pair.therapist), pair)["items"]]
        assert {(one["modelVersion"], one["riskLevel"]) for one in shown} == {(version, level)}
    assert [event.patient_id for event in rows(select(RiskEvent))] == [tried.patient.id] * 2
    assert (challenger.texts, inference.texts) == (["a", "b"], ["a", "b"])


def test_where_the_challenger_fails_the_stable_model_scores_at_once_and_the_row_says_so(
    messages: FlaskClient, inference: InferenceStandIn, challenger: InferenceStandIn, pair: Pair
) -> None:
    add_rollout(add_person(Role.ADMINISTRATOR), 100, address=challenger.url)
    challenger.status = 500
    send(As(messages, pair.patient), pair, "hm")
    [analysis] = rows(select(MessageAnalysis))
    assert (analysis.model_version, analysis.fell_back_from, analysis.label) == (CHAMPION, CHALLENGER, "Stress")
