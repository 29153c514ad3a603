"""How soon a therapist's open socket leaves a conversation whose care the patient ends, from the answer to that."""

import asyncio
import time
from typing import Any, Final

import httpx
import socketio

from benchmarks import relay_population
from benchmarks.relay_population import Room
from dev.cloud import LocalCloud

PARTS: Final = ("postgres", "database", "redis", "upstash", "appointments", "realtime_1")
SECONDS_TO_HEAR: Final = 10


def measure(count: int) -> list[float]:
    """Milliseconds, one for each end; 0 where the socket was told before the answer came."""
    with LocalCloud(parts=PARTS, settings={"LIMITS": "change-care=100000/1"}) as cloud:
        relay_population.look_into(cloud)
        rooms = relay_population.populate(count)
        return asyncio.run(_end_all(cloud, rooms))


async def _end_all(cloud: LocalCloud, rooms: list[Room]) -> list[float]:
    async with httpx.AsyncClient(base_url=cloud.url("appointments"), timeout=30) as http:
        return [await _end(http, cloud.url("realtime_1"), room) for room in rooms]


async def _end(http: httpx.AsyncClient, relay: str, room: Room) -> float:
    told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    listener = socketio.AsyncClient(reconnection=False)

    async def heard(_: Any) -> None:
        told.set_result(time.perf_counter())

    listener.on("care-ended", heard)
    patient, therapist = room.tokens
    await listener.connect(relay, auth={"token": therapist}, transports=["websocket"])
    await listener.call("join", {"conversationId": room.conversation_id})
    answer = await http.patch(
        f"/api/care-relationships/{room.care_id}",
        json={"status": "ended"},
        headers={"Authorization": f"Bearer {patient}"},
    )
    answered = time.perf_counter()
    assert answer.status_code == 200, answer.text
    async with asyncio.timeout(SECONDS_TO_HEAR):
        took = max(0.0, await told - answered) * 1000
    await listener.disconnect()
    return took
