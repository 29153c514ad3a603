"""In the shadow a challenger is asked about what the champion answered, and its answers are only kept."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.analysis import Label, MessageAnalysis, RiskEvent
from shared.database.models.consents import Consent
from shared.database.models.learning import ShadowAnswer
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.inference_stand_in import InferenceStandIn, running
from tests.functions.ml_feedback.analyses import add_analysis
from tests.functions.ml_feedback.rollout_rows import (
    CHALLENGER,
    CHAMPION,
    add_answers,
    add_rollout,
    add_shadow,
    rollout_row,
)
from tests.people import Pair, add_pair, add_person, rows

TICK = "/api/internal/ml/tick"


@pytest.fixture
def challenger() -> Iterator[InferenceStandIn]:
    """The model on trial."""
    with running() as stand_in:
        stand_in.version = CHALLENGER
        yield stand_in


@pytest.fixture
def calls(ml_feedback: FlaskClient, product: LocalCloud) -> InternalCalls:
    """Cloud Scheduler."""
    return InternalCalls(ml_feedback, product)


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    return add_pair()


@pytest.fixture
def rollout_id(challenger: InferenceStandIn, product: LocalCloud) -> UUID:
    """A rollout that is in the shadow since a moment ago."""
    return add_rollout(add_person(Role.ADMINISTRATOR), 0, address=challenger.url, at=now() - timedelta(seconds=5))


def answers() -> list[ShadowAnswer]:
    return list(rows(select(ShadowAnswer).order_by(ShadowAnswer.created_at)))


@transaction
def change_all(db: Database, /, model: type[Message] | type[Consent], **columns: object) -> None:
    db.execute(update(model).values(**columns))


def test_a_tick_asks_about_what_is_new_and_nobody_is_told_or_alerted(
    calls: InternalCalls, challenger: InferenceStandIn, rollout_id: UUID, pair: Pair
) -> None:
    challenger.says("Suicidal", 0.9)
    analysis_id = add_analysis(pair, body="a hard day", model_version=CHAMPION)
    assert calls.tick(TICK).status_code == 204
    [answer] = answers()
    assert (answer.analysis_id, answer.rollout_id, answer.patient_id) == (analysis_id, rollout_id, pair.patient.id)
    assert (answer.label, answer.confidence, answer.is_flagged) == (Label.SUICIDAL, 0.9, True)
    assert challenger.texts == ["a hard day"]
    assert rows(select(RiskEvent)) == []
    [analysis] = rows(select(MessageAnalysis))
    assert (analysis.label, analysis.model_version) == (Label.STRESS, CHAMPION)


def test_each_message_is_asked_about_once(
    calls: InternalCalls, challenger: InferenceStandIn, rollout_id: UUID, pair: Pair
) -> None:
    for number in range(3):
        add_analysis(pair, body=f"day {number}", model_version=CHAMPION)
        calls.tick(TICK)
    assert challenger.texts == ["day 0", "day 1", "day 2"]
    assert len(answers()) == 3


@pytest.mark.parametrize(("score", "phrases", "flagged"), [(0.3, (), False), (0.4, (), True), (0.1, ("end-it",), True)])
def test_a_message_would_alert_by_its_words_or_by_the_models_own_threshold(
    calls: InternalCalls,
    challenger: InferenceStandIn,
    rollout_id: UUID,
    pair: Pair,
    score: float,
    phrases: tuple[str, ...],
    flagged: bool,
) -> None:
    challenger.says("Suicidal", score)
    add_analysis(pair, model_version=CHAMPION, phrases=phrases)
    calls.tick(TICK)
    assert [answer.is_flagged for answer in answers()] == [flagged]


def test_what_is_older_of_another_model_changed_deleted_or_without_consent_is_not_asked_about(
    calls: InternalCalls, challenger: InferenceStandIn, rollout_id: UUID, pair: Pair
) -> None:
    add_analysis(pair, model_version=CHAMPION, at=now() - timedelta(minutes=1))
    add_analysis(pair, model_version="another")
    calls.tick(TICK)
    add_analysis(pair, model_version=CHAMPION)
    for columns in ({"version": 2}, {"version": 1, "deleted_at": now()}):
        change_all(Message, **columns)
        calls.tick(TICK)
    change_all(Message, deleted_at=None)
    change_all(Consent, withdrawn_at=now())
    calls.tick(TICK)
    assert (challenger.texts, answers()) == ([], [])


def test_a_challenger_that_fails_is_left_alone_until_the_next_tick_and_that_is_counted(
    calls: InternalCalls,
    challenger: InferenceStandIn,
    rollout_id: UUID,
    pair: Pair,
    environment: Callable[..., None],
) -> None:
    environment(rollout_patience="0=500/30")
    add_answers(pair, CHAMPION, 25)
    challenger.status = 500
    calls.tick(TICK)
    assert [answer.label for answer in answers()] == [None] * 3
    assert rollout_row(rollout_id).status == "active", "it may be starting"
    for _ in range(6):
        calls.tick(TICK)
    row = rollout_row(rollout_id)
    assert (row.status, row.reason, len(answers())) == ("rolled_back", "errors", 21)


def test_one_that_overlooks_what_the_champion_flags_is_found_out_by_the_same_messages(
    calls: InternalCalls, rollout_id: UUID, pair: Pair
) -> None:
    asked = add_answers(pair, CHAMPION, 100, flagged=31)
    add_shadow(pair, rollout_id, asked, flagged=20)
    calls.tick(TICK)
    row = rollout_row(rollout_id)
    assert (row.status, row.reason) == ("rolled_back", "alert-rate"), "two shares of 100 might differ by so much"
    assert row.evidence[-1]["champion"]["flaggedAlone"] == 11


def test_a_challenger_that_answers_as_the_champion_does_goes_on_once_its_time_has_come(
    calls: InternalCalls, challenger: InferenceStandIn, rollout_id: UUID, pair: Pair
) -> None:
    add_answers(pair, CHAMPION, 6)
    calls.tick(TICK)
    assert rollout_row(rollout_id).percent == 0
    later = now() + timedelta(minutes=31)
    with held_at(lambda: later):
        calls.tick(TICK)
    row = rollout_row(rollout_id)
    assert (row.percent, row.stage_started_at) == (10, later)


def test_in_service_nothing_is_asked_beside_it(calls: InternalCalls, challenger: InferenceStandIn, pair: Pair) -> None:
    add_rollout(add_person(Role.ADMINISTRATOR), 10, address=challenger.url)
    add_answers(pair, CHAMPION, 3)
    calls.tick(TICK)
    assert (challenger.texts, answers()) == ([], [])
