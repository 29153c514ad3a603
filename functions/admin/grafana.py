"""GET /api/admin/grafana: where an administrator can look at a dashboard for the next minutes.

Grafana knows this function by a service account, whose token stays here, and the administrator by a token that is
signed here for the one page, with the role of a viewer and no name in it.
"""

import base64
import functools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode, urlsplit

from pydantic import StringConstraints
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import NotFound, Unavailable
from shared.roles import administrators
from shared.session import Caller
from shared.settings import settings

from .grafana_api import DashboardMissing, GrafanaAway, path_of

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

routes = Routes()

LASTS: Final = timedelta(minutes=5)
LONGEST_NAME: Final = 23
"""A uid of Grafana's has 40 characters at most, and `bloom-production-` is before the name."""


class DashboardUnknown(NotFound):
    """Grafana has none of this name."""

    title = "There is no dashboard of this name"


class DashboardsNotOffered(Unavailable):
    """This installation was told of no Grafana."""

    title = "Dashboards are not set up here"


class DashboardsAway(Unavailable):
    """Grafana does not answer, or does not let us ask."""

    title = "Dashboards cannot be shown right now"


class DashboardQuery(Schema):
    """Which dashboard."""

    dashboard: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=LONGEST_NAME)] = "overview"


class EmbeddedDashboard(Schema):
    """`url` is for one frame of one browser: it opens the dashboard until `expiresAt` (UTC); ask again before then."""

    url: str
    expires_at: datetime


@routes.endpoint("GET /api/admin/grafana", allow=administrators, limit=Limit("grafana", 30, per=60))
def embed_dashboard(caller: Caller, query: DashboardQuery) -> EmbeddedDashboard:
    """Ask Grafana for the dashboard, and sign a token to look at it."""
    chosen = settings()
    if not (chosen.grafana_url and chosen.grafana_service_token and chosen.grafana_signing_key):
        raise DashboardsNotOffered(retry_after=3600)
    try:
        path = path_of(f"{chosen.grafana_dashboards}-{query.dashboard}")
    except DashboardMissing:
        raise DashboardUnknown from None
    except GrafanaAway:
        raise DashboardsAway(retry_after=5) from None
    note_opened(query.dashboard)
    expires_at = (now() + LASTS).astimezone(UTC).replace(microsecond=0)
    return EmbeddedDashboard(url=_page(path, _token(caller, expires_at)), expires_at=expires_at)


@transaction
def note_opened(db: Database, dashboard: str) -> None:
    """Keep who was let in to look."""
    audit.record(db, Action.DASHBOARD_OPENED, details={"dashboard": dashboard})


def _page(path: str, token: str) -> str:
    """`path` is Grafana's own, which begins at the origin even where Grafana is below a path."""
    place = urlsplit(settings().grafana_url)
    asked = urlencode({"orgId": 1, "theme": "light", "auth_token": token})
    return f"{place.scheme}://{place.netloc}{path}?kiosk&{asked}"


def _token(caller: Caller, expires_at: datetime) -> str:
    """What Grafana's [auth.jwt] is told: whose token, for whom, until when. No name or address is in it."""
    from joserfc import jwt

    issued_at = int((expires_at - LASTS).timestamp())
    claims = {
        "iss": settings().base_url,
        "aud": settings().grafana_url,
        "sub": str(caller.user_id),
        "role": "Viewer",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode({"alg": "ES256"}, claims, _signing_key(settings().grafana_signing_key))


@functools.lru_cache(maxsize=1)
def _signing_key(value: str) -> "ECKey":
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
    from joserfc.jwk import ECKey

    key = load_der_private_key(base64.b64decode(value), None)
    return ECKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
