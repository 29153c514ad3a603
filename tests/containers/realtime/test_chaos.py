"""Relays are killed, Redis restarts, the network is cut: who reconnects a thousand times has what the database has."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from redis import Redis
from redis.exceptions import RedisError
from socketio.exceptions import SocketIOError
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.events import MessageSent
from shared.messages import ShownMessage, shown_message
from tests.containers.realtime.bad_network import BadNetwork, bad_network
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, keep
from tests.containers.realtime.test_changes import change
from tests.inside import LONG, sized
from tests.waiting import until

RECONNECTIONS = sized(10, 1000)
FAULTS = ("relay", "redis", *["cut"] * 3, *["drop"] * 5)
"""Each at random; in a short run each of these once, in any order, since a relay takes seconds to be back."""
WRITERS_PAUSE = 0.02
SECONDS = sized(300, 3600)
RELAYS = ("realtime_1", "realtime_2")
SEED = 20_261_126


class Reader:
    """A client that keeps what it was told, and asks for what it missed whenever it is back."""

    def __init__(self) -> None:
        self.messages: dict[int, dict[str, Any]] = {}
        self.seqs: list[int] = []
        self.last_revision = 0
        self.joins = 0

    @property
    def last_seq(self) -> int:
        return self.seqs[-1] if self.seqs else 0

    def take(self, told: list[tuple[str, Any]]) -> None:
        for event, message in told:
            if event == "new-message":
                self.seqs.append(message["seq"])
            if event in ("new-message", "message-updated", "message-deleted"):
                self.messages[message["seq"]] = message

    async def visit(self, clients: Clients, care: Care, url: str, choice: random.Random) -> None:
        """Connect, catch up, listen for a while, and be gone in one way or another."""
        client = clients.new(url)
        try:
            await client.connect(care.therapist.token)
            answer = await client.join(care.conversation_id, self.last_seq, self.last_revision)
            if answer.get("recovered"):
                self.joins += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.disconnected.wait(), choice.uniform(0, 0.1))
                told = list(client.told)
                live = [told["revision"] or 0 for event, told in told if event != "new-message" and "revision" in told]
                self.last_revision = max(self.last_revision, answer["lastRevision"], *live, 0)
        finally:
            client.drop()
            self.take(client.told)
            await client.close()


class Writer:
    """Writes, edits and deletes all the time; a part of what it publishes is lost on the way."""

    def __init__(self, care: Care, redis: Redis, choice: random.Random) -> None:
        self._care, self._redis, self._choice = care, redis, choice
        self._sent: list[MessageSent] = []
        self.is_done = False

    async def run(self) -> None:
        while not self.is_done:
            await asyncio.to_thread(self._write_and_tell)
            await asyncio.sleep(WRITERS_PAUSE)

    def _write_and_tell(self) -> None:
        event = self._write()
        if self._choice.random() < 0.8:
            payload = event.model_dump_json() if isinstance(event, MessageSent) else event.tagged_json()
            with contextlib.suppress(RedisError):
                self._redis.publish(event.channel, payload)

    def _write(self) -> Any:
        if self._sent and self._choice.random() < 0.2:
            sent = self._sent.pop(self._choice.randrange(len(self._sent)))
            return change(sent, self._choice.choice(["edited", None]))
        self._sent += keep(self._care, f"message {self._choice.random()}")
        return self._sent[-1]


@pytest.fixture
def choice() -> random.Random:
    return random.Random(SEED)


@pytest.fixture
def whole(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """Left as it was found."""
    yield cloud
    cloud.wait_until_up()
    until(lambda: all(httpx.get(f"{cloud.url(name)}/ready").status_code == 200 for name in RELAYS))


def faults(choice: random.Random) -> Iterator[str]:
    """What goes wrong, one thing after another; a long run has no end of it."""
    while LONG:
        yield choice.choice(FAULTS)
    yield from choice.sample(FAULTS, len(FAULTS))


async def break_things(cloud: LocalCloud, network: BadNetwork, choice: random.Random) -> None:
    """One thing after another, until all of it was or until cancelled."""
    for worst in faults(choice):
        await asyncio.sleep(choice.uniform(0.1, 0.5))
        if worst == "relay":
            await asyncio.to_thread(cloud.kill_part, choice.choice(RELAYS))
        elif worst == "redis":
            await asyncio.to_thread(cloud.kill_part, "redis")
        elif worst == "cut":
            network.cut()
            await asyncio.sleep(choice.uniform(0, 0.2))
            network.mend()
        else:
            network.drop()


@transaction
def kept_in(db: Database, care: Care) -> list[ShownMessage]:
    rows = db.scalars(select(Message).where(Message.conversation_id == care.conversation_id).order_by(Message.seq))
    return [shown_message(row) for row in rows]


async def test_whoever_reconnects_all_the_time_ends_with_what_the_database_has(
    whole: LocalCloud, redis: Redis, clients: Clients, care: Care, choice: random.Random
) -> None:
    reader, writer = Reader(), Writer(care, redis, random.Random(SEED + 1))
    writing = asyncio.create_task(writer.run())
    async with bad_network([whole.url(name) for name in RELAYS], choice) as network, asyncio.timeout(SECONDS):
        breaking = asyncio.create_task(break_things(whole, network, choice))
        while reader.joins < RECONNECTIONS or not (LONG or breaking.done()):
            with contextlib.suppress(SocketIOError, OSError, TimeoutError):
                await reader.visit(clients, care, network.url, choice)
            assert reader.seqs == list(range(1, reader.last_seq + 1))
        breaking.cancel()
        writer.is_done = True
        await writing
        [ended] = await asyncio.gather(breaking, return_exceptions=True)
        assert LONG or ended is None, ended
        network.mend()
        await asyncio.to_thread(whole.wait_until_up)
        kept = kept_in(care)
        while reader.last_seq < kept[-1].seq or not await caught_up(reader, clients, care, network.url, choice):
            with contextlib.suppress(SocketIOError, OSError, TimeoutError):
                await reader.visit(clients, care, network.url, choice)
    assert reader.seqs == [message.seq for message in kept]
    assert list(reader.messages.values()) == [message.model_dump(mode="json") for message in kept]
    assert len(kept) > RECONNECTIONS / 2


async def caught_up(reader: Reader, clients: Clients, care: Care, url: str, choice: random.Random) -> bool:
    """Whether a whole visit went well, with nothing broken."""
    joins = reader.joins
    await reader.visit(clients, care, url, choice)
    return reader.joins > joins
