"""A candidate goes ahead on evidence alone: enough of it, surely no worse, and nobody's hand on the scale."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.ml_feedback.comparison_policy import (
    DRAWS,
    RISK_POSITIVES,
    WORST_CHANGE,
    Comparison,
    Outcome,
    Reason,
    Verdict,
    compare,
    is_one_voice,
)

RISK = "Suicidal"
LABELS = ("Normal", "Stress", RISK)
PASSES = {"I don't want to be here anymore": (True, True)}


def judged(outcomes: Counter[Outcome], **changes: object) -> Comparison:
    given_facts = {
        "critical_cases": PASSES,
        "corrections": [2] * 5,
        "risk_class": RISK,
        "seed": 7,
        "draws": 300,
        **changes,
    }
    return compare(outcomes, **given_facts)  # type: ignore[arg-type]


def outcomes(
    champion: float, candidate: float, *, texts: int = 400, catches: tuple[float, float] = (0.95, 0.95)
) -> Counter[Outcome]:
    """Texts of three classes that each model names right, and flags where they are of risk, so often."""
    made: Counter[Outcome] = Counter()
    for number, label in enumerate(LABELS):
        other = LABELS[(number + 1) % len(LABELS)]
        chance = random.Random(number)
        for _ in range(texts):
            luck, flag_luck = chance.random(), chance.random()
            said = [label if luck < right else other for right in (champion, candidate)]
            flags = [label == RISK and flag_luck < right for right in catches]
            made[Outcome(label, said[0], said[1], flags[0], flags[1])] += 1
    return made


@pytest.mark.parametrize(
    ("champion", "candidate", "catches", "reasons"),
    [
        (0.8, 0.9, (0.95, 0.95), ()),
        (0.8, 0.8, (0.95, 0.95), ()),
        (0.8, 0.9, (0.95, 0.90), (Reason.RISK_SENSITIVITY,)),
        (0.8, 0.7, (0.95, 0.99), (Reason.MACRO_F1,)),
        (0.9, 0.5, (0.95, 0.50), (Reason.MACRO_F1, Reason.RISK_SENSITIVITY)),
    ],
)
def test_no_worse_is_enough_and_worse_in_one_thing_is_too_much(
    champion: float, candidate: float, catches: tuple[float, float], reasons: tuple[Reason, ...]
) -> None:
    found = judged(outcomes(champion, candidate, catches=catches))
    assert found.reasons == reasons
    assert found.verdict is (Verdict.WORSE if reasons else Verdict.AHEAD)
    assert (found.texts, found.risk_positives) == (1200, 400)


def test_too_few_of_those_that_matter_is_not_enough_however_good_the_rest() -> None:
    few = outcomes(0.5, 0.99, texts=RISK_POSITIVES - 1)
    assert (judged(few).verdict, judged(few).reasons) == (Verdict.NOT_ENOUGH, (Reason.FEW_RISK_POSITIVES,))
    assert judged(outcomes(0.5, 0.99, texts=RISK_POSITIVES)).verdict is Verdict.AHEAD


def test_with_none_of_them_nothing_is_measured() -> None:
    found = judged(Counter({Outcome("Normal", "Normal", "Normal", False, False): 900}))
    assert (found.verdict, found.macro_f1, found.risk_sensitivity) == (Verdict.NOT_ENOUGH, None, None)
    assert judged(Counter()).verdict is Verdict.NOT_ENOUGH


def test_a_critical_case_that_was_passed_and_is_not_any_more_stops_it() -> None:
    cases = {"b": (True, False), "a": (True, False), "gained": (False, True), "both": (True, True)}
    found = judged(outcomes(0.8, 0.9), critical_cases=cases)
    assert (found.verdict, found.reasons) == (Verdict.WORSE, (Reason.CRITICAL_CASE,))
    assert found.regressed_cases == ("a", "b")


def test_a_candidate_that_is_bad_is_bad_even_where_there_is_not_enough() -> None:
    found = judged(outcomes(0.8, 0.9, texts=20), corrections=[9, 1])
    assert (found.verdict, found.reasons) == (Verdict.WORSE, (Reason.ONE_VOICE, Reason.FEW_RISK_POSITIVES))


@pytest.mark.parametrize(
    ("corrections", "one_voice"),
    [([], False), ([1], True), ([1] * 4, True), ([1] * 5, False), ([21, 20, 20, 20, 19], True), ([20] * 5, False)],
)
def test_one_voice_is_more_than_a_fifth(corrections: list[int], one_voice: bool) -> None:
    assert is_one_voice(corrections) is one_voice


def test_what_both_get_wrong_alike_is_no_change_at_all() -> None:
    found = judged(outcomes(0.6, 0.6))
    assert found.macro_f1 is not None
    assert (found.macro_f1.value, found.macro_f1.lower, found.macro_f1.upper) == (0.0, 0.0, 0.0)


def test_the_same_seed_gives_the_same_answer_in_whatever_order_it_is_counted() -> None:
    made = outcomes(0.8, 0.85)
    assert judged(made) == judged(Counter(dict(reversed(made.items()))))
    assert judged(made) != judged(made, seed=8)


def test_sensitivity_s_interval_is_as_wide_as_theory_says() -> None:
    """A paired difference of shares: 40 of 400 lost and 20 gained, deviation sqrt(60 - 20²/400)/400."""
    kinds = {(True, False): 40, (False, True): 20, (True, True): 340}
    made = Counter({Outcome(RISK, RISK, RISK, *flags): count for flags, count in kinds.items()})
    found = judged(made, draws=DRAWS).risk_sensitivity
    assert found is not None
    assert found.value == pytest.approx(-0.05)
    assert found.lower == pytest.approx(-0.05 - 1.96 * (59**0.5) / 400, abs=0.003)
    assert found.upper == pytest.approx(-0.05 + 1.96 * (59**0.5) / 400, abs=0.003)


kinds = st.builds(
    Outcome, st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from(LABELS), st.booleans(), st.booleans()
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(kinds, st.integers(1, 60), min_size=1, max_size=20))
def test_intervals_hold_what_is_seen_and_ahead_always_means_enough_and_no_worse(made: dict[Outcome, int]) -> None:
    found = judged(Counter(made), critical_cases={}, draws=200)
    for change in filter(None, (found.macro_f1, found.risk_sensitivity)):
        assert -1 <= change.lower <= change.upper <= 1
    if found.verdict is Verdict.AHEAD:
        assert found.macro_f1 is not None
        assert found.risk_sensitivity is not None
        assert found.risk_positives >= RISK_POSITIVES
        assert min(found.macro_f1.lower, found.risk_sensitivity.lower) >= WORST_CHANGE


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(kinds, st.integers(1, 60), min_size=1, max_size=20))
def test_models_that_change_places_change_the_sign(made: dict[Outcome, int]) -> None:
    turned = Counter(
        {
            Outcome(kind.truth, kind.candidate, kind.champion, kind.candidate_flags, kind.champion_flags): count
            for kind, count in made.items()
        }
    )
    one, other = judged(Counter(made), draws=20).macro_f1, judged(turned, draws=20).macro_f1
    assert (one is None) == (other is None)
    if one and other:
        assert one.value == pytest.approx(-other.value)
