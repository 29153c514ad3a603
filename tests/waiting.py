"""Waiting for something to be so, with an end: no test waits for time to pass."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
SECONDS = 30.0
_EVERY = 0.01


def until(condition: Callable[[], Found], seconds: float = SECONDS) -> Found:
    """What the condition returns once that is something; fails when it does not come within the time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(_EVERY)
    return found


async def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """The same for what happens in this event loop."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(_EVERY)
