"""From start to stop: the model loads while the process already answers, serves, and drains."""

import asyncio
import time
from collections.abc import Callable

from containers.inference.batching import Batcher
from containers.inference.classifier import Classifier, load
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.model_directory import ModelUnusable
from containers.inference.problems import NotReady
from containers.inference.settings import Settings

Loader = Callable[[Settings], Classifier]
"""Brings up the classifier that the settings name; raises ModelUnusable."""


def load_served(settings: Settings) -> Classifier:
    """The model directory at MODEL_PATH over ONNX Runtime."""
    return load(settings.model_path, settings.inference_threads, settings.model_manifest_sha256)


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
        self._metrics.ready.set(0)

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
        settings, started = self._settings, time.perf_counter()
        try:
            classifier = await asyncio.to_thread(self._read, settings)
        except ModelUnusable as error:
            log("model unusable", "CRITICAL", reason=str(error))
            self._give_up()
            return
        self._classifier = classifier
        batcher = Batcher(classifier, settings.max_queue, settings.batch_tokens, self._metrics)
        batcher.start()
        self._batcher = batcher
        self._metrics.model.labels(classifier.description.version).set(1)
        self._metrics.ready.set(0 if self._draining else 1)
        log("ready", modelVersion=classifier.description.version, loadMs=round((time.perf_counter() - started) * 1000))
