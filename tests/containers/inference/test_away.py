"""A classifier that freezes or dies in the middle of a request, as a function sees it."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest

from shared import inference
from shared.inference import FAILURES_BEFORE_OPEN, InferenceAway, predict

from .test_process import free_port, start

TIMEOUT_MS = 200


@pytest.fixture
def process(environment: Callable[..., None]) -> Iterator[Popen[str]]:
    """A classifier that serves, and that this process's functions ask."""
    port = free_port()
    started = start(PORT=str(port))
    environment(inference_url=f"http://127.0.0.1:{port}", inference_timeout_ms=str(TIMEOUT_MS))
    inference.forget()
    try:
        assert started.stdout is not None
        assert json.loads(started.stdout.readline())["message"] == "ready"
        yield started
    finally:
        started.kill()
        started.communicate()
        inference.forget()


def test_one_that_freezes_costs_its_callers_their_timeout_and_soon_nothing_and_one_that_dies_less(
    process: Popen[str], environment: Callable[..., None]
) -> None:
    assert predict("See you on Friday").label == "Normal"
    process.send_signal(signal.SIGSTOP)
    for _ in range(FAILURES_BEFORE_OPEN):
        assert TIMEOUT_MS * 0.9 < milliseconds_until_away() < TIMEOUT_MS * 5
    assert milliseconds_until_away() < TIMEOUT_MS / 2
    inference.forget()
    environment(inference_timeout_ms="20000")
    killing = threading.Timer(0.1, process.kill)
    killing.start()
    assert milliseconds_until_away() < 10_000
    killing.join()
    assert milliseconds_until_away() < 1_000


def milliseconds_until_away() -> float:
    began = time.perf_counter()
    with pytest.raises(InferenceAway):
        predict("See you on Friday")
    return (time.perf_counter() - began) * 1000
