"""One JSON line per event on standard output, in the form that Cloud Logging reads."""

import json
import logging
import sys
from datetime import UTC, datetime


def log(message: str, severity: str = "INFO", **facts: str | int | float) -> None:
    """Writes the event; `facts` never hold a text, nor an exception's message, which may quote one."""
    line = {"severity": severity, "message": message, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    sys.stdout.write(json.dumps(line | facts) + "\n")
    sys.stdout.flush()


class LibraryLines(logging.Handler):
    """Lines of the server and other libraries in the same form, without their exceptions' messages."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record's own message."""
        error = record.exc_info[0] if record.exc_info else None
        log(record.getMessage(), record.levelname, logger=record.name, error=error.__name__ if error else "")
