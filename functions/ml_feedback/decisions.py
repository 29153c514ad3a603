"""GET /api/ml/feedback/decisions: every answer therapists gave to the model, as CSV for auditors, without any text."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.learning import MLFeedback
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Document
from shared.roles import administrators

routes = Routes()

COLUMNS: Final = (
    "feedbackId",
    "analysisId",
    "therapistId",
    "modelVersion",
    "modelLabel",
    "confidence",
    "riskLevel",
    "isCorrect",
    "correctedLabel",
    "revision",
    "createdAt",
    "updatedAt",
)
PAGE: Final = 500


@routes.endpoint("GET /api/ml/feedback/decisions", allow=administrators, limit=Limit("decisions", 10, per=60))
def export_decisions() -> Answer[Document]:
    """All standing answers, the oldest first; times are UTC."""
    note_export()
    return Answer(Document(_lines(), "text/csv", "review-decisions.csv"))


@transaction
def note_export(db: Database) -> None:
    """Leave the audit entry before the first line leaves."""
    audit.record(db, Action.DECISIONS_EXPORTED)


@transaction
def page_after(db: Database, last: tuple[Any, UUID] | None) -> list[tuple[Any, ...]]:
    """The next rows, by the time that they were given at."""
    query = (
        select(
            MLFeedback.id,
            MLFeedback.analysis_id,
            MLFeedback.therapist_id,
            MessageAnalysis.model_version,
            MessageAnalysis.label,
            MessageAnalysis.confidence,
            MessageAnalysis.risk_level,
            MLFeedback.is_correct,
            MLFeedback.corrected_label,
            MLFeedback.revision,
            MLFeedback.created_at,
            MLFeedback.updated_at,
        )
        .join(MessageAnalysis, MessageAnalysis.id == MLFeedback.analysis_id)
        .order_by(MLFeedback.created_at, MLFeedback.id)
        .limit(PAGE)
    )
    if last is not None:
        query = query.where(tuple_(MLFeedback.created_at, MLFeedback.id) > last)
    return [tuple(row) for row in db.execute(query)]


def _lines() -> Iterator[bytes]:
    yield _as_csv([COLUMNS])
    last: tuple[Any, UUID] | None = None
    while page := page_after(last):
        yield _as_csv([_as_written(row) for row in page])
        last = (page[-1][COLUMNS.index("createdAt")], page[-1][0])


def _as_written(row: tuple[Any, ...]) -> tuple[object, ...]:
    return tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in row)


def _as_csv(rows: list[tuple[object, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
