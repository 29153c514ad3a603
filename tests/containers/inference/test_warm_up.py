"""Before it serves, a model has run at every size, and passed its self-test in company too."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from containers.inference.classifier import Classifier
from containers.inference.engines import Engine, Logits
from containers.inference.model_directory import ModelUnusable
from containers.inference.settings import Settings
from containers.inference.warm_up import warm_up

from .conftest import SECONDS_A_RUN, SECONDS_A_TOKEN, WINDOW


class Timed:
    """The real network, on a clock of the test's own."""

    def __init__(self, real: Engine) -> None:
        self._real = real
        self.now = 0.0
        self.runs: list[tuple[int, int]] = []
        """Windows and the length of the longest, of each run."""

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        self.runs.append((len(windows), max(map(len, windows))))
        self.now += SECONDS_A_RUN + SECONDS_A_TOKEN * len(windows) * max(map(len, windows))
        return self._real.logits(windows)


class Confused:
    """The real network, which mixes up what is in one run."""

    def __init__(self, real: Engine) -> None:
        self._real = real

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        return np.roll(self._real.logits(windows), 1, axis=0)


def test_each_length_is_run_alone_and_in_a_full_run_and_timed(classifier: Classifier) -> None:
    engine = Timed(classifier._engine)
    settings = replace(Settings(), batch_tokens=512)
    costs = warm_up(Classifier(classifier.description, classifier._tokenizer, engine), settings, lambda: engine.now)
    assert costs.seconds_a_token == pytest.approx(SECONDS_A_TOKEN)
    assert costs.padding_worth == pytest.approx(SECONDS_A_RUN / SECONDS_A_TOKEN)
    assert set(engine.runs) >= {(1, length) for length in (8, 16, 32, 64, 128, WINDOW)}
    assert (1, 64) in engine.runs  # 50 ms hold 40 tokens: no more than a window of 64 or more at once
    assert (5, 8) in engine.runs
    assert max(windows * length for windows, length in engine.runs[-12:]) <= 256


def test_full_runs_are_those_of_the_settings(classifier: Classifier) -> None:
    engine = Timed(classifier._engine)
    settings = replace(Settings(), batch_tokens=512, run_ms=60_000)
    warm_up(Classifier(classifier.description, classifier._tokenizer, engine), settings, lambda: engine.now)
    assert set(engine.runs) >= {(512 // length, length) for length in (8, 16, 32, 64, 128, WINDOW)}


def test_a_network_that_mixes_up_its_run_may_not_serve(classifier: Classifier) -> None:
    confused = Classifier(classifier.description, classifier._tokenizer, Confused(classifier._engine))
    with pytest.raises(ModelUnusable, match="among others"):
        warm_up(confused, Settings())


def test_a_model_without_a_self_test_is_warmed_too(classifier: Classifier) -> None:
    bare = replace(classifier.description, self_test=())
    assert warm_up(Classifier(bare, classifier._tokenizer, classifier._engine), Settings()).seconds_a_token > 0
