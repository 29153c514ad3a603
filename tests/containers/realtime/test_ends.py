"""How sockets end: not signed in, too old, too slow, signed out unnoticed, or with their instance."""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis
from websockets.asyncio.client import connect as raw
from websockets.exceptions import ConnectionClosed

from dev.cloud import LocalCloud
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, keep, publish, revoke, run_out, told_only
from tests.containers.realtime.relay_process import RelayProcess, own_relay

HASTY = {"SOCKET_SIGN_IN_SECONDS": "2", "SESSIONS_CHECKED_SECONDS": "0.2", "SOCKET_PING_SECONDS": "1"}


@pytest.fixture(scope="module")
def hasty(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    with own_relay(cloud, tmp_path_factory.mktemp("hasty"), **HASTY) as relay:
        yield relay


async def test_a_socket_that_never_signs_in_is_closed(hasty: RelayProcess) -> None:
    async with raw(f"{hasty.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket") as socket:
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert (socket.close_code, socket.close_reason) == (1008, "not signed in")


async def test_a_session_that_ended_without_word_ends_its_sockets(
    hasty: RelayProcess, clients: Clients, care: Care
) -> None:
    patient, therapist = await clients.of(care.patient, hasty.url), await clients.of(care.therapist, hasty.url)
    revoke(care.patient)
    await asyncio.wait_for(patient.disconnected.wait(), 5)
    assert not therapist.disconnected.is_set()
    run_out(care.therapist.session_id)
    await asyncio.wait_for(therapist.disconnected.wait(), 5)
    assert therapist.heard("session-revoked") == [{"sessionId": str(care.therapist.session_id)}]


async def test_a_socket_that_answers_pings_stays(hasty: RelayProcess, clients: Clients, care: Care) -> None:
    client = await clients.of(care.patient, hasty.url)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.disconnected.wait(), 1.5)
    assert await client.join(care.conversation_id) == {"recovered": False, "lastSeq": 0, "lastRevision": 0}


async def test_an_old_socket_is_closed_and_its_client_resumes(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, tmp_path: Path
) -> None:
    with own_relay(cloud, tmp_path, SOCKET_MINUTES="0.02") as relay:
        client = await clients.joined(care.patient, care, relay.url)
        publish(redis, *keep(care))
        await asyncio.wait_for(client.disconnected.wait(), 10)
        keep(care)
        again = await clients.of(care.patient, relay.url)
        await again.join(care.conversation_id, client.seqs[-1])
        assert client.seqs + again.seqs == [1, 2]


async def test_with_its_instance_sockets_end_at_once_and_cleanly(
    cloud: LocalCloud, clients: Clients, care: Care, tmp_path: Path
) -> None:
    with own_relay(cloud, tmp_path) as relay:
        connected = [await clients.joined(care.patient, care, relay.url) for _ in range(3)]
        began = time.monotonic()
        relay.process.terminate()
        for client in connected:
            await asyncio.wait_for(client.disconnected.wait(), 3)
        assert await asyncio.to_thread(relay.process.wait, 10) == 0
        assert time.monotonic() - began < 5
        assert '"severity": "ERROR"' not in relay.log


async def test_it_starts_without_redis_and_says_so(
    cloud: LocalCloud, clients: Clients, care: Care, tmp_path: Path
) -> None:
    keep(care)
    with own_relay(cloud, tmp_path, REDIS_URL="redis://127.0.0.1:9") as relay:
        ready = await asyncio.to_thread(_get, f"{relay.url}/ready")
        assert ready.status_code == 503
        assert {"redis": "away", "database": "up", "state": "degraded"}.items() <= ready.json().items()
        client = await clients.of(care.patient, relay.url)
        assert await client.join(care.conversation_id, 0) == {"recovered": True, "lastSeq": 1, "lastRevision": 0}
        assert await client.ask("typing", {"conversationId": str(care.conversation_id)}) == {}


async def test_a_reader_that_stalls_is_cut_off_and_delays_nobody(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    reader = await clients.joined(care.therapist, care)
    stalled = await stall(cloud.url("realtime_1"), care)
    slowest, body = 0.0, "\U0001f4a4" * 8000
    for seq in range(1, 401):
        began = time.monotonic()
        publish(redis, told_only(care, body, seq))
        await reader.hears_of(seq)
        slowest = max(slowest, time.monotonic() - began)
        if "socket-too-slow" in Path(cloud.status("realtime_1").log).read_text():
            break
    else:
        raise AssertionError("the stalled socket was never cut off")
    assert slowest < 1
    stalled.close()


@pytest.mark.parametrize("junk", ["3", '42["nothing"]', '42["typing",{}]', "40"])
async def test_a_flood_of_frames_is_cut_off_and_delays_nobody(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, junk: str
) -> None:
    others = await clients.joined(care.therapist, care)
    async with raw(f"{cloud.url('realtime_1').replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.recv()
        await socket.send("40" + json.dumps({"token": care.patient.token}))
        await socket.recv()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(2000):
                await socket.send(junk)
        [sent] = keep(care)
        began = time.monotonic()
        publish(redis, sent)
        await others.hears_of(sent.seq)
        assert time.monotonic() - began < 1
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert (socket.close_code, socket.close_reason) == (1008, "too many frames")


async def test_before_signing_in_few_frames_are_taken(hasty: RelayProcess) -> None:
    async with raw(f"{hasty.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket") as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(50):
                await socket.send("3")
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert (socket.close_code, socket.close_reason) == (1008, "too many frames")


async def test_whoever_lags_is_spared_what_can_be_left_out_and_catches_up_on_the_rest(
    redis: Redis, clients: Clients, care: Care
) -> None:
    patient = await clients.joined(care.patient, care)
    therapist = await clients.joined(care.therapist, care)
    transport = therapist.pause_reading()
    for _ in range(99):
        publish(redis, *keep(care, "\U0001f4a4" * 2000))
    await patient.hears_of(99)  # by now as much waits for the therapist
    await patient.ask("typing", {"conversationId": str(care.conversation_id)})
    publish(redis, *keep(care, "\U0001f4a4" * 2000))
    await patient.hears_of(100)
    transport.resume_reading()
    await therapist.hears_of(100)
    assert therapist.seqs == list(range(1, 101))
    assert not therapist.heard("user-typing")


async def stall(url: str, care: Care) -> asyncio.StreamWriter:
    """A client that signs in, joins, and reads no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(text_frame("40" + json.dumps({"token": care.patient.token})))
    await reader.readuntil(b"40{")
    writer.write(text_frame("420" + json.dumps(["join", {"conversationId": str(care.conversation_id)}])))
    await reader.readuntil(b"430[")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


def text_frame(text: str) -> bytes:
    """RFC 6455, 5.2, under a mask of zeros."""
    payload = text.encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


def _get(url: str) -> httpx.Response:
    return httpx.get(url)
