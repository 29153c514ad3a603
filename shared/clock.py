"""The one clock, which a test can hold still."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_now: ContextVar[Callable[[], datetime] | None] = ContextVar("_now", default=None)


def now() -> datetime:
    """The present time, UTC."""
    held = _now.get()
    return held() if held else datetime.now(UTC)


@contextmanager
def held_at(moment: Callable[[], datetime]) -> Iterator[None]:
    """Within the block, `now()` is what `moment` says."""
    token = _now.set(moment)
    try:
        yield
    finally:
        _now.reset(token)


def elapsed_ms(since: float) -> float:
    """Milliseconds since a reading of `time.perf_counter()`."""
    return (time.perf_counter() - since) * 1000
