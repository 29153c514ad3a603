"""Edits, deletions and how far somebody has read reach the room in order, and whoever was away catches up on them."""

import base64
import json
import uuid
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.transaction import transaction
from shared.events import MessageDeleted, MessageSent, MessageUpdated
from shared.messages import seal_body, shown_message_of
from tests.containers.realtime.clients import Client, Clients
from tests.containers.realtime.people import Care, in_care, keep, publish
from tests.containers.realtime.test_presence import choose
from tests.waiting import eventually

Change = MessageUpdated | MessageDeleted


@transaction(tries=20)
def change(db: Database, sent: MessageSent, body: str | None) -> Change:
    """Edit a message in the database alone, or delete it."""
    revision = db.execute(
        update(Conversation)
        .where(Conversation.id == sent.conversation_id)
        .values(last_revision=Conversation.last_revision + 1)
        .returning(Conversation.last_revision)
    ).scalar_one()
    row = db.get_one(Message, sent.message_id)
    row.revision, row.version = revision, row.version + 1
    of_message: dict[str, Any] = {
        "message_id": row.id,
        "conversation_id": row.conversation_id,
        "seq": row.seq,
        "version": row.version,
        "revision": revision,
        "sender_id": row.sender_id,
        "client_id": None,
        "sent_at": row.sent_at,
        "occurred_at": now(),
    }
    if body is None:
        row.body, row.deleted_at = None, of_message["occurred_at"]
        return MessageDeleted(**of_message, edited_at=None)
    row.body, row.edited_at = seal_body(row.id, body), of_message["occurred_at"]
    return MessageUpdated(**of_message, sealed_body=base64.b64encode(row.body).decode())


def tell(redis: Redis, *changes: Change) -> None:
    for changed in changes:
        redis.publish(changed.channel, changed.tagged_json())


def changes_of(client: Client) -> list[tuple[str, int]]:
    return [(event, told["revision"]) for event, told in client.told if event.startswith("message-")]


@transaction
def read_so_far(db: Database, care: Care, user_id: uuid.UUID) -> int:
    member = ConversationMember
    query = select(member.last_read_seq).where(
        member.conversation_id == care.conversation_id, member.user_id == user_id
    )
    return db.scalars(query).one()


async def test_an_edit_and_a_deletion_are_told_as_the_contract_shows_them(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    first, second = keep(care, count=2)
    here, there = (
        await clients.joined(care.therapist, care),
        await clients.joined(care.patient, care, cloud.url("realtime_2")),
    )
    edited, deleted = change(first, "better 👋"), change(second, None)
    tell(redis, edited, deleted)
    await eventually(lambda: len(here.told) == len(there.told) == 2)
    expected = [
        ("message-updated", json.loads(shown_message_of(edited).model_dump_json())),
        ("message-deleted", json.loads(shown_message_of(deleted).model_dump_json())),
    ]
    assert here.told == there.told == expected
    assert (here.told[0][1]["body"], here.told[1][1]["body"]) == ("better 👋", None)


async def test_told_out_of_order_twice_or_not_at_all_each_change_is_told_once_and_in_order(
    redis: Redis, clients: Clients, care: Care
) -> None:
    sent = keep(care, count=5)
    client = await clients.joined(care.therapist, care)
    changes = [change(message, f"body {number}") for number, message in enumerate(sent)]
    tell(redis, changes[1], changes[0], changes[0], changes[1], changes[4])
    await eventually(lambda: ("message-updated", 5) in changes_of(client))
    tell(redis, *changes)
    publish(redis, *keep(care))
    await client.hears_of(6)
    assert changes_of(client) == [("message-updated", number) for number in range(1, 6)]


async def test_a_change_of_a_message_that_was_not_told_yet_comes_with_it_or_after_it(
    redis: Redis, clients: Clients, care: Care
) -> None:
    client = await clients.joined(care.therapist, care)
    [sent] = keep(care, "first")
    edited = change(sent, "second")
    tell(redis, edited)
    await client.hears_of(1)
    publish(redis, sent)
    publish(redis, *keep(care))
    await client.hears_of(2)
    assert client.heard("new-message")[0]["body"] == "second"
    assert client.seqs == [1, 2]


async def test_who_was_away_catches_up_on_messages_and_changes_and_hears_what_follows(
    redis: Redis, clients: Clients, care: Care
) -> None:
    first, second, third = keep(care, "one", count=3)
    change(first, "one, before")
    joined = await (await clients.of(care.therapist)).join(care.conversation_id, 0, 0)
    assert joined == {"recovered": True, "lastSeq": 3, "lastRevision": 1}
    change(first, "one, after")
    change(second, None)
    [fourth] = keep(care, "four")
    change(fourth, "four, edited")
    change(third, "three, edited")
    client = await clients.of(care.therapist)
    answer = await client.join(care.conversation_id, joined["lastSeq"], joined["lastRevision"])
    assert answer == {"recovered": True, "lastSeq": 4, "lastRevision": 5}
    told = [(event, shown["seq"], shown["body"]) for event, shown in client.told]
    assert told == [
        ("new-message", 4, "four, edited"),
        ("message-updated", 1, "one, after"),
        ("message-deleted", 2, None),
        ("message-updated", 3, "three, edited"),
    ]
    tell(redis, change(fourth, None))
    await client.hears("message-deleted")
    assert changes_of(client)[-1] == ("message-deleted", 6)


async def test_without_a_revision_changes_are_told_from_now_on(redis: Redis, clients: Clients, care: Care) -> None:
    first, second = keep(care, count=2)
    change(first, "before")
    client = await clients.of(care.patient)
    assert await client.join(care.conversation_id, 1) == {"recovered": True, "lastSeq": 2, "lastRevision": 1}
    tell(redis, change(second, "after"))
    await client.hears("message-updated")
    assert changes_of(client) == [("message-updated", 2)]


async def test_more_changes_than_fit_a_page_are_all_caught_up_on(clients: Clients, care: Care) -> None:
    for message in keep(care, count=130):
        change(message, "edited")
    client = await clients.of(care.patient)
    assert await client.join(care.conversation_id, 130, 5) == {
        "recovered": True,
        "lastSeq": 130,
        "lastRevision": 130,
    }
    assert changes_of(client) == [("message-updated", number) for number in range(6, 131)]


async def test_how_far_somebody_has_read_is_kept_and_told_to_the_room(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    keep(care, count=3)
    patient = await clients.joined(care.patient, care)
    therapist = await clients.joined(care.therapist, care, cloud.url("realtime_2"))
    there = {"conversationId": str(care.conversation_id)}
    assert await patient.ask("read", {**there, "seq": 2}) == {"lastReadSeq": 2}
    told = {**there, "userId": str(care.patient.id), "seq": 2}
    await eventually(lambda: therapist.heard("read") == patient.heard("read") == [told])
    assert read_so_far(care, care.patient.id) == 2
    assert await patient.ask("read", {**there, "seq": 1}) == {"lastReadSeq": 2}


async def test_who_shows_no_receipts_tells_their_own_devices_alone(clients: Clients, care: Care) -> None:
    keep(care, count=2)
    choose(care.patient, read_receipts_visible=False)
    patient, other_device = await clients.joined(care.patient, care), await clients.joined(care.patient, care)
    therapist = await clients.joined(care.therapist, care)
    there = {"conversationId": str(care.conversation_id)}
    await patient.ask("read", {**there, "seq": 2})
    await eventually(lambda: other_device.heard("read"))
    await therapist.ask("read", {**there, "seq": 1})
    await eventually(lambda: len(other_device.heard("read")) == 2 and therapist.heard("read"))
    assert [told["userId"] for told in therapist.heard("read")] == [str(care.therapist.id)]


@pytest.mark.parametrize(
    ("seq", "problem"), [(3, "unprocessable"), (-1, "malformed"), ("1", "malformed"), (None, "malformed")]
)
async def test_what_cannot_have_been_read_is_refused(clients: Clients, care: Care, seq: object, problem: str) -> None:
    keep(care, count=2)
    client = await clients.joined(care.patient, care)
    answer = await client.ask("read", {"conversationId": str(care.conversation_id), "seq": seq})
    assert answer["error"]["type"] == f"urn:bloom:problem:{problem}"


async def test_another_peoples_conversation_cannot_be_read(clients: Clients, care: Care) -> None:
    client, other = await clients.of(care.patient), in_care()
    answer = await client.ask("read", {"conversationId": str(other.conversation_id), "seq": 0})
    assert answer["error"]["type"] == "urn:bloom:problem:not-found"
