"""GET /api/ml/feedback/decisions: what therapists ever answered the model, as CSV for auditors, without any text."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
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
    "replacedAt",
)
PAGE: Final = 500
_CREATED: Final = COLUMNS.index("createdAt")


@routes.endpoint("GET /api/ml/feedback/decisions", allow=administrators, limit=Limit("decisions", 10, per=60))
def export_decisions() -> Answer[Document]:
    """All answers, the oldest first, with a line for each revision; times are UTC.

    `createdAt` is when the analysis was first answered, `updatedAt` when this revision was given, and `replacedAt` when
    it was revised, which is empty where it stands.
    """
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
            MLFeedback.history,
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
        yield _as_csv([line for row in page for line in _revisions(row)])
        last = (page[-1][_CREATED], page[-1][0])


def _revisions(row: tuple[Any, ...]) -> Iterator[tuple[object, ...]]:
    """A line for each earlier revision of an answer, and the last one for what stands."""
    *judged, is_correct, label, revision, created, _, history = row
    given = _in_words(created)
    for earlier in history:
        said = (earlier["isCorrect"], earlier["correctedLabel"], earlier["revision"])
        yield (*judged, *said, _in_words(created), given, earlier["until"])
        given = earlier["until"]
    yield (*judged, is_correct, label, revision, _in_words(created), given, None)


def _in_words(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _as_csv(rows: list[tuple[object, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
