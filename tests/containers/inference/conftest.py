"""The classifier's real application over the shipped model, and the means to hold it still."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import httpx
import pytest

from containers.inference.classifier import Classifier, load
from containers.inference.engines import Engine, Logits
from containers.inference.lifecycle import Loader, load_served
from containers.inference.main import Application
from containers.inference.settings import Settings


class HeldEngine:
    """The real network, which each run waits at a door for the test to open."""

    def __init__(self, real: Engine) -> None:
        self._real = real
        self.entered = threading.Event()
        self.door = threading.Event()
        self.runs: list[int] = []

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        self.runs.append(len(windows))
        self.entered.set()
        assert self.door.wait(30)
        return self._real.logits(windows)


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load(Settings().model_path, threads=1)


@pytest.fixture
def held(classifier: Classifier) -> tuple[HeldEngine, Classifier]:
    """A classifier whose network waits at its door."""
    engine = HeldEngine(classifier._engine)
    return engine, Classifier(classifier.description, classifier._tokenizer, engine)


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
    async with serving(Settings(), lambda _: classifier) as (_, client):
        yield client


@pytest.fixture
def small_limits() -> Settings:
    return replace(Settings(), max_queue=2, max_batch_texts=2, max_text_characters=50, max_body_bytes=200)


async def until(holds: Callable[[], bool]) -> None:
    """Lets the event loop turn until the condition holds."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0)
