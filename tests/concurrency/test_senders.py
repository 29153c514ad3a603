"""Many write into one conversation at once, through two processes: every number once, and never a gap to be seen."""

import asyncio
import itertools
from typing import Any

import httpx
from sqlalchemy import select

from shared.database.models.messaging import Message
from tests.inside import sized
from tests.people import Pair, add_pair, rows

SENDERS = 50
EACH = sized(2, 10)
PATIENCE = 40
"""How often a client repeats a message that was answered 503."""


class Room:
    """A conversation and those who write into it, half of them through each instance."""

    def __init__(self, instances: list[str], pair: Pair) -> None:
        self.pair = pair
        self._clients = [httpx.AsyncClient(base_url=url, timeout=60) for url in instances]
        # A connection of its own for each look: none that rested and that the server may close at that moment.
        self._reader = httpx.AsyncClient(base_url=instances[0], timeout=60, headers={"Connection": "close"})
        self.statuses: list[int] = []

    async def send(self, number: int, client_id: str, body: str = "hello") -> dict[str, Any]:
        """Send as a client does: the same again while the answer is that it cannot be done right now."""
        sender = (self.pair.patient, self.pair.therapist)[number // 2 % 2]
        given = {"conversationId": str(self.pair.conversation_id), "body": body, "clientId": client_id}
        for attempt in range(PATIENCE):
            client = self._clients[(number + attempt) % 2]
            try:
                answer = await client.post("/api/messages", json=given, headers=sender.bearer)
            except httpx.TransportError:
                continue  # the server closed a connection that had rested; a client sends the same again
            self.statuses.append(answer.status_code)
            if answer.status_code != 503:
                assert answer.status_code == 200, answer.text
                return dict(answer.json()["message"])
            await asyncio.sleep(float(answer.headers["Retry-After"]) / 20)
        raise AssertionError("it was never kept")

    async def read(self) -> list[int]:
        """The numbers that a reader sees now."""
        query = {"conversationId": str(self.pair.conversation_id), "afterSeq": "0", "limit": "200"}
        seen: list[int] = []
        while True:
            answer = await self._reader.get("/api/messages", params=query, headers=self.pair.patient.bearer)
            page = answer.json()
            seen += [item["seq"] for item in page["items"]]
            if page["nextCursor"] is None:
                return seen
            query["afterSeq"] = page["nextCursor"]

    async def close(self) -> None:
        for client in (*self._clients, self._reader):
            await client.aclose()


async def test_fifty_senders_get_numbers_without_a_gap_in_the_order_of_commits(instances: list[str]) -> None:
    room, done = Room(instances, add_pair()), asyncio.Event()

    async def write(number: int) -> list[int]:
        return [(await room.send(number, f"{number}-{index}"))["seq"] for index in range(EACH)]

    async def watch() -> int:
        looks = 0
        while not done.is_set():
            seen = await room.read()
            assert seen == list(range(1, len(seen) + 1)), "a number was to be seen before the one that precedes it"
            looks += 1
        return looks

    watching = asyncio.create_task(watch())
    written = await asyncio.gather(*(write(number) for number in range(SENDERS)))
    done.set()
    assert await watching >= 1
    assert sorted(itertools.chain(*written)) == list(range(1, SENDERS * EACH + 1))
    assert all(mine == sorted(mine) for mine in written)
    assert await room.read() == list(range(1, SENDERS * EACH + 1))
    assert set(room.statuses) <= {200, 503}
    await room.close()


async def test_the_same_message_through_both_at_once_is_kept_once(instances: list[str]) -> None:
    room = Room(instances, add_pair())
    answers = await asyncio.gather(*(room.send(number % 2, "the same") for number in range(20)))
    assert len({answer["id"] for answer in answers}) == 1
    kept = rows(select(Message.seq).where(Message.conversation_id == room.pair.conversation_id))
    assert list(kept) == [1]
    await room.close()


async def test_writers_in_different_rooms_do_not_hold_one_another_up(instances: list[str]) -> None:
    rooms = [Room(instances, add_pair()) for _ in range(10)]
    await asyncio.gather(*(room.send(number, f"{number}") for room in rooms for number in range(3)))
    for room in rooms:
        assert await room.read() == [1, 2, 3]
        assert room.statuses.count(503) == 0
        await room.close()
