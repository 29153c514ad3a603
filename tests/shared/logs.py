"""What a function writes to standard output, read back."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

from shared import telemetry


class Lines:
    """The log lines since the block began."""

    def __init__(self, output: io.StringIO) -> None:
        self._output = output

    @property
    def text(self) -> str:
        """All of them as they were written."""
        return self._output.getvalue()

    def read(self) -> list[dict[str, Any]]:
        """Each as the JSON object that it is."""
        return [json.loads(line) for line in self.text.splitlines()]


@contextlib.contextmanager
def logged() -> Iterator[Lines]:
    """Within the block this process logs as a function does, to where the test can read it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        telemetry.start_logging()
    try:
        yield Lines(output)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
