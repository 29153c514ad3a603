"""The classifier's part of a caller's trace, where the caller records it and a collector is set; nothing else is kept.

Spans leave by a thread of OpenTelemetry's: where the CPU is taken away between requests they leave with the next one,
and what is left leaves when the container stops.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from containers.inference.settings import Settings

_SECONDS_TO_EXPORT = 2


class Tracing:
    """Of one application."""

    def __init__(self, settings: Settings) -> None:
        """Nothing of OpenTelemetry is imported where no collector is set."""
        self._provider = _provider(settings) if settings.otel_exporter_otlp_endpoint else None

    @contextlib.contextmanager
    def following(self, request: Request, path: str) -> Iterator["Traced"]:
        """Within the block a request is answered; tell what is returned the answer."""
        if self._provider is None or "traceparent" not in request.headers:
            yield Traced(None)
            return
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({"traceparent": request.headers["traceparent"]})
        span = self._provider.get_tracer("bloom").start_span(
            f"{request.method} {path}", context=context, kind=SpanKind.SERVER
        )
        try:
            yield Traced(span)
        finally:
            span.end()

    def close(self) -> None:
        """Hand over what is left."""
        if self._provider is not None:
            self._provider.shutdown()


class Traced:
    """A request, recorded or not."""

    def __init__(self, span: Any) -> None:
        """`span` is None where it is not."""
        self._span = span

    def answered(self, response: Response) -> None:
        """With its status, and as failed where that is ours to answer for."""
        if self._span is None:
            return
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


def _provider(settings: Settings) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

    pairs = (pair.partition("=") for pair in settings.otel_exporter_otlp_headers.split(","))
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint}/v1/traces",
        headers={name.strip(): value.strip() for name, _, value in pairs if name},
        timeout=_SECONDS_TO_EXPORT,
    )
    resource = Resource({"service.namespace": "bloom", "service.name": "bloom-inference"})
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=settings.traces_export_seconds * 1000)
    )
    return provider
