"""Runs of the network, one after the other in one thread: taken from the line, timed, and handed out."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from containers.inference.classifier import Classifier
from containers.inference.engines import Logits
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings
from containers.inference.waiting_line import Place, WaitingLine, WaitingText, padded_tokens


class RunFailed(Exception):
    """The network raised an error for this very text, or answered with something that is no score."""


class NetworkRuns:
    """Takes runs from the line for as long as there are any; all within one event loop, but for the network."""

    def __init__(
        self,
        classifier: Classifier,
        line: WaitingLine,
        settings: Settings,
        metrics: Metrics,
        costs: RunCosts,
        clock: Callable[[], float],
    ) -> None:
        self._classifier = classifier
        self._line = line
        self._settings = settings
        self._metrics = metrics
        self._costs = costs
        self._clock = clock
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self.tokens_in_run = 0
        """Of the run in progress, padding included."""

    def wake(self) -> None:
        """Something came into the line, or is to end."""
        self._arrived.set()

    def seconds_for(self, tokens: int) -> float:
        """How long so many tokens will take, by what the runs took lately."""
        return self._costs.seconds(tokens, runs=math.ceil(tokens / self._most_tokens()))

    async def work(self, done: Callable[[], bool]) -> None:
        """Run after run until `done`, which is asked again after each wake()."""
        while not done():
            if self._line:
                await self._gather()
                await self._classify(self._next_run())
            else:
                self._arrived.clear()
                await self._arrived.wait()
        self._thread.shutdown()

    async def _gather(self) -> None:
        """A turn of the loop, so that texts of this very moment share the run; longer where BATCH_WAIT_MS says so."""
        await asyncio.sleep(0)
        wait = self._settings.batch_wait_ms / 1000
        if not wait:
            return
        with contextlib.suppress(TimeoutError):
            while self._line and self._line.tokens < self._most_tokens():
                self._arrived.clear()
                async with asyncio.timeout_at(self._line.oldest_arrival + wait):
                    await self._arrived.wait()

    def _next_run(self) -> list[Place]:
        self._line.drop_unwanted(asyncio.get_running_loop().time())
        return self._line.next_run(self._most_tokens(), self._costs.padding_worth)

    def _most_tokens(self) -> int:
        """What the network works off in RUN_MS, and no more than BATCH_TOKENS."""
        return max(1, min(self._settings.batch_tokens, self._costs.tokens_within(self._settings.run_ms / 1000)))

    async def _classify(self, run: Sequence[Place]) -> None:
        if not run:
            return
        self._begin(run)
        started = self._clock()
        try:
            windows = [place.window for place in run]
            logits = await asyncio.get_running_loop().run_in_executor(self._thread, self._classifier.logits, windows)
            self._costs.learn(padded_tokens(run), self._clock() - started)
            self._hand_out(run, logits)
        except Exception as error:  # noqa: BLE001 - whatever a runtime raises, those who wait must be told
            log("run failed", "ERROR", error=type(error).__name__, windows=len(run))
            self._try_apart(run)
        finally:
            self.tokens_in_run = 0
            self._metrics.stage("run", self._clock() - started)

    def _begin(self, run: Sequence[Place]) -> None:
        self.tokens_in_run = padded_tokens(run)
        now = asyncio.get_running_loop().time()
        for text in {place.text for place in run if not place.text.rows}:
            self._metrics.stage("wait", now - text.arrived)
        self._metrics.count_run(
            texts=len({place.text for place in run}),
            windows=len(run),
            tokens=sum(place.tokens for place in run),
            padded=self.tokens_in_run,
        )

    def _hand_out(self, run: Sequence[Place], logits: Logits) -> None:
        for place, row in zip(run, logits, strict=True):
            place.text.rows[place.number] = row
        for text in {place.text for place in run}:
            if len(text.rows) == len(text.windows) and not text.answer.done():
                self._answer(text)

    def _answer(self, text: WaitingText) -> None:
        try:
            with self._metrics.timed("combine"):
                logits = text.logits
                if not np.isfinite(logits).all():
                    raise RunFailed
                prediction = self._classifier.prediction(text.windows, logits)
        except Exception as error:  # noqa: BLE001 - one text's fault is not another's
            log("prediction failed", "ERROR", error=type(error).__name__)
            text.answer.set_exception(RunFailed())
        else:
            self._metrics.count_prediction(prediction, len(text.windows))
            text.answer.set_result(prediction)

    def _try_apart(self, run: Sequence[Place]) -> None:
        """One window may be to blame: each of them gets a run of its own, and the one that fails again is answered."""
        if len(run) > 1:
            self._line.back(place for place in run if not place.text.answer.done())
        elif not run[0].text.answer.done():
            run[0].text.answer.set_exception(RunFailed())
