"""A process's numbers pushed over OTLP, for instances that nobody can ask: cumulative since the process began.

https://opentelemetry.io/docs/specs/otlp/ and, for what Prometheus' kinds become, the compatibility section of
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, pairwise

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Exemplar,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

Labels = tuple[tuple[str, str], ...]


class MetricsPush:
    """Where to, and what."""

    def __init__(self, send: Callable[[bytes], bool], resource: Mapping[str, str], registry: CollectorRegistry) -> None:
        """`send` hands a request over; `resource` says whose numbers they are."""
        self._send, self._resource, self._registry = send, resource, registry
        self._began = time.time_ns()

    def push(self) -> bool:
        """Everything as it stands; whether the collector took it."""
        return self._send(self.request(time.time_ns()))

    def request(self, moment: int) -> bytes:
        """An ExportMetricsServiceRequest at a moment (nanoseconds of Unix time)."""
        asked = ExportMetricsServiceRequest()
        of_process = asked.resource_metrics.add()
        of_process.resource.attributes.extend(_attributes(self._resource.items()))
        scope = of_process.scope_metrics.add()
        scope.scope.name = "bloom"
        for family in self._registry.collect():
            if family.samples:
                scope.metrics.append(self._metric(family, moment))
        encoded: bytes = asked.SerializeToString()
        return encoded

    def _metric(self, family: Family, moment: int) -> Metric:
        metric = Metric(name=family.name, description=family.documentation)
        if family.type == "histogram":
            points = [self._histogram(labels, samples, moment) for labels, samples in _by_labels(family.samples)]
            temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
            metric.histogram.CopyFrom(Histogram(data_points=points, aggregation_temporality=temporality))
            return metric
        numbers = [self._number(sample, moment) for sample in family.samples]
        if family.type == "counter":
            temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
            metric.sum.CopyFrom(Sum(data_points=numbers, aggregation_temporality=temporality, is_monotonic=True))
        else:
            metric.gauge.CopyFrom(Gauge(data_points=numbers))
        return metric

    def _number(self, sample: Sample, moment: int) -> NumberDataPoint:
        return NumberDataPoint(
            attributes=_attributes(sample.labels.items()),
            start_time_unix_nano=self._began,
            time_unix_nano=moment,
            as_double=sample.value,
        )

    def _histogram(self, labels: Labels, samples: list[Sample], moment: int) -> HistogramDataPoint:
        buckets = sorted((float(one.labels["le"]), one) for one in samples if one.name.endswith("_bucket"))
        upto = [0, *(int(sample.value) for _, sample in buckets)]
        total = next((sample.value for sample in samples if sample.name.endswith("_sum")), 0.0)
        return HistogramDataPoint(
            attributes=_attributes(labels),
            start_time_unix_nano=self._began,
            time_unix_nano=moment,
            count=upto[-1],
            sum=total,
            explicit_bounds=[bound for bound, _ in buckets[:-1]],
            bucket_counts=[after - before for before, after in pairwise(upto)],
            exemplars=list(_exemplars(sample for _, sample in buckets)),
        )


def _by_labels(samples: Iterable[Sample]) -> Iterator[tuple[Labels, list[Sample]]]:
    def key(sample: Sample) -> Labels:
        return tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))

    for labels, group in groupby(sorted(samples, key=key), key):
        yield labels, list(group)


def _exemplars(samples: Iterable[Sample]) -> Iterator[Exemplar]:
    for sample in samples:
        if sample.exemplar is not None:
            yield Exemplar(
                time_unix_nano=int(float(sample.exemplar.timestamp or 0) * 1e9),
                as_double=sample.exemplar.value,
                trace_id=bytes.fromhex(sample.exemplar.labels["trace_id"]),
            )


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in pairs]
