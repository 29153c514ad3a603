"""Which windows share a run, and that their company changes nothing."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.inference.classifier import Classifier, load
from containers.inference.engines import runs_of
from containers.inference.model_directory import ModelUnusable
from containers.inference.settings import SettingMalformed, Settings, read_settings

TEXTS = (
    "Thanks",
    "Can I move my appointment to Thursday?",
    "I don't want to be here anymore",
    "I had a panic attack on the train and my heart would not stop racing until I was home. " * 3,
    "We walked and talked about work and the weather. " * 40,
)


@given(st.lists(st.integers(1, 512), max_size=40), st.integers(0, 4096), st.floats(0, 1))
def test_a_run_holds_near_equal_lengths_up_to_its_size_and_no_window_is_left(
    lengths: list[int], most_tokens: int, padding: float
) -> None:
    runs = runs_of(lengths, most_tokens, padding)
    assert sorted(index for run in runs for index in run) == list(range(len(lengths)))
    for run in runs:
        taken, held = len(run) * max(lengths[index] for index in run), sum(lengths[index] for index in run)
        assert len(run) == 1 or taken <= min(most_tokens, held * (1 + padding))


@pytest.mark.parametrize(
    ("most_tokens", "padding", "runs"),
    [
        (0, 0.1, [[1], [4], [2], [0], [3]]),  # one by one
        (2048, 0.0, [[1, 4], [2], [0], [3]]),  # equal lengths alone
        (2048, 0.1, [[1, 4], [2, 0], [3]]),
        (150, 0.1, [[1, 4], [2], [0], [3]]),
        (2048, 9.0, [[1, 4, 2, 0, 3]]),
    ],
)
def test_runs_are_formed_as_told(most_tokens: int, padding: float, runs: list[list[int]]) -> None:
    assert runs_of([100, 8, 90, 300, 8], most_tokens, padding) == runs


def test_rows_come_in_the_order_asked_and_do_not_depend_on_the_company(classifier: Classifier) -> None:
    windows = [window for text in TEXTS for window in classifier.windows(text)]
    alone = np.concatenate([classifier.logits([window]) for window in windows])
    assert np.allclose(classifier.logits(windows), alone, atol=1e-4)
    assert np.allclose(classifier.logits(windows[::-1]), alone[::-1], atol=1e-4)


def test_the_engine_is_chosen_by_a_setting() -> None:
    assert read_settings({}).inference_engine == "onnx"
    assert read_settings({"INFERENCE_ENGINE": "torch"}).inference_engine == "torch"
    with pytest.raises(SettingMalformed, match="INFERENCE_ENGINE must be one of onnx, torch"):
        read_settings({"INFERENCE_ENGINE": "tensorrt"})


def test_an_image_without_torch_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "containers.inference.torch_engine", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelUnusable, match=r"^INFERENCE_ENGINE=torch: torch is not installed$"):
        load(Settings().model_path, 1, engine="torch")
