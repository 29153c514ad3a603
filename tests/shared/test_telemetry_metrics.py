"""Numbers: what is counted, under which names, with labels whose values are all known beforehand."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session as Database

from infra.routes import deployable_for
from shared import redis, telemetry
from shared.database.transaction import transaction
from shared.mail import Mail, MailAway, mailer
from shared.problems import Conflict, Unavailable
from shared.redis import RedisAway
from shared.telemetry import metrics
from shared.telemetry.metrics import METRICS, OTHER
from tests.doubles import forget
from tests.people import add_person
from tests.postgres import forget_engine
from tests.shared.recorded import Recorded, recording

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "quagga-verbena-3308"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{32}|@")
OURS = {"le"}
"""A histogram's own label."""


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as found:
        yield found


# Names and labels.


def test_names_follow_one_scheme_and_no_two_are_the_same() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names)) > 30
    for metric in METRICS:
        assert re.fullmatch(r"bloom_[a-z]+(_[a-z]+)*", metric.name), metric.name
        assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket")), "the page adds those"
        assert metric.says
        without_unit = metric.buckets in (metrics.SHARES, metrics.LAYOUT_SHIFTS)
        assert ("seconds" in metric.name) == (metric.kind == "histogram" and not without_unit) or (
            metric.kind == "gauge" and metric.name.endswith("_seconds")
        ), metric.name


def test_every_label_has_few_values_and_all_of_them_are_words() -> None:
    for metric in METRICS:
        for label, values in metric.labels.items():
            assert re.fullmatch(r"[a-z]+", label)
            if values is not metrics.routes:
                assert 1 < len(values) <= 20, (metric.name, label)
                assert not any(ID.search(value) or SECRET in value for value in values)


def test_what_is_not_known_beforehand_becomes_other(recorded: Recorded) -> None:
    for strange in (SECRET, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", ""):
        telemetry.count(metrics.PREDICTIONS, strange)
    assert recorded.value("bloom_model_predictions_total", label=OTHER) == 3
    assert SECRET not in recorded.page()


def values_by_label(recorded: Recorded) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for name, labels in recorded.samples():
        for label, value in labels:
            found.setdefault((name, label), set()).add(value)
    return found


def test_whatever_is_sent_no_word_or_id_of_it_becomes_a_label(client: FlaskClient, recorded: Recorded) -> None:
    person = add_person()
    for path in (f"/api/things/{person.id}", f"/api/{SECRET}", f"/{SECRET}?{SECRET}={SECRET}", "/api/who"):
        for method in ("GET", "POST", "DELETE", SECRET.upper()):
            client.open(path, method=method, headers=person.bearer | {"X-Request-Id": SECRET})
    found = values_by_label(recorded)
    for (name, label), values in found.items():
        for value in values:
            assert SECRET not in value.lower()
            assert ID.search(value) is None, f"{name} {label}={value}"
    requested = {value for (name, label), values in found.items() if label == "route" for value in values}
    assert {"GET /api/things/{id}", "DELETE /api/things/{id}", "GET /api/who", OTHER} <= requested
    assert requested <= metrics.routes | {OTHER}
    known = {metric.name: metric.labels for metric in METRICS}
    for (name, label), values in found.items():
        plain = re.sub(r"_(total|bucket|count|sum)$", "", name)
        if label not in OURS:
            assert values <= {*known[plain][label], OTHER}


def test_nothing_outside_reaches_the_page() -> None:
    assert deployable_for("/metrics") is None


# Requests.


def test_requests_are_counted_by_route_and_kind_of_status(client: FlaskClient, recorded: Recorded) -> None:
    client.get("/api/things")
    client.get("/api/things?limit=x")
    client.post("/api/things/broken")
    counted = {
        labels: value for (name, labels), value in recorded.samples().items() if name == "bloom_http_requests_total"
    }
    assert counted == {
        (("route", "GET /api/things"), ("status", "2xx")): 1,
        (("route", "GET /api/things"), ("status", "4xx")): 1,
        (("route", "POST /api/things/broken"), ("status", "5xx")): 1,
    }
    assert recorded.value("bloom_http_request_seconds_count", route="GET /api/things") == 2
    assert recorded.value("bloom_http_requests_in_flight") == 0


def test_a_request_is_in_flight_while_it_is_answered(client: FlaskClient, recorded: Recorded) -> None:
    page = client.get("/metrics").get_data(as_text=True)
    assert "bloom_http_requests_in_flight 1.0" in page


def test_the_page_shows_prometheus_which_trace_to_look_at(client: FlaskClient, recorded: Recorded) -> None:
    client.get("/api/things", headers={"Traceparent": f"00-{TRACE}-{SPAN}-01"})
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text")
    page = answer.get_data(as_text=True)
    assert page.endswith("# EOF\n")
    [example] = re.findall(r'bloom_http_request_seconds_bucket\{.*# \{trace_id="(\w+)"\}', page)
    assert example == TRACE
    plain = client.get("/metrics")
    assert plain.content_type.startswith("text/plain")
    assert TRACE not in plain.get_data(as_text=True)


# The database.


@transaction
def conflicted(db: Database, attempts: list[int]) -> None:
    attempts.append(1)
    if len(attempts) < 3:
        db.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))


@transaction
def refused(db: Database) -> None:
    raise Conflict


def test_statements_transactions_and_attempts_made_again_are_seen(client: FlaskClient, recorded: Recorded) -> None:
    conflicted([])
    with pytest.raises(Conflict):
        refused()
    client.get("/api/who", headers=add_person().bearer)
    assert recorded.value("bloom_database_retries_total", fault="conflict") == 2
    assert recorded.value("bloom_database_transaction_seconds_count", end="raised") == 1
    assert recorded.value("bloom_database_transaction_seconds_count", end="committed") >= 2
    for operation, fewest in (("select", 1), ("insert", 2), (OTHER, 2)):
        assert recorded.value("bloom_database_statement_seconds_count", operation=operation) >= fewest
    assert recorded.value("bloom_database_connections", state="in_use") == 0
    assert recorded.value("bloom_database_connections", state="idle") == 1


def test_a_database_that_is_away_is_seen(environment: Callable[..., None]) -> None:
    with recording() as recorded:
        with pytest.raises(Unavailable):
            refused()
        assert recorded.value("bloom_database_transaction_seconds_count", end="away") == 1
    forget_engine()


# Other parts.


def test_redis_is_seen_to_answer_and_to_be_away(
    client: FlaskClient, recorded: Recorded, redis_away: Callable[[], None]
) -> None:
    redis.ask(lambda asked: asked.get("nothing"))
    answered = recorded.value("bloom_calls_total", part="redis", outcome="answered")
    assert answered >= 1  # a thread of a test before may still have asked something
    assert recorded.value("bloom_breaker_open", part="redis") == 0
    redis_away()
    for _ in range(redis.FAILURES_BEFORE_OPEN + 1):
        with pytest.raises(RedisAway):
            redis.ask(lambda asked: asked.get("nothing"))
    assert recorded.value("bloom_calls_total", part="redis", outcome="away") == redis.FAILURES_BEFORE_OPEN
    assert recorded.value("bloom_calls_total", part="redis", outcome="skipped") == 1
    assert recorded.value("bloom_breaker_open", part="redis") == 1
    assert recorded.value("bloom_call_seconds_count", part="redis") == redis.FAILURES_BEFORE_OPEN + answered


def test_mails_are_seen_to_leave_and_not_to(
    client: FlaskClient, recorded: Recorded, environment: Callable[..., None]
) -> None:
    mail = Mail("somebody@people.test", "Subject", "text", "<p>text</p>", "key")
    mailer().send(mail)
    environment(smtp_url="smtp://127.0.0.1:9")
    forget()
    with pytest.raises(MailAway):
        mailer().send(mail)
    assert recorded.value("bloom_calls_total", part="smtp", outcome="answered") == 1
    assert recorded.value("bloom_calls_total", part="smtp", outcome="away") == 1


def test_a_gauge_that_cannot_be_read_hides_no_other(recorded: Recorded) -> None:
    def fail() -> metrics.Readings:
        raise RuntimeError

    before = list(metrics.watched)
    telemetry.watch(metrics.SOCKETS_OPEN, fail)
    telemetry.watch(metrics.ROOMS_OPEN, lambda: {(): 3})
    try:
        assert recorded.value("bloom_relay_rooms_open") == 3
        assert "bloom_relay_sockets_open" not in recorded.page()
    finally:
        metrics.watched[:] = before
