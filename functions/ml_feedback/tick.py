"""POST /api/internal/ml/tick: what time itself brings to what is learnt, every minute."""

from shared.http.endpoint import Routes
from shared.roles import scheduler

from .training_runs import end_lost_runs

routes = Routes()


@routes.endpoint("POST /api/internal/ml/tick", allow=scheduler)
def tick() -> None:
    """Mark trainings that were killed."""
    end_lost_runs()
