"""A run's row in the database, as the job itself keeps it: that it lives, how far it is, what it came to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.learning import ModelStatus, ModelVersion, RunStatus, RunTrigger, TrainingRun
from shared.database.transaction import transaction


class RunEnded(Exception):
    """The run is marked as ended: whoever still works on it stops."""


@dataclass(frozen=True)
class TrainedModel:
    """A model directory that was kept."""

    name: str
    url: str
    manifest_sha256: bytes
    base: str
    metrics: dict[str, Any]
    thresholds: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, url: str, manifest_sha256: bytes, base: str) -> "TrainedModel":
        """What the directory says of itself."""
        bloom = json.loads((folder / "bloom.json").read_bytes())
        return cls(bloom["version"], url, manifest_sha256, base, bloom["metrics"], bloom["thresholds"])


@transaction
def begin(db: Database, run_id: UUID | None, feedback_days: int) -> UUID:
    """The run goes on from here; without an id it is a new one. Raises RunEnded where it has ended already."""
    if run_id is None:
        run_id = uuid4()
        db.add(TrainingRun(id=run_id, trigger=RunTrigger.ADMINISTRATOR, feedback_days=feedback_days, created_at=now()))
        db.flush()
    _change(db, run_id, status=RunStatus.RUNNING, started_at=now(), heartbeat_at=now(), stage="begun")
    return run_id


@transaction
def tell(db: Database, run_id: UUID, stage: str, log: str) -> None:
    """The run lives and is at this stage. Raises RunEnded."""
    _change(db, run_id, heartbeat_at=now(), stage=stage, log_tail=log)


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
        db.add(_candidate(run_id, model))
    facts = {**model.metrics, "model": model.name, "isNew": known is None}
    _change(db, run_id, status=RunStatus.SUCCEEDED, stage="finished", metrics=facts, finished_at=now())


@transaction
def champion_url(db: Database) -> str | None:
    """Where the model lies that serves, if one was registered."""
    return db.scalar(select(ModelVersion.artifact_uri).where(ModelVersion.status == ModelStatus.CHAMPION))


def _candidate(run_id: UUID, model: TrainedModel) -> ModelVersion:
    return ModelVersion(
        id=uuid4(),
        name=model.name,
        artifact_uri=model.url,
        artifact_sha256=model.manifest_sha256,
        base_model=model.base,
        metrics=model.metrics,
        thresholds=model.thresholds,
        thresholds_version=model.name,
        training_run_id=run_id,
        created_at=now(),
    )


def _change(db: Database, run_id: UUID, **values: Any) -> None:
    unfinished = TrainingRun.status.in_((RunStatus.QUEUED, RunStatus.RUNNING))
    changed = update(TrainingRun).where(TrainingRun.id == run_id, unfinished).values(**values).returning(TrainingRun.id)
    if db.scalar(changed) is None:
        raise RunEnded
