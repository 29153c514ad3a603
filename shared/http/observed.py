"""What is seen of each request: its log line, its numbers, its trace; and GET /metrics, which is not routed."""

import time
import uuid

from flask import Response, g, request

from shared import telemetry
from shared.clock import elapsed_ms
from shared.http.endpoint import Endpoint
from shared.problems import NotFound
from shared.telemetry import metrics

UNSEEN = frozenset({"health", "metrics"})
UNKNOWN = "unknown"


def know(endpoints: list[Endpoint]) -> None:
    """These are the routes that numbers may name."""
    metrics.routes.update(f"{endpoint.method} {endpoint.path}" for endpoint in endpoints)


def begin() -> None:
    """A request begins."""
    g.started = time.perf_counter()
    name = None if request.endpoint in UNSEEN else request.endpoint or UNKNOWN
    telemetry.begin(str(uuid.uuid4()), name, request.headers.get("Traceparent"))
    telemetry.change(metrics.HTTP_IN_FLIGHT, 1)


def finish(response: Response) -> None:
    """It is answered."""
    telemetry.change(metrics.HTTP_IN_FLIGHT, -1)
    route, status = request.endpoint or UNKNOWN, response.status_code
    if route not in UNSEEN:
        took_ms = elapsed_ms(g.started)
        telemetry.log("request", route=route, method=request.method, status=status, milliseconds=round(took_ms, 1))
        telemetry.count(metrics.HTTP_REQUESTS, route, f"{status // 100}xx")
        telemetry.observe(metrics.HTTP_SECONDS, took_ms / 1000, route)
    telemetry.note(**{"http.route": route})
    telemetry.finish(failed=status >= 500, **{"http.response.status_code": status})


def metrics_page() -> Response:
    """The numbers of this process. Raises NotFound where none are kept."""
    found = telemetry.page(request.headers.get("Accept", ""))
    if found is None:
        raise NotFound
    return Response(found[0], content_type=found[1])
