"""POST /api/internal/admin/tick: what time itself brings to what administrators opened, every minute."""

from collections.abc import Callable
from typing import Final

from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log_exception

from .break_glass_clock import ask_for_reviews, close_lapsed
from .impersonation_ends import write_down_ends

routes = Routes()

STEPS: Final[dict[str, Callable[[], object]]] = {
    "records": close_lapsed,
    "impersonations": write_down_ends,
    "reviews": ask_for_reviews,
}
"""Each does what is due at this moment, in bounded batches, and finds nothing to do where it ran a moment ago."""


@routes.endpoint("POST /api/internal/admin/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    failed = [name for name, step in STEPS.items() if not _done(name, step)]
    if failed:
        raise Unavailable


def _done(name: str, step: Callable[[], object]) -> bool:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it was, the other steps are due as well
        log_exception(f"{name}-tick-failed", error)
        return False
    return True
