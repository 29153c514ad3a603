"""The numbers of one process, kept by Prometheus' client; imported only where numbers are kept."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import disable_created_metrics
from prometheus_client.registry import Collector

from shared.telemetry import traces
from shared.telemetry.metrics import Metric, Values, watched

KINDS: Final[dict[str, Any]] = {"counter": Counter, "gauge": Gauge}


class Numbers:
    """All of them, in a registry of their own."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
        self.registry = CollectorRegistry()
        self._made: dict[str, Any] = {}
        self._children: dict[tuple[str, Values], Any] = {}
        self._making = Lock()
        ProcessCollector(namespace="bloom", registry=self.registry)
        self.registry.register(_Watched())

    def count(self, metric: Metric, values: Values, by: float) -> None:
        """It happened."""
        self._child(metric, values).inc(by)

    def change(self, metric: Metric, by: float) -> None:
        """There are so many more of them now."""
        self._child(metric, ()).inc(by)

    def observe(self, metric: Metric, values: Values, value: float) -> None:
        """With the trace that it belongs to, where that is recorded, as its example."""
        span = traces.here()
        self._child(metric, values).observe(value, {"trace_id": span.trace_id} if span else None)

    def page(self, accept: str) -> tuple[bytes, str]:
        """What Prometheus reads, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def _child(self, metric: Metric, values: Values) -> Any:
        child = self._children.get((metric.name, values))
        if child is None:
            bounded = metric.bounded(values)
            parent = self._parent(metric)
            child = parent.labels(*bounded) if bounded else parent
            if bounded == values:  # or whoever sends strange ones would fill the memory with them
                self._children[metric.name, values] = child
        return child

    def _parent(self, metric: Metric) -> Any:
        with self._making:
            if metric.name not in self._made:
                self._made[metric.name] = self._make(metric)
            return self._made[metric.name]

    def _make(self, metric: Metric) -> Any:
        labels = list(metric.labels)
        if metric.kind == "histogram":
            return Histogram(metric.name, metric.says, labels, buckets=metric.buckets, registry=self.registry)
        return KINDS[metric.kind](metric.name, metric.says, labels, registry=self.registry)


class _Watched(Collector):
    """Gauges that are asked when somebody wants to know."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """How each stands; one that cannot be told is left out."""
        for metric, read in list(watched):
            family = GaugeMetricFamily(metric.name, metric.says, labels=list(metric.labels))
            for values, value in _readings(read):
                family.add_metric(list(metric.bounded(values)), value)
            if family.samples:
                yield family

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is asked when this is registered."""
        return []


def _readings(read: Callable[[], Any]) -> list[tuple[Values, float]]:
    try:
        return list(read().items())
    except Exception:  # noqa: BLE001 - one gauge that cannot be read must not hide the others
        return []
