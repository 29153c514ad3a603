"""POST /api/internal/admin/tick: what time itself brings to what administrators opened, every minute."""

from typing import Final

from shared.http.endpoint import Routes
from shared.http.steps import Steps, do_each
from shared.roles import scheduler

from .break_glass_clock import ask_for_reviews, close_lapsed
from .impersonation_ends import write_down_ends

routes = Routes()

STEPS: Final[Steps] = {
    "records": close_lapsed,
    "impersonations": write_down_ends,
    "reviews": ask_for_reviews,
}
"""Each does what is due at this moment, in bounded batches, and finds nothing to do where it ran a moment ago."""


@routes.endpoint("POST /api/internal/admin/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    do_each(STEPS)
