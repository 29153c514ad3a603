"""A model that a training made and that waits to be tried, and a second administrator: for tests in a browser.

It is the shipped one with other thresholds. What its training is said to have counted is made up; its report is not.
"""

import hashlib
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from dev.demo_planting import with_thresholds
from dev.environment import ROOT
from dev.seed_accounts import SeedAccount
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.learning import ModelVersion, RunStatus, RunTrigger, TrainingRun
from shared.database.transaction import transaction
from shared.model_comparison import KEPT_AS, ComparedModels, CriticalCase, OutcomeCount
from shared.passwords import hash_password
from shared.roles import Role

SECOND: Final = SeedAccount("ADMINISTRATOR", "Bea Example", "administrator2@bloom.test", "bloom-administrator2-dev")
SHIPPED: Final = ROOT / "containers" / "inference" / "model"
VERSION: Final = "tuned-example"
THRESHOLDS: Final = (0.05, 0.4)
TEXTS: Final = 250
"""Texts of each of the two classes that were compared."""
MISTAKES: Final = {"champion": 50, "candidate": 25}


@transaction
def plant_model(db: Session, folder: Path) -> None:
    """Add both; the model's directory is made in this folder."""
    made = with_thresholds(SHIPPED, folder, VERSION, *THRESHOLDS)
    run_id = uuid.uuid4()
    second = User(
        email=SECOND.email, name=SECOND.name, role=Role(SECOND.role), password_hash=hash_password(SECOND.password)
    )
    second.email_verified_at = now()
    db.add(second)
    db.add(_run(run_id))
    db.flush()
    db.add(_model(run_id, made))


def _run(run_id: uuid.UUID) -> TrainingRun:
    return TrainingRun(
        id=run_id,
        status=RunStatus.SUCCEEDED,
        trigger=RunTrigger.SCHEDULE,
        feedback_days=30,
        examples=480,
        metrics={"model": VERSION, "isNew": True},
        stage="finished",
        log_tail="epoch 1: loss 0.5381\naccuracy 0.8135",
        created_at=now() - timedelta(hours=2),
        started_at=now() - timedelta(hours=2),
        heartbeat_at=now() - timedelta(hours=1),
        finished_at=now() - timedelta(hours=1),
    )


def _model(run_id: uuid.UUID, made: Path) -> ModelVersion:
    described, report = _read(made / "bloom.json"), _read(made / "report.json")
    shipped, manifest = _read(SHIPPED / "bloom.json"), (SHIPPED / "manifest.json").read_bytes()
    compared = ComparedModels(
        champion=shipped["version"],
        champion_manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        champion_metrics=shipped["metrics"],
        champion_thresholds=shipped["thresholds"],
        risk_class="Suicidal",
        outcomes=[*_outcomes("Suicidal", "Stress"), *_outcomes("Stress", "Suicidal")],
        critical_cases=[CriticalCase(case="en/active ideation/1", champion_passes=True, candidate_passes=True)],
        corrections=[12] * 6,
    )
    return ModelVersion(
        id=uuid.uuid4(),
        name=VERSION,
        artifact_uri=str(made),
        artifact_sha256=hashlib.sha256((made / "manifest.json").read_bytes()).digest(),
        base_model=str(SHIPPED),
        metrics={
            **described["metrics"],
            "behaviour": {name: report["behaviour"][name] for name in ("cases", "passed", "byLanguage")},
            "baselines": report["baselines"],
            "report": {kind: f"{made}/report.{kind}" for kind in ("json", "html")},
            "corrections": report["corrections"],
            KEPT_AS: compared.model_dump(mode="json", by_alias=True),
        },
        thresholds=described["thresholds"],
        thresholds_version=described["thresholdsVersion"],
        training_run_id=run_id,
        created_at=now() - timedelta(hours=1),
    )


def _outcomes(truth: str, other: str) -> list[OutcomeCount]:
    """Both right, or one of them not: whoever errs does so on texts of their own."""
    right = TEXTS - sum(MISTAKES.values())
    kinds = (
        (truth, truth, right),
        (other, truth, MISTAKES["champion"]),
        (truth, other, MISTAKES["candidate"]),
    )
    return [
        OutcomeCount(
            truth=truth,
            champion=champion,
            candidate=candidate,
            champion_flags=champion == "Suicidal",
            candidate_flags=candidate == "Suicidal",
            count=count,
        )
        for champion, candidate, count in kinds
    ]


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read
