"""Concurrent texts share runs of the network without changing each other's answers."""

import asyncio

import pytest

from containers.inference.batching import Batcher
from containers.inference.classifier import Classifier
from containers.inference.metrics import Metrics
from containers.inference.problems import DeadlinePassed, NotReady, QueueFull

from .conftest import HeldEngine, until

TEXTS = [
    "I want to end my life",
    "See you on Friday",
    "Too many deadlines at work " * 40,
    "I worry all day long",
    "",
    "ok",
] * 4


async def test_concurrent_texts_get_the_answers_they_get_alone(classifier: Classifier) -> None:
    batcher = Batcher(classifier, 100, 4096, Metrics())
    batcher.start()
    answers = await asyncio.gather(*(batcher.predict([text]) for text in TEXTS))
    await batcher.drain()
    for text, [together] in zip(TEXTS, answers, strict=True):
        alone = classifier.predict(text)
        assert together.label == alone.label
        assert together.scores == pytest.approx(alone.scores, abs=1e-4)


async def test_texts_that_wait_for_a_busy_network_share_the_next_run(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    batcher = Batcher(classifier, 100, 4096, Metrics())
    batcher.start()
    first = asyncio.create_task(batcher.predict(["one"]))
    await until(engine.entered.is_set)
    rest = [asyncio.create_task(batcher.predict(["more"])) for _ in range(20)]
    await asyncio.sleep(0)
    engine.door.set()
    await asyncio.gather(first, *rest)
    await batcher.drain()
    assert engine.runs == [1, 20]


async def test_a_run_takes_no_more_tokens_than_its_budget_but_always_one_text(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    engine.door.set()
    batcher = Batcher(classifier, 100, 64, Metrics())
    long = "every word of this is quite ordinary " * 100
    waiting = asyncio.gather(*(batcher.predict([text]) for text in [long, *["a few words"] * 20]))
    await asyncio.sleep(0)
    batcher.start()
    await waiting
    await batcher.drain()
    windows = len(classifier.windows(long))
    room = 64 // len(classifier.windows("a few words")[0])
    assert engine.runs[0] == windows > 1
    assert max(engine.runs[1:]) == room
    assert sum(engine.runs) == windows + 20


async def test_a_batch_waits_as_a_whole_or_not_at_all(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    batcher = Batcher(classifier, 3, 4096, Metrics())
    waiting = asyncio.create_task(batcher.predict(["one", "two"]))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await batcher.predict(["three", "four"])
    engine.door.set()
    batcher.start()
    assert len(await waiting) == 2
    await batcher.drain()
    assert engine.runs == [2]


async def test_texts_whose_caller_is_gone_or_whose_deadline_has_passed_are_not_run(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    batcher = Batcher(classifier, 100, 4096, Metrics())
    batcher.start()
    first = asyncio.create_task(batcher.predict(["one"]))
    await until(engine.entered.is_set)
    gone = asyncio.create_task(batcher.predict(["two"]))
    late = asyncio.create_task(batcher.predict(["three"], deadline=asyncio.get_running_loop().time()))
    kept = asyncio.create_task(batcher.predict(["four"]))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(DeadlinePassed):
        await late
    engine.door.set()
    await asyncio.gather(first, kept)
    await batcher.drain()
    assert engine.runs == [1, 1]


async def test_draining_answers_what_waits_and_takes_nothing_new(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    batcher = Batcher(classifier, 100, 4096, Metrics())
    batcher.start()
    waiting = [asyncio.create_task(batcher.predict([text])) for text in ("one", "two", "three")]
    await until(engine.entered.is_set)
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    with pytest.raises(NotReady):
        await batcher.predict(["four"])
    assert not draining.done()
    engine.door.set()
    await draining
    assert [len(answers) for answers in await asyncio.gather(*waiting)] == [1, 1, 1]
