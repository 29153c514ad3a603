"""POST /api/internal/ml/tick: what time itself brings to what is learnt, every minute."""

from collections.abc import Callable
from typing import Final

from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log_exception

from .comparison import judge_candidates
from .rollout_tending import tend_rollout
from .training_runs import end_lost_runs

routes = Routes()

STEPS: Final[dict[str, Callable[[], object]]] = {
    "rollout": tend_rollout,
    "lost-runs": end_lost_runs,
    "comparison": judge_candidates,
}
"""Each does what is due at this moment; what may harm somebody comes first."""


@routes.endpoint("POST /api/internal/ml/tick", allow=scheduler)
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
