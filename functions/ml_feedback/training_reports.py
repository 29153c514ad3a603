"""GET /api/ml/training-runs/{id}/report: the page that a training made of its model, from where it lies beside it."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.database.models.learning import ModelVersion, TrainingRun
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Document
from shared.problems import NotFound, Unavailable
from shared.roles import administrators
from shared.settings import settings

routes = Routes()

SANDBOX: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""Whatever stands in the page runs nothing, asks for nothing, and is of no origin."""
SECONDS_TO_ANSWER: Final = 10.0


class ReportMissing(NotFound):
    """The run made no model, or its model was made without a report."""

    title = "There is no report of this run"


class ReportAway(Unavailable):
    """Where models are kept does not answer, or does not have it any more."""

    title = "The report cannot be read right now; please try again later"


@routes.endpoint(
    "GET /api/ml/training-runs/{id}/report", allow=administrators, limit=Limit("training-report", 60, per=60)
)
def show_training_report(id: UUID) -> Answer[Document]:
    """The report as a page of its own; it holds figures and no text of anybody's."""
    page = content_of(address_of(id))
    document = Document([page], "text/html", "report.html", is_page=True)
    return Answer(document, headers={"Content-Security-Policy": SANDBOX})


@transaction
def address_of(db: Database, run_id: UUID) -> str:
    """Where it lies, a path or a gs:// URL. Raises NotFound, ReportMissing."""
    run = db.get(TrainingRun, run_id)
    if run is None:
        raise NotFound
    metrics = db.scalar(select(ModelVersion.metrics).where(ModelVersion.name == run.metrics.get("model")))
    return report_of(metrics or {}, "html")


def report_of(metrics: dict[str, Any], kind: str) -> str:
    """Where a version's report lies, as `html` or as `json`. Raises ReportMissing."""
    address = (metrics.get("report") or {}).get(kind)
    if not address:
        raise ReportMissing
    return str(address)


def content_of(address: str) -> bytes:
    """What lies there. Raises ReportAway."""
    try:
        return _of_bucket(address) if address.startswith("gs://") else Path(address).read_bytes()
    except OSError:
        raise ReportAway from None


def _of_bucket(address: str) -> bytes:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage import Client
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    place = urlsplit(address)
    try:
        blob = Client(settings().google_cloud_project).bucket(place.netloc).blob(place.path.lstrip("/"))
        return bytes(blob.download_as_bytes(timeout=SECONDS_TO_ANSWER))
    except (GoogleAPIError, GoogleAuthError, DataCorruption, InvalidResponse) as error:
        raise OSError(type(error).__name__) from None
