"""What Cloud Monitoring counted of a revision's requests: how many, how many failed, and how slow the slowest were."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from infra.gcloud import gcloud
from shared.rollout_policy import Served

MONITORING: Final = "https://monitoring.googleapis.com"
WITHIN_SECONDS: Final = 20.0
MINUTE: Final = 60
UNAUTHENTICATED: Final = 401
REVISION: Final = "resource.label.revision_name"
CLASS: Final = "metric.label.response_code_class"
Asked = list[tuple[str, str]]


class NumbersAway(Exception):
    """Cloud Monitoring cannot be asked; the message says why."""


@dataclass(frozen=True)
class Window:
    """The time that is looked at, in UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> int:
        """Its length in whole minutes, one at least, as Cloud Monitoring aligns what it counts."""
        return max(math.ceil((self.end - self.start).total_seconds() / MINUTE), 1) * MINUTE


class RequestNumbers:
    """Cloud Monitoring's time series of a project (projects.timeSeries.list, REST v3)."""

    def __init__(self, project: str, address: str = MONITORING) -> None:
        """`address` is another one in tests alone."""
        self.project, self.address = project, address
        self._token = ""

    def served(self, service: str, counted: Window, timed: Window | None) -> dict[str, Served]:
        """By revision of a service: what it did. Latency is of `timed` alone, None where it says nothing.

        Raises NumbersAway, GcloudFailed.
        """
        requests: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        for revision, status, count in self._counts(service, counted):
            requests[revision] += count
            errors[revision] += count if status == "5xx" else 0
        slowest = dict(self._slowest(service, timed)) if timed else {}
        return {name: Served(requests[name], errors[name], slowest.get(name, 0.0)) for name in requests}

    def _counts(self, service: str, window: Window) -> Iterator[tuple[str, str, int]]:
        grouped = [("aggregation.groupByFields", REVISION), ("aggregation.groupByFields", CLASS)]
        for series in self._series(service, "request_count", window, "REDUCE_SUM", grouped):
            labels = series["resource"]["labels"]["revision_name"], series["metric"]["labels"]["response_code_class"]
            yield *labels, sum(int(point["value"]["int64Value"]) for point in series["points"])

    def _slowest(self, service: str, window: Window) -> Iterator[tuple[str, float]]:
        grouped = [("aggregation.groupByFields", REVISION)]
        for series in self._series(service, "request_latencies", window, "REDUCE_PERCENTILE_99", grouped):
            newest = series["points"][0]["value"]["doubleValue"]
            yield series["resource"]["labels"]["revision_name"], float(newest)

    def _series(
        self, service: str, metric: str, window: Window, reducer: str, grouped: Asked
    ) -> Iterator[dict[str, Any]]:
        question: Asked = [
            (
                "filter",
                f'metric.type="run.googleapis.com/{metric}" AND resource.type="cloud_run_revision"'
                f' AND resource.labels.service_name="{service}"',
            ),
            ("interval.startTime", _said(window.start)),
            ("interval.endTime", _said(window.end)),
            ("aggregation.alignmentPeriod", f"{window.seconds}s"),
            ("aggregation.perSeriesAligner", "ALIGN_DELTA"),
            ("aggregation.crossSeriesReducer", reducer),
            *grouped,
        ]
        token = ""
        while True:
            page = self._page([*question, ("pageToken", token)] if token else question)
            yield from page.get("timeSeries", ())
            token = page.get("nextPageToken", "")
            if not token:
                return

    def _page(self, question: Asked) -> dict[str, Any]:
        url = f"{self.address}/v3/projects/{self.project}/timeSeries?{urllib.parse.urlencode(question)}"
        try:
            try:
                return self._answered(url)
            except urllib.error.HTTPError as refused:
                if refused.code != UNAUTHENTICATED:
                    raise
                self._token = ""  # it has had its hour
                return self._answered(url)
        except (OSError, ValueError) as error:
            raise NumbersAway(f"{self.address}: {error}") from error

    def _answered(self, url: str) -> dict[str, Any]:
        self._token = self._token or gcloud("auth", "print-access-token").strip()
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=WITHIN_SECONDS) as response:  # noqa: S310 - Google's
            page: dict[str, Any] = json.load(response)
        return page


def _said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
