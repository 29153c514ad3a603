"""POST /api/internal/ml/tick: what time itself brings to what is learnt, every minute."""

from typing import Final

from shared.http.endpoint import Routes
from shared.http.steps import Steps, do_each
from shared.roles import scheduler

from .comparison import judge_candidates
from .rollout_tending import tend_rollout
from .training_runs import end_lost_runs

routes = Routes()

STEPS: Final[Steps] = {
    "rollout": tend_rollout,
    "lost-runs": end_lost_runs,
    "comparison": judge_candidates,
}
"""Each does what is due at this moment; what may harm somebody comes first."""


@routes.endpoint("POST /api/internal/ml/tick", allow=scheduler)
def tick() -> None:
    """Do every step; one that fails holds up no other, and the next tick tries it again. Raises Unavailable."""
    do_each(STEPS)
