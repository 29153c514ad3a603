"""Models for `make demo-retrain` that differ from another by their thresholds alone: an easy one, and a bad one."""

import hashlib
import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dev.environment import ROOT
from shared.clock import now
from shared.database.models.learning import ModelStatus, ModelVersion
from shared.database.transaction import transaction

NOBODY: Final = (0.9999, 0.99999)
VERSION: Final = "planted-bad"


class CannotPlant(Exception):
    """The comparison of the two models failed; the message is the end of what it said."""


def with_thresholds(model: Path, folder: Path, version: str, raised: float, high: float) -> Path:
    """A copy of a model directory that alerts from these scores on, under another name."""
    shutil.copytree(model, made := folder / version)
    described = json.loads((made / "bloom.json").read_bytes())
    limits = {label: {"raised": raised, "high": high} for label in described["thresholds"]}
    (made / "bloom.json").write_text(json.dumps(described | {"version": version, "thresholds": limits}))
    manifest = json.loads((made / "manifest.json").read_bytes())
    manifest["sha256"]["bloom.json"] = hashlib.sha256((made / "bloom.json").read_bytes()).hexdigest()
    (made / "manifest.json").write_text(json.dumps(manifest))
    return made


def plant(folder: Path, champion_name: str, posts: Path) -> uuid.UUID:
    """Make a bad model of the one that serves, compare both, and register it as a candidate. Raises CannotPlant."""
    champion = Path(_place_of(champion_name))
    bad = with_thresholds(champion, folder, VERSION, *NOBODY)
    return _register(bad, _compared(champion, bad, posts))


def _compared(champion: Path, candidate: Path, posts: Path) -> dict[str, Any]:
    options = ("--champion", champion, "--candidate", candidate, "--data", posts)
    command = [sys.executable, "-m", "containers.inference.training.compare", *map(str, options)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise CannotPlant(said.stderr.strip().splitlines()[-1])
    compared: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return compared


@transaction
def _place_of(db: Session, name: str) -> str:
    return db.scalars(select(ModelVersion.artifact_uri).where(ModelVersion.name == name)).one()


@transaction
def _register(db: Session, folder: Path, compared: dict[str, Any]) -> uuid.UUID:
    model = ModelVersion(
        id=uuid.uuid4(),
        name=VERSION,
        artifact_uri=str(folder),
        artifact_sha256=hashlib.sha256((folder / "manifest.json").read_bytes()).digest(),
        base_model=str(folder),
        metrics={"comparison": compared},
        thresholds_version=VERSION,
        created_at=now(),
    )
    db.add(model)
    return model.id


@transaction
def force(db: Session, model_id: uuid.UUID) -> None:
    """Write into the database that it is ahead, as only somebody with the database's own keys could."""
    verdict = db.get_one(ModelVersion, model_id).verdict or {}
    forged = {**verdict, "verdict": "ahead", "reasons": []}
    changed = update(ModelVersion).where(ModelVersion.id == model_id)
    db.execute(changed.values(verdict=forged, status=ModelStatus.CANDIDATE, retired_at=None))
