"""Models, rollouts and answers, kept as the product keeps them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.analysis import Label, RiskLevel
from shared.database.models.learning import ModelStatus, ModelVersion, Rollout, ShadowAnswer
from shared.database.transaction import transaction
from shared.model_comparison import ComparedModels, CriticalCase, OutcomeCount
from tests.functions.ml_feedback.analyses import kept_analysis
from tests.people import Pair, Person, rows

CHAMPION, CHALLENGER = "stand-in-1", "tuned-2"
AHEAD = {
    "verdict": "ahead",
    "reasons": [],
    "champion": CHAMPION,
    "texts": 1200,
    "riskPositives": 400,
    "macroF1": {"value": 0.02, "lower": 0.0, "upper": 0.04},
    "riskSensitivity": {"value": 0.0, "lower": -0.005, "upper": 0.01},
    "regressedCases": [],
    "draws": 2000,
    "seed": 1,
    "judgedAt": "2026-03-01T00:00:00+00:00",
}


def compared(*, better: bool = True, texts: int = 250, **changes: Any) -> dict[str, Any]:
    """What a training counted: of 250 texts each of two classes, the candidate errs on fewer, or on many more."""
    wrong = (texts // 5, texts // 10) if better else (texts // 10, texts // 2)
    counts = [
        *_outcomes("Suicidal", "Stress", texts, wrong),
        *_outcomes("Stress", "Suicidal", texts, wrong),
    ]
    whole = ComparedModels(
        champion=CHAMPION,
        champion_manifest_sha256="ab" * 32,
        champion_metrics={"macroF1": 0.75},
        champion_thresholds={"Suicidal": {"raised": 0.4, "high": 0.8}},
        risk_class="Suicidal",
        outcomes=counts,
        critical_cases=[CriticalCase(case="denial-1", champion_passes=True, candidate_passes=True)],
        corrections=[2] * 5,
    )
    return {**whole.model_dump(mode="json", by_alias=True), **changes}


def _outcomes(truth: str, other: str, texts: int, wrong: tuple[int, int]) -> list[OutcomeCount]:
    """Both right, or one of them not: whoever errs does so on texts of their own."""
    kinds = [(truth, truth, texts - sum(wrong)), (other, truth, wrong[0]), (truth, other, wrong[1])]
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


def model_path(**told: Any) -> str:
    """What a revision of the stand-in is told to be."""
    return json.dumps({"version": CHALLENGER, **told})


@transaction
def add_model(
    db: Database,
    name: str = CHALLENGER,
    status: ModelStatus = ModelStatus.CANDIDATE,
    *,
    verdict: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    path: str = "",
) -> UUID:
    """A model version; without a verdict nobody has judged it."""
    model = ModelVersion(
        id=uuid4(),
        name=name,
        status=status,
        artifact_uri=path or model_path(version=name),
        artifact_sha256=bytes(32),
        base_model="gs://models/base",
        metrics=metrics or {},
        thresholds={},
        thresholds_version=name,
        created_at=now(),
    )
    if verdict:
        model.verdict = verdict
    db.add(model)
    return model.id


@transaction
def add_rollout(
    db: Database,
    started_by: Person,
    percent: int = 10,
    *,
    address: str | None = "http://127.0.0.1:9",
    settled: bool = True,
    at: datetime | None = None,
) -> UUID:
    """A rollout in this stage, with its two models."""
    moment = at or now()
    names = ((CHAMPION, ModelStatus.CHAMPION), (CHALLENGER, ModelStatus.CHALLENGER))
    models = [_model(name, status) for name, status in names]
    db.add_all(models)
    db.flush()
    rollout = Rollout(
        id=uuid4(),
        champion_id=models[0].id,
        challenger_id=models[1].id,
        percent=percent,
        address=address,
        started_by=started_by.id,
        started_at=moment,
        stage_started_at=moment,
        settled_at=moment if settled else None,
    )
    db.add(rollout)
    return rollout.id


def _model(name: str, status: ModelStatus) -> ModelVersion:
    return ModelVersion(
        id=uuid4(),
        name=name,
        status=status,
        artifact_uri=model_path(version=name),
        artifact_sha256=bytes(32),
        base_model="gs://models/base",
        thresholds_version=name,
        created_at=now(),
    )


@transaction
def add_answers(
    db: Database, /, pair: Pair, version: str, count: int, *, flagged: int = 0, ms: int = 20, **more: Any
) -> list[UUID]:
    """So many answers of a version to messages of a patient, of which some would alert."""
    levels = [RiskLevel.RAISED] * flagged + [RiskLevel.NONE] * (count - flagged)
    return [kept_analysis(db, pair, risk=level, model_version=version, latency_ms=ms, **more) for level in levels]


@transaction
def add_shadow(
    db: Database,
    pair: Pair,
    rollout_id: UUID,
    analyses: Sequence[UUID],
    *,
    flagged: int = 0,
    failed: int = 0,
    ms: int = 20,
) -> None:
    """The challenger's answers to messages that the champion answered."""
    for place, analysis_id in enumerate(analyses):
        has_failed = place >= len(analyses) - failed
        db.add(
            ShadowAnswer(
                id=uuid4(),
                rollout_id=rollout_id,
                analysis_id=analysis_id,
                patient_id=pair.patient.id,
                label=None if has_failed else Label.STRESS,
                confidence=None if has_failed else 0.9,
                is_flagged=place < flagged,
                latency_ms=ms,
                created_at=now(),
            )
        )


def rollout_row(rollout_id: UUID) -> Rollout:
    """The row as it is now."""
    [found] = rows(select(Rollout).where(Rollout.id == rollout_id))
    return found


def model_row(name: str) -> ModelVersion:
    """The model of this name as it is now."""
    [found] = rows(select(ModelVersion).where(ModelVersion.name == name))
    return found


def ago(minutes: float) -> datetime:
    """A moment that long ago."""
    return now() - timedelta(minutes=minutes)
