"""What Prometheus may know: counts and times, by route, status and class, never by text."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from containers.inference.classifier import Prediction
from containers.inference.waiting_line import WaitingLine

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_TOKENS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Metrics:
    """The measures of one application, in a registry of their own, with those of the process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = self._counter("requests", "Answers given", "route", "status")
        self.request_seconds = self._histogram("request_seconds", "From request to answer", _SECONDS, "route")
        stages = self._histogram("stage_seconds", "Time by stage; a text's wait is one of them", _SECONDS, "stage")
        self._stages = {stage: stages.labels(stage) for stage in ("read", "tokenise", "wait", "run", "combine")}
        self._predictions = self._counter("predictions", "Texts classified", "label")
        self._confidence = self._histogram("confidence", "Score of the label given", _CONFIDENCES, "label")
        self._windows = self._histogram("text_windows", "Windows a text was read in", _SIZES)
        self._run_texts = self._histogram("run_texts", "Texts in one run of the network", _SIZES)
        self._run_windows = self._histogram("run_windows", "Windows in one run of the network", _SIZES)
        self._run_tokens = self._histogram("run_tokens", "Tokens in one run, without padding", _TOKENS)
        self._run_padding = self._histogram("run_padding", "Padding's share of a run", _SHARES)
        self._waiting_texts = self._gauge("waiting_texts", "Texts in line", "lane")
        self._waiting_tokens = self._gauge("waiting_tokens", "Tokens in line", "lane")
        self.dropped = self._counter("dropped", "Texts not classified", "reason")
        self.ready = self._gauge("ready", "1 while texts are taken")
        self.model = self._gauge("model", "1 for what is loaded", "version", "thresholds", "temperature")

    def page(self) -> bytes:
        """The text exposition format of Prometheus."""
        return generate_latest(self._registry)

    def stage(self, name: str, seconds: float) -> None:
        """A stage of the work took so long."""
        self._stages[name].observe(seconds)

    @contextmanager
    def timed(self, stage: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
        """The block is a stage of the work."""
        started = clock()
        try:
            yield
        finally:
            self.stage(stage, clock() - started)

    def watch(self, line: WaitingLine) -> None:
        """What waits is looked up there, by lane, whenever the page is made."""
        for lane, of_batch in (("single", False), ("batch", True)):
            length = line.length(of_batch)
            self._waiting_texts.labels(lane).set_function(partial(getattr, length, "texts"))
            self._waiting_tokens.labels(lane).set_function(partial(getattr, length, "tokens"))

    def count_run(self, *, texts: int, windows: int, tokens: int, padded: int) -> None:
        """A run begins: so many tokens, `padded` of them with padding."""
        self._run_texts.observe(texts)
        self._run_windows.observe(windows)
        self._run_tokens.observe(tokens)
        self._run_padding.observe(1 - tokens / padded)

    def count_prediction(self, prediction: Prediction, windows: int) -> None:
        """A text was classified."""
        self._predictions.labels(prediction.label).inc()
        self._confidence.labels(prediction.label).observe(prediction.confidence)
        self._windows.observe(windows)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"bloom_inference_{name}", says, labels, registry=self._registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"bloom_inference_{name}", says, labels, registry=self._registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"bloom_inference_{name}", says, labels, buckets=buckets, registry=self._registry)
