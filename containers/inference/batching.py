"""Texts that arrive together are classified together, in one thread, oldest first.

There is no timed wait: an idle thread takes a text at once, and while it is busy the next batch gathers by itself.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from containers.inference.classifier import Classifier, Prediction, Window
from containers.inference.engines import Logits
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.problems import DeadlinePassed, NotReady, PredictionFailed, QueueFull


@dataclass(eq=False)
class _Waiting:
    windows: list[Window]
    deadline: float | None
    """In the event loop's time."""
    answer: asyncio.Future[Prediction]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.windows))


class Batcher:
    """A bounded queue in front of one classifier; start() and drain() within the event loop that uses it."""

    def __init__(self, classifier: Classifier, max_queue: int, batch_tokens: int, metrics: Metrics) -> None:
        self._classifier = classifier
        self._max_queue = max_queue
        self._batch_tokens = batch_tokens
        self._metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._draining = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to take batches."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def drain(self) -> None:
        """Takes no more texts, finishes those that wait, and ends the thread."""
        self._draining = True
        self._arrived.set()
        if self._worker is not None:
            await self._worker
        self._thread.shutdown()

    async def predict(self, texts: Sequence[str], deadline: float | None = None) -> list[Prediction]:
        """The texts' predictions in order; all of them wait, or none.

        `deadline` is in the event loop's time; a text that is still waiting then is dropped, as it is when the caller
        is cancelled. Raises QueueFull, NotReady, DeadlinePassed and PredictionFailed.
        """
        if self._draining:
            raise NotReady("The container is stopping.", retry_after=1)
        if len(self._queue) + len(texts) > self._max_queue:
            self._metrics.dropped.labels("queue full").inc(len(texts))
            raise QueueFull(retry_after=1)
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(self._classifier.windows(text), deadline, loop.create_future()) for text in texts]
        self._queue.extend(waiting)
        self._metrics.waiting.set(len(self._queue))
        self._arrived.set()
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.gather(*(one.answer for one in waiting))
        except TimeoutError:
            raise DeadlinePassed from None
        finally:
            for one in waiting:
                one.answer.cancel()

    async def _work(self) -> None:
        while not (self._draining and not self._queue):
            await self._arrived.wait()
            # One turn of the loop, so that texts arriving in this very moment join the batch.
            await asyncio.sleep(0)
            batch = self._next_batch()
            if batch:
                await self._classify(batch)
            elif not self._draining:
                self._arrived.clear()

    def _next_batch(self) -> list[_Waiting]:
        now = asyncio.get_running_loop().time()
        batch, tokens = list[_Waiting](), 0
        while self._queue and (not batch or tokens + self._queue[0].tokens <= self._batch_tokens):
            one = self._queue.popleft()
            if one.answer.done() or (one.deadline is not None and one.deadline <= now):
                self._metrics.dropped.labels("caller gone or deadline passed").inc()
                continue
            batch.append(one)
            tokens += one.tokens
        self._metrics.waiting.set(len(self._queue))
        return batch

    async def _classify(self, batch: Sequence[_Waiting]) -> None:
        windows = [window for one in batch for window in one.windows]
        started = time.perf_counter()
        try:
            run = asyncio.get_running_loop().run_in_executor(self._thread, self._classifier.logits, windows)
            self._hand_out(batch, await run)
        except Exception as error:  # noqa: BLE001 - whatever a runtime raises, those who wait must be told
            log("prediction failed", "ERROR", error=type(error).__name__)
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(PredictionFailed())
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.batch_texts.observe(len(batch))

    def _hand_out(self, batch: Sequence[_Waiting], logits: Logits) -> None:
        start = 0
        for one in batch:
            rows = logits[start : start + len(one.windows)]
            start += len(one.windows)
            prediction = self._classifier.prediction(one.windows, rows)
            self._metrics.predictions.labels(prediction.label).inc()
            self._metrics.windows.observe(len(one.windows))
            if not one.answer.done():
                one.answer.set_result(prediction)
