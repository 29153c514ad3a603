"""What is seen of the product while it runs: log lines, spans and numbers; never what a person wrote or is called."""

from shared.telemetry.logs import CloudLoggingFormatter, log, log_exception, start_logging
from shared.telemetry.metrics import asking, change, count, observe, page, skipped, watch
from shared.telemetry.starting import is_on, start, stop
from shared.telemetry.traces import (
    RequestTrace,
    adopt,
    begin,
    current,
    finish,
    following,
    note,
    rename,
    span,
    trace_id_of,
    traceparent,
)

__all__ = [
    "CloudLoggingFormatter",
    "RequestTrace",
    "adopt",
    "asking",
    "begin",
    "change",
    "count",
    "current",
    "finish",
    "following",
    "is_on",
    "log",
    "log_exception",
    "note",
    "observe",
    "page",
    "rename",
    "skipped",
    "span",
    "start",
    "start_logging",
    "stop",
    "trace_id_of",
    "traceparent",
    "watch",
]
