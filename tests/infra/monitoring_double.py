"""Cloud Monitoring's projects.timeSeries.list, as much of it as counts requests: it refuses what Google would."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FILTER = re.compile(
    r'metric\.type="run\.googleapis\.com/(request_count|request_latencies)" AND resource\.type="cloud_run_revision"'
    r' AND resource\.labels\.service_name="([\w-]+)"'
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass
class Numbers:
    """What a revision did: requests by the class of their status, and the 99th percentile in milliseconds."""

    statuses: dict[str, int]
    p99_ms: float = 100.0


@dataclass
class Monitoring:
    """The double: what it knows by service and revision; `away` makes it answer 503, `in_pages` a revision a page."""

    address: str = ""
    known: dict[str, dict[str, Numbers]] = field(default_factory=dict)
    away: bool = False
    in_pages: bool = False
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        self.asked.append(query)
        found = FILTER.fullmatch(query["filter"][0])
        moments = [query[f"interval.{end}Time"][0] for end in ("start", "end")]
        whole = re.fullmatch(r"(\d+)s", query["aggregation.alignmentPeriod"][0])
        if not found or not whole or int(whole[1]) % 60 or not all(map(MOMENT.fullmatch, moments)):
            return 400, {"error": {"status": "INVALID_ARGUMENT"}}
        if self.away:
            return 503, {"error": {"status": "UNAVAILABLE"}}
        series = self._counted if found[1] == "request_count" else self._timed
        pages = [list(series(name, numbers)) for name, numbers in self.known.get(found[2], {}).items()]
        if not self.in_pages:
            pages = [[each for page in pages for each in page]]
        at = int(query.get("pageToken", ["0"])[0])
        more = {"nextPageToken": str(at + 1)} if at + 1 < len(pages) else {}
        return 200, ({"timeSeries": pages[at]} if pages and pages[at] else {}) | more

    def _counted(self, revision: str, numbers: Numbers) -> Iterator[dict[str, Any]]:
        for status, count in numbers.statuses.items():
            yield {
                "metric": {"labels": {"response_code_class": status}},
                "resource": {"labels": {"revision_name": revision}},
                "points": [{"value": {"int64Value": str(count)}}],
            }

    def _timed(self, revision: str, numbers: Numbers) -> Iterator[dict[str, Any]]:
        yield {
            "metric": {"labels": {}},
            "resource": {"labels": {"revision_name": revision}},
            "points": [{"value": {"doubleValue": numbers.p99_ms}}],
        }


@contextmanager
def monitoring(project: str) -> Iterator[Monitoring]:
    """The double while it answers for a project."""
    double = Monitoring()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            known = place.path == f"/v3/projects/{project}/timeSeries"
            allowed = self.headers["Authorization"] == "Bearer token-of-the-deployer"
            status, body = double.answer(parse_qs(place.query)) if known and allowed else (404 if allowed else 401, {})
            told = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        double.address = f"http://127.0.0.1:{server.server_port}"
        yield double
        server.shutdown()
        thread.join()
