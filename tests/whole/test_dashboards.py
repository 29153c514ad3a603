"""Whatever dashboards and alerts look at is seen on the pages of a product at work, with its labels and values."""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from containers.inference.metrics import Metrics
from dev.cloud import LocalCloud
from dev.openapi import FUNCTIONS, endpoints
from infra.dashboards.catalogue import DASHBOARDS
from infra.objectives import ALERTS
from infra.package import ROOT
from shared.telemetry import metrics
from shared.telemetry.metrics import METRICS, Metric
from tests.infra.promql import Selector, labels, named, selectors
from tests.shared.recorded import recording
from tests.waiting import eventually
from tests.whole.conftest import Care

PARTS = (*FUNCTIONS, "inference", "realtime_1", "realtime_2")
OF_A_TARGET = {"job", "instance"}
"""Whoever asks a page adds these."""
RARE = {
    "bloom_database_retries_total": metrics.DATABASE_RETRIES,
    "bloom_relay_catch_ups_total": metrics.CATCH_UPS,
    "bloom_relay_frames_dropped_total": metrics.FRAMES_DROPPED,
    "bloom_relay_sockets_closed_total": metrics.SOCKETS_CLOSED,
    "bloom_telemetry_spans": metrics.SPANS,
    "bloom_key_age_days": metrics.KEY_AGE,
}
"""Not to be waited for in a product that is well, hands no spans over and has no dated keys; others do."""
DROPPED = "bloom_inference_dropped_total"
"""The same, of the classifier."""
QUERIES = [
    *(query.expr for page in DASHBOARDS for row in page.rows for panel in row.panels for query in panel.queries),
    *(alert.query for alert in ALERTS),
]
Seen = dict[str, set[str]]
"""By a sample's name: its labels."""


def looked_at() -> Iterator[Selector]:
    for query in QUERIES:
        yield from selectors(query)


def on_page(text: str) -> Seen:
    seen: Seen = defaultdict(set)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            seen[sample.name] |= set(sample.labels)
    return seen


def written(metric: Metric) -> str:
    """A page on which it happened once."""
    with recording() as recorded:
        metrics.count(metric, *(min(values) for values in metric.labels.values()))
        return recorded.page()


def rare_pages() -> Seen:
    inference = Metrics()
    inference.dropped.labels("gave-up").inc()
    seen = on_page(inference.page().decode())
    return seen | {name: on_page(written(metric))[name] for name, metric in RARE.items()}


def live_pages(cloud: LocalCloud) -> Seen:
    seen: Seen = defaultdict(set)
    for part in PARTS:
        for name, found in on_page(httpx.get(f"{cloud.url(part)}/metrics").raise_for_status().text).items():
            seen[name] |= found
    return seen


async def test_every_metric_and_label_is_seen_in_a_product_at_work(cloud: LocalCloud, care: Care) -> None:
    await care.patient.post("/api/messages", {"conversationId": care.conversation_id, "body": "See you on Friday"})
    vitals = {"page": "/sign-in", "largestPaintMs": 900, "interactionMs": 40, "layoutShift": 0}
    httpx.post(f"{cloud.origin}/api/vitals", json=vitals).raise_for_status()
    rare = {name: found for name, found in rare_pages().items() if name in {*RARE, DROPPED}}
    wanted = {named(selector) for selector in looked_at()} - set(rare)
    missing = wanted

    def found_all() -> bool:
        nonlocal missing
        missing = wanted - set(live_pages(cloud))
        return not missing

    with contextlib.suppress(TimeoutError):
        await eventually(found_all)
    assert missing == set()
    seen = live_pages(cloud) | rare
    for query in QUERIES:
        assert labels(query) <= OF_A_TARGET.union(*(seen[named(one)] for one in selectors(query))), query
        for one in selectors(query):
            assert {matcher.name for matcher in one.matchers.matchers} <= seen[named(one)], query


@pytest.fixture
def known_values(environment: Callable[..., None]) -> dict[tuple[str, str], set[str]]:
    """By a sample's name and label, every value that the product can give it."""
    routes = {f"{endpoint.method} {endpoint.path}" for function in FUNCTIONS for endpoint in endpoints(function)}
    found: dict[tuple[str, str], set[str]] = {}
    for metric in METRICS:
        suffixes = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}[metric.kind]
        for suffix in suffixes:
            for label, values in metric.labels.items():
                found[metric.name + suffix, label] = routes if values is metrics.routes else set(values)
            found[metric.name + suffix, "le"] = {str(bucket) for bucket in metric.buckets}
    return found


def test_every_value_that_is_asked_for_is_one_that_the_product_has(
    known_values: dict[tuple[str, str], set[str]],
) -> None:
    for selector in looked_at():
        for matcher in selector.matchers.matchers:
            if not named(selector).startswith(("bloom_inference_", "bloom_process_", "process_")):
                kept = {value for value in known_values[named(selector), matcher.name] if matches(matcher, value)}
                assert kept, selector.prettify()
                assert kept < known_values[named(selector), matcher.name], f"{selector.prettify()} leaves nothing out"


def matches(matcher: Any, value: str) -> bool:
    operation, wanted = str(matcher.op), str(matcher.value)
    is_same = wanted == value if "Equal" in operation else re.fullmatch(wanted, value) is not None
    return is_same != ("Not" in operation)


def test_the_functions_that_are_told_apart_are_those_that_prometheus_asks() -> None:
    jobs = re.findall(r"job_name: (\S+)", (ROOT / "infra" / "prometheus" / "prometheus.yaml").read_text())
    assert {f"bloom/bloom-{function}" for function in FUNCTIONS} < set(jobs)
