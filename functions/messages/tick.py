"""POST /api/internal/messages/tick: what time itself brings, every minute."""

from typing import Final

from shared.http.endpoint import Routes
from shared.http.steps import Steps, do_each
from shared.roles import scheduler

from .alerts_watch import look_for_unscored
from .escalation import escalate_due
from .escalation_coverage import end_coverage
from .probe import probe
from .unread_mails import notice_unread

routes = Routes()

STEPS: Final[Steps] = {
    "probe": probe,
    "escalation": escalate_due,
    "coverage": end_coverage,
    "unscored": look_for_unscored,
    "unread": notice_unread,
}
"""Each does what is due at this moment, in bounded batches, and finds nothing to do where it ran a moment ago."""


@routes.endpoint("POST /api/internal/messages/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    do_each(STEPS)
