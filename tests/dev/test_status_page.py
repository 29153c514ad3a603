"""/dev shows health, numbers, traces, mails and events, runs nothing, and is served by the local gateway alone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from dev.dev_site import DevSite
from dev.environment import ROOT
from dev.pubsub_store import NewMessage, PubSubStore
from dev.smtp_sink import Mailbox
from dev.status_page_pictures import number, sparkline
from dev.status_page_traces import in_order
from dev.telemetry_double import Looker, serve
from dev.telemetry_numbers import PICTURES, Look, p95, quantile, rate, read
from dev.telemetry_store import POINTS_KEPT, Span, TelemetryStore
from dev.web_client import WebClient
from shared import telemetry
from shared.telemetry import traces
from shared.telemetry.collector import Collector
from shared.telemetry.leaving import Leaving
from shared.telemetry.recording import Recorder, SpanQueue

SCRIPT = "<script>alert(1)</script>"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def site(tmp_path: Path) -> DevSite:
    return DevSite(tmp_path, WebClient(tmp_path / "web"))


@pytest.fixture
def store(tmp_path: Path) -> TelemetryStore:
    return TelemetryStore(tmp_path / "telemetry.sqlite")


def page(site: DevSite, path: str = "/dev") -> web.Response:
    answer = site.answer("GET", path)
    assert isinstance(answer, web.Response)
    assert answer.status == 200, path
    return answer


def span(name: str, span_id: str, parent_id: str = "", began: float = 0.0, took: float = 0.01, **other: object) -> Span:
    facts: dict[str, object] = {"service": "messages", "failed": False, "trace_id": TRACE, "facts": "", **other}
    return Span(name=name, span_id=span_id, parent_id=parent_id, began=began, ended=began + took, **facts)  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def fill(tmp_path: Path, store: TelemetryStore) -> None:
    parts = [
        {"name": "auth", "state": "up", "address": "127.0.0.1:3001"},
        {"name": SCRIPT, "state": "restarting", "address": ""},
    ]
    rest = {"pid": 1, "since": 1.0, "restarts": 0, "log": "x.log"}
    (tmp_path / "pids.json").write_text(json.dumps([part | rest for part in parts]))
    Mailbox(tmp_path / "mail").keep(f"X-Envelope-To: a@people.test\r\nSubject: {SCRIPT}\r\n\r\ntext".encode())
    events = PubSubStore(tmp_path / "pubsub.sqlite")
    events.add([(NewMessage(b"contents", {"type": "message-sent"}), ["messages-events"])])
    events.close()
    store.add_spans([span("POST /api/messages", "a", SPAN), span(SCRIPT, "b", "a", 0.002, 0.001, facts=f'"{SCRIPT}"')])
    for name in PICTURES:
        store.add_points(1.0, [(name, 1.0)])
        store.add_points(61.0, [(name, 4.5)])


def test_everything_is_on_one_page(site: DevSite, store: TelemetryStore, tmp_path: Path) -> None:
    fill(tmp_path, store)
    text = page(site).text or ""
    for expected in ("1 of 2 parts are well", "1 restarting", "127.0.0.1:3001", "a@people.test", "message-sent"):
        assert expected in text
    assert f'href="/dev/traces/{TRACE}"' in text
    for picture in PICTURES.values():
        assert picture.title in text
    assert text.count("<polyline") == len(PICTURES)


def test_no_page_runs_or_fetches_anything_but_its_style(site: DevSite, store: TelemetryStore, tmp_path: Path) -> None:
    fill(tmp_path, store)
    for path in ("/dev", "/dev/parts", "/dev/traces", f"/dev/traces/{TRACE}", "/dev/mail", "/dev/events"):
        answer = page(site, path)
        text = answer.text or ""
        assert SCRIPT not in text
        policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["style-src"] == "'self'"
        assert "script-src" not in policy
        for tag, attributes in Tags(text).found:
            assert tag not in ("script", "style", "object", "embed", "img"), path
            assert not [name for name in attributes if name == "style" or name.startswith("on")], f"{path}: {tag}"
        assert [one["href"] for tag, one in Tags(text).found if tag == "link"] == ["/dev/style.css"]


def test_the_overview_fetches_itself_again_and_nothing_else_does(
    site: DevSite, store: TelemetryStore, tmp_path: Path
) -> None:
    fill(tmp_path, store)
    assert '<meta http-equiv="refresh" content="5">' in (page(site).text or "")
    assert "refresh" not in (page(site, f"/dev/traces/{TRACE}").text or "")


def test_the_style_knows_light_and_dark_and_every_class_that_the_pages_use(
    site: DevSite, store: TelemetryStore, tmp_path: Path
) -> None:
    fill(tmp_path, store)
    answer = page(site, "/dev/style.css")
    assert answer.content_type == "text/css"
    style = bytes(answer.body).decode()  # type: ignore[arg-type]
    assert "prefers-color-scheme: dark" in style
    assert "http" not in style
    used = {
        name
        for path in ("/dev", "/dev/parts", f"/dev/traces/{TRACE}")
        for _, attributes in Tags(page(site, path).text or "").found
        for name in (attributes.get("class") or "").split()
    }
    known = set(re.findall(r"\.([a-z][a-z0-9_-]*)", style))
    assert used - known <= {"d0", "s-other"}


def test_pages_are_there_before_anything_was_recorded(site: DevSite) -> None:
    assert "Nothing runs." in (page(site).text or "")
    assert "telemetry" in (page(site).text or "")
    assert "None yet" in (page(site, "/dev/traces").text or "")
    assert site.answer("GET", f"/dev/traces/{TRACE}").status == 404


def test_spans_lie_below_what_caused_them() -> None:
    spans = [
        span("late", "c", "a", 3),
        span("root", "a", SPAN, 0),
        span("inner", "d", "c", 4),
        span("early", "b", "a", 1),
    ]
    assert [(one.name, depth) for one, depth in in_order(spans)] == [
        ("root", 0),
        ("early", 1),
        ("late", 1),
        ("inner", 2),
    ]


def test_a_picture_is_a_line_from_its_first_point_to_its_last() -> None:
    drawn = sparkline([(0, 0), (10, 2), (20, 1)], wanted=1.5)
    assert 'points="0.0,38.0 150.0,3.0 300.0,20.5"' in drawn
    assert 'class="spark-wanted"' in drawn
    assert "spark-wanted" not in sparkline([(0, 0), (10, 2)], wanted=100)
    assert "nan" not in sparkline([(0, 0), (0, 0)])
    assert [number(value) for value in (0, 0.034, 3.14159, 12, 1234.5)] == ["0", "0.03", "3.1", "12", "1,234"]


def test_rates_and_quantiles_are_those_of_what_came_between() -> None:
    before_page = 'a_total{x="1"} 5\nb_bucket{le="0.1"} 4\nb_bucket{le="1.0"} 4\nb_bucket{le="+Inf"} 4\n# nothing\n'
    before = Look(10, read(before_page, "auth"))
    after_page = (
        'a_total{x="1"} 8\na_total{x="2"} 1\nb_bucket{le="0.1"} 13\nb_bucket{le="1.0"} 14\nb_bucket{le="+Inf"} 14\n'
    )
    after = Look(12, read(after_page, "auth"))
    assert rate("a_total")(before, after) == 2
    assert rate("a_total", x="1")(before, after) == 1.5
    assert p95("b")(before, after) == pytest.approx(550, abs=1)
    assert p95("nothing")(before, after) is None
    assert quantile([(0.1, 0.0), (float("inf"), 4.0)], 0.5) == 0.1
    assert rate("a_total")(after, before) == 0, "a part began anew"


def test_of_each_series_the_last_points_are_kept(store: TelemetryStore) -> None:
    for at in range(POINTS_KEPT + 5):
        store.add_points(at, [("one", at), ("two", at)])
    points = store.points("one")
    assert len(points) == POINTS_KEPT + 1
    assert points[-1] == (POINTS_KEPT + 4, POINTS_KEPT + 4)


@pytest.fixture
async def collector(store: TelemetryStore) -> AsyncIterator[str]:
    listener = await serve(0, store)
    yield f"http://127.0.0.1:{listener.port}"
    await listener.close()


async def test_the_collector_takes_what_the_functions_send(
    collector: str, store: TelemetryStore, site: DevSite
) -> None:
    queue = SpanQueue(Collector(f"{collector}/v1/traces", {}).send, {"service.name": "bloom-messages"})
    traces.record_with(Recorder(queue, 1, Leaving()))
    try:
        telemetry.begin("1", "POST /api/messages", f"00-{TRACE}-{SPAN}-01")
        with telemetry.span("keep", tries=2):
            pass
        telemetry.finish(failed=True)
    finally:
        traces.record_with(None)
    assert await asyncio.to_thread(queue.hand_over)
    request, keep = store.trace(TRACE)
    assert (request.name, request.service, request.parent_id) == ("POST /api/messages", "messages", SPAN)
    assert request.failed
    assert (keep.name, keep.parent_id, keep.facts) == ("keep", request.span_id, "tries 2")
    assert "keep" in (page(site, f"/dev/traces/{TRACE}").text or "")


async def test_the_collector_takes_what_opentelemetrys_own_exporter_sends(
    collector: str, store: TelemetryStore
) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "bloom-inference"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{collector}/v1/traces")))

    def record() -> str:
        with provider.get_tracer("test").start_as_current_span("POST /predict") as span:
            return f"{span.get_span_context().trace_id:032x}"

    [found] = store.trace(await asyncio.to_thread(record))
    assert (found.name, found.service, found.parent_id, found.failed) == ("POST /predict", "inference", "", False)


async def test_the_settings_lead_spans_and_numbers_to_the_collector(
    collector: str, store: TelemetryStore, environment: Callable[..., None]
) -> None:
    environment(
        metrics_enabled="true",
        otel_exporter_otlp_endpoint=collector,
        otel_traces_sampler_arg="1",
        metrics_export_seconds="60",
    )
    leaving = telemetry.start("probe")
    try:
        telemetry.begin("1", "GET /api/things", f"00-{TRACE}-{SPAN}-01")
        telemetry.finish()
        assert [errand.run.__name__ for errand in leaving._errands] == ["push", "hand_over"]
        assert await asyncio.to_thread(lambda: [errand.run() for errand in leaving._errands]) == [True, True]
    finally:
        telemetry.stop()
    assert [(span.name, span.service) for span in store.trace(TRACE)] == [("GET /api/things", "probe")]


async def test_the_collector_refuses_what_is_none_of_its_addresses(collector: str) -> None:
    async with httpx.AsyncClient(base_url=collector) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.post("/v1/metrics", content=b"")).status_code == 200
        assert (await client.post("/v1/logs", content=b"")).status_code == 404
        assert (await client.get("/v1/traces")).status_code == 404


async def test_a_part_that_is_away_leaves_the_others_their_numbers(store: TelemetryStore) -> None:
    looker = Looker(store, {"away": "http://127.0.0.1:9"})
    await looker.look()
    await looker.look()
    assert [value for _, value in store.points("requests")] == [0]
    assert store.points("latency") == [], "of nothing there is no quantile"


def test_the_pages_are_no_part_of_what_is_deployed() -> None:
    assert not [path for path in (ROOT / "infra").rglob("*.py") if "dev.status_page" in path.read_text()]
