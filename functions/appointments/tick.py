"""POST /api/internal/appointments/tick: what time itself brings, every minute."""

from collections.abc import Callable
from typing import Final

from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log

from . import holds, no_shows, offers, reminders

routes = Routes()

STEPS: Final[dict[str, Callable[[], object]]] = {
    "holds": holds.expire_lapsed,
    "offers": offers.offer_all,
    "reminders": reminders.remind_of_what_is_near,
    "attendance": no_shows.settle_due,
}
"""Each does all that is due at this moment, in bounded batches, and finds nothing to do where it ran a moment ago."""


@routes.endpoint("POST /api/internal/appointments/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    failed = [name for name, step in STEPS.items() if not _done(name, step)]
    if failed:
        raise Unavailable


def _done(name: str, step: Callable[[], object]) -> bool:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it was, the other steps are due as well
        log("tick-failed", severity="ERROR", step=name, error=type(error).__name__)
        return False
    return True
