"""What the pictures of /dev show, computed from two looks at every part's GET /metrics."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Labels = tuple[tuple[str, str], ...]
Samples = Mapping[tuple[str, Labels], float]
"""By the sample's name and its labels."""
_LINE: Final = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
_LABEL: Final = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def read(page: str, part: str) -> dict[tuple[str, Labels], float]:
    """The samples of a page in Prometheus' text format; each is marked with the part that it came from."""
    found = {}
    for line in page.splitlines():
        sample = _LINE.fullmatch(line)
        if sample:
            labels = (*_LABEL.findall(sample[2] or ""), ("job", part))
            found[sample[1], labels] = float(sample[3])
    return found


@dataclass(frozen=True)
class Look:
    """Everything at one moment (seconds of Unix time)."""

    at: float
    samples: Samples

    def total(self, name: str, **labels: str) -> float:
        """The sum over all parts of what has these labels."""
        return sum(value for _, value in self._of(name, labels))

    def highest(self, name: str) -> float:
        """The highest of any part's; what the whole product shares is shown by whichever counted it."""
        return max((value for _, value in self._of(name, {})), default=0.0)

    def buckets(self, name: str, **labels: str) -> dict[float, float]:
        """How many were at most as large as each bound; what the clock calls every minute is left out."""
        found: dict[float, float] = defaultdict(float)
        for of, value in self._of(f"{name}_bucket", labels):
            if "/api/internal/" not in dict(of).get("route", ""):
                found[float(dict(of)["le"])] += value
        return found

    def _of(self, name: str, wanted: Mapping[str, str]) -> Iterable[tuple[Labels, float]]:
        for (found, labels), value in self.samples.items():
            if found == name and wanted.items() <= dict(labels).items():
                yield labels, value


Compute = Callable[[Look, Look], float | None]
"""From two looks; None where there is nothing to say."""


def rate(name: str, **labels: str) -> Compute:
    """How many more a second."""

    def between(before: Look, after: Look) -> float:
        seconds = max(after.at - before.at, 0.001)
        return max(0.0, after.total(name, **labels) - before.total(name, **labels)) / seconds

    return between


def p95(name: str, **labels: str) -> Compute:
    """Milliseconds within which 19 of 20 of what came between were done."""

    def between(before: Look, after: Look) -> float | None:
        earlier, found = before.buckets(name, **labels), after.buckets(name, **labels)
        counts = sorted((bound, max(0.0, count - earlier.get(bound, 0.0))) for bound, count in found.items())
        seconds = quantile(counts, 0.95)
        return None if seconds is None else seconds * 1000

    return between


def stands(name: str) -> Compute:
    """How it stands."""
    return lambda _, after: after.highest(name)


def together(name: str) -> Compute:
    """How it stands, over all parts."""
    return lambda _, after: after.total(name)


def quantile(counts: list[tuple[float, float]], share: float) -> float | None:
    """By straight lines within a bucket, as Prometheus' histogram_quantile; None where nothing was counted."""
    total = counts[-1][1] if counts else 0.0
    if not total:
        return None
    below, low = 0.0, 0.0
    for bound, count in counts:
        if count >= share * total:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (share * total - below) / max(count - below, 1e-9)
        below, low = count, bound
    return low


@dataclass(frozen=True)
class Picture:
    """One series: what it is called, in which unit, and how it is computed."""

    title: str
    unit: str
    value: Compute
    wanted_at_most: float | None = None
    """What the product promises."""


PICTURES: Final[dict[str, Picture]] = {
    "requests": Picture("Requests", "/s", rate("bloom_http_requests_total")),
    "latency": Picture("Answers, p95", "ms", p95("bloom_http_request_seconds"), 100),
    "failures": Picture("Answers that failed", "/s", rate("bloom_http_requests_total", status="5xx"), 0),
    "delivery": Picture(
        "From commit to socket, p95", "ms", p95("bloom_relay_delivery_seconds", event="message-sent"), 50
    ),
    "sockets": Picture("Open sockets", "", together("bloom_relay_sockets_open")),
    "outbox": Picture("Events not handed over", "", stands("bloom_outbox_waiting")),
    "oldest": Picture("The oldest of them", "s", stands("bloom_outbox_oldest_seconds"), 90),
    "unscored": Picture("Messages not scored yet", "", together("bloom_messages_unscored")),
    "statements": Picture("Statements, p95", "ms", p95("bloom_database_statement_seconds"), 20),
    "retries": Picture("Transactions tried again", "/s", rate("bloom_database_retries_total")),
    "redis": Picture("Calls to Redis", "/s", rate("bloom_calls_total", part="redis", outcome="answered")),
    "model": Picture("Predictions, p95", "ms", p95("bloom_inference_request_seconds", route="/predict"), 500),
}
