"""Logs as one JSON object a line, in the form that Cloud Logging reads; never what a person wrote or is called."""

import json
import logging
import sys
import time
import traceback
from typing import Any, Final

from shared.settings import settings
from shared.telemetry.traces import current, here

# Libraries that write addresses, statements or payloads at levels we keep.
QUIET: Final = ("httpx", "httpcore", "sqlalchemy", "google", "urllib3", "werkzeug", "socketio", "engineio")
# What becomes of spans is counted; the exporter would write a line for each try, with what the collector answered.
SILENT: Final = ("opentelemetry",)
_logger: Final = logging.getLogger("bloom")


def log(event: str, *, severity: str = "INFO", **facts: str | int | float | bool | None) -> None:
    """Write one line. `event` and `facts` are ours: names, counts, ids, milliseconds."""
    _logger.log(logging.getLevelName(severity), event, extra={"facts": facts})


def log_exception(event: str, error: BaseException) -> None:
    """Write where an error came from: its type and our frames, never its message, which may quote a person."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log(event, severity="ERROR", error=type(error).__name__, frames=" < ".join(reversed(frames[-12:])))


class CloudLoggingFormatter(logging.Formatter):
    """https://cloud.google.com/logging/docs/structured-logging"""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; a library's record keeps its text, its exception only its type."""
        line: dict[str, Any] = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
        }
        if record.name != "bloom":
            line["logger"] = record.name
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        line |= _trace_fields() | getattr(record, "facts", {})
        return json.dumps(line)


def _trace_fields() -> dict[str, Any]:
    trace = current.get()
    if trace is None:
        return {}
    fields: dict[str, Any] = {"requestId": trace.request_id}
    if trace.trace_id:
        fields["logging.googleapis.com/trace"] = f"projects/{settings().google_cloud_project}/traces/{trace.trace_id}"
    if span := here():
        fields |= {"logging.googleapis.com/spanId": span.span_id, "logging.googleapis.com/trace_sampled": True}
    return fields


def start_logging() -> None:
    """Send every line of this process to standard output; safe to call again."""
    formatter = CloudLoggingFormatter()
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings().log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
