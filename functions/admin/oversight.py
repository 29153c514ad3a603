"""What people have to look after, counted for the fleet's page: reviews, answers on the model, its drift."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.database.models.learning import DriftReport, MLFeedback
from shared.database.models.trust import BreakGlassGrant
from shared.telemetry import metrics

REVIEWS_COUNTED: Final = 1000
REPORTS_READ: Final = 20
ANSWERS_OF: Final = timedelta(days=30)
DRIFTED: Final = "drifted"
MEASURES: Final = ("label", "confidence", "words", "language")
SHOWN: Final = (metrics.REVIEWS_OVERDUE, metrics.ANSWERS, metrics.DRIFTED)


def counted(db: Database, moment: datetime) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """By a metric's name: the values of its labels, and how it stands."""
    confirmed, corrected = _answers(db, moment)
    drifted = _drifted(db)
    return {
        metrics.REVIEWS_OVERDUE.name: [((), _reviews_overdue(db, moment))],
        metrics.ANSWERS.name: [(("confirmed",), confirmed), (("corrected",), corrected)],
        metrics.DRIFTED.name: [((measure,), int(measure in drifted)) for measure in MEASURES],
    }


def _reviews_overdue(db: Database, moment: datetime) -> int:
    overdue = (
        select(BreakGlassGrant.id)
        .where(BreakGlassGrant.reviewed_at.is_(None), BreakGlassGrant.review_due_at <= moment)
        .limit(REVIEWS_COUNTED)
        .subquery()
    )
    return db.scalar(select(func.count()).select_from(overdue)) or 0


def _answers(db: Database, moment: datetime) -> tuple[int, int]:
    right = func.count().filter(MLFeedback.is_correct)
    confirmed, all_of_them = db.execute(
        select(right, func.count()).where(MLFeedback.created_at > moment - ANSWERS_OF)
    ).one()
    return confirmed, all_of_them - confirmed


def _drifted(db: Database) -> set[str]:
    """The measures that drifted in the latest week, for any version that answered in it."""
    latest = db.execute(
        select(DriftReport.week_start, DriftReport.measures)
        .order_by(DriftReport.week_start.desc(), DriftReport.id)
        .limit(REPORTS_READ)
    ).all()
    return {name for week, measures in latest if week == latest[0][0] for name in _which_drifted(measures)}


def _which_drifted(measures: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    return (name for name, found in measures.items() if found.get("verdict") == DRIFTED)
