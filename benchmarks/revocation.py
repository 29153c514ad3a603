"""`make bench-revocation`: how soon a revoked session is refused by another process, and its socket closed.

A hundred people ask who they are every other second each; one after another signs out another device of theirs
through one instance of auth, while that device asks the other instance again as soon as it is answered. The time runs
from the answer to the DELETE until the device has its first refusal, so it holds one question and answer at least. The
peer is the same code without its cache: each question looks the session up in the database. At last as many patients
end their care, and the time runs until the therapist's open socket is told that it has left the conversation.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import httpx
import socketio
from sqlalchemy.orm import Session as Database

from benchmarks import care_ends
from dev.cloud import LocalCloud
from dev.ports import free_ports
from shared import session
from shared.clock import now
from shared.database.engine import engine
from shared.database.models.accounts import Transport, User
from shared.database.transaction import transaction
from shared.roles import Role
from shared.settings import settings

USERS: Final = int(os.environ.get("BENCH_USERS", "100"))
QUESTIONS_PER_SECOND: Final = float(os.environ.get("BENCH_PER_SECOND", "0.5"))
"""Of each user."""
ROUNDS: Final = 2
PARTS: Final = {"postgres", "database", "redis", "upstash", "auth", "realtime_1"}
LIMITS: Final = "session=100000/1,revoke-session=100000/1"
NO_REDIS: Final = "http://127.0.0.1:9"
QUESTION: Final = "/api/auth/session"


@dataclass(frozen=True)
class Device:
    """A device to be signed out, and the token of another one that does it."""

    session_id: UUID
    token: str
    other_token: str


@dataclass
class Figures:
    """Milliseconds."""

    answered: list[float] = field(default_factory=list)
    """Each question of the crowd."""
    refused: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    """0 where it was closed before the answer to the DELETE came."""
    busy: int = 0
    """Questions that were answered 503, or not at all."""
    let_in_after: int = 0
    """Questions that were asked after the answer to the DELETE, and let in."""

    def add(self, more: "Figures") -> None:
        """Those of another round."""
        for mine, others in ((self.answered, more.answered), (self.refused, more.refused), (self.closed, more.closed)):
            mine.extend(others)
        self.busy += more.busy
        self.let_in_after += more.let_in_after

    def print(self, name: str) -> None:
        """One line each."""
        print(f"{name}: {len(self.answered)} questions, {_spread(self.answered)}, {self.busy} answered 503", flush=True)
        print(
            f"  refused by the other instance after the DELETE: {_spread(self.refused)}, {self.let_in_after} let in",
            flush=True,
        )
        if self.closed:
            print(f"  its socket closed: {_spread(self.closed)}", flush=True)


def main() -> None:
    """Measure and print."""
    ours, peer = Figures(), Figures()
    for _ in range(ROUNDS):  # by turns, so that whatever else the machine does meets both
        ours.add(run({}, with_sockets=True))
        peer.add(run({"UPSTASH_REDIS_REST_URL": NO_REDIS}, with_sockets=False))
    ours.print("with the cache")
    peer.print("database alone")
    print(f"a conversation left by its therapist's socket once care has ended: {_spread(care_ends.measure(USERS))}")
    refused = statistics.median(ours.refused) / statistics.median(peer.refused)
    answered = statistics.median(ours.answered) / statistics.median(peer.answered)
    print(f"ratio of medians to the database alone: until refused {refused:.2f}, a question {answered:.2f}")


def run(different: dict[str, str], *, with_sockets: bool) -> Figures:
    """One cloud of its own, from its start to its end."""
    with LocalCloud(parts=PARTS, settings={"LIMITS": LIMITS, **different}) as cloud, second_instance(cloud) as second:
        os.environ.update(cloud.settings)
        settings.cache_clear()
        engine.cache_clear()
        devices = [_device(number) for number in range(USERS)]
        engine().dispose()
        return asyncio.run(Crowd(cloud, second, devices).measure(with_sockets=with_sockets))


@contextmanager
def second_instance(cloud: LocalCloud) -> Iterator[str]:
    """Another process of the auth function: its base URL."""
    port = free_ports(["second"])["second"]
    words = cloud.supervisor["auth"].part.command
    command = [str(port) if word == str(cloud.ports["auth"]) else word for word in words]
    process = subprocess.Popen(command, env=cloud.environment("auth"), stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while not _is_up(url):
            time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


@transaction
def _device(db: Database, number: int) -> Device:
    user = User(email=f"user-{number}@bench.test", name="Bench", role=Role.PATIENT, email_verified_at=now())
    db.add(user)
    db.flush()
    device, other = (
        session.open_session(db, user, transport=Transport.BEARER, address="127.0.0.1", user_agent="benchmark")
        for _ in range(2)
    )
    return Device(device.session_id, device.token, other.token)


class Crowd:
    """Everybody, asking all the time."""

    def __init__(self, cloud: LocalCloud, second: str, devices: list[Device]) -> None:
        self._cloud = cloud
        self._second = second
        self._devices = devices
        self._figures = Figures()

    async def measure(self, *, with_sockets: bool) -> Figures:
        """Let them ask, and sign one device after another out."""
        # A connection each time: the servers close idle ones as they like, in the middle of a question too.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        sockets = [await self._socket(device) if with_sockets else None for device in self._devices]
        async with httpx.AsyncClient(timeout=30, limits=limits) as self._http, asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(self._ask(index)) for index in range(len(self._devices))]
            await asyncio.sleep(2 / QUESTIONS_PER_SECOND)
            self._figures.answered.clear()  # the first questions of a process find nothing warm
            for device, task, socket in zip(self._devices, asking, sockets, strict=True):
                task.cancel()
                await self._sign_out(device, socket)
        return self._figures

    async def _ask(self, index: int) -> None:
        """Again and again, at a time of one's own, by turns of either instance."""
        urls, device = (self._cloud.url("auth"), self._second), self._devices[index]
        await asyncio.sleep(index / len(self._devices) / QUESTIONS_PER_SECOND)
        due = time.perf_counter()
        while True:
            sent = time.perf_counter()
            answer = await self._get(urls[index % 2], device.token)
            assert answer != 401, "a session was refused that nobody revoked"
            self._figures.answered.append((time.perf_counter() - sent) * 1000)
            self._figures.busy += answer != 200
            due += 1 / QUESTIONS_PER_SECOND
            index += 1
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def _get(self, url: str, token: str) -> int:
        try:
            answer = await self._http.get(url + QUESTION, headers={"Authorization": f"Bearer {token}"})
        except httpx.TransportError:
            return 503
        return answer.status_code

    async def _socket(self, device: Device) -> socketio.AsyncClient:
        socket = socketio.AsyncClient(reconnection=False)
        await socket.connect(self._cloud.url("realtime_1"), auth={"token": device.token}, transports=["websocket"])
        return socket

    async def _sign_out(self, device: Device, socket: socketio.AsyncClient | None) -> None:
        asked: list[tuple[float, float, int]] = []
        asking = asyncio.create_task(self._ask_on(device, asked))
        closing = asyncio.create_task(_closing(socket)) if socket else None
        while len(asked) < 3:
            await asyncio.sleep(0.001)
        answer = await self._http.delete(
            f"{self._cloud.url('auth')}/api/auth/sessions/{device.session_id}",
            headers={"Authorization": f"Bearer {device.other_token}"},
        )
        revoked_at = time.perf_counter()
        assert answer.status_code == 204, answer.text
        await asking
        refused_at = next(came for _, came, status in asked if status == 401)
        self._figures.refused.append(max(0.0, refused_at - revoked_at) * 1000)
        self._figures.let_in_after += sum(status == 200 and sent > revoked_at for sent, _, status in asked)
        if closing:
            self._figures.closed.append(max(0.0, await closing - revoked_at) * 1000)

    async def _ask_on(self, device: Device, asked: list[tuple[float, float, int]]) -> None:
        while not asked or asked[-1][2] != 401:
            sent = time.perf_counter()
            status = await self._get(self._second, device.token)
            asked.append((sent, time.perf_counter(), status))


async def _closing(socket: socketio.AsyncClient) -> float:
    await socket.eio.wait()  # until the connection itself is gone; its own `wait` sleeps a second more
    return time.perf_counter()


def _spread(milliseconds: list[float]) -> str:
    ordered = sorted(milliseconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {statistics.median(ordered):.1f} ms, p99 {p99:.1f} ms"


if __name__ == "__main__":
    main()
