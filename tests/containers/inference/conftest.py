"""The classifier's real application over the shipped model, and the means to hold it still."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tokenizers import Encoding, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from containers.inference.batching import Batcher
from containers.inference.classifier import Classifier, load
from containers.inference.engines import Engine, Logits
from containers.inference.lifecycle import Loader, load_served
from containers.inference.main import Application
from containers.inference.metrics import Metrics
from containers.inference.model_directory import describe
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings

WORDS = {"unknown": 3, "fine": 4, "sad": 5, "poison": 6, "void": 7}
SECONDS_A_RUN, SECONDS_A_TOKEN = 0.01, 0.001
WINDOW = describe(Path(Settings().model_path)).window_tokens
"""Of the shipped model."""


class HeldEngine:
    """The real network, which from hold() on waits in each run at a door for the test to open."""

    def __init__(self, real: Engine) -> None:
        self._real = real
        self.entered = threading.Event()
        self.door = threading.Event()
        self.door.set()
        self.runs: list[int] = []

    def hold(self) -> None:
        """Closes the door, and forgets the runs until now."""
        self.door.clear()
        self.entered.clear()
        self.runs.clear()

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        self.runs.append(len(windows))
        self.entered.set()
        assert self.door.wait(30)
        return self._real.logits(windows)


class SteppedEngine:
    """A network of the test's own: each run waits to be let go, and takes its time on a clock of its own.

    The class of a window is that of its first word; a run with "poison" in it fails, and "void" has no score.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._go = threading.Semaphore(0)
        self.runs: list[list[int]] = []
        """The lengths of the windows of each run, as it begins."""
        self.now = 0.0
        self.slowness = 1.0

    def let(self, runs: int) -> None:
        self._go.release(runs)

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        self.runs.append([len(window) for window in windows])
        assert self._go.acquire(timeout=30)
        padded = len(windows) * max(map(len, windows))
        self.now += (SECONDS_A_RUN + SECONDS_A_TOKEN * padded) * self.slowness
        if any(WORDS["poison"] in window for window in windows):
            raise RuntimeError("poison")
        rows = np.zeros((len(windows), self._classes), dtype=np.float32)
        for row, window in zip(rows, windows, strict=True):
            row[window[1] % self._classes] = np.nan if WORDS["void"] in window else 9
        return rows


class HeldTokenizer:
    """A tokenizer that waits at its door, but in the thread of the event loop."""

    def __init__(self, real: Tokenizer) -> None:
        self._real = real
        self.door = threading.Event()
        self.door.set()

    def encode(self, text: str, add_special_tokens: bool) -> Encoding:
        assert threading.current_thread() is threading.main_thread() or self.door.wait(30)
        return self._real.encode(text, add_special_tokens=add_special_tokens)


class Stepped:
    """A batcher over a stepped network, whose texts have a token for each word and two for their ends."""

    def __init__(self, real: Classifier, **settings: Any) -> None:
        self.engine = SteppedEngine(len(real.description.labels))
        tokenizer = Tokenizer(WordLevel(WORDS, unk_token="unknown"))
        tokenizer.pre_tokenizer = Whitespace()
        self.tokenizer = HeldTokenizer(tokenizer)
        self.classifier = Classifier(real.description, self.tokenizer, self.engine)  # type: ignore[arg-type]
        self.metrics = Metrics()
        chosen = replace(Settings(), **({"run_ms": 100_000, "max_queue_tokens": 1_000_000} | settings))
        costs = RunCosts(SECONDS_A_RUN, SECONDS_A_TOKEN)
        self.batcher = Batcher(self.classifier, chosen, self.metrics, costs, lambda: self.engine.now)

    def measure(self, line: str) -> bool:
        """Whether the metrics page says so."""
        return line in self.metrics.page().decode().splitlines()


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load(Settings().model_path, threads=1)


@pytest.fixture
def held(classifier: Classifier) -> tuple[HeldEngine, Classifier]:
    """A classifier whose network can be made to wait at its door."""
    engine = HeldEngine(classifier._engine)
    return engine, Classifier(classifier.description, classifier._tokenizer, engine)


@pytest.fixture
async def stepped(classifier: Classifier) -> AsyncIterator[Callable[..., Stepped]]:
    """Makes batchers over stepped networks; in the end all that they still have to do is let go."""
    made: list[Stepped] = []

    def make(**settings: int) -> Stepped:
        made.append(Stepped(classifier, **settings))
        made[-1].batcher.start()
        return made[-1]

    yield make
    for one in made:
        one.engine.let(10_000)
        await one.batcher.drain()


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, load: Loader = load_served
) -> AsyncIterator[tuple[Application, httpx.AsyncClient]]:
    application = Application(settings, load=load)
    transport = httpx.ASGITransport(application.asgi)
    async with (
        application.asgi.router.lifespan_context(application.asgi),
        httpx.AsyncClient(transport=transport, base_url="http://inference") as client,
    ):
        await application.lifecycle.loaded()
        yield application, client


@pytest.fixture
async def client(classifier: Classifier) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(replace(Settings(), batch_tokens=128), lambda _: classifier) as (_, client):
        yield client


@pytest.fixture
def small_limits() -> Settings:
    return replace(
        Settings(), batch_tokens=128, max_queue=2, max_batch_texts=2, max_text_characters=50, max_body_bytes=200
    )


async def until(holds: Callable[[], bool]) -> None:
    """Lets the event loop turn until the condition holds."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0)
