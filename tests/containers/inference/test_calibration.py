"""What a threshold promises, it keeps on texts that it was not chosen on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from containers.inference.classifier import Classifier
from containers.inference.training.calibration import (
    HIGH_PRECISION,
    HIGH_SENSITIVITY,
    RAISED_SENSITIVITY,
    fitted_temperature,
    risk_thresholds,
    with_temperature,
)
from containers.inference.training.intervals import f1_intervals, most_misses, share_interval
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.training.scored_texts import ScoredTexts

DRAWS = 2_000


def reached_on_new_rows(positives: int, misses: int, target: float, skew: float) -> float:
    """In which share of draws a threshold that missed so many reaches the target on as many new rows."""
    chance = np.random.default_rng(5)
    chosen_on, fresh = chance.random((2, DRAWS, positives)) ** skew
    thresholds = np.partition(chosen_on, misses, axis=1)[:, misses]
    sensitivity = (fresh >= thresholds[:, None]).mean(axis=1)
    return float((sensitivity >= target - 1e-9).mean())


@pytest.mark.parametrize("positives", [120, 340, 900])
@pytest.mark.parametrize("skew", [0.2, 5.0])
def test_new_rows_reach_the_target_in_95_of_100_draws(positives: int, skew: float) -> None:
    misses = most_misses(positives, RAISED_SENSITIVITY)
    assert misses is not None
    assert (
        reached_on_new_rows(positives, misses, RAISED_SENSITIVITY, skew) >= 0.94
    )  # 2,000 draws are sure to one in 100
    assert reached_on_new_rows(positives, misses + 3, RAISED_SENSITIVITY, skew) < 0.95  # and it is not set too low


def test_a_threshold_that_is_read_off_a_sample_keeps_its_word_only_every_second_time() -> None:
    naive = int((1 - RAISED_SENSITIVITY) * 340)
    assert reached_on_new_rows(340, naive, RAISED_SENSITIVITY, 1.0) < 0.6


def test_with_too_few_texts_at_risk_nothing_is_promised() -> None:
    assert most_misses(40, RAISED_SENSITIVITY) is None
    raised = risk_thresholds(np.array([0.9, 0.2, 0.4]), [True, True, False])["raised"]
    assert (raised.value, raised.is_promised, raised.reached) == (0.2, False, 2)


def texts_at_risk(apart: float) -> tuple[np.ndarray, list[bool]]:
    """Probabilities of 300 texts at risk among 3,000, further apart the larger the number."""
    chance = np.random.default_rng(8)
    is_risk = [row < 300 for row in range(3_000)]
    scores = chance.normal(size=3_000) + apart * np.array(is_risk)
    return 1 / (1 + np.exp(-(scores - 2))), is_risk


def test_high_keeps_its_precision_where_the_model_can_tell_and_most_of_those_at_risk_where_it_cannot() -> None:
    found, is_risk = texts_at_risk(apart=3.5)
    high = risk_thresholds(found, is_risk)["high"]
    assert high.is_promised
    assert share_interval(high.reached, high.flagged)[0] >= HIGH_PRECISION
    below = int((found[300:] >= high.value - 0.02).sum()) + int((found[:300] >= high.value - 0.02).sum())
    assert below > high.flagged  # the lowest such threshold, not any
    blurred = risk_thresholds(*texts_at_risk(apart=0.5))["high"]
    assert not blurred.is_promised
    assert blurred.reached == 300 - (most_misses(300, HIGH_SENSITIVITY) or 0)


@pytest.mark.parametrize("apart", [0.0, 1.0, 2.0, 8.0])
def test_high_is_never_below_raised(apart: float) -> None:
    thresholds = risk_thresholds(*texts_at_risk(apart))
    assert thresholds["raised"].value <= thresholds["high"].value
    assert thresholds["raised"].reached >= 0.95 * thresholds["raised"].positives


def test_without_a_text_at_risk_no_threshold_is_made_up() -> None:
    with pytest.raises(ValueError, match="no validation text"):
        risk_thresholds(np.array([0.5]), [False])


def scored(logits: np.ndarray, labels: Sequence[int]) -> ScoredTexts:
    texts = [LabelledText(f"text {row}", LABELS[label]) for row, label in enumerate(labels)]
    return ScoredTexts(texts, [[[0, 5, 2]]] * len(texts), logits.astype(np.float32))


def test_a_model_that_is_twice_too_sure_gets_twice_the_temperature(classifier: Classifier) -> None:
    chance = np.random.default_rng(4)
    logits = chance.normal(scale=1.5, size=(1_500, len(LABELS)))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = [int(chance.choice(len(LABELS), p=row)) for row in chances]
    assert fitted_temperature(classifier, scored(logits, labels)) == pytest.approx(1.0, abs=0.15)
    assert fitted_temperature(classifier, scored(2 * logits, labels)) == pytest.approx(2.0, abs=0.3)


def test_thresholds_have_another_name_under_another_temperature(classifier: Classifier) -> None:
    described = classifier.description
    warmer = with_temperature(classifier, described.temperature + 0.1).description
    lower = replace(described, thresholds={"Suicidal": {"raised": 0.01, "high": 0.3}})
    names = {one.thresholds_version for one in (described, warmer, lower)}
    assert len(names) == 3


def test_the_interval_of_f1_covers_the_true_one() -> None:
    chance = np.random.default_rng(3)
    true = np.array([[0.45, 0.05], [0.1, 0.4]])
    f1 = 2 * true[0, 0] / (true[0].sum() + true[:, 0].sum())
    covered = 0
    for seed in range(60):
        each, _ = f1_intervals(chance.multinomial(400, true.ravel()).reshape(2, 2), seed)
        covered += each[0][0] <= f1 <= each[0][1]
    assert covered >= 53  # of 60 intervals of 95 %, fewer than this would cover once in 2,000 tries
