"""What the settings ask to be recorded is recorded from a process's start on; what they do not is never imported."""

import atexit
import secrets
from typing import TYPE_CHECKING

from shared.settings import Settings, settings
from shared.telemetry import metrics, traces
from shared.telemetry.key_ages import key_ages
from shared.telemetry.leaving import Leaving
from shared.telemetry.logs import start_logging

if TYPE_CHECKING:
    from shared.telemetry.collector import Collector


def start(deployable: str, *, beside_requests: bool = True) -> Leaving:
    """Begin to log, and to record what the settings say; what has to leave from time to time is what it returns.

    `beside_requests` is whether the CPU is there only while requests are answered.
    """
    start_logging()
    chosen, leaving = settings(), Leaving(beside_requests=beside_requests)
    resource = {
        "service.namespace": "bloom",
        "service.name": f"bloom-{deployable}",
        "service.instance.id": secrets.token_hex(8),
        "deployment.environment.name": chosen.base_url,
    }
    if chosen.metrics_enabled:
        _keep_numbers(chosen, resource, leaving)
    if chosen.otel_exporter_otlp_endpoint and chosen.otel_traces_sampler_arg:
        _record(chosen, resource, leaving)
    if is_on():
        atexit.register(leaving.run_all)
    return leaving


def is_on() -> bool:
    """Whether anything is recorded besides log lines."""
    return metrics.is_counting() or traces.is_recording()


def stop() -> None:
    """Record nothing any more."""
    traces.record_with(None)
    metrics.keep_in(None)


def _keep_numbers(chosen: Settings, resource: dict[str, str], leaving: Leaving) -> None:
    from shared.telemetry.numbers import Numbers

    numbers = Numbers()
    metrics.keep_in(numbers)
    metrics.watch(metrics.KEY_AGE, lambda: key_ages(chosen))
    if chosen.otel_exporter_otlp_endpoint and chosen.metrics_export_seconds:
        from shared.telemetry.pushing import MetricsPush

        push = MetricsPush(_collector(chosen, "metrics").send, resource, numbers.registry)
        leaving.add(chosen.metrics_export_seconds, push.push)


def _record(chosen: Settings, resource: dict[str, str], leaving: Leaving) -> None:
    from shared.telemetry.recording import Recorder, SpanQueue

    queue = SpanQueue(_collector(chosen, "traces").send, resource)
    traces.record_with(Recorder(queue, chosen.otel_traces_sampler_arg, leaving))
    leaving.add(chosen.traces_export_seconds, queue.hand_over, queue.presses)
    metrics.watch(metrics.SPANS, lambda: {("exported",): queue.exported, ("dropped",): queue.dropped})


def _collector(chosen: Settings, signal: str) -> "Collector":
    from shared.telemetry.collector import Collector, headers_of

    headers = headers_of(chosen.otel_exporter_otlp_headers)
    return Collector(f"{chosen.otel_exporter_otlp_endpoint}/v1/{signal}", headers)
