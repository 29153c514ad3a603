"""POST /api/vitals: how fast a page was for somebody, as numbers beside the page's name and nothing about who."""

from pydantic import Field

from shared.contract import Schema
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import anyone
from shared.telemetry import metrics

routes = Routes()

_MOST_MS = 600_000


class PageVitals(Schema):
    """What a browser measured of one page, from its first byte until it was left (https://web.dev/articles/vitals)."""

    page: str = Field(max_length=60, description="The page's route, as `/messages/:id`: never an address with an id.")
    largest_paint_ms: float | None = Field(None, ge=0, le=_MOST_MS, description="LCP, in milliseconds.")
    interaction_ms: float | None = Field(None, ge=0, le=_MOST_MS, description="INP, in milliseconds.")
    layout_shift: float | None = Field(None, ge=0, le=1_000, description="CLS, a score.")


@routes.endpoint("POST /api/vitals", allow=anyone, limit=Limit("vitals", 60, per=60, by="address"))
def take_vitals(told: PageVitals) -> None:
    """Count a page's numbers with its part of the client's. No session is read; what the client has not is `other`."""
    part = f"/{told.page.strip('/').partition('/')[0]}"
    for metric, value, unit in (
        (metrics.PAGE_PAINT_SECONDS, told.largest_paint_ms, 1000),
        (metrics.PAGE_INTERACTION_SECONDS, told.interaction_ms, 1000),
        (metrics.PAGE_LAYOUT_SHIFT, told.layout_shift, 1),
    ):
        if value is not None:
            metrics.observe(metric, value / unit, part)
