"""What runs cost is learnt from them."""

import pytest

from containers.inference.run_costs import RunCosts


@pytest.mark.parametrize("a_token", [1e-6, 1e-5, 1e-4, 1e-3])
def test_they_follow_a_network_of_another_speed_within_some_runs(a_token: float) -> None:
    costs = RunCosts(0.001, 1e-5)
    for tokens in (8, 4096, 130, 20, 900) * 10:
        costs.learn(tokens, 0.001 + tokens * a_token)
    assert costs.seconds(1000) == pytest.approx(0.001 + 1000 * a_token, rel=0.05)


def test_one_run_during_which_the_processor_was_away_says_little() -> None:
    costs = RunCosts(0.001, 1e-5)
    for _ in range(20):
        costs.learn(1000, 0.011)
    costs.learn(1000, 30.0)
    assert costs.seconds(1000) < 0.02
    costs.learn(1000, 0.0)
    assert costs.seconds_a_token > 0


def test_a_run_of_its_own_is_worth_some_padding_and_a_time_holds_some_tokens() -> None:
    costs = RunCosts(0.010, 0.001)
    assert costs.padding_worth == pytest.approx(10)
    assert costs.tokens_within(0.050) == 40
    assert costs.tokens_within(0.001) == 0
    assert costs.seconds(40) == pytest.approx(0.050)
    assert costs.seconds(40, runs=2) == pytest.approx(0.060)
