"""The index is the textbook's, and chance alone is not called a drift."""

import random
from collections import Counter

import pytest

from functions.ml_feedback.drift_policy import Verdict, compare, highest_by_chance, stability_index

THEN = {"Normal": 0.5, "Anxiety": 0.3, "Stress": 0.2}


def test_the_index_is_as_computed_by_hand() -> None:
    # (0.4-0.5)·ln(0.8) + (0.4-0.3)·ln(4/3) + 0 = 0.02231 + 0.02877
    assert stability_index([0.5, 0.3, 0.2], [0.4, 0.4, 0.2]) == pytest.approx(0.05108, abs=1e-5)
    assert stability_index([0.5, 0.5], [0.5, 0.5]) == 0


@pytest.mark.parametrize(("freedom", "tabled"), [(1, 10.83), (3, 16.27), (6, 22.46), (9, 27.88)])
def test_what_chance_stays_under_is_near_the_tables(freedom: int, tabled: float) -> None:
    assert highest_by_chance(freedom) == pytest.approx(tabled, rel=0.035)


@pytest.mark.parametrize(
    ("counted", "verdict"),
    [
        ({"Normal": 500, "Anxiety": 300, "Stress": 200}, Verdict.STEADY),
        ({"Normal": 330, "Anxiety": 470, "Stress": 200}, Verdict.WATCH),
        ({"Normal": 200, "Anxiety": 600, "Stress": 200}, Verdict.DRIFTED),
        ({"Suicidal": 400, "Normal": 600}, Verdict.DRIFTED),
        ({"Normal": 20, "Anxiety": 150, "Stress": 29}, Verdict.TOO_FEW),
        ({}, Verdict.TOO_FEW),
    ],
)
def test_a_verdict_needs_size_and_certainty(counted: dict[str, int], verdict: Verdict) -> None:
    assert compare(THEN, counted).verdict is verdict


def test_without_a_reference_it_says_so() -> None:
    said = compare({}, {"Normal": 900})
    assert (said.verdict, said.index, said.now) == (Verdict.NO_REFERENCE, None, {"Normal": 1.0})


def test_draws_from_training_itself_are_steady() -> None:
    chance, kinds = random.Random(7), [str(number) for number in range(10)]
    then = dict.fromkeys(kinds, 0.1)
    draws = [compare(then, Counter(chance.choices(kinds, k=250))).verdict for _ in range(300)]
    assert draws.count(Verdict.STEADY) >= 298
