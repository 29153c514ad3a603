"""Spans that ended, until they are handed to a collector; imported only where one is set."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from shared.telemetry.leaving import Leaving
from shared.telemetry.traces import Fact, Kind, Span

SPANS_KEPT: Final = 8192
SPANS_A_CALL: Final = 512
SPANS_TO_PRESS: Final = 1024
KINDS: Final[dict[Kind, trace_pb2.Span.SpanKind.ValueType]] = {
    "internal": trace_pb2.Span.SPAN_KIND_INTERNAL,
    "server": trace_pb2.Span.SPAN_KIND_SERVER,
    "client": trace_pb2.Span.SPAN_KIND_CLIENT,
    "producer": trace_pb2.Span.SPAN_KIND_PRODUCER,
    "consumer": trace_pb2.Span.SPAN_KIND_CONSUMER,
}
FAILED: Final = trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR)
Send = Callable[[bytes], bool]
"""Hand an ExportTraceServiceRequest over, within a time of its own; whether the collector took it."""


class SpanQueue:
    """With nowhere to go the newest are dropped, and counted."""

    def __init__(self, send: Send, resource: Mapping[str, str]) -> None:
        """`resource` says whose spans they are."""
        self._send = send
        self._resource = Resource(attributes=_attributes(resource))
        self._ended: deque[Span] = deque()
        self.dropped = 0
        self.exported = 0

    def add(self, span: Span) -> None:
        """It is over."""
        if len(self._ended) >= SPANS_KEPT:
            self.dropped += 1
        else:
            self._ended.append(span)

    def presses(self) -> bool:
        """Whether there are so many that they had better leave soon."""
        return len(self._ended) >= SPANS_TO_PRESS

    def hand_over(self) -> bool:
        """Everything that ended by now; whether the collector took it. What it did not take is dropped."""
        for _ in range(SPANS_KEPT // SPANS_A_CALL + 1):
            batch = [self._ended.popleft() for _ in range(min(SPANS_A_CALL, len(self._ended)))]
            if not batch:
                break
            if not self._send(self._request(batch)):
                self.dropped += len(batch)
                return False
            self.exported += len(batch)
        return True

    def _request(self, spans: Iterable[Span]) -> bytes:
        scope = trace_pb2.ScopeSpans(scope=InstrumentationScope(name="bloom"), spans=map(_encoded, spans))
        whole = trace_pb2.ResourceSpans(resource=self._resource, scope_spans=[scope])
        encoded: bytes = ExportTraceServiceRequest(resource_spans=[whole]).SerializeToString()
        return encoded


@dataclass(frozen=True)
class Recorder:
    """Where spans go, and which requests are recorded: by the trace's id, so that all of a trace is, or nothing."""

    queue: SpanQueue
    share: float
    """Of 1."""
    leaving: Leaving
    """By which they leave."""

    def wants(self, trace_id: str) -> bool:
        """Whether a request of this trace is recorded."""
        return int(trace_id[16:], 16) < self.share * 2**64

    def keep(self, span: Span) -> None:
        """It is over."""
        self.queue.add(span)


def _encoded(span: Span) -> trace_pb2.Span:
    """https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto"""
    link = span.link
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        name=span.name,
        kind=KINDS[span.kind],
        start_time_unix_nano=span.began,
        end_time_unix_nano=span.ended,
        attributes=_attributes(span.facts) if span.facts else None,
        links=[trace_pb2.Span.Link(trace_id=bytes.fromhex(link.trace_id), span_id=bytes.fromhex(link.span_id))]
        if link
        else None,
        status=FAILED if span.failed else None,
    )


def _attributes(facts: Mapping[str, Fact]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(fact)) for name, fact in facts.items()]


def _value(fact: Fact) -> AnyValue:
    if isinstance(fact, bool):
        return AnyValue(bool_value=fact)
    if isinstance(fact, int):
        return AnyValue(int_value=fact)
    return AnyValue(double_value=fact) if isinstance(fact, float) else AnyValue(string_value=fact)
