"""Whose messages go to a model on trial: the same patients all along, as many as the row says, or nobody."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.learning import Rollout, RolloutStatus
from shared.database.transaction import transaction
from shared.inference import Challenger
from shared.roles import Role
from shared.rollout import REMEMBERED, challenger_for, forget, place_of
from tests.functions.ml_feedback.rollout_rows import CHALLENGER, add_rollout
from tests.people import Person, add_person
from tests.postgres import forget_engine

ADDRESS = "http://challenger.test"


@pytest.fixture
def administrator(product: LocalCloud) -> Person:
    return add_person(Role.ADMINISTRATOR)


@transaction
def change(db: Database, /, rollout_id: UUID, **columns: object) -> None:
    rollout = db.get_one(Rollout, rollout_id)
    for name, value in columns.items():
        setattr(rollout, name, value)


def patients(rollout_id: UUID, below: int, many: int = 1) -> list[UUID]:
    """Patients who stand below this place, and one who does not."""
    found: list[UUID] = []
    while len(found) < many:
        found += [one for one in (uuid4(),) if place_of(rollout_id, one) < below]
    return found


def test_patients_are_spread_evenly_and_otherwise_in_each_rollout() -> None:
    rollouts, people = (uuid4(), uuid4()), [uuid4() for _ in range(5_000)]
    for rollout_id in rollouts:
        places = Counter(place_of(rollout_id, patient) // 10 for patient in people)
        assert set(places) == set(range(10))
        assert max(places.values()) < 620
    first = [{patient for patient in people if place_of(rollout_id, patient) < 10} for rollout_id in rollouts]
    assert len(first[0] & first[1]) < 100


def test_a_place_is_always_the_same() -> None:
    assert place_of(UUID(int=7), UUID(int=11)) == place_of(UUID(int=7), UUID(int=11)) == 61


@pytest.mark.parametrize("percent", [10, 25, 50, 100])
def test_those_below_the_percent_go_there_and_the_others_do_not(administrator: Person, percent: int) -> None:
    rollout_id = add_rollout(administrator, percent, address=ADDRESS)
    for _ in range(300):
        patient = uuid4()
        expected = Challenger(ADDRESS, CHALLENGER) if place_of(rollout_id, patient) < percent else None
        assert challenger_for(patient) == expected


def test_in_the_shadow_before_it_is_up_and_after_the_end_nobody_goes_there(administrator: Person) -> None:
    rollout_id = add_rollout(administrator, 0, address=ADDRESS)
    [patient] = patients(rollout_id, 1)
    assert challenger_for(patient) is None
    for columns in (
        {"percent": 100, "address": None},
        {"address": ADDRESS, "status": RolloutStatus.ROLLED_BACK, "finished_at": now()},
        {"status": RolloutStatus.COMPLETED},
    ):
        change(rollout_id, **columns)
        forget()
        assert challenger_for(patient) is None


def test_the_row_is_read_once_in_five_seconds(administrator: Person) -> None:
    rollout_id = add_rollout(administrator, 100, address=ADDRESS)
    [patient] = patients(rollout_id, 1)
    began = now()
    with held_at(lambda: began):
        assert challenger_for(patient)
        change(rollout_id, percent=0)
    with held_at(lambda: began + REMEMBERED - timedelta(milliseconds=1)):
        assert challenger_for(patient)
    with held_at(lambda: began + REMEMBERED):
        assert challenger_for(patient) is None


def test_where_the_row_cannot_be_read_the_stable_model_answers(
    administrator: Person, environment: Callable[..., None]
) -> None:
    add_rollout(administrator, 100, address=ADDRESS)
    forget_engine()
    environment(database_url="postgresql+pg8000://nobody@/nowhere?unix_sock=/nonexistent/.s.PGSQL.5432")
    assert challenger_for(uuid4()) is None
    forget_engine()
