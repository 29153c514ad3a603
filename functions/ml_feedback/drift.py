"""GET /api/ml/drift: week by week, whether what patients write still looks like what the model learnt from."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Integer, Select, cast, exists, func, select
from sqlalchemy.orm import Session as Database

from shared import audit, inference, text_shape
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.learning import DriftReport, ModelVersion
from shared.database.models.messaging import Message
from shared.database.transaction import expect_unique, transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.inference import InferenceAway
from shared.messages import open_body
from shared.roles import administrators, scheduler
from shared.settings import settings
from shared.telemetry import log

from .drift_policy import Verdict, compare
from .pages import PageQuery, page_of

routes = Routes()

WEEK: Final = timedelta(days=7)
TEXTS_READ: Final = 1000
"""Of a week's messages, how many are opened to count their words and tell their language; drawn by lot."""
REFERENCE: Final = "trainingDistribution"
"""Its place in the metrics of a version."""
PATIENT_MS: Final = 15_000
"""Nobody waits for the answer, and a classifier that sleeps is woken by the question."""
MEASURES: Final = ("label", "confidence", "words", "language")


class _ReportedAlready(Exception):
    """Another call was quicker; caught here."""


class ShownMeasure(Schema):
    """Shares by kind, in training and in the week, with their stability index and what chance alone explains."""

    verdict: Verdict
    index: float | None
    by_chance: float | None
    texts: int
    then: dict[str, float]
    now: dict[str, float]


class ShownWeek(Schema):
    """One version's week, which begins on a Monday in UTC."""

    week_start: date
    model_version: str
    texts: int
    measures: dict[str, ShownMeasure]
    created_at: datetime


class Drift(Schema):
    """A page, the latest first."""

    items: list[ShownWeek]
    next_cursor: str | None


@routes.endpoint("GET /api/ml/drift", allow=administrators, limit=Limit("drift", 60, per=60))
def show_drift(query: PageQuery) -> Drift:
    """All reports, a page at a time."""
    return weeks_of(query)


@routes.endpoint("POST /api/internal/ml/drift", allow=scheduler)
def measure_drift() -> None:
    """Report on the last whole week, once for each version that answered in it."""
    monday = now().astimezone(UTC).date()
    monday -= timedelta(days=monday.weekday())
    for version in versions_of(monday - WEEK):
        reference = reference_of(version)
        if reference is None:
            reference = _told_by_what_serves(version)
        try:
            measures = report(monday - WEEK, version, reference)
        except _ReportedAlready:
            continue
        drifted = sorted(name for name, said in measures.items() if said["verdict"] is Verdict.DRIFTED)
        log("drift-measured", severity="WARNING" if drifted else "INFO", version=version, drifted=", ".join(drifted))


@transaction
def weeks_of(db: Database, asked: PageQuery) -> Drift:
    """Read a page. Raises Unprocessable for a cursor that is none of ours."""
    page, following = page_of(db, DriftReport, DriftReport.week_start, asked, date.fromisoformat)
    items = [ShownWeek(**{name: getattr(one, name) for name in ShownWeek.model_fields}) for one in page]
    return Drift(items=items, next_cursor=following)


@transaction
def versions_of(db: Database, week: date) -> list[str]:
    """Those that answered in the week and have no report yet."""
    reported = select(DriftReport.model_version).where(DriftReport.week_start == week)
    answered = _of_week(week, MessageAnalysis.model_version).distinct()
    return sorted(db.scalars(answered.where(MessageAnalysis.model_version.not_in(reported))))


@transaction
def reference_of(db: Database, version: str) -> dict[str, Any] | None:
    """What a registered version was trained on, in shares; None where there is none, as of the shipped one."""
    trained = db.scalar(select(ModelVersion.metrics).where(ModelVersion.name == version)) or {}
    return trained.get(REFERENCE)


def _told_by_what_serves(version: str) -> dict[str, Any]:
    """The same as the classifier tells it, where this version is the one that serves now; else nothing."""
    try:
        served = inference.model_at(settings().inference_url, PATIENT_MS)
    except InferenceAway:
        return {}
    told = served.metrics.get(REFERENCE) if served.version == version else None
    return told if isinstance(told, dict) else {}


@transaction
def report(db: Database, week: date, version: str, reference: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Count, compare and keep; what each measure came to. Raises _ReportedAlready."""
    counted = _counted(db, week, version)
    measures = {name: vars(compare(reference.get(name, {}), counted[name])) for name in MEASURES}
    with expect_unique(db, "uq_drift_report_week_start_model_version", _ReportedAlready):
        texts = sum(counted["label"].values())
        kept = DriftReport(id=uuid4(), week_start=week, model_version=version, texts=texts, measures=measures)
        db.add(kept)
    audit.record(db, Action.DRIFT_MEASURED, resource=("drift_report", kept.id), details={"version": version})
    return measures


def _counted(db: Database, week: date, version: str) -> dict[str, Mapping[str, int]]:
    texts = [open_body(message_id, body) for message_id, body in _some_messages(db, week, version)]
    tenth = func.least(cast(func.floor(MessageAnalysis.confidence * text_shape.CONFIDENCE_BINS), Integer), 9)
    return {
        "label": _counts(db, week, version, MessageAnalysis.label, str),
        "confidence": _counts(db, week, version, tenth, lambda found: text_shape.confidence_bin(found / 10)),
        "words": Counter(map(text_shape.word_band, texts)),
        "language": _told(Counter(map(text_shape.language, texts))),
    }


def _counts(db: Database, week: date, version: str, kind: Any, name: Callable[[Any], str]) -> dict[str, int]:
    query = _of_week(week, kind.label("kind"), func.count()).where(MessageAnalysis.model_version == version)
    return {name(found): count for found, count in db.execute(query.group_by("kind"))}


def _told(languages: Counter[str]) -> Counter[str]:
    """Without what was too short to tell, of which training has its own share."""
    del languages[text_shape.TOO_SHORT]
    return languages


def _some_messages(db: Database, week: date, version: str) -> list[tuple[UUID, bytes]]:
    """By lot, of those who agree to the analysis still."""
    agrees = exists().where(
        Consent.user_id == MessageAnalysis.patient_id,
        Consent.kind == ConsentKind.MESSAGE_ANALYSIS,
        Consent.withdrawn_at.is_(None),
    )
    query = (
        _of_week(week, Message.id, Message.body)
        .join(Message, Message.id == MessageAnalysis.message_id)
        .where(
            MessageAnalysis.model_version == version,
            Message.version == MessageAnalysis.message_version,
            Message.deleted_at.is_(None),
            Message.body.is_not(None),
            agrees,
        )
        .order_by(func.random())
        .limit(TEXTS_READ)
    )
    return [(message_id, body) for message_id, body in db.execute(query)]


def _of_week(week: date, *columns: Any) -> Select[Any]:
    """What was analysed in the week, of people: probes are nobody's words."""
    since = datetime.combine(week, time(), UTC)
    return (
        select(*columns)
        .select_from(MessageAnalysis)
        .join(User, User.id == MessageAnalysis.patient_id)
        .where(
            MessageAnalysis.created_at >= since,
            MessageAnalysis.created_at < since + WEEK,
            User.is_synthetic.is_(False),
        )
    )
