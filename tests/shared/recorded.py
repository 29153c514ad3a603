"""Within a block this process records as a function does, into memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dev.telemetry_double import spans_of
from dev.telemetry_store import Span
from shared.telemetry import metrics, traces
from shared.telemetry.leaving import Leaving
from shared.telemetry.numbers import Numbers
from shared.telemetry.recording import Recorder, SpanQueue
from tests.postgres import forget_engine


@dataclass
class Recorded:
    """What was recorded so far, as a collector would have read it."""

    numbers: Numbers = field(default_factory=Numbers)
    taken: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def take(self, body: bytes) -> bool:
        """What a collector does."""
        self.bodies.append(body)
        self.taken.extend(spans_of(ExportTraceServiceRequest.FromString(body)))
        return True

    @property
    def spans(self) -> list[Span]:
        """In the order in which they ended."""
        self.queue.hand_over()
        return self.taken

    @property
    def said(self) -> str:
        """Everything that left, as bytes that can be looked through."""
        self.queue.hand_over()
        return b"".join(self.bodies).decode("latin-1")

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def one(self, name: str) -> Span:
        [span] = [span for span in self.spans if span.name == name]
        return span

    def page(self, accept: str = "") -> str:
        return self.numbers.page(accept)[0].decode()

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.numbers.registry.collect()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """How a sample stands; 0 where there is none."""
        return self.samples().get((name, tuple(sorted(labels.items()))), 0.0)

    def __post_init__(self) -> None:
        self.queue = SpanQueue(self.take, {"service.name": "bloom-test"})


@contextmanager
def recording(share: float = 1.0, **leaving: Any) -> Iterator[Recorded]:
    """Every request, unless `share` says otherwise; the engine is made anew, so that its statements are seen."""
    recorded = Recorded()
    recorded_by = Recorder(recorded.queue, share, Leaving(**leaving))
    forget_engine()
    traces.record_with(recorded_by)
    metrics.keep_in(recorded.numbers)
    try:
        yield recorded
    finally:
        traces.record_with(None)
        metrics.keep_in(None)
        forget_engine()
