"""Long texts: windows that leave nothing out, and one answer that no everyday word can drown."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from containers.inference.classifier import Classifier
from containers.inference.normalisation import normalise
from containers.inference.windows import close_ups, combine, window_spans

EVERYDAY = (
    "We went to the market on Saturday and bought tomatoes and bread. My sister called about her new flat. "
    "The dog slept on the sofa all day while I cleaned the kitchen. On Sunday we watched a film and cooked pasta. "
    "Work was fine this week, we finished the report and had cake for a birthday. I am reading a book about gardens. "
)


def everyday(characters: int) -> str:
    return (EVERYDAY * 40)[:characters].rsplit(" ", 1)[0]


@given(tokens=st.integers(0, 3000), capacity=st.integers(2, 200), share=st.floats(0, 0.9))
def test_every_token_is_in_a_window_and_neighbours_overlap(tokens: int, capacity: int, share: float) -> None:
    overlap = int(capacity * share)
    spans = window_spans(tokens, capacity, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == tokens
    assert all(end - start <= capacity for start, end in spans)
    assert all(spans[i + 1][0] <= spans[i][1] - overlap for i in range(len(spans) - 1))
    assert len(set(spans)) == len(spans)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abcdefghij", min_size=1, max_size=9), max_size=900))
def test_every_token_of_a_text_is_in_a_window_and_none_is_longer_than_the_network_reads(
    classifier: Classifier, words: list[str]
) -> None:
    text = " ".join(words)
    ids = classifier._tokenizer.encode(normalise(text), add_special_tokens=False).ids
    windows = classifier.windows(text)
    seen = [False] * len(ids)
    for window in windows:
        inner = window[1:-1]
        assert len(window) <= classifier.description.window_tokens
        for start in range(len(ids) - len(inner) + 1):
            if ids[start : start + len(inner)] == inner:
                seen[start : start + len(inner)] = [True] * len(inner)
    assert all(seen)
    assert windows


@example([[0.5, 1.0, 0.25, 1.0], [0.5, 1.0, 0.25, 0.9375]])  # as high as the other but for rounding
@given(st.lists(st.lists(st.floats(0.001, 1), min_size=4, max_size=4), min_size=1, max_size=8))
def test_a_combination_is_a_distribution_named_by_the_mean_that_keeps_the_highest_risk(rows: list[list[float]]) -> None:
    windows = np.array(rows)
    windows /= windows.sum(axis=1, keepdims=True)
    combined = combine(windows, [1.0] * len(rows), [3], calm=0)
    mean, highest = windows.mean(axis=0), windows[:, 3].max()
    assert combined.sum() == pytest.approx(1)
    assert (combined >= 0).all()
    assert combined[3] == pytest.approx(highest) or 0.3 <= combined[3] < min(highest, 0.5)
    if mean.argmax() != 0:
        assert mean[combined.argmax()] == pytest.approx(mean.max())
    if len(rows) == 1:
        assert combined == pytest.approx(windows[0])


def test_one_dangerous_window_names_a_calm_text_and_stands_beside_another_distress() -> None:
    calm, low = [0.9, 0.05, 0.03, 0.02], [0.05, 0.9, 0.03, 0.02]
    danger = [0.01, 0.01, 0.01, 0.97]
    weights = [1.0, 1.0, 1.0]
    assert combine(np.array([calm, calm, danger]), weights, [3], calm=0)[3] == pytest.approx(0.97)
    beside = combine(np.array([low, low, danger]), weights, [3], calm=0)
    assert beside.argmax() == 1
    assert 0.45 < beside[3] < beside[1] < 0.5
    less = combine(np.array([low, low, [0.05, 0.15, 0.1, 0.7]]), weights, [3], calm=0)
    assert 0.3 < less[3] < beside[3]  # the riskier text stays the riskier one


def test_a_close_up_counts_where_it_found_something_and_a_window_always() -> None:
    calm, doubtful, found, sure = [[0.98 - risk, 0.01, 0.01, risk] for risk in (0.01, 0.09, 0.25, 0.45)]

    def read(*close_ups: list[float]) -> float:
        return float(combine(np.array([calm, *close_ups]), [1.0] + [0.0] * len(close_ups), [3], calm=0)[3])

    assert read(doubtful, doubtful) == pytest.approx(0.01)
    assert combine(np.array([calm, doubtful]), [1.0, 1.0], [3], calm=0)[3] == pytest.approx(0.09)
    assert read(calm, found, calm, found) == pytest.approx(0.01)  # what is cut off may seem to be something else
    assert read(calm, found, found) == pytest.approx(0.25)
    assert read(calm, sure, calm) == pytest.approx(0.45)


@given(st.integers(31, 3000))
def test_the_ends_of_a_long_text_are_read_as_closely_as_its_middle(tokens: int) -> None:
    spans = close_ups(tokens, 254)
    assert max(end - start for start, end in spans) == 30
    assert all(
        sum(start <= token < end for start, end in spans) >= 3 for token in range(0, tokens, max(1, tokens // 50))
    )
    assert sum(0 in range(*span) for span in spans) >= 3 <= sum(tokens - 1 in range(*span) for span in spans)


SENTENCES = ["I want to kill myself.", "I don't want to live anymore."]
POSITIONS = [0, 1500, 3900, 6000, 7900]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_danger_is_found_anywhere_in_7900_everyday_characters(
    classifier: Classifier, sentence: str, position: int
) -> None:
    assert risk_of(classifier, sentence, position) >= classifier.description.thresholds["Suicidal"]["high"]


def risk_of(classifier: Classifier, sentence: str, position: int) -> float:
    text = everyday(position) + f" {sentence} " + everyday(7900 - position)
    return classifier.predict(text).scores["Suicidal"]


def test_the_same_text_without_the_sentence_raises_nothing(classifier: Classifier) -> None:
    prediction = classifier.predict(everyday(7900))
    assert prediction.label == "Normal"
    assert prediction.scores["Suicidal"] < classifier.description.thresholds["Suicidal"]["raised"]
