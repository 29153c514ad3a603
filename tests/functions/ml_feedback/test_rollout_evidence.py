"""What both models did is counted from the analyses themselves, each stage for itself, with an index for each."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session as Database

from functions.ml_feedback import rollout_evidence
from functions.ml_feedback.rollout_evidence import Evidence, evidence_of
from functions.ml_feedback.rollout_steps import progress_of
from shared.clock import now
from shared.database.models.analysis import Label
from shared.database.models.learning import Rollout
from shared.database.transaction import transaction
from shared.roles import Role
from shared.rollout_policy import Served
from tests.functions.ml_feedback.rollout_rows import (
    CHALLENGER,
    CHAMPION,
    add_answers,
    add_rollout,
    add_shadow,
    ago,
    rollout_row,
)
from tests.functions.ml_feedback.training import answer
from tests.people import Pair, Person, add_pair, add_person


@pytest.fixture
def administrator(ml_feedback: FlaskClient) -> Person:
    return add_person(Role.ADMINISTRATOR)


@pytest.fixture
def pair(ml_feedback: FlaskClient) -> Pair:
    return add_pair()


@transaction
def counted(db: Database, rollout: Rollout) -> Evidence:
    return evidence_of(db, progress_of(db, rollout).stage)


def test_each_models_own_answers_count_and_a_fall_back_is_the_challengers_failure(
    administrator: Person, pair: Pair
) -> None:
    rollout_id = add_rollout(administrator, at=ago(60))
    add_answers(pair, CHAMPION, 10, flagged=2, ms=20)
    add_answers(pair, CHAMPION, 2, ms=400, fell_back_from=CHALLENGER)
    add_answers(pair, CHALLENGER, 5, flagged=1, ms=30)
    add_answers(pair, "another", 7)
    add_answers(pair, CHAMPION, 4, at=ago(61))
    found = counted(rollout_row(rollout_id))
    assert found.champion == Served(requests=10, errors=0, p99_ms=20, flagged=2, slow=0)
    assert found.challenger == Served(requests=7, errors=2, p99_ms=30, flagged=1, slow=0)


def test_an_answer_is_slow_by_what_the_champion_takes(administrator: Person, pair: Pair) -> None:
    rollout_id = add_rollout(administrator, at=ago(60))
    add_answers(pair, CHAMPION, 99, ms=40)
    add_answers(pair, CHAMPION, 1, ms=900)
    add_answers(pair, CHALLENGER, 4, ms=90)
    add_answers(pair, CHALLENGER, 3, ms=91)
    found = counted(rollout_row(rollout_id))
    assert (found.champion.p99_ms, found.champion.slow, found.challenger.slow) == (40, 1, 3)


def test_the_slowest_of_a_hundred_is_left_out(administrator: Person, pair: Pair) -> None:
    rollout_id = add_rollout(administrator, at=ago(60))
    add_answers(pair, CHALLENGER, 99, ms=30)
    add_answers(pair, CHALLENGER, 1, ms=700)
    assert counted(rollout_row(rollout_id)).challenger.p99_ms == 30
    add_answers(pair, CHALLENGER, 1, ms=700)
    assert counted(rollout_row(rollout_id)).challenger.p99_ms == 700


def test_therapists_disagreement_counts_over_the_whole_rollout(administrator: Person, pair: Pair) -> None:
    rollout_id = add_rollout(administrator, at=ago(60))
    for version, corrected in ((CHAMPION, None), (CHALLENGER, Label.ANXIETY), (CHALLENGER, None)):
        for analysis_id in add_answers(pair, version, 2):
            answer(pair, analysis_id, corrected)
    [earlier] = add_answers(pair, CHALLENGER, 1, at=ago(90))
    answer(pair, earlier, Label.ANXIETY)
    found = counted(rollout_row(rollout_id))
    assert (found.champion.judged, found.champion.disagreed) == (2, 0)
    assert (found.challenger.judged, found.challenger.disagreed) == (4, 2)


def test_in_the_shadow_both_are_measured_on_the_same_messages(administrator: Person, pair: Pair) -> None:
    rollout_id = add_rollout(administrator, 0, at=ago(60))
    asked = add_answers(pair, CHAMPION, 8, flagged=3, ms=25)
    add_answers(pair, CHAMPION, 5, flagged=5)
    add_shadow(pair, rollout_id, asked, flagged=2, failed=1, ms=40)
    answer(pair, asked[0], Label.STRESS)
    answer(pair, asked[1], Label.ANXIETY)
    answer(pair, asked[-1], Label.ANXIETY)
    found = counted(rollout_row(rollout_id))
    assert found.champion == Served(
        **{"requests": 8, "p99_ms": 25, "flagged": 3, "judged": 2, "disagreed": 2},
        **{"slow": 0, "flagged_alone": 1, "disagreed_alone": 1},
    )
    assert found.challenger == Served(
        **{"requests": 8, "errors": 1, "p99_ms": 40, "flagged": 2, "judged": 2, "disagreed": 1},
        **{"slow": 0, "flagged_alone": 0, "disagreed_alone": 0},
    )


def test_where_everybody_has_the_challenger_the_champions_answers_are_those_of_the_stage_before(
    administrator: Person, pair: Pair
) -> None:
    rollout_id = add_rollout(administrator, 100, at=ago(200))
    approved(rollout_id)
    add_answers(pair, CHAMPION, 3, at=ago(150))
    add_answers(pair, CHAMPION, 6, flagged=1, at=ago(90))
    add_answers(pair, CHALLENGER, 4, at=ago(90))
    add_answers(pair, CHALLENGER, 2, at=ago(30))
    found = counted(rollout_row(rollout_id))
    assert (found.champion.requests, found.champion.flagged, found.challenger.requests) == (6, 1, 2)


@transaction
def approved(db: Database, rollout_id: object) -> None:
    """The stage of 50 percent began 100 minutes ago, the last one 60 minutes ago."""
    rollout = db.get_one(Rollout, rollout_id)
    rollout.evidence = [{"to": 50}, {"to": 100, "stageBeganAt": ago(100).isoformat()}]
    rollout.stage_started_at = now() - timedelta(minutes=60)


def test_no_more_is_read_than_tells_models_apart(
    administrator: Person, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_evidence, "LOOKED_AT", 5)
    rollout_id = add_rollout(administrator, at=ago(60))
    add_answers(pair, CHALLENGER, 7, flagged=7, at=ago(30))
    add_answers(pair, CHALLENGER, 3, at=ago(1))
    add_answers(pair, CHAMPION, 3, at=ago(45), fell_back_from=CHALLENGER)
    add_answers(pair, CHAMPION, 1, at=ago(2), fell_back_from=CHALLENGER)
    found = counted(rollout_row(rollout_id)).challenger
    assert (found.answers, found.flagged) == (5, 2)
    assert found.errors == 1, "failures count over the time whose answers do"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (
            "SELECT latency_ms FROM message_analysis WHERE model_version = 'x' AND created_at >= now() "
            "ORDER BY created_at DESC LIMIT 5",
            "ix_message_analysis_model_version_created_at",
        ),
        (
            "SELECT id FROM message_analysis WHERE fell_back_from = 'x' AND created_at >= now() LIMIT 5",
            "ix_message_analysis_fell_back_from_created_at",
        ),
    ],
)
def test_an_index_answers_what_every_minute_asks(administrator: Person, statement: str, index: str) -> None:
    assert index in plan(statement)


@transaction
def plan(db: Database, statement: str) -> str:
    db.execute(text("SET LOCAL enable_seqscan = off"))
    return "\n".join(db.scalars(text(f"EXPLAIN {statement}")))
