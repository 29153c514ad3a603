"""GET /api/ml/models/{id}/figures: what a version's report says in numbers, each with its 95 % interval."""

import json
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.learning import ModelVersion
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import NotFound
from shared.roles import administrators

from .training_reports import ReportMissing, content_of, report_of

routes = Routes()

SECTIONS: Final = ("posts", "feedback", "phrases")
"""By which a version is named, the first that it has."""


class Estimate(Schema):
    """A share from 0 to 1, and between what it lies 95 times of 100."""

    value: float
    lower: float
    upper: float


class ClassFigures(Schema):
    """How one class is told from the others; `texts` are those of the class."""

    label: str
    texts: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


class ReliabilityBin(Schema):
    """Of the texts that the model was about so sure of, how many it was right about."""

    confidence: float
    right: Estimate
    texts: int


class ModelFigures(Schema):
    """On the texts that a version is named by: the posts held apart, or what there was where it learnt without any."""

    texts: int
    accuracy: Estimate
    macro_f1: Estimate
    calibration_error: float
    classes: list[ClassFigures]
    reliability: list[ReliabilityBin]
    labels: list[str]
    confusion: list[list[int]]
    """A row for each label, as `labels` has them: how often its texts were given each label."""


@routes.endpoint("GET /api/ml/models/{id}/figures", allow=administrators, limit=Limit("model-figures", 60, per=60))
def show_model_figures(id: UUID) -> ModelFigures:
    """The figures of one version. Raises ReportMissing where it has none."""
    return figures_of(content_of(address_of(id)))


@transaction
def address_of(db: Database, model_id: UUID) -> str:
    """Where its report lies. Raises NotFound, ReportMissing."""
    model = db.get(ModelVersion, model_id)
    if model is None:
        raise NotFound
    return report_of(model.metrics, "json")


def figures_of(content: bytes) -> ModelFigures:
    """From the report's JSON. Raises ReportMissing where it is none that this release can read."""
    try:
        report = json.loads(content)
        section = next(
            report["figures"][name] for name in ("posts", "feedback", "phrases") if name in report["figures"]
        )
        return _figures(report["labels"], section)
    except (KeyError, TypeError, ValueError, StopIteration):
        raise ReportMissing from None


def _figures(labels: list[str], section: dict[str, Any]) -> ModelFigures:
    return ModelFigures(
        texts=section["texts"],
        accuracy=_estimate(section["accuracy"]),
        macro_f1=_estimate(section["macroF1"]),
        calibration_error=section["calibrationError"],
        classes=[_class(label, figures) for label, figures in section["classes"].items()],
        reliability=[
            ReliabilityBin(confidence=one["confidence"], right=_estimate(one["right"]), texts=one["right"]["of"])
            for one in section["reliability"]
        ],
        labels=labels,
        confusion=section["confusion"],
    )


def _class(label: str, figures: dict[str, Any]) -> ClassFigures:
    return ClassFigures(
        label=label,
        texts=figures["texts"],
        precision=_estimate(figures["precision"]),
        recall=_estimate(figures["recall"]),
        f1=_estimate(figures["f1"]),
    )


def _estimate(told: dict[str, Any]) -> Estimate:
    lower, upper = told["ci95"]
    return Estimate(value=told["value"], lower=lower, upper=upper)
