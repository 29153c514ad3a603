"""Who is typing is told to the others, on every instance, seldom enough, and ends by itself."""

import time
import uuid

from redis import Redis

from dev.cloud import LocalCloud
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care
from tests.containers.realtime.test_presence import choose
from tests.waiting import eventually


async def test_typing_is_told_to_the_others_on_every_instance_and_ends_by_itself(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    patient = await clients.joined(care.patient, care, cloud.url("realtime_1"))
    near = await clients.joined(care.therapist, care, cloud.url("realtime_1"))
    far = await clients.joined(care.therapist, care, cloud.url("realtime_2"))
    ids = {"conversationId": str(care.conversation_id), "userId": str(care.patient.id)}
    began = time.monotonic()
    assert await patient.ask("typing", {"conversationId": str(care.conversation_id)}) == {}
    await eventually(lambda: len(near.told) == len(far.told) == 2)
    for client in (near, far):
        assert client.told == [("user-typing", {**ids, "name": care.patient.name}), ("user-stopped-typing", ids)]
    assert time.monotonic() - began > 0.9
    assert not patient.told


async def test_stopping_is_told_at_once_and_typing_again_too(clients: Clients, care: Care) -> None:
    patient, therapist = await clients.joined(care.patient, care), await clients.joined(care.therapist, care)
    there = {"conversationId": str(care.conversation_id)}
    for event in ("typing", "stop-typing", "typing", "stop-typing"):
        await patient.ask(event, there)
        await therapist.hears(f"user-{said(event)}")
    assert len(therapist.told) == 4


async def test_a_fast_typist_is_told_once(clients: Clients, care: Care) -> None:
    patient, therapist = await clients.joined(care.patient, care), await clients.joined(care.therapist, care)
    for _ in range(10):
        await patient.ask("typing", {"conversationId": str(care.conversation_id)})
    await eventually(lambda: therapist.heard("user-stopped-typing"))
    assert len(therapist.heard("user-typing")) == 1


async def test_who_does_not_want_to_be_seen_typing_is_not(clients: Clients, care: Care) -> None:
    choose(care.patient, typing_visible=False)
    patient, therapist = await clients.joined(care.patient, care), await clients.joined(care.therapist, care)
    there = {"conversationId": str(care.conversation_id)}
    assert await patient.ask("typing", there) == {}
    await therapist.ask("typing", there)
    await patient.hears("user-typing")
    assert not therapist.told


async def test_only_who_joined_may_type(clients: Clients, care: Care) -> None:
    client = await clients.of(care.patient)
    for conversation_id in (care.conversation_id, uuid.uuid4()):
        answer = await client.ask("typing", {"conversationId": str(conversation_id)})
        assert answer["error"]["type"] == "urn:bloom:problem:not-found"


async def test_no_name_goes_through_redis(redis: Redis, clients: Clients, care: Care) -> None:
    client = await clients.joined(care.patient, care)
    with redis.pubsub() as listening:  # type: ignore[no-untyped-call]
        listening.subscribe(f"typing:{care.conversation_id}")
        assert listening.get_message(timeout=5)
        await client.ask("typing", {"conversationId": str(care.conversation_id)})
        notice = listening.get_message(timeout=5)
    assert notice
    assert care.patient.name.encode() not in notice["data"]


def said(event: str) -> str:
    return "typing" if event == "typing" else "stopped-typing"
