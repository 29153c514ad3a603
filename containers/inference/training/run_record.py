"""A run's row in the database, as the job itself keeps it: that it lives, how far it is, what it came to."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session as Database

from containers.inference.training.model_store import CHECKSUM
from containers.inference.training.training_distribution import KEPT_AS as DISTRIBUTION
from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.learning import ModelStatus, ModelVersion, RunStatus, RunTrigger, TrainingRun
from shared.database.transaction import expect_unique, transaction
from shared.model_comparison import KEPT_AS, ComparedModels

STOPPED: Final = "stopped"
BROKEN_OFF: Final = ("killed", STOPPED, "trainer-killed")
"""Why a run may have ended that can be taken up again: nothing was wrong with what it did."""


class RunEnded(Exception):
    """The run is marked as ended: whoever still works on it stops."""


class AnotherRuns(Exception):
    """A training is under way already, and one goes on at a time."""


@dataclass(frozen=True)
class TrainedModel:
    """A model directory that was kept."""

    name: str
    url: str
    manifest_sha256: bytes
    base: str
    summary: dict[str, Any]
    """The figures in short."""
    metrics: dict[str, Any]
    """Those, and what the version is judged, watched and shown by: see `of`."""
    thresholds: dict[str, Any]
    thresholds_version: str

    @classmethod
    def of(cls, folder: Path, url: str, manifest_sha256: bytes, base: str) -> Self:
        """What the directory says of itself. Beside the figures that GET /model tells, its metrics hold

        - `behaviour`: `{"cases", "passed", "byLanguage": {"en": {"danger": [passed, of], "noDanger": [...]}}}`;
        - `baselines`: linear models on the same texts, `[{"name", "accuracy", "macroF1"}]`;
        - `trainingDistribution`, which GET /model tells too: see `training_distribution`, what drift is measured by;
        - `report`: `{"json", "html"}`, where the whole report lies;
        - `comparison`: a `shared.model_comparison.ComparedModels`, where it was compared with the model that serves;
        - `corrections`: how many each therapist gave to what it learnt from, after all that was left out, without
          saying who.
        """
        bloom, report = _read(folder / "bloom.json"), _read(folder / "report.json")
        metrics = {
            **bloom["metrics"],
            "behaviour": {name: report["behaviour"][name] for name in ("cases", "passed", "byLanguage")},
            "baselines": report["baselines"],
            "report": {kind: f"{url}/report.{kind}" for kind in ("json", "html")},
            "corrections": report["corrections"],
        }
        if (folder / f"{KEPT_AS}.json").exists():
            compared = ComparedModels.model_validate(_read(folder / f"{KEPT_AS}.json"))
            told = compared.model_copy(update={"corrections": report["corrections"]})
            metrics[KEPT_AS] = told.model_dump(mode="json", by_alias=True)
        return cls(
            bloom["version"],
            url,
            manifest_sha256,
            base,
            {name: figure for name, figure in bloom["metrics"].items() if name != DISTRIBUTION},
            metrics,
            bloom["thresholds"],
            bloom["thresholdsVersion"],
        )


@transaction
def begin(db: Database, run_id: UUID | None, feedback_days: int) -> UUID:
    """The run goes on from here; without an id it is a new one.

    One that was killed or stopped is taken up again. Raises RunEnded where it came to an end of its own, and
    AnotherRuns.
    """
    with expect_unique(db, "uq_training_run_unfinished", AnotherRuns):
        begun = run_id or _new(db, feedback_days)
        _take_up(db, begun)
    return begun


@transaction
def tell(db: Database, run_id: UUID, stage: str, log: str) -> None:
    """The run lives and is at this stage. Raises RunEnded."""
    _change(db, run_id, heartbeat_at=now(), stage=stage, log_tail=log)


@transaction
def begun_at(db: Database, run_id: UUID) -> datetime:
    """When its first attempt began (UTC). Raises RunEnded where there is no such run."""
    moment = db.scalar(select(TrainingRun.started_at).where(TrainingRun.id == run_id))
    if moment is None:
        raise RunEnded
    return moment


@transaction
def tell_data(db: Database, run_id: UUID, examples: int, sha256: bytes) -> None:
    """What is learnt from. Raises RunEnded."""
    _change(db, run_id, heartbeat_at=now(), examples=examples, dataset_sha256=sha256)


@transaction
def end_in_failure(db: Database, run_id: UUID, error: str, facts: dict[str, Any]) -> None:
    """The run came to nothing, for a reason that is a code. Raises RunEnded."""
    _change(db, run_id, status=RunStatus.FAILED, error=error, metrics=facts, finished_at=now())


@transaction
def end_with(db: Database, run_id: UUID, model: TrainedModel) -> None:
    """The run made a model, which is a candidate now; the very model that was made before stays what it is.

    Raises RunEnded.
    """
    known = db.scalar(select(ModelVersion.id).where(ModelVersion.name == model.name))
    if known is None:
        candidate = _candidate(run_id, model)
        db.add(candidate)
        details = {"model": model.name, "run": str(run_id)}
        audit.record(db, Action.MODEL_REGISTERED, resource=("model_version", candidate.id), details=details)
    facts = {**model.summary, "model": model.name, "isNew": known is None}
    _change(db, run_id, status=RunStatus.SUCCEEDED, stage="finished", metrics=facts, finished_at=now())


@transaction
def champion_url(db: Database) -> str | None:
    """Where the model lies that serves, pinned to its manifest, if one was registered."""
    champion = db.scalar(select(ModelVersion).where(ModelVersion.status == ModelStatus.CHAMPION))
    return f"{champion.artifact_uri}{CHECKSUM}{champion.artifact_sha256.hex()}" if champion else None


def _new(db: Database, feedback_days: int) -> UUID:
    """A run that somebody begins by command line, who has no account here to be named."""
    run = TrainingRun(id=uuid4(), trigger=RunTrigger.ADMINISTRATOR, feedback_days=feedback_days, created_at=now())
    db.add(run)
    db.flush()
    audit.record(db, Action.TRAINING_STARTED, resource=("training_run", run.id), details={"trigger": "command-line"})
    return run.id


def _candidate(run_id: UUID, model: TrainedModel) -> ModelVersion:
    return ModelVersion(
        id=uuid4(),
        name=model.name,
        artifact_uri=model.url,
        artifact_sha256=model.manifest_sha256,
        base_model=model.base,
        metrics=model.metrics,
        thresholds=model.thresholds,
        thresholds_version=model.thresholds_version,
        training_run_id=run_id,
        created_at=now(),
    )


def _take_up(db: Database, run_id: UUID) -> None:
    broken_off = and_(TrainingRun.status == RunStatus.FAILED, TrainingRun.error.in_(BROKEN_OFF))
    goes_on = or_(TrainingRun.status.in_((RunStatus.QUEUED, RunStatus.RUNNING)), broken_off)
    moment = now()
    taken_up = update(TrainingRun).where(TrainingRun.id == run_id, goes_on)
    changed = taken_up.values(
        status=RunStatus.RUNNING,
        started_at=func.coalesce(TrainingRun.started_at, moment),
        heartbeat_at=moment,
        stage="begun",
        error=None,
        finished_at=None,
    )
    if db.scalar(changed.returning(TrainingRun.id)) is None:
        raise RunEnded


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def _change(db: Database, run_id: UUID, **values: Any) -> None:
    unfinished = TrainingRun.status.in_((RunStatus.QUEUED, RunStatus.RUNNING))
    changed = update(TrainingRun).where(TrainingRun.id == run_id, unfinished).values(**values).returning(TrainingRun.id)
    if db.scalar(changed) is None:
        raise RunEnded
