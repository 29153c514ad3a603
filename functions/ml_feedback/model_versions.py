"""GET /api/ml/models: what was ever registered to serve, and by which scores."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.learning import ModelStatus, ModelVersion
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.model_comparison import KEPT_AS
from shared.roles import administrators

from .comparison import KeptVerdict
from .pages import PageQuery, page_of

routes = Routes()


class ShownModel(Schema):
    """A version: its scores as its training measured them, and the thresholds it alerts by.

    `verdict` is what its comparison with the one that serves came to; what was counted for it is not repeated.
    """

    id: UUID
    name: str
    status: ModelStatus
    base_model: str
    metrics: dict[str, Any]
    thresholds: dict[str, Any]
    thresholds_version: str
    training_run_id: UUID | None
    verdict: KeptVerdict | None
    created_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None


class Models(Schema):
    """A page, the latest first."""

    items: list[ShownModel]
    next_cursor: str | None


@routes.endpoint("GET /api/ml/models", allow=administrators, limit=Limit("models", 120, per=60))
def show_models(query: PageQuery) -> Models:
    """All versions, a page at a time."""
    return versions_of(query)


@transaction
def versions_of(db: Database, asked: PageQuery) -> Models:
    """Read a page. Raises Unprocessable for a cursor that is none of ours."""
    page, following = page_of(db, ModelVersion, ModelVersion.created_at, asked)
    return Models(items=[_shown(model) for model in page], next_cursor=following)


def _shown(model: ModelVersion) -> ShownModel:
    named = {name: getattr(model, name) for name in ShownModel.model_fields}
    scores = {name: score for name, score in model.metrics.items() if name != KEPT_AS}
    verdict = KeptVerdict.model_validate(model.verdict) if model.verdict else None
    return ShownModel(**{**named, "metrics": scores, "verdict": verdict})
