"""Messages reach every member's socket once and in order, whatever happens to Redis."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from redis import Redis

from dev.cloud import LocalCloud
from shared.messages import shown_message_of
from shared.roles import Role
from tests.containers.realtime.clients import Client, Clients
from tests.containers.realtime.people import (
    Care,
    analyse,
    audited,
    end_care,
    in_care,
    keep,
    publish,
    somebody,
    told_only,
)
from tests.waiting import eventually

NOT_FOUND = {"error": {"type": "urn:bloom:problem:not-found", "title": "There is nothing here"}}


async def test_a_member_is_told_the_message_as_the_contract_shows_it(
    redis: Redis, clients: Clients, care: Care
) -> None:
    client = await clients.of(care.therapist)
    assert await client.join(care.conversation_id) == {"recovered": False, "lastSeq": 0, "lastRevision": 0}
    [sent] = keep(care, "grüß dich 👋")
    publish(redis, sent)
    await eventually(lambda: client.told)
    assert client.told == [("new-message", json.loads(shown_message_of(sent).model_dump_json()))]
    assert client.told[0][1]["body"] == "grüß dich 👋"


async def test_only_members_join(clients: Clients, care: Care) -> None:
    other = in_care()
    for person in (other.patient, other.therapist, somebody(Role.ADMINISTRATOR), somebody(Role.THERAPIST)):
        client = await clients.of(person)
        assert await client.join(care.conversation_id) == NOT_FOUND
        assert await client.join(uuid.uuid4()) == NOT_FOUND


async def test_once_care_has_ended_the_patient_may_join_and_the_therapist_not(clients: Clients, care: Care) -> None:
    keep(care)
    end_care(care)
    patient, therapist = await clients.of(care.patient), await clients.of(care.therapist)
    assert await patient.join(care.conversation_id, 0) == {"recovered": True, "lastSeq": 1, "lastRevision": 0}
    assert await therapist.join(care.conversation_id, 0) == NOT_FOUND
    assert not therapist.told


async def test_joining_and_being_refused_are_audited(cloud: LocalCloud, clients: Clients, care: Care) -> None:
    stranger = somebody(Role.PATIENT)
    await (await clients.of(care.therapist)).join(care.conversation_id)
    await (await clients.of(stranger)).join(care.conversation_id)
    assert audited(care.conversation_id) == {
        ("conversation.join", "success", care.therapist.id, care.patient.id),
        ("conversation.join", "denied", stranger.id, None),
    }


async def test_what_was_missed_comes_before_the_acknowledgement_however_many_pages(
    clients: Clients, care: Care
) -> None:
    keep(care, count=250)
    client = await clients.of(care.patient)
    assert await client.join(care.conversation_id, 20) == {"recovered": True, "lastSeq": 250, "lastRevision": 0}
    assert client.seqs == list(range(21, 251))


async def test_a_number_from_the_future_recovers_nothing(clients: Clients, care: Care) -> None:
    keep(care, count=2)
    client = await clients.of(care.patient)
    assert await client.join(care.conversation_id, 9) == {"recovered": False, "lastSeq": 2, "lastRevision": 0}
    assert await client.join(care.conversation_id, 1) == {"recovered": True, "lastSeq": 2, "lastRevision": 0}
    assert client.seqs == [2]


async def test_no_gap_and_no_double_while_messages_come_in_during_a_join(
    redis: Redis, clients: Clients, care: Care
) -> None:
    keep(care, count=120)
    stop = asyncio.Event()

    def write() -> None:
        for _ in range(60):
            publish(redis, *keep(care))
        stop.set()

    first = await clients.joined(care.therapist, care)
    writing = asyncio.create_task(asyncio.to_thread(write))
    joined: list[Client] = []
    while not stop.is_set() and len(joined) < 4:
        client = await clients.of(care.patient)
        assert (await client.join(care.conversation_id, 0))["recovered"]
        joined.append(client)
    await writing
    await eventually(lambda: all(client.seqs[-1] == 180 for client in (first, *joined)))
    assert first.seqs == list(range(121, 181))
    assert [client.seqs for client in joined] == [list(range(1, 181))] * len(joined)


async def test_one_conversation_over_two_instances(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    patient = await clients.joined(care.patient, care, cloud.url("realtime_1"))
    therapist = await clients.joined(care.therapist, care, cloud.url("realtime_2"))
    publish(redis, *keep(care, count=3))
    await eventually(lambda: patient.seqs == therapist.seqs == [1, 2, 3])


async def test_published_twice_it_is_told_once(redis: Redis, clients: Clients, care: Care) -> None:
    client = await clients.joined(care.patient, care)
    sent = keep(care, count=3)
    publish(redis, *sent, *sent, sent[0])
    publish(redis, *keep(care))
    await eventually(lambda: 4 in client.seqs)
    assert client.seqs == [1, 2, 3, 4]


async def test_published_out_of_order_or_not_at_all_it_is_told_in_order(
    redis: Redis, clients: Clients, care: Care
) -> None:
    client = await clients.joined(care.patient, care)
    first, second, third, _lost, fifth = keep(care, count=5)
    publish(redis, second, first, third, fifth)
    await eventually(lambda: 5 in client.seqs)
    assert client.seqs == [1, 2, 3, 4, 5]


async def test_after_leaving_nothing_is_told(redis: Redis, clients: Clients, care: Care) -> None:
    client, other = await clients.joined(care.patient, care), await clients.joined(care.therapist, care)
    assert await client.ask("leave", {"conversationId": str(care.conversation_id)}) == {}
    publish(redis, *keep(care))
    await eventually(lambda: other.seqs == [1])
    assert not client.told
    assert await client.join(care.conversation_id, 0) == {"recovered": True, "lastSeq": 1, "lastRevision": 0}
    assert client.seqs == [1]


async def test_joining_again_in_the_same_breath_loses_nothing(redis: Redis, clients: Clients, care: Care) -> None:
    client = await clients.joined(care.patient, care)
    for number in range(1, 11):
        await client.ask("leave", {"conversationId": str(care.conversation_id)})
        await client.join(care.conversation_id)
        publish(redis, *keep(care))
        await client.hears_of(number)
    assert client.seqs == list(range(1, 11))


async def test_with_redis_away_joining_works_and_its_return_brings_what_was_missed(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    therapist = await clients.joined(care.therapist, care)
    cloud.stop_part("redis")
    try:
        keep(care, count=3)
        patient = await clients.of(care.patient, cloud.url("realtime_2"))
        assert await patient.join(care.conversation_id, 1) == {"recovered": True, "lastSeq": 3, "lastRevision": 0}
        keep(care, count=2)
        assert not therapist.told
    finally:
        cloud.start_part("redis")
    await eventually(lambda: therapist.seqs == [1, 2, 3, 4, 5] and patient.seqs == [2, 3, 4, 5])
    publish(redis, *keep(care))
    await eventually(lambda: therapist.seqs[-1] == patient.seqs[-1] == 6)


@pytest.mark.parametrize(
    "payload", [None, [], "x", 5, {}, {"conversationId": "x"}, {"conversationId": str(uuid.uuid4()), "afterSeq": "1"}]
)
async def test_a_malformed_payload_is_acknowledged_as_such(clients: Clients, care: Care, payload: object) -> None:
    client = await clients.of(care.patient)
    for event in ("join",) if payload and "afterSeq" in str(payload) else ("join", "leave", "typing", "stop-typing"):
        answer = await client.ask(event, payload)
        assert answer["error"]["type"] == "urn:bloom:problem:malformed"
    assert "lastSeq" in await client.join(care.conversation_id)


async def test_a_flood_of_events_is_refused(clients: Clients, care: Care) -> None:
    client = await clients.of(care.patient)
    answers = await asyncio.gather(*(client.ask("nothing") for _ in range(200)))
    assert "urn:bloom:problem:too-many-requests" in {answer["error"]["type"] for answer in answers}


async def test_nonsense_on_a_conversations_channel_is_survived(redis: Redis, clients: Clients, care: Care) -> None:
    client = await clients.joined(care.patient, care)
    foreign = told_only(in_care(), "x", 1)
    for payload in ("", "{", "[]", foreign.model_dump_json(), told_only(care, "x", 1).model_dump_json()[:-9]):
        redis.publish(f"message:{care.conversation_id}", payload)
        redis.publish(f"typing:{care.conversation_id}", payload)
    publish(redis, *keep(care))
    await eventually(lambda: client.seqs == [1])


async def test_analyses_of_what_was_missed_are_told_to_the_therapist_alone(clients: Clients, care: Care) -> None:
    sent, _ = keep(care, count=2)
    analyse(sent, care)
    patient, therapist = await clients.of(care.patient), await clients.of(care.therapist)
    for client in (patient, therapist):
        await client.join(care.conversation_id, 0)
    [told] = therapist.heard("message-analysed")
    assert (told["messageId"], told["conversationId"]) == (str(sent.message_id), str(care.conversation_id))
    assert told["analysis"]["label"] == "Anxiety"
    assert patient.heard("message-analysed") == []


async def test_no_body_name_or_token_is_in_the_logs(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    client = await clients.joined(care.patient, care)
    publish(redis, *keep(care, "marked-body-5c1f"))
    await eventually(lambda: client.seqs == [1])
    await client.ask("marked-body-5c1f", {"marked-body-5c1f": "marked-body-5c1f"})
    await client.ask("typing", {"conversationId": str(care.conversation_id)})
    written = "".join(Path(cloud.status(name).log).read_text() for name in ("realtime_1", "realtime_2"))
    assert "relay-starting" in written
    for mark in ("marked-body-5c1f", "Marked-Name", care.patient.token, "Traceback"):
        assert mark not in written
