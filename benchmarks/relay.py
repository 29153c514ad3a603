"""`make bench-relay`: our relay beside Node's Socket.IO with its Redis adapter, the same clients in the same rooms.

For each: what a socket costs in memory; how many messages a second it takes at most, each told to the two sockets of
its room; how long they take at half that rate; and how long everybody needs to be back after all processes were killed
at once, with what that asks of the database. BENCH_SOCKETS sockets over BENCH_PROCESSES processes.
"""

import asyncio
import os
import resource
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

import uvloop

from benchmarks import relay_population
from benchmarks.relay_contenders import Bloom, Contender, Processes, SocketIo, running
from benchmarks.relay_population import Room
from benchmarks.relay_sockets import Client, Crowd, Deliveries, Publisher
from dev.cloud import LocalCloud
from dev.ports import free_ports

SOCKETS: Final = int(os.environ.get("BENCH_SOCKETS", "1000"))
PROCESSES: Final = int(os.environ.get("BENCH_PROCESSES", "1"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "20"))
ONLY: Final = os.environ.get("BENCH_ONLY", "")
"""A part of the name of the one that is to be measured alone."""
ON_THE_WAY: Final = 200
"""Messages at once, where as many are sent as are taken."""
MADE_A_SECOND: Final = 5000
"""More than any process takes."""
WARM_UP: Final = 0.2
SECONDS_OF_SILENCE: Final = 5
"""After which what has not come is taken for lost."""
FIRST: Final = 20
"""Sockets of a process that are there before memory is counted."""
PARTS: Final = ("postgres", "database", "redis", "upstash")


@dataclass
class Figures:
    """What was measured of a contender."""

    name: str
    memory: float
    """KiB a socket."""
    connected: float
    """Seconds until everybody had joined the first time."""
    a_second: float = 0
    """Messages, at most."""
    cpu_us: float = 0
    """Microseconds of the relay's CPU for a message, there."""
    cpu_of_clients: float = 0
    """Part of a core that the measuring process used, there: near 1, it was the limit."""
    p50: float = 0
    p95: float = 0
    p99: float = 0
    lost: int = 0
    """Messages that one of their two sockets never heard."""
    back: float = 0
    """Seconds from the kill until everybody had joined again."""
    listened: float = 0
    """Of those, until the processes listened again."""
    transactions: float = 0
    """In the database meanwhile, a socket."""
    connections: int = 0
    """To the database meanwhile, at most."""

    def print(self) -> None:
        """A block of lines."""
        print(
            f"{self.name}: {self.memory:.1f} KiB a socket; all joined in {self.connected:.1f} s\n"
            f"  at most {self.a_second:.0f} messages/s, {self.cpu_us:.0f} us of CPU each "
            f"({1e6 / self.cpu_us:.0f}/s a core); clients used {self.cpu_of_clients:.0%} of a core\n"
            f"  at half that: p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms, p99 {self.p99:.1f} ms, "
            f"{self.lost} never heard\n"
            f"  after a kill: all back in {self.back:.1f} s (listening after {self.listened:.1f} s), "
            f"{self.transactions:.2f} transactions a socket, {self.connections} connections to the database at most",
            flush=True,
        )


class Measurement:
    """Of one contender, from its start to its end."""

    def __init__(self, contender: Contender, processes: Processes, rooms: list[Room]) -> None:
        self._contender, self._processes, self._rooms = contender, processes, rooms
        self._deliveries = Deliveries()
        self._crowd = Crowd(self._heard)
        self._seqs: Counter[int] = Counter()
        ports = processes.ports
        for number, room in enumerate(rooms):
            for side, token in enumerate(room.tokens):
                port = ports[(number + side) % len(ports)]
                self._crowd.clients.append(Client(self._crowd, port, number, room.conversation_id, token))

    async def run(self) -> Figures:
        """Everything, one after the other."""
        # What a process sets up for its first sockets is not what a socket costs.
        everybody, self._crowd.clients = self._crowd.clients, self._crowd.clients[: FIRST * PROCESSES]
        await self._crowd.connect()
        few = await asyncio.to_thread(self._processes.memory)
        began, rest = time.perf_counter(), everybody[FIRST * PROCESSES :]
        self._crowd.clients, self._crowd.everybody = everybody, asyncio.Event()
        await self._crowd.connect(rest)
        connected = time.perf_counter() - began
        many = await asyncio.to_thread(self._processes.memory)
        figures = Figures(self._contender.name, (many - few) / len(rest), connected)
        _, self._publisher = await asyncio.get_running_loop().create_connection(Publisher, *redis_address())
        await self._saturate(figures)
        await self._at_rate(figures, figures.a_second / 2)
        await self._reconnect(figures)
        return figures

    def _heard(self, client: Client, seq: int) -> None:
        self._deliveries.heard(client, seq)

    def _next(self, room: int) -> tuple[int, bytes, bytes]:
        self._seqs[room] += 1
        return self._seqs[room], *self._contender.message(self._rooms[room], self._seqs[room])

    async def _make(self, count: int) -> list[tuple[int, int, bytes, bytes]]:
        """Messages for one room after the other; in a thread, since sockets have to answer pings meanwhile."""
        rooms = [number % len(self._rooms) for number in range(count)]
        return await asyncio.to_thread(lambda: [(room, *self._next(room)) for room in rooms])

    async def _saturate(self, figures: Figures) -> None:
        """Always so many on the way; what is sent was made before, as far as it is needed."""
        made = await self._make(int(SECONDS * MADE_A_SECOND))
        supply = iter(made)
        deliveries = self._deliveries = Deliveries()
        over = asyncio.Event()

        def send() -> None:
            if (ready := next(supply, None)) is None:
                over.set()
                return
            room, seq, channel, payload = ready
            deliveries.left(room, seq, 2)
            self._publisher.publish(channel, payload)

        deliveries.on_complete = send
        for _ in range(ON_THE_WAY):
            send()
        await asyncio.sleep(SECONDS * WARM_UP)
        began, cpu, own, done = (
            time.perf_counter(),
            self._processes.cpu_seconds(),
            time.process_time(),
            deliveries.complete,
        )
        waiting = asyncio.create_task(over.wait())
        await asyncio.wait([waiting], timeout=SECONDS)
        took, told = time.perf_counter() - began, max(1, deliveries.complete - done)
        figures.a_second = told / took
        figures.cpu_us = (self._processes.cpu_seconds() - cpu) / told * 1e6
        figures.cpu_of_clients = (time.process_time() - own) / took
        deliveries.on_complete = lambda: None
        waiting.cancel()
        while deliveries.sent:
            await asyncio.sleep(0.05)
        for room, seq, _, _ in supply:  # made, and not sent after all
            self._seqs[room] = min(self._seqs[room], seq - 1)

    async def _at_rate(self, figures: Figures, rate: float) -> None:
        """At even times, whatever becomes of them."""
        deliveries = self._deliveries = Deliveries()
        made = await self._make(int(rate * SECONDS))
        began = time.perf_counter()
        for number, (room, seq, channel, payload) in enumerate(made):
            while (ahead := began + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            deliveries.left(room, seq, 2)
            self._publisher.publish(channel, payload)
            if number % 20 == 0:
                await asyncio.sleep(0)
        await _until_no_more_come(deliveries)
        figures.lost = len(deliveries.sent)
        figures.p50, figures.p95, figures.p99 = map(deliveries.percentile, (50, 95, 99))

    async def _reconnect(self, figures: Figures) -> None:
        last_seqs = {room.conversation_id: self._seqs[number] for number, room in enumerate(self._rooms)}
        await asyncio.to_thread(relay_population.set_last_seqs, last_seqs)
        before = await asyncio.to_thread(relay_population.transactions_so_far)
        watching = asyncio.create_task(self._most_connections(figures))
        began = time.perf_counter()
        await asyncio.to_thread(self._processes.kill)
        self._crowd.everybody.clear()
        await asyncio.to_thread(self._processes.start)
        figures.listened = time.perf_counter() - began
        await self._crowd.everybody.wait()
        figures.back = time.perf_counter() - began
        watching.cancel()
        await asyncio.sleep(1)  # what the database counts is told to it a little later
        looks = await asyncio.gather(watching, return_exceptions=True)
        asked = await asyncio.to_thread(relay_population.transactions_so_far) - before - self._looks - len(looks)
        figures.transactions = asked / len(self._crowd.clients)

    async def _most_connections(self, figures: Figures) -> None:
        self._looks = 0
        while True:
            figures.connections = max(figures.connections, await asyncio.to_thread(relay_population.connections))
            self._looks += 1
            await asyncio.sleep(0.25)


async def _until_no_more_come(deliveries: Deliveries) -> None:
    heard, quiet = -1, 0
    while deliveries.sent and quiet < SECONDS_OF_SILENCE:
        await asyncio.sleep(1)
        quiet = 0 if len(deliveries.took_ms) > heard else quiet + 1
        heard = len(deliveries.took_ms)


def redis_address() -> tuple[str, int]:
    """Host and port of the cloud's Redis."""
    host, _, port = os.environ["REDIS_URL"].removeprefix("redis://").partition(":")
    return host, int(port.partition("/")[0])


def main() -> int:
    """Measure, print, and say how the two compare."""
    if not shutil.which("node"):
        print("bench-relay: the peer needs Node 20 or newer")
        return 1
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with LocalCloud(parts=PARTS) as cloud:
        relay_population.look_into(cloud)
        contenders: tuple[Contender, ...] = (SocketIo(cloud), Bloom())
        print(f"{SOCKETS} sockets, two a room, over {PROCESSES} processes of each, {SECONDS:.0f} s a phase", flush=True)
        measured = [measure(cloud, contender) for contender in contenders if ONLY in contender.name]
    if len(measured) < len(contenders):
        return 0
    peer, ours = measured
    ratios = {
        "memory": ours.memory / peer.memory,
        "messages/s": ours.a_second / peer.a_second,
        "CPU a message": ours.cpu_us / peer.cpu_us,
        "p50": ours.p50 / peer.p50,
        "p99": ours.p99 / peer.p99,
        "time back": ours.back / peer.back,
        "transactions": ours.transactions / peer.transactions,
    }
    print("ratios, ours to the peer's: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))
    return 0


def measure(cloud: LocalCloud, contender: Contender) -> Figures:
    """One contender, with people of its own."""
    rooms = relay_population.populate(SOCKETS // 2)
    ports = list(free_ports([str(number) for number in range(PROCESSES)]).values())
    with running(cloud, contender, ports) as processes:
        figures = uvloop.run(Measurement(contender, processes, rooms).run())
    figures.print()
    return figures


if __name__ == "__main__":
    sys.exit(main())
