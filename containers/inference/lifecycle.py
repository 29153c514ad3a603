"""From start to stop: the model loads and warms up while the process already answers, serves, and drains."""

import asyncio
import time
from collections.abc import Callable

from containers.inference.batching import Batcher
from containers.inference.classifier import Classifier, load
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.model_directory import ModelUnusable
from containers.inference.problems import NotReady
from containers.inference.run_costs import RunCosts
from containers.inference.settings import Settings
from containers.inference.warm_up import warm_up

Loader = Callable[[Settings], Classifier]
"""Brings up the classifier that the settings name; raises ModelUnusable."""


def load_served(settings: Settings) -> Classifier:
    """The model directory at MODEL_PATH over the engine that INFERENCE_ENGINE names."""
    return load(
        settings.model_path, settings.inference_threads, settings.model_manifest_sha256, settings.inference_engine
    )


class Lifecycle:
    """Holds the classifier and its batcher once there are any; all within one event loop."""

    def __init__(self, settings: Settings, metrics: Metrics, give_up: Callable[[], None], load: Loader) -> None:
        """`give_up` is called when the model cannot be used, after the reason is logged."""
        self._read = load
        self._settings = settings
        self._metrics = metrics
        self._give_up = give_up
        self._classifier: Classifier | None = None
        self._batcher: Batcher | None = None
        self._loading: asyncio.Task[None] | None = None
        self._draining = False
        # Asked when the page is made: the signal's handler must not wait for a lock that what it interrupts may hold.
        metrics.ready.set_function(lambda: float(self.ready))

    @property
    def ready(self) -> bool:
        """Whether texts are taken: the model is loaded, warm and self-tested, and no stop was asked for."""
        return self._batcher is not None and not self._draining

    def start(self) -> None:
        """Begins to load the model."""
        self._loading = asyncio.get_running_loop().create_task(self._load())

    async def loaded(self) -> None:
        """Returns once loading has ended, well or not."""
        if self._loading is not None:
            await self._loading

    def begin_draining(self) -> None:
        """From now on nothing new is taken; what waits is still answered."""
        self._draining = True

    async def stop(self) -> None:
        """Finishes what waits and lets the thread go."""
        self.begin_draining()
        await self.loaded()
        if self._batcher is not None:
            await self._batcher.drain()

    def classifier(self) -> Classifier:
        """The loaded classifier; raises NotReady."""
        if self._classifier is None:
            raise NotReady("The model is being loaded.", retry_after=1)
        return self._classifier

    def batcher(self) -> Batcher:
        """The batcher that takes texts; raises NotReady."""
        if self._draining:
            raise NotReady("The container is stopping.", retry_after=1)
        if self._batcher is None:
            raise NotReady("The model is being loaded.", retry_after=1)
        return self._batcher

    async def _load(self) -> None:
        started = time.perf_counter()
        try:
            classifier, costs = await asyncio.to_thread(self._prepared)
        except Exception as error:  # noqa: BLE001 - without its model the process is of no use, whatever the reason
            log("model unusable", "CRITICAL", reason=_reason(error))
            self._give_up()
            return
        described = classifier.description
        batcher = Batcher(classifier, self._settings, self._metrics, costs)
        batcher.start(self._give_up)
        self._classifier, self._batcher = classifier, batcher
        self._metrics.model.labels(described.version, described.thresholds_version, described.temperature).set(1)
        log("ready", modelVersion=described.version, loadMs=round((time.perf_counter() - started) * 1000))

    def _prepared(self) -> tuple[Classifier, RunCosts]:
        classifier = self._read(self._settings)
        return classifier, warm_up(classifier, self._settings)


def _reason(error: Exception) -> str:
    """One line; what other errors say may be anything."""
    return str(error) if isinstance(error, ModelUnusable) else type(error).__name__
