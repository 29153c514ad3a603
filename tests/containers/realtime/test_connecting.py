"""Who may open a socket, how long it lasts, and what is said to those who may not."""

import asyncio
import contextlib
import time
import uuid
from pathlib import Path

import httpx
import pytest
import websockets
from redis import Redis
from websockets.asyncio.client import connect as raw

from dev.cloud import LocalCloud
from shared.roles import Role
from shared.session import deliver_revocation
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, another_token, looked_on, revoke, run_out, somebody
from tests.containers.realtime.relay_process import own_relay


def socket_url(cloud: LocalCloud, query: str = "EIO=4&transport=websocket") -> str:
    return f"{cloud.url('realtime_1').replace('http', 'ws')}/socket.io/?{query}"


@pytest.mark.parametrize("token", [None, "nonsense", "ü" * 20])
async def test_without_a_session_it_is_refused_with_the_reason(clients: Clients, token: str | None) -> None:
    assert await clients.new().is_refused(token) == "not-signed-in"


async def test_a_revoked_and_an_expired_session_are_refused(clients: Clients, care: Care) -> None:
    revoke(care.patient)
    run_out(care.therapist.session_id)
    assert await clients.new().is_refused(care.patient.token) == "not-signed-in"
    assert await clients.new().is_refused(care.therapist.token) == "not-signed-in"


async def test_an_administrator_who_looks_on_as_somebody_opens_no_socket(clients: Clients, care: Care) -> None:
    assert await clients.new().is_refused(looked_on(care.patient)) == "not-signed-in"


async def test_a_cookie_is_taken_from_our_own_pages_alone(cloud: LocalCloud, clients: Clients, care: Care) -> None:
    cookie = f"other=1; bloom-session={another_token(care.patient).token}"
    await clients.new().connect(Cookie=cookie, Origin=cloud.origin)
    assert await clients.new().is_refused(Cookie=cookie, Origin="https://evil.example") == "foreign-origin"
    assert await clients.new().is_refused(Cookie=cookie) == "foreign-origin"


async def test_a_token_is_taken_from_any_origin(clients: Clients, care: Care) -> None:
    await clients.new().connect(care.patient.token, Origin="capacitor://localhost")


async def test_long_polling_is_told_that_it_is_not_offered(cloud: LocalCloud) -> None:
    async with httpx.AsyncClient(base_url=cloud.url("realtime_1")) as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, "/socket.io/?EIO=4&transport=polling")
            assert answer.status_code == 400
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "urn:bloom:problem:web-socket-only"


@pytest.mark.parametrize("query", ["EIO=4&transport=polling", "EIO=3&transport=websocket", ""])
async def test_another_protocol_is_refused_in_the_handshake(cloud: LocalCloud, query: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await raw(socket_url(cloud, query))
    assert refused.value.response.status_code == 400


async def test_health_and_readiness(cloud: LocalCloud) -> None:
    async with httpx.AsyncClient(base_url=cloud.url("realtime_2")) as http:
        assert (await http.get("/health")).json() == {"status": "up"}
        assert (await http.get("/ready")).json() == {"status": "ready", "redis": "up", "database": "up"}
        assert (await http.post("/ready")).status_code == 405
        assert (await http.get("/elsewhere")).status_code == 404


async def test_the_oldest_socket_gives_way_to_a_sixth_wherever_either_is_and_is_told_why(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    urls = [cloud.url("realtime_1"), cloud.url("realtime_2")]
    opened = [await clients.of(care.patient, urls[number % 2]) for number in range(6)]
    await asyncio.wait_for(opened[0].disconnected.wait(), 5)
    [why] = opened[0].heard("too-many-sockets")
    assert why["type"] == "urn:bloom:problem:too-many-sockets"
    await clients.of(care.therapist)
    assert not any(client.disconnected.is_set() for client in opened[1:])
    await clients.of(care.patient)
    await asyncio.wait_for(opened[1].disconnected.wait(), 5)


async def test_on_one_instance_the_oldest_gives_way_without_redis_too(
    cloud: LocalCloud, clients: Clients, care: Care, tmp_path: Path
) -> None:
    with own_relay(cloud, tmp_path, REDIS_URL="redis://127.0.0.1:9") as relay:
        opened = [await clients.of(care.patient, relay.url) for _ in range(6)]
        await asyncio.wait_for(opened[0].disconnected.wait(), 5)
        assert opened[0].heard("too-many-sockets")
        assert not any(client.disconnected.is_set() for client in opened[1:])


async def test_a_closed_socket_makes_room(clients: Clients, care: Care) -> None:
    for _ in range(12):
        client = await clients.of(care.patient)
        await client.close()
    opened = [await clients.of(care.patient) for _ in range(5)]
    assert all([await client.ask("nothing") for client in opened])
    assert not any(client.disconnected.is_set() for client in opened)


async def test_an_oversized_frame_ends_the_socket(cloud: LocalCloud, care: Care) -> None:
    async with raw(socket_url(cloud)) as socket:
        await sign_in(socket, care.patient.token)
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.send('42["typing","' + "x" * 65_536 + '"]')
        await socket.wait_closed()
        assert socket.close_code == 1009


@pytest.mark.parametrize("frame", ["", "x", "9", b"\x04binary", "4", "4x", "42", "42[]", "42{", '42{"a":1}', "42[[]]"])
async def test_what_is_no_packet_ends_at_most_its_own_socket(cloud: LocalCloud, care: Care, frame: str) -> None:
    async with raw(socket_url(cloud)) as socket:
        await sign_in(socket, care.patient.token)
        await socket.send(frame)
    async with raw(socket_url(cloud)) as socket:
        await sign_in(socket, care.patient.token)


async def test_a_client_cannot_send_the_librarys_own_events(cloud: LocalCloud, care: Care) -> None:
    async with raw(socket_url(cloud)) as socket:
        await sign_in(socket, care.patient.token)
        for event in ('420["connect",{},{"token":"x"}]', '420["disconnect"]', '420["disconnect","x"]', "420[1]"):
            await socket.send(event)
            assert (
                await socket.recv()
                == '430[{"error":{"type":"urn:bloom:problem:unknown-event","title":"There is no such event"}}]'
            )


async def test_a_revoked_session_closes_its_sockets_within_a_second(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    other_token = another_token(care.patient).token
    mine = [await clients.of(care.patient), await clients.of(care.patient, cloud.url("realtime_2"))]
    others = await clients.new().connect(other_token)
    began = time.monotonic()
    deliver_revocation(revoke(care.patient))
    for client in mine:
        await asyncio.wait_for(client.disconnected.wait(), 1)
        assert client.heard("session-revoked") == [{"sessionId": str(care.patient.session_id)}]
    assert time.monotonic() - began < 1
    assert not others.disconnected.is_set()


async def test_nonsense_on_a_persons_channel_is_survived(redis: Redis, clients: Clients, care: Care) -> None:
    client = await clients.of(care.therapist)
    for payload in ("", "{", "[]", "1", '{"sessionIds": 1}', '{"sessionIds": ["x"]}', '{"type": "message-sent"}'):
        redis.publish(f"session:{care.therapist.id}", payload)
        redis.publish(f"alert:{care.therapist.id}", payload)
    assert (await client.ask("nothing"))["error"]["type"] == "urn:bloom:problem:unknown-event"


async def test_an_administrator_may_connect_and_joins_nothing(clients: Clients, care: Care) -> None:
    client = await clients.of(somebody(Role.ADMINISTRATOR))
    assert await client.join(care.conversation_id) == await client.join(uuid.uuid4())


async def sign_in(socket: websockets.ClientConnection, token: str) -> None:
    assert str(await socket.recv()).startswith("0{")
    await socket.send(f'40{{"token":"{token}"}}')
    assert str(await socket.recv()).startswith("40{")
