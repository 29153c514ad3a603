"""Parts are killed, frozen and taken away: no message that was kept is lost, and what failed is told clearly."""

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from dev.client import Person
from dev.cloud import LocalCloud
from shared.database.models.messaging import Message
from shared.database.models.outbox_events import OutboxEvent
from tests.inside import sized
from tests.people import PASSWORD, rows
from tests.waiting import eventually
from tests.whole.conftest import Care

ROUNDS = sized(1, 5)
UNDER_LOAD_SECONDS = sized(6, 30)


@pytest.fixture
async def http(care: Care) -> AsyncIterator[httpx.AsyncClient]:
    """The patient's client, which shows every status."""
    headers = {"Authorization": f"Bearer {care.patient.token}"}
    async with httpx.AsyncClient(base_url=care.patient.origin, headers=headers, timeout=30) as client:
        yield client


def message_in(care: Care, client_id: str = "", body: str = "hello") -> dict[str, str]:
    return {"conversationId": care.conversation_id, "body": body, "clientId": client_id or str(uuid.uuid4())}


def kept_in(care: Care) -> list[uuid.UUID]:
    in_order = select(Message.id).where(Message.conversation_id == uuid.UUID(care.conversation_id))
    return list(rows(in_order.order_by(Message.seq)))


async def post_until_kept(http: httpx.AsyncClient, message: dict[str, str]) -> dict[str, Any]:
    """What a client gets that repeats until it is answered."""
    async with asyncio.timeout(20):
        while (answer := await http.post("/api/messages", json=message)).status_code == 503:
            await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["message"])


@pytest.mark.parametrize("_round", range(ROUNDS))
async def test_a_function_killed_between_commit_and_publish_loses_nothing(
    cloud: LocalCloud, care: Care, http: httpx.AsyncClient, _round: int
) -> None:
    message = message_in(care)
    cloud.kill_part("upstash", signal.SIGSTOP)  # the PUBLISH after the commit waits for ever, or until its deadline
    cloud.kill_part("inference", signal.SIGSTOP)  # and so does what comes after it
    posting = asyncio.create_task(http.post("/api/messages", json=message))
    await eventually(lambda: kept_in(care))
    cloud.kill_part("messages")
    cloud.kill_part("upstash")  # with all that was on its way into it
    cloud.kill_part("inference", signal.SIGCONT)
    assert (await posting).status_code == 503
    [message_id] = kept_in(care)
    assert rows(select(OutboxEvent.delivered_at).where(OutboxEvent.aggregate_id == message_id)) == [None]
    cloud.wait_until_up("messages", "upstash")
    _, heard = await care.listener.wait("new-message", lambda event: event["id"] == str(message_id))
    await care.listener.wait("message-analysed", lambda event: event["messageId"] == str(message_id))
    assert await post_until_kept(http, message) == heard
    assert kept_in(care) == [message_id]


async def test_without_inference_a_message_is_answered_at_once_and_analysed_later(
    cloud: LocalCloud, care: Care, http: httpx.AsyncClient
) -> None:
    cloud.stop_part("inference")
    try:
        started = time.perf_counter()
        answer = await http.post("/api/messages", json=message_in(care, body="My heart races all day."))
        assert time.perf_counter() - started < 1
        assert (answer.status_code, answer.json()["analysis"]) == (200, None)
    finally:
        cloud.start_part("inference")
    message_id = answer.json()["message"]["id"]
    await care.listener.wait("message-analysed", lambda event: event["messageId"] == message_id)
    [shown] = (await care.therapist.get("/api/messages", conversationId=care.conversation_id))["items"]
    assert shown["analysis"]["label"]


async def test_a_frozen_inference_keeps_nobody_waiting_for_long(
    cloud: LocalCloud, care: Care, http: httpx.AsyncClient
) -> None:
    cloud.kill_part("inference", signal.SIGSTOP)
    try:
        started = time.perf_counter()
        answer = await http.post("/api/messages", json=message_in(care))
        assert time.perf_counter() - started < 1.5
        assert (answer.status_code, answer.json()["analysis"]) == (200, None)
    finally:
        cloud.kill_part("inference", signal.SIGCONT)
    message_id = answer.json()["message"]["id"]
    await care.listener.wait("message-analysed", lambda event: event["messageId"] == message_id)


async def test_without_redis_people_sign_in_and_write_and_sockets_catch_up(
    cloud: LocalCloud, care: Care, http: httpx.AsyncClient
) -> None:
    cloud.stop_part("redis")
    try:
        patient = await Person.sign_in(
            cloud.origin, (await care.patient.get("/api/auth/session"))["user"]["email"], PASSWORD
        )
        sent = await patient.post("/api/messages", message_in(care))
        await patient.close()
        assert (await care.therapist.get("/api/messages", conversationId=care.conversation_id))["lastSeq"] == 1
    finally:
        cloud.start_part("redis")
    _, heard = await care.listener.wait("new-message", lambda event: event["id"] == sent["message"]["id"])
    assert heard == sent["message"]


async def test_a_database_killed_under_load_answers_503_and_keeps_what_it_said_it_kept(
    cloud: LocalCloud, care: Care, http: httpx.AsyncClient
) -> None:
    answers: list[httpx.Response] = []
    ends = time.monotonic() + UNDER_LOAD_SECONDS

    async def write() -> None:
        while time.monotonic() < ends:
            answers.append(await http.post("/api/messages", json=message_in(care)))
            await asyncio.sleep(0.02)

    async def kill_often() -> None:
        while time.monotonic() < ends - 3:
            await asyncio.sleep(1)
            await asyncio.to_thread(cloud.kill_part, "postgres")
            await asyncio.to_thread(cloud.wait_until_up, "postgres")

    await asyncio.gather(kill_often(), *(write() for _ in range(6)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {503}
    assert all(
        answer.headers["Retry-After"] and "application/problem+json" in answer.headers["Content-Type"]
        for answer in refused
    )
    promised = {uuid.UUID(answer.json()["message"]["id"]) for answer in answers if answer.status_code == 200}
    assert len(promised) > 10
    assert promised <= set(kept_in(care))
    history = await care.patient.get("/api/messages", conversationId=care.conversation_id, limit=200)
    seqs = [item["seq"] for item in history["items"]]
    assert seqs == list(range(seqs[0], history["lastSeq"] + 1))
    assert (await http.post("/api/messages", json=message_in(care))).status_code == 200
