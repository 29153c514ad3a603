"""Texts share runs of the network without changing, delaying or failing each other's answers."""

import asyncio
import random
from collections.abc import Callable

import pytest

from containers.inference.batching import Batcher, TextsFailed
from containers.inference.classifier import Classifier, Prediction
from containers.inference.metrics import Metrics
from containers.inference.problems import DeadlineOutOfReach, DeadlinePassed, NotReady, QueueFull
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings
from tests.inside import sized

from .conftest import WINDOW, HeldEngine, Stepped, until

Make = Callable[..., Stepped]
TEXTS = [
    "I want to end my life",
    "See you on Friday",
    "Too many deadlines at work " * 40,
    "I worry all day long",
    "",
    "ok",
] * 4


def words(tokens: int, word: str = "fine") -> str:
    """A text that takes so many tokens, its two ends included."""
    return f"{word} " * (tokens - 2)


def asked(stepped: Stepped, text: str | list[str], **how: float | bool) -> asyncio.Task[list[Prediction]]:
    texts = [text] if isinstance(text, str) else text
    return asyncio.create_task(stepped.batcher.predict(texts, **how))  # type: ignore[arg-type]


async def waits(stepped: Stepped, texts: int, lane: str = "single") -> None:
    await until(lambda: stepped.batcher._line.length(lane == "batch").texts == texts)


async def busy(stepped: Stepped, tokens: int = 8) -> asyncio.Task[list[Prediction]]:
    """A run of one text, in progress until it is let go."""
    runs = len(stepped.engine.runs)
    first = asked(stepped, words(tokens))
    await until(lambda: len(stepped.engine.runs) > runs)
    return first


async def test_concurrent_texts_get_the_answers_they_get_alone(classifier: Classifier) -> None:
    batcher = Batcher(classifier, Settings(), Metrics(), RunCosts(1e-3, 1e-5))
    batcher.start()
    answers = await asyncio.gather(*(batcher.predict([text]) for text in TEXTS))
    await batcher.drain()
    for text, [together] in zip(TEXTS, answers, strict=True):
        alone = classifier.predict(text)
        assert together.label == alone.label
        assert together.scores == pytest.approx(alone.scores, abs=1e-4)


async def test_texts_that_wait_for_a_busy_network_share_the_next_run(stepped: Make) -> None:
    on = stepped()
    first = await busy(on)
    rest = [asked(on, words(8)) for _ in range(20)]
    await waits(on, 20)
    on.engine.let(2)
    await asyncio.gather(first, *rest)
    assert on.engine.runs == [[8], [8] * 20]


async def test_a_run_takes_texts_of_about_the_length_of_the_oldest_and_padding_is_not_paid(stepped: Make) -> None:
    on = stepped()  # here a run of its own costs as much as 10 tokens of padding
    first = await busy(on)
    rest = []
    for tokens in (20, 100, 21, 99, 60, 20, 12, 128):
        rest.append(asked(on, words(tokens)))
        await waits(on, len(rest))
    on.engine.let(10)
    await asyncio.gather(first, *rest)
    assert on.engine.runs[1:] == [[20, 20, 21, 12], [100, 99], [60], [128]]


async def test_a_run_takes_no_more_than_its_tokens_and_its_time_allow_but_always_a_window(stepped: Make) -> None:
    for limits in ({"batch_tokens": 64}, {"run_ms": 75}):  # 64 tokens take 10 ms and 1 ms each
        on = stepped(**limits)
        waiting = [await busy(on), asked(on, [words(16)] * 9), asked(on, words(128))]
        await waits(on, 10)
        on.engine.let(10)
        await asyncio.gather(*waiting)
        assert on.engine.runs[1:] == [[16] * 4, [16] * 4, [16], [128]]


async def test_a_text_sent_alone_waits_for_one_run_at_most_of_a_batch_of_32_long_texts(stepped: Make) -> None:
    on = stepped(batch_tokens=512)
    batch = asked(on, [words(600)] * 32, of_batch=True)
    await until(lambda: bool(on.engine.runs))
    on.engine.let(3)
    await until(lambda: len(on.engine.runs) == 4)
    alone = asked(on, words(128, "sad"))
    await waits(on, 1)
    on.engine.let(2)
    [answer] = await alone
    assert on.engine.runs[4] == [128]
    assert not batch.done()
    on.engine.let(1000)
    assert len(await batch) == 32
    assert {each.label for each in await batch} != {answer.label}


async def test_a_batch_waits_as_a_whole_or_not_at_all(stepped: Make) -> None:
    on = stepped(max_queue=3, max_batch_texts=3)
    first = await busy(on)
    waiting = asked(on, [words(8)] * 2)
    await waits(on, 2)
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(8)] * 2)
    on.engine.let(2)
    assert len(await waiting) == 2
    await first
    assert on.engine.runs == [[8], [8, 8]]
    assert on.measure('bloom_inference_dropped_total{reason="too many texts"} 2.0')


async def test_a_full_line_says_when_to_come_again_by_what_runs_took(stepped: Make) -> None:
    on = stepped(max_queue_tokens=4000, batch_tokens=1000)
    first = await busy(on, 100)
    rest = [asked(on, [words(100)] * 30)]
    await waits(on, 30)
    with pytest.raises(QueueFull) as refused:
        await on.batcher.predict([words(100)] * 11)
    # 3,000 tokens and the 100 of the run in progress, a millisecond each, and 10 of each of 4 runs.
    assert refused.value.retry_after == 4
    assert on.measure('bloom_inference_dropped_total{reason="too many tokens"} 11.0')
    on.engine.slowness = 4
    on.engine.let(4)
    await asyncio.gather(first, *rest)
    rest = [await busy(on, 100), asked(on, [words(100)] * 30)]
    await waits(on, 30)
    with pytest.raises(QueueFull) as slower:
        await on.batcher.predict([words(100)] * 11)
    assert slower.value.retry_after is not None
    assert slower.value.retry_after > 8
    on.engine.let(10)
    await asyncio.gather(*rest)


async def test_a_request_that_finds_nothing_before_it_is_taken_whatever_its_size(stepped: Make) -> None:
    on = stepped(max_queue_tokens=100)
    on.engine.let(10)
    assert len(await on.batcher.predict([words(100)] * 3)) == 3


async def test_a_request_larger_than_the_line_is_taken_though_others_are_always_before_it(stepped: Make) -> None:
    on = stepped(max_queue_tokens=100)
    waiting = [await busy(on, 40), asked(on, words(50))]
    await waits(on, 1)
    large = asked(on, [words(60)] * 3, of_batch=True)
    await waits(on, 3, "batch")
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(60)] * 3, of_batch=True)  # of such, one at a time
    on.engine.let(10)
    await asyncio.gather(*waiting)
    assert len(await large) == 3
    waiting = [await busy(on, 40), asked(on, words(51))]
    await waits(on, 1)
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(60)] * 3, of_batch=True)
    on.engine.let(10)
    await asyncio.gather(*waiting)


async def test_waiting_batches_take_no_places_from_texts_sent_alone(stepped: Make) -> None:
    on = stepped(max_queue=4, max_batch_texts=4)
    batches = [asked(on, [words(8)], of_batch=True)]
    await until(lambda: bool(on.engine.runs))
    batches.append(asked(on, [words(8)] * 4, of_batch=True))
    await waits(on, 4, "batch")
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(8)], of_batch=True)
    alone = asked(on, [words(8)] * 4)
    await waits(on, 4)
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(8)])
    on.engine.let(3)
    await asyncio.gather(alone, *batches)


async def test_texts_whose_caller_is_gone_or_whose_deadline_has_passed_are_not_run(stepped: Make) -> None:
    on = stepped()
    first = await busy(on)
    gone, kept = asked(on, words(9)), asked(on, words(10))
    await waits(on, 2)
    late = asked(on, words(11), deadline=asyncio.get_running_loop().time())
    gone.cancel()
    with pytest.raises((DeadlinePassed, DeadlineOutOfReach)):
        await late
    on.engine.let(2)
    await asyncio.gather(first, kept)
    assert on.engine.runs == [[8], [10]]
    assert on.measure('bloom_inference_dropped_total{reason="caller gone"} 1.0')


async def test_the_rest_of_a_long_text_is_not_run_once_its_caller_is_gone(stepped: Make) -> None:
    on = stepped(batch_tokens=256)
    long = asked(on, words(1000))
    await until(lambda: bool(on.engine.runs))
    on.engine.let(1)
    await until(lambda: len(on.engine.runs) == 2)
    long.cancel()
    after = asked(on, words(20))
    await waits(on, 1)
    on.engine.let(2)
    await after
    assert on.engine.runs == [[WINDOW], [WINDOW], [20]]


async def test_a_deadline_that_passes_in_the_line_ends_the_wait(stepped: Make) -> None:
    on = stepped()
    first = await busy(on)
    late = asked(on, words(8), deadline=asyncio.get_running_loop().time() + 0.03)
    with pytest.raises(DeadlinePassed):
        await late
    on.engine.let(2)
    await first
    await on.batcher.drain()
    assert on.engine.runs == [[8]]
    assert on.measure('bloom_inference_dropped_total{reason="deadline passed"} 1.0')


async def test_a_deadline_that_cannot_be_met_any_more_is_refused_at_once(stepped: Make) -> None:
    on = stepped(batch_tokens=1000)
    first, rest = await busy(on), asked(on, [words(100)] * 50)
    await waits(on, 50)
    with pytest.raises(DeadlineOutOfReach) as refused:
        await on.batcher.predict([words(8)] * 2, asyncio.get_running_loop().time() + 4.5)
    assert refused.value.retry_after == 6
    assert on.measure('bloom_inference_dropped_total{reason="deadline out of reach"} 2.0')
    patient = asked(on, words(100), deadline=asyncio.get_running_loop().time() + 60)
    await waits(on, 51)
    on.engine.let(10)
    await asyncio.gather(first, rest, patient)


async def test_what_finds_nothing_before_it_is_tried_however_slow_the_last_runs_were(stepped: Make) -> None:
    on = stepped()
    on.engine.slowness = 1_000_000
    on.engine.let(10)
    for _ in range(9):
        await on.batcher.predict([words(100)])
    assert await on.batcher.predict([words(100)], asyncio.get_running_loop().time() + 20)


async def test_a_text_that_the_network_cannot_take_fails_alone(stepped: Make) -> None:
    on = stepped()
    first = await busy(on)
    rest = [asked(on, words(8, word)) for word in ("fine", "poison", "sad", "void", "fine")]
    batch = asked(on, [words(8), words(8, "poison"), words(8, "sad")], of_batch=True)
    await waits(on, 5)
    await waits(on, 3, "batch")
    on.engine.let(100)
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    failed = [isinstance(answer, TextsFailed) for answer in answers]
    assert failed == [False, False, True, False, True, False]
    with pytest.raises(TextsFailed) as of_batch:
        await batch
    assert of_batch.value.numbers == [1]
    assert on.measure('bloom_inference_dropped_total{reason="failed"} 3.0')
    labels = [answer[0].label for answer in answers if isinstance(answer, list)]
    assert labels[0] == labels[1] == labels[3] != labels[2]


async def test_a_text_of_many_windows_fails_with_one_of_them(stepped: Make) -> None:
    on = stepped(batch_tokens=256)
    on.engine.let(100)
    long = words(800) + words(3, "poison") + words(800)
    with pytest.raises(TextsFailed):
        await on.batcher.predict([long])
    assert await on.batcher.predict([words(800)])


async def test_texts_of_this_moment_wait_for_company_where_that_is_set_and_a_full_run_does_not(stepped: Make) -> None:
    on = stepped(batch_wait_ms=60_000, batch_tokens=24)
    on.engine.let(2)
    waiting = [asked(on, words(8))]
    await waits(on, 1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert on.engine.runs == []
    await asyncio.gather(*waiting, asked(on, words(8)), asked(on, words(8)))
    assert on.engine.runs == [[8] * 3]


async def test_nobody_waits_for_company_for_longer_than_is_set(stepped: Make) -> None:
    on = stepped(batch_wait_ms=2)
    on.engine.let(1)
    assert await on.batcher.predict([words(8)])


async def test_long_texts_are_tokenised_beside_the_event_loop_and_drained_too(stepped: Make) -> None:
    on = stepped()
    on.engine.let(100)
    on.tokenizer.door.clear()
    long = asked(on, words(1000))
    assert await on.batcher.predict([words(8)])
    ending = asyncio.create_task(on.batcher.drain())
    await asyncio.sleep(0)
    assert not ending.done()
    on.tokenizer.door.set()
    assert len(await long) == 1
    await ending


async def test_texts_that_are_being_tokenised_have_their_seats(stepped: Make) -> None:
    on = stepped(max_queue=3, max_batch_texts=3)
    on.tokenizer.door.clear()
    coming = asked(on, [words(600)] * 3)
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await on.batcher.predict([words(8)])
    on.tokenizer.door.set()
    on.engine.let(100)
    assert len(await coming) == 3
    assert await on.batcher.predict([words(8)])


async def test_a_deadline_ends_the_wait_for_the_tokeniser_too(stepped: Make) -> None:
    on = stepped()
    on.tokenizer.door.clear()
    with pytest.raises(DeadlinePassed):
        await on.batcher.predict([words(1000)], asyncio.get_running_loop().time() + 0.01)
    on.tokenizer.door.set()
    await on.batcher.drain()
    assert on.engine.runs == []


@pytest.mark.parametrize("seed", range(sized(2, 20)))
async def test_in_any_confusion_each_text_gets_its_own_answer_and_nothing_is_left_behind(
    stepped: Make, seed: int
) -> None:
    chance = random.Random(seed)
    on = stepped(batch_tokens=256)
    on.engine.let(100_000)
    classes = {word: (await on.batcher.predict([words(8, word)]))[0].label for word in ("fine", "sad", "unknown")}
    loop, left = asyncio.get_running_loop(), 0

    async def somebody() -> None:
        nonlocal left
        said = chance.choices(["fine", "sad", "unknown", "poison", "void"], [9, 9, 9, 1, 1], k=chance.randint(1, 4))
        texts = [words(chance.choice([3, 8, 30, 128, 500]), word) for word in said]
        deadline = loop.time() + chance.uniform(0, 0.5) if chance.random() < 0.2 else None
        told: list[str | int] = []
        try:
            answers = await on.batcher.predict(texts, deadline, of_batch=chance.random() < 0.3)
            told = [answer.label for answer in answers]
        except TextsFailed as failed:
            told = list(failed.numbers)
        except (QueueFull, DeadlinePassed, DeadlineOutOfReach, asyncio.CancelledError):
            left += 1
            return
        to_blame = [number for number, word in enumerate(said) if word not in classes]
        assert told == (to_blame if to_blame else [classes[word] for word in said])

    people = []
    for _ in range(120):
        people.append(asyncio.create_task(somebody()))
        for _ in range(chance.randint(0, 6)):
            await asyncio.sleep(0)
        if chance.random() < 0.1:
            chance.choice(people).cancel()
    await asyncio.gather(*people, return_exceptions=True)
    assert [error for one in people if not one.cancelled() and (error := one.exception())] == []
    await on.batcher.drain()
    assert left < len(people) / 2
    line = on.batcher._line
    assert [(line.length(lane).texts, line.length(lane).tokens) for lane in (False, True)] == [(0, 0)] * 2
    assert not line
    assert not any(on.batcher._coming.values())


async def test_draining_answers_what_waits_and_takes_nothing_new(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    engine.hold()
    batcher = Batcher(classifier, Settings(), Metrics(), RunCosts(0.0, 1e-5))
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
