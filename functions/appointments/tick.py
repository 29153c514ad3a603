"""POST /api/internal/appointments/tick: what time itself brings, every minute."""

from typing import Final

from shared.http.endpoint import Routes
from shared.http.steps import Steps, do_each
from shared.roles import scheduler

from . import holds, no_shows, offers, reminders

routes = Routes()

STEPS: Final[Steps] = {
    "holds": holds.expire_lapsed,
    "offers": offers.offer_all,
    "reminders": reminders.remind_of_what_is_near,
    "attendance": no_shows.settle_due,
}
"""Each does all that is due at this moment, in bounded batches, and finds nothing to do where it ran a moment ago."""


@routes.endpoint("POST /api/internal/appointments/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    do_each(STEPS)
