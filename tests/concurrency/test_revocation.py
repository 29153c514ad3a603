"""A session that is revoked through one process is refused by every other at once, and its sockets close.

How quickly they close is measured by `make bench-revocation`.
"""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.ports import free_ports
from shared.roles import Role
from tests.containers.realtime.clients import Client
from tests.containers.realtime.people import Someone, another_token, somebody
from tests.inside import inside, sized
from tests.waiting import eventually, until

PARTS = {"postgres", "database", "redis", "upstash", "auth", "messages", "realtime_1"}
LIMITS = ",".join(f"{name}=100000/1" for name in ("session", "sessions", "revoke-session", "conversations"))
USERS = sized(8, 50)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Two functions, a relay, and what is behind them."""
    with LocalCloud(parts=PARTS, settings={"LIMITS": LIMITS, "BCRYPT_COST": "4"}) as cloud, inside(cloud):
        yield cloud


@pytest.fixture(scope="module")
def second(cloud: LocalCloud) -> Iterator[str]:
    """The base URL of another instance of the auth function."""
    port = free_ports(["second"])["second"]
    words = cloud.supervisor["auth"].part.command
    command = [str(port) if word == str(cloud.ports["auth"]) else word for word in words]
    process = subprocess.Popen(command, env=cloud.environment("auth"), stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _is_up(url))
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


@dataclass
class Watched:
    """Somebody who asks another process all the time, and has a socket open, with a session about to be revoked."""

    person: Someone
    token: str
    session_id: str
    url: str
    socket: Client
    asked: list[tuple[float, int]] = field(default_factory=list)
    """When each request was sent, and its status."""
    revoked_at: float = 0.0

    @property
    def statuses(self) -> list[int]:
        return [status for _, status in self.asked]

    async def ask(self, client: httpx.AsyncClient) -> None:
        """Until it is refused, and twice more."""
        while self.statuses.count(401) < 3:
            sent_at = time.perf_counter()
            answer = await client.get(self.url, headers={"Authorization": f"Bearer {self.token}"})
            self.asked.append((sent_at, answer.status_code))

    async def revoke(self, client: httpx.AsyncClient, auth: str) -> None:
        """Through the first process, by another session of theirs, once the cache answers for the one."""
        await eventually(lambda: self.statuses.count(200) >= 3)
        answer = await client.delete(
            f"{auth}/api/auth/sessions/{self.session_id}", headers={"Authorization": f"Bearer {self.person.token}"}
        )
        assert answer.status_code == 204, answer.text
        self.revoked_at = time.perf_counter()

    async def wait_for_the_end(self) -> None:
        async with asyncio.timeout(30):
            await self.socket.disconnected.wait()


async def watched(cloud: LocalCloud, url: str) -> Watched:
    person = await asyncio.to_thread(somebody, Role.PATIENT)
    opened = await asyncio.to_thread(another_token, person)
    socket = await Client(cloud.url("realtime_1")).connect(opened.token)
    return Watched(person, opened.token, str(opened.session_id), url, socket)


@pytest.mark.parametrize("elsewhere", ["another instance", "another function"])
async def test_a_revoked_session_is_refused_everywhere_at_once(cloud: LocalCloud, second: str, elsewhere: str) -> None:
    urls = {
        "another instance": f"{second}/api/auth/session",
        "another function": f"{cloud.url('messages')}/api/conversations",
    }
    everybody = [await watched(cloud, urls[elsewhere]) for _ in range(USERS)]
    async with httpx.AsyncClient(timeout=30) as client:
        await asyncio.gather(
            *(one.ask(client) for one in everybody),
            *(one.revoke(client, cloud.url("auth")) for one in everybody),
            *(one.wait_for_the_end() for one in everybody),
        )
        for one in everybody:
            let_in_late = [sent for sent, status in one.asked if status == 200 and sent > one.revoked_at]
            assert let_in_late == [], "a request sent after the answer to the revocation was let in"
            assert set(one.statuses) == {200, 401}
            assert one.socket.heard("session-revoked") == [{"sessionId": one.session_id}]
            kept = await client.get(one.url, headers={"Authorization": f"Bearer {one.person.token}"})
            assert kept.status_code == 200, "only the one session was revoked"
            await one.socket.close()


async def test_all_others_are_refused_at_once_and_the_present_one_stays(cloud: LocalCloud, second: str) -> None:
    everybody = [await watched(cloud, f"{second}/api/auth/session") for _ in range(2)]
    one, bystander = everybody
    async with httpx.AsyncClient(timeout=30) as client:
        asking = [asyncio.create_task(each.ask(client)) for each in everybody]
        await eventually(lambda: all(each.statuses.count(200) >= 3 for each in everybody))
        answer = await client.delete(
            f"{cloud.url('auth')}/api/auth/sessions", headers={"Authorization": f"Bearer {one.person.token}"}
        )
        one.revoked_at = time.perf_counter()
        assert answer.status_code == 204
        await asyncio.gather(asking[0], one.wait_for_the_end())
        assert [sent for sent, status in one.asked if status == 200 and sent > one.revoked_at] == []
        assert 401 not in bystander.statuses
        assert not bystander.socket.disconnected.is_set()
        asking[1].cancel()
        await asyncio.gather(asking[1], return_exceptions=True)
    for each in everybody:
        await each.socket.close()
