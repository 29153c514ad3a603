"""`make bench-delivery`: from the patient's POST to the therapist's socket, through every part of the local cloud.

Fifty conversations share 40 messages a second; then the rate rises until the slowest in a hundred takes over 100 ms.
The peer, in the same run, is a bare python-socketio server that keeps nothing: what an event costs at the least.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import socketio

from benchmarks.population import Pair, populate
from benchmarks.processes import cpu_seconds
from dev.cloud import LocalCloud

CONVERSATIONS: Final = 50
PROMISED_RATE: Final = 40.0
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "20"))
WARM_UP_SECONDS: Final = 5.0
KNEE_P99_MS: Final = 100.0
STEP: Final = 1.25
BODY: Final = "I slept a little better this week, but mornings are still hard and I worry about work."

Send = Callable[[int], Coroutine[Any, Any, None]]


@dataclass
class Arrivals:
    """When each message left and when it came, by client id."""

    sent: dict[str, float] = field(default_factory=dict)
    took_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def left(self) -> str:
        """Note a departure; the client id to send along."""
        client_id = str(uuid.uuid4())
        self.sent[client_id] = time.perf_counter()
        return client_id

    def came(self, client_id: str) -> None:
        """Note an arrival."""
        left = self.sent.pop(client_id, None)
        if left is not None:
            self.took_ms.append((time.perf_counter() - left) * 1000)

    def percentile(self, percent: float) -> float:
        """Milliseconds within which so many arrived; messages that never came count as endless."""
        ordered = sorted(self.took_ms) + [float("inf")] * (len(self.sent) + self.failed)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("inf")


def main() -> None:
    """Measure and print."""
    with LocalCloud(settings={"LIMITS": "send-message=100000/1"}) as cloud:
        pairs = populate(cloud, CONVERSATIONS)
        asyncio.run(compare(cloud, pairs))


async def compare(cloud: LocalCloud, pairs: list[Pair]) -> None:
    """The peer, ours at the promised rate, then ours up to the knee."""
    bare = await measure_bare()
    _print("bare python-socketio", PROMISED_RATE, bare)
    async with Crowd(cloud.origin, pairs) as crowd:
        await crowd.run(PROMISED_RATE, WARM_UP_SECONDS)
        ours = await crowd.run(PROMISED_RATE, SECONDS)
        _print("Bloom Health", PROMISED_RATE, ours)
        print(f"ratio to the bare peer: p50 {ours.percentile(50) / bare.percentile(50):.1f}")
        await find_knee(cloud, crowd)


async def find_knee(cloud: LocalCloud, crowd: "Crowd") -> None:
    """Raise the rate until p99 passes 100 ms, then say where and what each process used."""
    rate = PROMISED_RATE
    while True:
        rate *= STEP
        before, started = cpu_seconds(cloud), time.perf_counter()
        arrivals = await crowd.run(rate, SECONDS / 2)
        _print("Bloom Health", rate, arrivals)
        if arrivals.percentile(99) > KNEE_P99_MS:
            break
    elapsed = time.perf_counter() - started
    print(f"knee: p99 passes {KNEE_P99_MS:.0f} ms at {rate:.0f} messages/s; CPU of each process there, in % of a core:")
    used = {name: after - before[name] for name, after in cpu_seconds(cloud).items()}
    for name, seconds in sorted(used.items(), key=lambda item: -item[1]):
        print(f"  {name:<14}{seconds / elapsed:>7.0%}")


class Crowd:
    """Patients who write and therapists who listen, one pair a conversation."""

    def __init__(self, origin: str, pairs: list[Pair]) -> None:
        self._origin = origin
        self._pairs = pairs
        self._arrivals = Arrivals()
        self._sockets: list[socketio.AsyncClient] = []
        self._http = httpx.AsyncClient(base_url=origin, timeout=10)

    async def __aenter__(self) -> "Crowd":
        for pair in self._pairs:
            listener = socketio.AsyncClient(reconnection=False)
            listener.on("new-message", self._heard)
            await listener.connect(self._origin, auth={"token": pair.therapist_token}, transports=["websocket"])
            await listener.call("join", {"conversationId": pair.conversation_id, "afterSeq": 0})
            self._sockets.append(listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        for listener in self._sockets:
            await listener.disconnect()
        await self._http.aclose()

    async def run(self, rate: float, seconds: float) -> Arrivals:
        """Write at a rate (messages a second), whatever the answers take."""
        self._arrivals = Arrivals()
        await at_rate(rate, seconds, self._write)
        return self._arrivals

    async def _heard(self, message: dict[str, str]) -> None:
        self._arrivals.came(message["clientId"])

    async def _write(self, number: int) -> None:
        pair, arrivals = self._pairs[number % len(self._pairs)], self._arrivals
        client_id = arrivals.left()
        answer = await self._http.post(
            "/api/messages",
            json={"conversationId": pair.conversation_id, "body": BODY, "clientId": client_id},
            headers={"Authorization": f"Bearer {pair.patient_token}"},
        )
        if answer.status_code != 200:
            arrivals.sent.pop(client_id, None)
            arrivals.failed += 1


async def at_rate(rate: float, seconds: float, send: Send) -> None:
    """Start `send` at even times, wait for all, then for what is still on its way."""
    started = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(send(number)))
    await asyncio.gather(*tasks)
    await asyncio.sleep(0.5)


async def measure_bare() -> Arrivals:
    """The same crowd at the same rate over a server that only passes events on."""
    port, arrivals = _free_port(), Arrivals()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.bare_relay", str(port)])
    senders, sockets = [], []
    try:
        await _listening(port)
        for number in range(CONVERSATIONS):
            for _ in range(2):
                client = socketio.AsyncClient(reconnection=False)
                client.on("new-message", _on_bare(arrivals))
                await client.connect(f"http://127.0.0.1:{port}", transports=["websocket"])
                await client.call("join", str(number))
                sockets.append(client)
            senders.append(sockets[-1])

        async def send(number: int) -> None:
            room = number % CONVERSATIONS
            await senders[room].emit("send", [str(room), {"clientId": arrivals.left(), "body": BODY}])

        await at_rate(PROMISED_RATE, SECONDS / 2, send)
        for client in sockets:
            await client.disconnect()
    finally:
        server.terminate()
        server.wait()
    return arrivals


def _on_bare(arrivals: Arrivals) -> Callable[[dict[str, str]], Awaitable[None]]:
    async def heard(message: dict[str, str]) -> None:
        arrivals.came(message["clientId"])

    return heard


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _print(name: str, rate: float, arrivals: Arrivals) -> None:
    mean = statistics.fmean(arrivals.took_ms) if arrivals.took_ms else float("inf")
    print(
        f"{name:<22}{rate:>6.0f}/s  p50 {arrivals.percentile(50):>6.1f} ms  p99 {arrivals.percentile(99):>6.1f} ms  "
        f"mean {mean:>6.1f} ms  {len(arrivals.took_ms)} came, {len(arrivals.sent)} did not, {arrivals.failed} refused",
        flush=True,
    )


if __name__ == "__main__":
    main()
