"""The way of texts to the network: into a bounded line, or turned away with a reason."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from containers.inference.classifier import Classifier, Prediction, Window
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.network_runs import NetworkRuns
from containers.inference.problems import DeadlineOutOfReach, DeadlinePassed, NotReady, QueueFull
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings
from containers.inference.waiting_line import WaitingLine, WaitingText

_TOKENISED_AT_ONCE: Final = 1000
"""Characters that are tokenised within the event loop, in half a millisecond; more of them go to a thread."""
_MOST_RETRY_AFTER: Final = 60


class TextsFailed(Exception):
    """The network could not answer for some of a request's texts, or for any."""

    def __init__(self, answers: Sequence[Prediction | None]) -> None:
        """`answers` are those of all texts in order, None for those that failed."""
        super().__init__()
        self.answers = answers
        self.numbers = [number for number, answer in enumerate(answers) if answer is None]
        """Of those that failed, from 0."""


class Batcher:
    """A bounded line in front of one classifier; start() and drain() within the event loop that uses it."""

    def __init__(
        self,
        classifier: Classifier,
        settings: Settings,
        metrics: Metrics,
        costs: RunCosts,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`clock` tells how long runs take, in seconds."""
        self._classifier = classifier
        self._settings = settings
        self._metrics = metrics
        self._line = WaitingLine()
        metrics.watch(self._line)
        self._runs = NetworkRuns(classifier, self._line, settings, metrics, costs, clock)
        self._coming = {False: 0, True: 0}
        """Texts that are being tokenised, of batches and others: their seats are taken."""
        self._draining = False
        self._tokeniser = ThreadPoolExecutor(1, thread_name_prefix="tokeniser")
        self._worker: asyncio.Task[None] | None = None

    def start(self, broken: Callable[[], None] = lambda: None) -> None:
        """Begins to take runs; `broken` is called should that ever end by an error: nobody is answered then."""

        def ended(worker: asyncio.Task[None]) -> None:
            if not worker.cancelled() and (error := worker.exception()):
                log("no more runs", "CRITICAL", error=type(error).__name__)
                broken()

        self._worker = asyncio.get_running_loop().create_task(self._runs.work(self._done))
        self._worker.add_done_callback(ended)

    async def drain(self) -> None:
        """Takes no more texts, finishes those that wait, and ends the threads."""
        self._draining = True
        self._runs.wake()
        if self._worker is not None:
            await asyncio.wait([self._worker])
        self._tokeniser.shutdown()

    async def predict(
        self, texts: Sequence[str], deadline: float | None = None, *, of_batch: bool = False
    ) -> list[Prediction]:
        """The texts' predictions in order; all of them wait, or none.

        `deadline` is in the event loop's time; what still waits then is dropped, as it is when the caller is cancelled.
        Texts `of_batch` go behind others. Raises QueueFull, NotReady, DeadlineOutOfReach, DeadlinePassed and
        TextsFailed.
        """
        if self._draining:
            raise NotReady("The container is stopping.", retry_after=1)
        self._require_seats(len(texts), of_batch)
        try:
            async with asyncio.timeout_at(deadline):
                return await self._answers(await self._in_line(texts, deadline, of_batch))
        except TimeoutError:
            self._drop("deadline passed", len(texts))
            raise DeadlinePassed from None
        except asyncio.CancelledError:
            self._drop("caller gone", len(texts))
            raise

    def _done(self) -> bool:
        return self._draining and not self._line and not any(self._coming.values())

    def _require_seats(self, texts: int, of_batch: bool) -> None:
        ahead = self._line.ahead_of(of_batch)
        coming = self._coming[False] + (self._coming[True] if of_batch else 0)
        if ahead.texts + coming + texts > self._settings.max_queue:
            self._drop("too many texts", texts)
            raise QueueFull(retry_after=self._worked_off_in(ahead.tokens))

    async def _in_line(self, texts: Sequence[str], deadline: float | None, of_batch: bool) -> list[WaitingText]:
        loop = asyncio.get_running_loop()
        self._coming[of_batch] += len(texts)
        try:
            windows = await self._tokenised(texts)
        finally:
            self._coming[of_batch] -= len(texts)
            self._runs.wake()
        waiting = [WaitingText(each, of_batch, deadline, loop.time(), loop.create_future()) for each in windows]
        self._require_room(waiting)
        self._require_time(waiting)
        for text in waiting:
            self._line.join(text)
        return waiting

    async def _tokenised(self, texts: Sequence[str]) -> list[list[Window]]:
        with self._metrics.timed("tokenise"):
            if sum(map(len, texts)) <= _TOKENISED_AT_ONCE:
                return [self._classifier.windows(text) for text in texts]
            # Text by text, so that other requests' come between, and that a caller who leaves ends it.
            in_thread = asyncio.get_running_loop().run_in_executor
            return [await in_thread(self._tokeniser, self._classifier.windows, text) for text in texts]

    def _require_room(self, waiting: Sequence[WaitingText]) -> None:
        """What is large has room in a line that is half empty, however much it is: else it would have to find none."""
        ahead, most = self._line.ahead_of(waiting[0].of_batch), self._settings.max_queue_tokens
        if ahead.tokens > max(most - sum(text.tokens for text in waiting), most // 2):
            self._drop("too many tokens", len(waiting))
            raise QueueFull(retry_after=self._worked_off_in(ahead.tokens))

    def _require_time(self, waiting: Sequence[WaitingText]) -> None:
        """What finds nothing before it is tried, whatever was measured: only a run can show that it goes faster now."""
        own, deadline = sum(text.tokens for text in waiting), waiting[0].deadline
        before = self._line.tokens_before(waiting) + self._runs.tokens_in_run
        if deadline is not None and before and waiting[0].arrived + self._runs.seconds_for(before + own) > deadline:
            self._drop("deadline out of reach", len(waiting))
            raise DeadlineOutOfReach(retry_after=self._worked_off_in(before))

    def _worked_off_in(self, tokens: int) -> int:
        """For a Retry-After: whole seconds after which so much and the run in progress are done."""
        seconds = self._runs.seconds_for(tokens + self._runs.tokens_in_run)
        return max(1, min(math.ceil(seconds), _MOST_RETRY_AFTER))

    async def _answers(self, waiting: Sequence[WaitingText]) -> list[Prediction]:
        self._runs.wake()
        # A caller who leaves meanwhile cancels them all, and nobody waits for them any more.
        found = await asyncio.gather(*(text.answer for text in waiting), return_exceptions=True)
        answers = [answer if isinstance(answer, Prediction) else None for answer in found]
        answered = [answer for answer in answers if answer is not None]
        if len(answered) < len(answers):
            self._drop("failed", len(answers) - len(answered))
            raise TextsFailed(answers)
        return answered

    def _drop(self, reason: str, texts: int) -> None:
        self._metrics.dropped.labels(reason).inc(texts)
