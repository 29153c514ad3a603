"""A candidate's verdict: what its training counted beside the model that serves, judged once and kept."""

from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.learning import ModelStatus, ModelVersion
from shared.database.transaction import transaction
from shared.model_comparison import KEPT_AS, ComparedModels, OutcomeCount
from shared.telemetry import log

from .comparison_policy import DRAWS, Change, Comparison, Outcome, Reason, Verdict, compare

LOOKED_AT: Final = 20
"""The latest candidates: who was trained before them is overtaken."""


class ShownChange(Schema):
    """A score's change from the model that serves to the candidate, with its 95 % interval."""

    value: float
    lower: float
    upper: float


class KeptVerdict(Schema):
    """What a comparison came to. Where there is nothing to measure a change on, it is null."""

    verdict: Verdict
    reasons: list[Reason]
    champion: str
    """The version that it was compared with."""
    texts: int
    risk_positives: int
    macro_f1: ShownChange | None
    risk_sensitivity: ShownChange | None
    regressed_cases: list[str]
    draws: int
    seed: int
    judged_at: str


def judge_candidates() -> None:
    """Judge the latest candidate that nobody has judged yet."""
    found = unjudged()
    if found is not None:
        model_id, compared = found
        keep_verdict(model_id, verdict_on(model_id, compared))


@transaction
def unjudged(db: Database) -> tuple[UUID, ComparedModels] | None:
    """The latest candidate that brings a comparison and has no verdict."""
    waiting = (
        select(ModelVersion.id, ModelVersion.name, ModelVersion.metrics)
        .where(ModelVersion.status == ModelStatus.CANDIDATE, ModelVersion.verdict.is_(None))
        .order_by(ModelVersion.created_at.desc())
        .limit(LOOKED_AT)
    )
    for model_id, name, metrics in db.execute(waiting):
        try:
            if KEPT_AS in metrics:
                return model_id, ComparedModels.model_validate(metrics[KEPT_AS])
        except ValidationError:
            log("comparison-unreadable", severity="ERROR", model=name)
    return None


def verdict_on(model_id: UUID, compared: ComparedModels) -> KeptVerdict:
    """Draw and decide; a model's id is its seed, so that the same counts give the same verdict."""
    outcomes = {_outcome(counted): counted.count for counted in compared.outcomes}
    cases = {case.case: (case.champion_passes, case.candidate_passes) for case in compared.critical_cases}
    seed = model_id.int % 2**32
    found = compare(outcomes, cases, compared.corrections, risk_class=compared.risk_class, seed=seed)
    return _kept(found, compared.champion, seed)


@transaction
def keep_verdict(db: Database, model_id: UUID, verdict: KeptVerdict) -> None:
    """Keep it with the model; one that is worse is rejected for good."""
    model = db.get_one(ModelVersion, model_id, with_for_update=True)
    if model.verdict is not None:
        return
    model.verdict = verdict.model_dump(mode="json", by_alias=True)
    if verdict.verdict is Verdict.WORSE:
        model.status = ModelStatus.REJECTED
    audit.record(db, Action.MODEL_COMPARED, resource=("model_version", model_id), details=_told(verdict))


def _outcome(counted: OutcomeCount) -> Outcome:
    flags = counted.champion_flags, counted.candidate_flags
    return Outcome(counted.truth, counted.champion, counted.candidate, *flags)


def _kept(found: Comparison, champion: str, seed: int) -> KeptVerdict:
    return KeptVerdict(
        verdict=found.verdict,
        reasons=list(found.reasons),
        champion=champion,
        texts=found.texts,
        risk_positives=found.risk_positives,
        macro_f1=_shown(found.macro_f1),
        risk_sensitivity=_shown(found.risk_sensitivity),
        regressed_cases=list(found.regressed_cases),
        draws=DRAWS,
        seed=seed,
        judged_at=now().isoformat(),
    )


def _shown(change: Change | None) -> ShownChange | None:
    if change is None:
        return None
    return ShownChange(value=round(change.value, 4), lower=round(change.lower, 4), upper=round(change.upper, 4))


def _told(verdict: KeptVerdict) -> dict[str, str | list[str]]:
    return {
        "verdict": verdict.verdict,
        "reasons": [str(reason) for reason in verdict.reasons],
        "champion": verdict.champion,
        "riskPositives": str(verdict.risk_positives),
        "macroF1": _bounds(verdict.macro_f1),
        "riskSensitivity": _bounds(verdict.risk_sensitivity),
    }


def _bounds(change: ShownChange | None) -> str:
    return f"{change.value:+.4f} ({change.lower:+.4f} to {change.upper:+.4f})" if change else "not measured"
