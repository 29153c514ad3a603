"""The client that npm's users have, where Node and the packages of benchmarks/peers are installed."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from dev.cloud import LocalCloud
from dev.environment import ROOT
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, keep, publish
from tests.containers.realtime.relay_process import own_relay

LIBRARY = ROOT / "benchmarks" / "peers" / "node_modules" / "socket.io-client" / "package.json"
CLIENT = Path(__file__).with_name("socket_io_client.mjs")

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and LIBRARY.exists()), reason="needs Node and `npm ci` in benchmarks/peers"
)


class NodeClient:
    """A process with one socket."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, url: str, token: str, care: Care) -> "NodeClient":
        words = (str(CLIENT), str(LIBRARY), url, token, str(care.conversation_id))
        return cls(await asyncio.create_subprocess_exec("node", *words, stdout=asyncio.subprocess.PIPE))

    async def hears(self, event: str) -> list[Any]:
        """What came with the next event of this name."""
        assert self._process.stdout
        async with asyncio.timeout(30):
            while True:
                name, *told = json.loads(await self._process.stdout.readline())
                if name == event:
                    return list(told)

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()


@pytest.fixture
async def started() -> AsyncIterator[list[NodeClient]]:
    clients: list[NodeClient] = []
    yield clients
    for client in clients:
        await client.stop()


async def test_it_signs_in_joins_types_and_hears(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, started: list[NodeClient]
) -> None:
    therapist = await clients.joined(care.therapist, care)
    started.append(client := await NodeClient.start(cloud.url("realtime_1"), care.patient.token, care))
    assert await client.hears("joined") == [{"recovered": False, "lastSeq": 0, "lastRevision": 0}]
    assert await client.hears("typing") == [{}]
    await therapist.hears("user-typing")
    publish(redis, *keep(care, "grüß dich 👋"))
    [message] = await client.hears("new-message")
    assert message["body"] == "grüß dich 👋"


async def test_it_is_told_why_it_is_refused(cloud: LocalCloud, care: Care, started: list[NodeClient]) -> None:
    started.append(client := await NodeClient.start(cloud.url("realtime_1"), "nonsense", care))
    assert await client.hears("refused") == ["Please sign in", {"type": "urn:bloom:problem:not-signed-in"}]


async def test_it_comes_back_by_itself_to_a_socket_that_was_too_old_and_resumes(
    cloud: LocalCloud, care: Care, started: list[NodeClient], tmp_path: Path
) -> None:
    with own_relay(cloud, tmp_path, SOCKET_MINUTES="0.02") as relay:
        started.append(client := await NodeClient.start(relay.url, care.patient.token, care))
        await client.hears("joined")
        await client.hears("disconnect")
        keep(care)
        assert (await client.hears("new-message"))[0]["seq"] == 1
        assert (await client.hears("joined"))[0]["recovered"] is True
