"""What a model does before it may serve: it runs at every size, passes its self-test in company, and is timed."""

import time
from collections.abc import Callable, Sequence
from itertools import chain, cycle, islice

from containers.inference.classifier import Classifier, Window
from containers.inference.model_directory import ModelUnusable
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings

_SHORTEST = 8
_TRIES = 3


def warm_up(classifier: Classifier, settings: Settings, clock: Callable[[], float] = time.perf_counter) -> RunCosts:
    """What runs cost, after a short and a full one of each length that serving will make; raises ModelUnusable.

    `clock` is in seconds.
    """
    _pass_self_test_together(classifier)
    costs = _measured(classifier, clock)
    most_tokens = min(settings.batch_tokens, costs.tokens_within(settings.run_ms / 1000))
    for length in _lengths(classifier.description.window_tokens):
        for windows in {1, max(1, most_tokens // length)}:
            classifier.logits([_window(classifier, length)] * windows)
    return costs


def _measured(classifier: Classifier, clock: Callable[[], float]) -> RunCosts:
    """From a line through the shortest and the longest window's best times."""
    longest = classifier.description.window_tokens
    short, long = (_seconds(classifier, _window(classifier, length), clock) for length in (_SHORTEST, longest))
    a_token = max((long - short) / max(1, longest - _SHORTEST), long / longest / 10, 1e-9)
    return RunCosts(max(0.0, short - _SHORTEST * a_token), a_token)


def _seconds(classifier: Classifier, window: Window, clock: Callable[[], float]) -> float:
    took = []
    for _ in range(_TRIES):
        started = clock()
        classifier.logits([window])
        took.append(clock() - started)
    return min(took)


def _lengths(longest: int) -> Sequence[int]:
    """Doubling from the shortest, and the longest itself."""
    doubled = [_SHORTEST << step for step in range(longest.bit_length()) if _SHORTEST << step < longest]
    return [*doubled, longest]


def _window(classifier: Classifier, length: int) -> Window:
    """Words of the self-test, over and over."""
    described = classifier.description
    words = chain.from_iterable(window[1:-1] for text, _ in described.self_test for window in classifier.windows(text))
    ids = islice(cycle([*words] or [described.end_id]), max(0, length - 2))
    return [described.start_id, *ids, described.end_id]


def _pass_self_test_together(classifier: Classifier) -> None:
    """The sentences of the self-test in one run: what they get alone must not depend on the company."""
    sentences = [(classifier.windows(text), expected) for text, expected in classifier.description.self_test]
    if not sentences:
        return
    logits = classifier.logits([window for windows, _ in sentences for window in windows])
    start = 0
    for number, (windows, expected) in enumerate(sentences, start=1):
        label = classifier.prediction(windows, logits[start : start + len(windows)]).label
        start += len(windows)
        if label != expected:
            raise ModelUnusable(f"self-test sentence {number} is {label} among others, expected {expected}")
