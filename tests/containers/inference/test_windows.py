"""Long texts: windows that leave nothing out, and one answer that no everyday word can drown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.inference.classifier import Classifier
from containers.inference.normalisation import normalise
from containers.inference.windows import combine, window_spans

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


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=4, max_size=4), min_size=1, max_size=8))
def test_a_combination_is_a_distribution_that_keeps_the_highest_risk(rows: list[list[float]]) -> None:
    windows = np.array(rows)
    windows /= windows.sum(axis=1, keepdims=True)
    combined = combine(windows, [1.0] * len(rows), [3])
    assert combined.sum() == pytest.approx(1)
    assert (combined >= 0).all()
    assert combined[3] == pytest.approx(windows[:, 3].max())
    if len(rows) == 1:
        assert combined == pytest.approx(windows[0])


@pytest.mark.parametrize("position", [0, 1500, 3900, 6000, 7900])
@pytest.mark.parametrize("sentence", ["I want to kill myself.", "I don't want to live anymore."])
def test_a_sentence_of_danger_is_found_anywhere_in_7900_everyday_characters(
    classifier: Classifier, sentence: str, position: int
) -> None:
    text = everyday(position) + f" {sentence} " + everyday(7900 - position)
    prediction = classifier.predict(text)
    assert prediction.scores["Suicidal"] >= classifier.description.thresholds["Suicidal"]["high"]


def test_the_same_text_without_the_sentence_raises_nothing(classifier: Classifier) -> None:
    prediction = classifier.predict(everyday(7900))
    assert prediction.label == "Normal"
    assert prediction.scores["Suicidal"] < classifier.description.thresholds["Suicidal"]["raised"]
