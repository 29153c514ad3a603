"""One trace from the POST to the socket, over five processes; and what a relay's numbers say of its sockets."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.telemetry_store import Span, TelemetryStore
from shared import telemetry
from shared.clock import now
from shared.database.models.consents import Consent, ConsentKind
from shared.database.transaction import transaction
from shared.events import RiskRaised, alert_channel
from shared.settings import settings
from shared.telemetry.leaving import Leaving
from tests.containers.realtime.clients import Client, Clients
from tests.containers.realtime.people import Care, Someone, keep, publish, revoke
from tests.containers.realtime.relay_process import RelayProcess, own_relay
from tests.doubles import forget, function_client
from tests.postgres import forget_engine
from tests.waiting import eventually

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture(scope="module")
def collector() -> Iterator[LocalCloud]:
    """The collector, and a classifier that hands its spans to it."""
    with LocalCloud(parts={"telemetry", "inference"}) as running:
        yield running


@pytest.fixture(scope="module")
def relay(cloud: LocalCloud, collector: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay that records."""
    with own_relay(cloud, tmp_path_factory.mktemp("relay"), **recorded_in(collector)) as running:
        yield running


def recorded_in(collector: LocalCloud) -> dict[str, str]:
    names = ("METRICS_ENABLED", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG", "TRACES_EXPORT_SECONDS")
    return {name: collector.settings[name] for name in names}


@pytest.fixture
def function(collector: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FlaskClient, Leaving]]:
    """The messages function, which records."""
    for name, value in recorded_in(collector).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("INFERENCE_URL", collector.url("inference"))
    monkeypatch.setenv("INFERENCE_TIMEOUT_MS", "20000")
    settings.cache_clear()
    forget()
    forget_engine()
    client = function_client("messages")
    yield client, telemetry.start("messages")
    telemetry.stop()
    forget()


@transaction
def agree(db: Database, patient: Someone) -> None:
    db.add(Consent(user_id=patient.id, kind=ConsentKind.MESSAGE_ANALYSIS, document_version="1"))


def spans_of(collector: LocalCloud, trace_id: str) -> list[Span]:
    store = TelemetryStore(collector.data_dir / "telemetry.sqlite")
    try:
        return store.trace(trace_id)
    finally:
        store.close()


async def test_one_trace_leads_from_the_post_to_the_socket(
    collector: LocalCloud, relay: RelayProcess, function: tuple[FlaskClient, Leaving], clients: Clients, care: Care
) -> None:
    client, leaving = function
    agree(care.patient)
    listener = await clients.joined(care.therapist, care, relay.url)
    body = {"conversationId": str(care.conversation_id), "body": "I slept a little better this week"}
    headers = {"Authorization": f"Bearer {care.patient.token}", "Traceparent": TRACEPARENT}
    answer = await asyncio.to_thread(client.post, "/api/messages", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await listener.hears("message-analysed")
    await asyncio.to_thread(leaving.run_all)

    wanted = {
        ("messages", "POST /api/messages"),
        ("messages", "redis EVALSHA"),
        ("messages", "keep"),
        ("messages", "INSERT message"),
        ("messages", "INSERT outbox_event"),
        ("messages", "COMMIT"),
        ("messages", "redis PUBLISH"),
        ("messages", "inference"),
        ("messages", "INSERT message_analysis"),
        ("inference", "POST /predict"),
        ("realtime", "deliver message-sent"),
        ("realtime", "deliver message-analysed"),
    }
    await eventually(lambda: wanted <= {(span.service, span.name) for span in spans_of(collector, TRACE)})

    spans = {span.span_id: span for span in spans_of(collector, TRACE)}
    by_name = {span.name: span for span in spans.values()}
    request = by_name["POST /api/messages"]
    assert request.parent_id == SPAN
    for span in spans.values():
        assert span is request or span.parent_id in spans, f"{span.name} hangs in the air"
    assert spans[by_name["POST /predict"].parent_id].name == "inference"
    assert spans[by_name["INSERT message"].parent_id].name == "keep"
    assert request.began < by_name["deliver message-sent"].began < request.ended, "the socket hears before the answer"
    told = "".join(f"{span.name} {span.facts}" for span in spans.values())
    for secret in ("slept", care.patient.name, str(care.patient.id), str(care.conversation_id), care.patient.token):
        assert secret not in told


def numbers(relay: RelayProcess, since: dict[str, float] | None = None) -> dict[str, float]:
    """Its numbers; those that changed since a moment, and by how much."""
    page = httpx.get(f"{relay.url}/metrics", timeout=20).raise_for_status().text
    found = {name: float(value) for name, value in re.findall(r"^(bloom_relay_\S+) (\S+)$", page, re.MULTILINE)}
    if since is None:
        return found
    return {name: value - since.get(name, 0) for name, value in found.items() if value != since.get(name, 0)}


async def test_sockets_and_their_ends_are_counted_by_why(
    collector: LocalCloud, relay: RelayProcess, clients: Clients, care: Care, redis: Redis
) -> None:
    await eventually(lambda: numbers(relay)["bloom_relay_sockets_open"] == 0)
    before = numbers(relay)
    leaves, lost, revoked = [
        await clients.joined(who, care, relay.url) for who in (care.patient, *[care.therapist] * 2)
    ]
    assert (await leaves.ask("dance"))["error"]["type"].endswith("unknown-event")
    found = numbers(relay, before)
    assert found["bloom_relay_sockets_open"] == found["bloom_relay_sockets_opened_total"] == 3
    assert (found["bloom_relay_rooms_open"], numbers(relay)["bloom_relay_redis_followed"]) == (1, 1)
    assert found['bloom_relay_client_event_seconds_count{event="join",outcome="done"}'] == 3
    assert found['bloom_relay_client_event_seconds_count{event="other",outcome="refused"}'] == 1
    await leaves.close()
    lost.drop()
    await eventually(lambda: numbers(relay)["bloom_relay_sockets_open"] == 1)
    ended = revoke(care.therapist)
    redis.publish(f"session:{care.therapist.id}", ended.model_dump_json())
    await revoked.disconnected.wait()
    closed = "bloom_relay_sockets_closed_total"

    await eventually(lambda: numbers(relay)["bloom_relay_sockets_open"] == 0)
    ends = {name: value for name, value in numbers(relay, before).items() if name.startswith(closed)}
    assert ends == {f'{closed}{{reason="{why}"}}': 1 for why in ("left", "lost", "revoked")}


async def test_how_long_a_change_takes_to_its_sockets_is_timed_from_its_commit(
    collector: LocalCloud, relay: RelayProcess, clients: Clients, care: Care, redis: Redis
) -> None:
    before = numbers(relay)
    listeners = [await clients.joined(who, care, relay.url) for who in (care.patient, care.therapist)]
    kept = keep(care, count=3)
    late = kept[0].model_copy(update={"occurred_at": now() - timedelta(seconds=20), "traceparent": TRACEPARENT})
    publish(redis, late)
    await said(listeners, late.seq)
    publish(redis, kept[2])  # the second is missed, and read with it from the database
    await said(listeners, kept[2].seq)
    publish(redis, kept[2])  # told already
    risk = RiskRaised(
        occurred_at=now(),
        traceparent=TRACEPARENT,
        risk_event_id=late.message_id,
        message_id=late.message_id,
        conversation_id=care.conversation_id,
        patient_id=care.patient.id,
        clinician_ids=(care.therapist.id,),
        level="high",
    )
    redis.publish(alert_channel(care.therapist.id), risk.tagged_json())
    await listeners[1].hears("risk-alert")
    [alert] = listeners[1].heard("risk-alert")
    assert "traceparent" not in alert
    found = numbers(relay, before)
    sent = 'bloom_relay_delivery_seconds{}{{event="message-sent"{}}}'.format
    assert found[sent("_count", "")] == 3
    assert found[sent("_bucket", ',le="5.0"')] == 2
    assert found[sent("_bucket", ',le="30.0"')] == 3
    assert found['bloom_relay_delivery_seconds_count{event="risk-raised"}'] == 1
    assert found["bloom_relay_catch_ups_total"] >= 1
    assert found["bloom_relay_frames_told_total"] == 7


async def said(listeners: list[Client], seq: int) -> None:
    for listener in listeners:
        await listener.hears_of(seq)


def test_without_the_setting_a_relay_keeps_no_numbers(cloud: LocalCloud) -> None:
    answer = httpx.get(f"{cloud.url('realtime_1')}/metrics")
    assert answer.status_code == 404
    assert json.loads(answer.text)["type"] == "urn:bloom:problem:not-found"
