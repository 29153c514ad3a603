"""What Prometheus may know: counts and times, by route, status and class, never by text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The measures of one application, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("bloom_inference_requests", "Answers given", ["route", "status"], registry=registry)
        self.request_seconds = Histogram(
            "bloom_inference_request_seconds", "From request to answer", ["route"], buckets=_SECONDS, registry=registry
        )
        self.predictions = Counter("bloom_inference_predictions", "Texts classified", ["label"], registry=registry)
        self.windows = Histogram(
            "bloom_inference_text_windows", "Windows a text was read in", buckets=_SIZES, registry=registry
        )
        self.batch_texts = Histogram(
            "bloom_inference_batch_texts", "Texts in one run of the network", buckets=_SIZES, registry=registry
        )
        self.batch_seconds = Histogram(
            "bloom_inference_batch_seconds", "One run of the network", buckets=_SECONDS, registry=registry
        )
        self.waiting = Gauge("bloom_inference_waiting_texts", "Texts in the queue", registry=registry)
        self.dropped = Counter("bloom_inference_dropped", "Texts not classified", ["reason"], registry=registry)
        self.ready = Gauge("bloom_inference_ready", "1 while texts are taken", registry=registry)
        self.model = Gauge("bloom_inference_model", "1 for the version that is loaded", ["version"], registry=registry)

    def page(self) -> bytes:
        """The text exposition format of Prometheus."""
        return generate_latest(self._registry)
