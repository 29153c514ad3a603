"""A challenger goes up a step after a while without harm, and back at once on the first sure sign of it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rollout_policy import (
    HICCUP,
    PATIENCE,
    STAGES,
    Decision,
    Harm,
    Move,
    Patience,
    Served,
    chance_of,
    decide,
    harms_of,
)

DAY = 24 * 60.0
GOOD = Served(requests=5_000, errors=5, p99_ms=120, flagged=300, judged=200, disagreed=20)


@pytest.mark.parametrize(
    ("percent", "move", "following"),
    [
        (0, Move.ADVANCE, 10),
        (10, Move.ADVANCE, 25),
        (25, Move.ADVANCE, 50),
        (50, Move.ASK, 100),
        (100, Move.FINISH, 100),
    ],
)
def test_the_steps_in_their_order_and_the_last_is_asked_for(percent: int, move: Move, following: int) -> None:
    assert decide(percent, DAY, GOOD, GOOD) == Decision(move, following)


@pytest.mark.parametrize("percent", STAGES)
def test_no_step_comes_before_its_requests_and_its_minutes(percent: int) -> None:
    wanted = PATIENCE[percent]
    early = decide(percent, wanted.minutes - 1, GOOD, GOOD)
    assert (early.move, early.minutes_missing, early.percent) == (Move.STAY, 1, percent)
    few = decide(
        percent,
        wanted.minutes,
        GOOD,
        replace(GOOD, requests=wanted.requests - 1, errors=0, flagged=wanted.requests // 17),
    )
    assert (few.move, few.requests_missing) == (Move.STAY, 1)


HARMED = {
    Harm.ERRORS: replace(GOOD, errors=150),
    Harm.LATENCY: replace(GOOD, p99_ms=181),
    Harm.ALERTS: replace(GOOD, flagged=400),
    Harm.DISAGREEMENT: replace(GOOD, disagreed=60),
}


@pytest.mark.parametrize("percent", STAGES)
@pytest.mark.parametrize("harm", HARMED)
def test_each_harm_takes_it_back_from_every_step_at_once(percent: int, harm: Harm) -> None:
    assert decide(percent, 0, GOOD, HARMED[harm]) == Decision(Move.RETURN, 0, (harm,))


def test_too_few_alerts_are_a_harm_like_too_many() -> None:
    assert harms_of(GOOD, replace(GOOD, flagged=200)) == (Harm.ALERTS,)
    assert harms_of(GOOD, replace(GOOD, flagged=0)) == (Harm.ALERTS,)


@pytest.mark.parametrize(
    "harmless",
    [
        replace(GOOD, errors=60),
        replace(GOOD, p99_ms=179),
        replace(GOOD, flagged=380),
        replace(GOOD, flagged=215),
        replace(GOOD, disagreed=0),
        replace(GOOD, disagreed=30),
        Served(requests=3, errors=1, p99_ms=9_000, flagged=1, judged=1, disagreed=1),
        Served(),
    ],
)
def test_what_is_small_or_may_be_chance_is_no_harm(harmless: Served) -> None:
    assert harms_of(GOOD, harmless) == ()


def test_what_fails_for_both_is_not_the_challenger_s_fault() -> None:
    failing = replace(GOOD, errors=1_000, flagged=240)
    assert harms_of(failing, failing) == ()
    assert harms_of(GOOD, failing) == (Harm.ERRORS,)


def test_a_quick_model_may_be_a_little_slower() -> None:
    quick = replace(GOOD, p99_ms=20)
    assert harms_of(quick, replace(GOOD, p99_ms=70)) == ()
    assert harms_of(quick, replace(GOOD, p99_ms=71)) == (Harm.LATENCY,)


def test_nothing_is_known_of_a_champion_that_was_not_asked() -> None:
    assert harms_of(Served(), GOOD) == ()


served = st.builds(
    lambda requests, errors, flagged, judged, disagreed, p99: Served(
        requests, min(errors, requests), p99, min(flagged, requests - min(errors, requests)), judged,
        min(disagreed, judged),
    ),
    *[st.integers(0, 10_000)] * 5,
    st.floats(0, 5_000),
)  # fmt: skip


def test_a_fault_that_passes_is_told_from_one_that_stays() -> None:
    """Three of a model's first requests fail; of twenty, one in five."""
    assert harms_of(GOOD, Served(requests=3, errors=3), HICCUP) == ()
    assert harms_of(GOOD, Served(requests=20, errors=3), HICCUP) == ()
    assert harms_of(GOOD, Served(requests=20, errors=4), HICCUP) == (Harm.ERRORS,)


@pytest.mark.parametrize(("slow", "harms"), [(2, ()), (5, ()), (7, (Harm.LATENCY,))])
def test_a_few_slow_answers_of_a_hundred_may_be_chance(slow: int, harms: tuple[Harm, ...]) -> None:
    champion, challenger = (Served(requests=100, p99_ms=ms, slow=late) for ms, late in ((50, 1), (400, slow)))
    assert harms_of(champion, challenger) == harms


@pytest.mark.parametrize(
    ("alone", "harms"),
    [((10, 0), ()), ((11, 0), (Harm.ALERTS,)), ((0, 11), (Harm.ALERTS,)), ((20, 9), ()), ((40, 12), (Harm.ALERTS,))],
)
def test_of_the_same_messages_those_count_that_one_alone_flags(alone: tuple[int, int], harms: tuple[Harm, ...]) -> None:
    champion, challenger = (Served(requests=1_000, flagged=15 + mine, flagged_alone=mine) for mine in alone)
    assert harms_of(champion, challenger) == harms


def test_nobody_goes_on_before_there_were_alerts_to_overlook() -> None:
    """At one alert in a hundred a model that alerts nobody passed shadow, a tenth and a quarter by chance."""
    found = decide(
        0, DAY, Served(requests=1_000, flagged=10, flagged_alone=10), Served(requests=1_000, flagged_alone=0)
    )
    assert (found.move, found.alerts_missing, found.waits_for_alerts_alone) == (Move.STAY, 20, True)
    enough = decide(
        0, DAY, Served(requests=3_000, flagged=30, flagged_alone=30), Served(requests=3_000, flagged_alone=0)
    )
    assert enough == Decision(Move.RETURN, 0, (Harm.ALERTS,))


def test_where_everybody_has_it_no_alert_of_the_champion_is_waited_for() -> None:
    assert decide(100, DAY, Served(), GOOD, {100: Patience(1, 0, alerts=30)}).move is Move.FINISH


@given(served, served, st.sampled_from(STAGES), st.floats(0, 1e5))
def test_it_never_skips_a_step_and_harm_always_wins(
    champion: Served, challenger: Served, percent: int, minutes: float
) -> None:
    found = decide(percent, minutes, champion, challenger)
    assert (found.move is Move.RETURN) == bool(harms_of(champion, challenger, PATIENCE[percent].errors_from))
    if found.move in (Move.ADVANCE, Move.ASK):
        assert STAGES.index(found.percent) == STAGES.index(percent) + 1
        assert challenger.requests >= PATIENCE[percent].requests
        assert champion.flagged >= PATIENCE[percent].alerts
        assert minutes >= PATIENCE[percent].minutes
    elif found.move in (Move.STAY, Move.FINISH):
        assert found.percent == percent
        assert found.move is Move.STAY or percent == STAGES[-1]


@pytest.mark.parametrize(
    ("count", "of", "share", "chance"),
    [
        (0, 0, 0.01, 1),
        (1, 3, 0.01, 1 - 0.99**3),
        (2, 2, 0.5, 0.25),
        (5, 10, 0.5, 0.623047),
        (1, 9, 0.0, 0),
        (9, 9, 1.0, 1),
    ],
)
def test_the_chance_of_so_many(count: int, of: int, share: float, chance: float) -> None:
    assert chance_of(count, of, share) == pytest.approx(chance, abs=1e-6)


def test_a_model_that_is_just_as_good_is_rarely_returned_though_it_is_looked_at_again_and_again() -> None:
    returned = sum(was_returned(random.Random(seed), flags=0.06) for seed in range(200))
    assert returned <= 6


def test_a_model_that_misses_most_alerts_is_always_returned() -> None:
    assert all(was_returned(random.Random(seed), flags=0.015) for seed in range(50))


def was_returned(chance: random.Random, flags: float) -> bool:
    """Forty looks, 100 requests apart, at a challenger that flags so often beside a champion that flags 6 in 100."""
    champion = challenger = 0
    for look in range(1, 41):
        champion += sum(chance.random() < 0.06 for _ in range(100))
        challenger += sum(chance.random() < flags for _ in range(100))
        before, after = (Served(look * 100, flagged=flagged) for flagged in (champion, challenger))
        if harms_of(before, after):
            return True
    return False
