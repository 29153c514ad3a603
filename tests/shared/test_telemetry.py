"""Spans: what a request did, in one trace with what it caused; nothing where nobody asked; and how they leave."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import outbox, telemetry
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.events import TimeFreed
from shared.telemetry import traces
from shared.telemetry.collector import Collector, headers_of
from shared.telemetry.leaving import SECONDS_AFTER_FAILURE, Leaving
from shared.telemetry.pushing import MetricsPush
from shared.telemetry.recording import SPANS_A_CALL, SPANS_KEPT, SPANS_TO_PRESS, SpanQueue
from tests.environment import REQUIRED
from tests.people import add_person
from tests.shared.logs import logged
from tests.shared.recorded import Recorded, recording

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"Traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as found:
        yield found


@transaction
def read_and_fail(db: Database) -> None:
    db.scalar(select(User.id).limit(1))
    raise KeyError("I feel so alone")


# What is a trace's name, and what is none.


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"00-{TRACE}-{SPAN}-01", (TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-00", (TRACE, SPAN, False)),
        (f"01-{TRACE}-{SPAN}-03", (TRACE, SPAN, True)),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        ("quagga", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(header: str | None, found: tuple[str, str, bool] | None) -> None:
    assert traces.parent_of(header) == found


# What is recorded.


def test_a_request_is_a_span_of_its_callers_trace_by_the_routes_template(
    client: FlaskClient, recorded: Recorded
) -> None:
    client.get("/api/things/1b4e28ba-2fa1-11d2-883f-0016d3cca427", headers=PARENT)
    span = recorded.one("GET /api/things/{id}")
    assert (span.trace_id, span.parent_id, span.service) == (TRACE, SPAN, "test")
    assert span.facts == "http.route GET /api/things/{id}, http.response.status_code 200"
    assert 0 < span.milliseconds < 60_000


def test_database_and_redis_are_parts_of_the_request(client: FlaskClient, recorded: Recorded) -> None:
    client.get("/api/who", headers=add_person().bearer | PARENT)
    names = recorded.names
    assert {"redis EVALSHA", "SELECT session", "COMMIT", "GET /api/who"} <= set(names)
    request = recorded.one("GET /api/who")
    by_id = {span.span_id: span for span in recorded.spans}
    for span in recorded.spans:
        above = span
        while above is not request:
            above = by_id[above.parent_id]
        assert span.trace_id == TRACE
        assert request.began <= span.began <= span.ended <= request.ended
    assert names[-1] == "GET /api/who", "it ends last"


def test_what_fails_is_marked_by_its_kind_and_never_by_its_words(client: FlaskClient, recorded: Recorded) -> None:
    telemetry.begin("1", "POST /api/things")
    with pytest.raises(KeyError):
        read_and_fail()
    telemetry.finish(failed=True)
    failed = recorded.one("read_and_fail")
    assert failed.failed
    assert failed.facts == "error.type KeyError"
    assert "alone" not in recorded.said


def test_an_answer_of_ours_that_failed_is_marked_and_the_callers_fault_is_not(
    client: FlaskClient, recorded: Recorded
) -> None:
    client.post("/api/things/broken")
    client.post("/api/things", data="{", content_type="application/json")
    assert recorded.one("POST /api/things/broken").failed
    assert not recorded.one("POST /api/things").failed


def test_no_value_of_a_statement_is_in_a_span(client: FlaskClient, recorded: Recorded) -> None:
    person = add_person(name="Quagga Verbena")
    client.get("/api/who", headers=person.bearer | PARENT)
    assert "SELECT session" in recorded.said
    for secret in (person.name, person.email, str(person.id), person.token):
        assert secret not in recorded.said


def test_log_lines_name_the_span_that_they_were_written_in(client: FlaskClient, recorded: Recorded) -> None:
    with logged() as lines:
        client.get("/api/things", headers=PARENT)
    [line] = lines.read()
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert line["logging.googleapis.com/spanId"] == recorded.one("GET /api/things").span_id
    assert line["logging.googleapis.com/trace_sampled"] is True


def test_a_request_without_a_trace_begins_one_that_its_lines_name(client: FlaskClient, recorded: Recorded) -> None:
    with logged() as lines:
        client.get("/api/things")
    span = recorded.one("GET /api/things")
    assert span.parent_id == ""
    assert lines.read()[0]["logging.googleapis.com/trace"].endswith(span.trace_id)


def test_health_and_numbers_are_not_recorded(client: FlaskClient, recorded: Recorded) -> None:
    for path in ("/health", "/metrics"):
        assert client.get(path).status_code == 200
    assert recorded.names == []


def test_one_request_says_nothing_of_the_one_before(client: FlaskClient, recorded: Recorded) -> None:
    client.get("/api/things", headers=PARENT)
    assert telemetry.traceparent() is None
    with telemetry.span("on its own"):
        pass
    assert recorded.names == ["GET /api/things"]


# Which requests are recorded.


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.5, 20, 80), (1.0, 100, 100)])
def test_the_share_decides_by_the_traces_id_whatever_the_caller_wants(
    client: FlaskClient, share: float, low: int, high: int
) -> None:
    with recording(share) as recorded:
        for number in range(100):
            given = f"00-{TRACE[:16]}{(number * 2**64 // 100):016x}-{SPAN}-01"
            client.get("/api/things", headers={"Traceparent": given})
        found = {span.trace_id for span in recorded.spans}
    assert low <= len(found) <= high


def test_a_request_that_is_not_recorded_has_no_part_that_is(client: FlaskClient) -> None:
    with recording(0.0) as recorded, logged() as lines:
        client.get("/api/who", headers=add_person().bearer | PARENT)
        assert recorded.names == []
    assert lines.read()[-1]["logging.googleapis.com/trace"].endswith(TRACE)
    assert "logging.googleapis.com/spanId" not in lines.read()[-1]


# What a request causes elsewhere.


@transaction
def keep_event(db: Database) -> TimeFreed:
    event = TimeFreed(occurred_at=now(), therapist_id=uuid4())
    outbox.record(db, event)
    return event


def encoded(recorded: Recorded) -> list[Any]:
    """The spans as they left."""
    whole = [ExportTraceServiceRequest.FromString(body) for body in recorded.bodies]
    return [span for one in whole for scope in one.resource_spans[0].scope_spans for span in scope.spans]


def test_an_event_carries_the_trace_to_whoever_consumes_it(client: FlaskClient, recorded: Recorded) -> None:
    telemetry.begin("1", "POST /api/things", PARENT["Traceparent"])
    event = keep_event()
    telemetry.finish()

    telemetry.begin("2", "POST /api/internal/events")
    assert outbox.open_event(event.id) == event
    with logged() as lines:
        telemetry.log("consumed")
    with telemetry.span("its work"):
        pass
    telemetry.finish()

    consumed = recorded.one("consume time-freed")
    assert consumed.trace_id == recorded.one("its work").trace_id == TRACE
    assert lines.read()[0]["logging.googleapis.com/trace"].endswith(TRACE)
    push = recorded.one("POST /api/internal/events")
    assert push.trace_id != TRACE
    [link] = [span.links[0] for span in encoded(recorded) if span.links]
    assert (link.trace_id.hex(), link.span_id.hex()) == (push.trace_id, push.span_id)


def test_an_event_of_a_request_that_is_not_recorded_carries_nothing(client: FlaskClient) -> None:
    telemetry.begin("1", "POST /api/things", PARENT["Traceparent"])
    event = keep_event()
    assert event.traceparent is None
    assert "traceparent" not in event.model_dump_json() + event.tagged_json()


def test_what_follows_in_another_process_is_recorded_only_where_the_cause_is(recorded: Recorded) -> None:
    for flags in ("01", "00"):
        with telemetry.following(f"deliver {flags}", f"00-{TRACE}-{SPAN}-{flags}"):
            pass
    with telemetry.following("deliver nothing", None):
        pass
    assert recorded.names == ["deliver 01"]
    assert recorded.one("deliver 01").trace_id == TRACE


# Nothing is paid for where nobody asked.


def test_where_it_is_off_nothing_of_it_is_even_imported() -> None:
    program = (
        "import sys; from shared.http.app import function; function('probe');"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'prometheus'))])"
    )
    environment = {name.upper(): value for name, value in REQUIRED.items()}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_where_it_is_off_a_span_is_one_and_the_same_nothing() -> None:
    telemetry.begin("1", "GET /api/things", PARENT["Traceparent"])
    assert telemetry.span("part") is telemetry.span("another") is traces.NOTHING
    assert telemetry.following("deliver", PARENT["Traceparent"]) is traces.NOTHING
    assert telemetry.asking("redis", OSError) is traces.NOTHING
    assert telemetry.traceparent() is None
    telemetry.finish()


def test_the_settings_turn_it_on_and_the_page_is_there(environment: Callable[..., None], offline: FlaskClient) -> None:
    assert offline.get("/metrics").status_code == 404
    environment(metrics_enabled="true", otel_exporter_otlp_endpoint="http://127.0.0.1:9", otel_traces_sampler_arg="1")
    try:
        telemetry.start("probe")
        assert traces.is_recording()
        assert offline.get("/metrics").status_code == 200
    finally:
        telemetry.stop()
    environment(otel_traces_sampler_arg="0")
    telemetry.start("probe")
    assert not traces.is_recording()
    telemetry.stop()


def test_headers_are_read_as_the_standard_variable_has_them() -> None:
    assert headers_of("") == {}
    assert headers_of("Authorization=Basic eDp5=, X-Scope-OrgID = 7") == {
        "Authorization": "Basic eDp5=",
        "X-Scope-OrgID": "7",
    }


# How spans leave.


class Held:
    """A collector that answers when it is told to, or not well."""

    def __init__(self) -> None:
        self.door, self.calls = threading.Event(), 0
        self.door.set()
        self.takes = True

    def take(self, body: bytes) -> bool:
        self.calls += 1
        assert ExportTraceServiceRequest.FromString(body).resource_spans
        assert self.door.wait(10)
        return self.takes


def a_span() -> traces.Span:
    return traces.Span("one", "internal", TRACE)


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.moment = 100.0

    def __call__(self) -> float:
        return self.moment


def test_they_leave_beside_the_next_request_once_their_time_has_come() -> None:
    clock = Clock()
    with recording(clock=clock) as recorded:
        assert traces._recorder is not None
        traces._recorder.leaving.add(5, recorded.queue.hand_over)

        def answer() -> int:
            telemetry.begin("1", "GET /api/things")
            telemetry.finish()
            return len(recorded.taken)

        assert [answer(), answer()] == [0, 0]
        clock.moment += 5
        assert [answer(), answer()] == [2, 2]
        clock.moment += 5
        assert answer() == 4


def test_a_request_waits_a_moment_at_most_for_a_collector_that_does_not_answer() -> None:
    clock, collector = Clock(), Held()
    leaving, queue = Leaving(clock=clock), SpanQueue(collector.take, {})
    leaving.add(1, queue.hand_over)
    queue.add(a_span())
    clock.moment += 1
    collector.door.clear()
    thread = leaving.begin()
    assert thread is not None
    leaving.wait(thread)
    assert thread.is_alive()
    assert leaving.begin() is None, "nobody else is held up by it"
    collector.door.set()
    thread.join(10)
    assert (queue.exported, queue.dropped) == (1, 0)


def test_a_collector_that_takes_nothing_is_left_alone_and_what_was_for_it_is_counted() -> None:
    clock, collector = Clock(), Held()
    leaving, queue = Leaving(clock=clock), SpanQueue(collector.take, {})
    leaving.add(1, queue.hand_over)
    collector.takes = False
    queue.add(a_span())
    clock.moment += 1
    leaving.run_due()
    clock.moment += SECONDS_AFTER_FAILURE - 1
    leaving.run_due()
    assert (collector.calls, queue.dropped) == (1, 1)
    collector.takes = True
    queue.add(a_span())
    clock.moment += 1
    leaving.run_due()
    assert (collector.calls, queue.exported, queue.dropped) == (2, 1, 1)


def test_where_there_are_many_they_leave_before_their_time() -> None:
    clock, collector = Clock(), Held()
    leaving, queue = Leaving(clock=clock), SpanQueue(collector.take, {})
    leaving.add(1, queue.hand_over, queue.presses)
    for number in range(SPANS_TO_PRESS):
        assert leaving.begin() is None, number
        queue.add(a_span())
    collector.takes = False
    thread = leaving.begin()
    assert thread is not None
    thread.join(10)
    queue._ended.extend([a_span()] * SPANS_A_CALL)
    assert queue.presses()
    assert leaving.begin() is None, "but not where nobody takes them"


def test_what_nobody_fetches_is_bounded() -> None:
    queue = SpanQueue(Held().take, {})
    for _ in range(SPANS_KEPT + 3):
        queue.add(a_span())
    assert queue.dropped == 3
    assert queue.hand_over()
    assert queue.exported == SPANS_KEPT


# How numbers leave.


def test_numbers_are_pushed_as_opentelemetry_has_them() -> None:
    registry = CollectorRegistry()
    Counter("bloom_things", "Things", ["kind"], registry=registry).labels("red").inc(3)
    seconds = Histogram("bloom_seconds", "Time", buckets=(0.1, 1.0), registry=registry)
    seconds.observe(0.05, {"trace_id": TRACE})
    seconds.observe(0.5)
    seconds.observe(7)
    push = MetricsPush(Collector("http://127.0.0.1:9", {}).send, {"service.name": "bloom-test"}, registry)
    asked = ExportMetricsServiceRequest.FromString(push.request(2_000_000_000))
    [of_process] = asked.resource_metrics
    assert [(one.key, one.value.string_value) for one in of_process.resource.attributes] == [
        ("service.name", "bloom-test")
    ]
    found = {metric.name: metric for metric in of_process.scope_metrics[0].metrics}
    [things] = found["bloom_things"].sum.data_points
    assert found["bloom_things"].sum.is_monotonic
    assert (things.as_double, things.attributes[0].value.string_value, things.time_unix_nano) == (3, "red", 2 * 10**9)
    [point] = found["bloom_seconds"].histogram.data_points
    assert (list(point.explicit_bounds), list(point.bucket_counts)) == ([0.1, 1.0], [1, 1, 1])
    assert (point.count, point.sum) == (3, 7.55)
    assert [one.trace_id.hex() for one in point.exemplars] == [TRACE]
    assert push.push() is False, "nobody listens there"
