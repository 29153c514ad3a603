"""POST /api/ml/rollouts: a model that its comparison found to be ahead is tried beside the one that serves."""

from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, inference
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.learning import ModelStatus, ModelVersion, Rollout
from shared.database.transaction import expect_unique, transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.inference import InferenceAway, ServedModel
from shared.model_comparison import KEPT_AS, ComparedModels
from shared.problems import Conflict, NotFound
from shared.roles import administrators
from shared.session import Caller
from shared.settings import settings

from .comparison import KeptVerdict
from .comparison_policy import Verdict
from .rollout_steps import Progress, progress_of
from .rollout_tending import PATIENT_MS, follow
from .rollouts import ShownRollout, shown
from .served_revisions import ServingAway

routes = Routes()


class RolloutUnderWay(Conflict):
    """One model is tried at a time, and the last one has to be gone."""

    title = "A rollout is under way already"


class NotAhead(Conflict):
    """The model was not found to be at least as good as the one that serves; the detail says why."""

    title = "This model cannot be rolled out"


class ServedModelUnknown(Conflict):
    """What serves is not the model that is registered as the champion, so nothing can be compared with it."""

    title = "Another model is being served than the one that is registered"


class NewRollout(Schema):
    """The model to be tried."""

    model_id: UUID


@routes.endpoint(
    "POST /api/ml/rollouts",
    allow=administrators,
    limit=Limit("start-rollout", 10, per=3600),
    status=201,
    fresh=True,
    once=True,
)
def start_rollout(caller: Caller, new: NewRollout) -> ShownRollout:
    """Begin with a model that is ahead: first in the shadow, and by itself up to half of the patients."""
    if not settings().inference_service:
        raise ServingAway("No service of the classifier is set up here")
    try:
        served = inference.model_at(settings().inference_url, PATIENT_MS)
    except InferenceAway:
        raise ServingAway("The classifier does not answer") from None
    begun = started(caller, new.model_id, served)
    follow(begun)
    return shown(begun.id)


@routes.endpoint(
    "POST /api/ml/models/{id}/try-again", allow=administrators, limit=Limit("try-again", 10, per=3600), fresh=True
)
def try_again(id: UUID) -> None:
    """Let a model that a rollout returned be rolled out anew: what spoke against it is understood, or mended."""
    reinstate(id)


@transaction
def reinstate(db: Database, model_id: UUID) -> None:
    """It is a candidate again, by the verdict that it has. Raises NotFound, NotAhead."""
    model = db.get(ModelVersion, model_id, with_for_update=True)
    if model is None:
        raise NotFound
    if model.status is not ModelStatus.REJECTED:
        raise NotAhead(f"It is {model.status}")
    _require_verdict(model)
    model.status, model.retired_at = ModelStatus.CANDIDATE, None
    audit.record(db, Action.MODEL_TRIED_AGAIN, resource=("model_version", model.id), details={"model": model.name})


@transaction
def started(db: Database, caller: Caller, model_id: UUID, served: ServedModel) -> Progress:
    """Keep it. Raises NotFound, NotAhead, ServedModelUnknown, RolloutUnderWay."""
    model = db.get(ModelVersion, model_id)
    if model is None:
        raise NotFound
    _require_ahead(model)
    champion = _champion(db, model, served)
    if KeptVerdict.model_validate(model.verdict).champion != champion.name:
        raise NotAhead("It was compared with another model than the one that serves")
    if db.scalar(select(Rollout.id).where(Rollout.settled_at.is_(None)).limit(1)) is not None:
        raise RolloutUnderWay("Cloud Run has not finished with the last one")
    rollout = Rollout(
        id=uuid4(),
        champion_id=champion.id,
        challenger_id=model.id,
        percent=0,
        started_by=caller.user_id,
        started_at=now(),
        stage_started_at=now(),
    )
    with expect_unique(db, "uq_rollout_active", RolloutUnderWay):
        db.add(rollout)
    model.status = ModelStatus.CHALLENGER
    details = {"champion": champion.name, "challenger": model.name}
    audit.record(db, Action.ROLLOUT_STARTED, resource=("rollout", rollout.id), details=details)
    return progress_of(db, rollout)


def _require_ahead(model: ModelVersion) -> None:
    if model.status is not ModelStatus.CANDIDATE:
        reasons = ", ".join((model.verdict or {}).get("reasons", []))
        raise NotAhead(f"It is {model.status}" + (f": {reasons}" if reasons else ""))
    _require_verdict(model)


def _require_verdict(model: ModelVersion) -> None:
    if model.verdict is None:
        raise NotAhead("It has not been compared yet: that takes a minute, or its training compared it with nothing")
    verdict = KeptVerdict.model_validate(model.verdict)
    if verdict.verdict is not Verdict.AHEAD:
        raise NotAhead(f"The comparison said {verdict.verdict}: {', '.join(verdict.reasons)}")


def _champion(db: Database, model: ModelVersion, served: ServedModel) -> ModelVersion:
    """The model that serves; the first one of all is registered by what the candidate was compared with."""
    champion = db.scalar(select(ModelVersion).where(ModelVersion.status == ModelStatus.CHAMPION))
    if champion is None:
        champion = _registered(db, model)
    if champion is None or champion.name != served.version:
        raise ServedModelUnknown
    return champion


def _registered(db: Database, model: ModelVersion) -> ModelVersion | None:
    try:
        compared = ComparedModels.model_validate(model.metrics[KEPT_AS])
    except (KeyError, ValidationError):
        return None
    champion = ModelVersion(
        id=uuid4(),
        name=compared.champion,
        status=ModelStatus.CHAMPION,
        artifact_uri=model.base_model,
        artifact_sha256=bytes.fromhex(compared.champion_manifest_sha256),
        base_model=model.base_model,
        metrics=compared.champion_metrics,
        thresholds=compared.champion_thresholds,
        thresholds_version=compared.champion,
        created_at=now(),
        promoted_at=now(),
    )
    db.add(champion)
    return champion
