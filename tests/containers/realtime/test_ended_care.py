"""When care ends, the therapist's open sockets leave the room at once; the patient's stay."""

import asyncio
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.engine import engine
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import ConversationMember
from shared.database.transaction import transaction
from shared.events import CareEnded, alert_channel
from shared.roles import Role
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import (
    Care,
    Someone,
    end_care,
    end_licence,
    in_care,
    keep,
    linked,
    publish,
    somebody,
)
from tests.containers.realtime.relay_process import own_relay
from tests.doubles import function_client
from tests.waiting import eventually


def ended(care: Care) -> CareEnded:
    return CareEnded(
        occurred_at=now(),
        care_relationship_id=care.id,
        conversation_id=care.conversation_id,
        therapist_id=care.therapist.id,
    )


@pytest.mark.parametrize("ender", ["patient", "therapist"])
async def test_ended_through_the_product_the_room_is_left_within_a_second(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, ender: str
) -> None:
    here, there = cloud.url("realtime_1"), cloud.url("realtime_2")
    sockets = [await clients.joined(care.therapist, care, url) for url in (here, there)]
    patient = await clients.joined(care.patient, care)
    token = getattr(care, ender).token
    appointments = function_client("appointments")
    answer = await asyncio.to_thread(
        appointments.patch,
        f"/api/care-relationships/{care.id}",
        json={"status": "ended"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200
    async with asyncio.timeout(1):
        await eventually(lambda: all(socket.heard("care-ended") for socket in sockets))
        await eventually(lambda: patient.heard("members-changed"))
    assert patient.heard("members-changed") == [{"conversationId": str(care.conversation_id)}]
    [after] = keep(care)
    publish(redis, after)
    await patient.hears_of(after.seq)
    assert [socket.told for socket in sockets] == [
        [("care-ended", {"conversationId": str(care.conversation_id)})],
    ] * 2
    refused = await sockets[0].join(care.conversation_id)
    assert refused["error"]["type"] == "urn:bloom:problem:not-found"


async def test_other_rooms_of_the_therapist_go_on(redis: Redis, clients: Clients, care: Care) -> None:
    other = linked(in_care().patient, care.therapist)
    therapist = await clients.joined(care.therapist, care)
    await therapist.join(other.conversation_id)
    end_care(care)
    redis.publish(alert_channel(care.therapist.id), ended(care).tagged_json())
    [sent] = keep(other)
    publish(redis, sent)
    await therapist.hears_of(sent.seq)
    assert [event for event, *_ in therapist.told] == ["care-ended", "new-message"]


async def test_told_twice_it_is_passed_on_once(redis: Redis, clients: Clients, care: Care) -> None:
    therapist, event = await clients.joined(care.therapist, care), ended(care)
    end_care(care)
    for _ in range(2):
        redis.publish(alert_channel(care.therapist.id), event.tagged_json())
    redis.publish(alert_channel(care.therapist.id), ended(care).tagged_json())
    await eventually(lambda: len(therapist.heard("care-ended")) == 2)


@pytest.mark.parametrize("end", [end_care, lambda care: end_licence(care.therapist)])
async def test_where_no_word_comes_the_next_look_lets_the_therapist_out(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, tmp_path: Path, end: object
) -> None:
    with own_relay(cloud, tmp_path, SESSIONS_CHECKED_SECONDS="0.2") as relay:
        therapist = await clients.joined(care.therapist, care, relay.url)
        patient = await clients.joined(care.patient, care, relay.url)
        assert callable(end)
        end(care)

        async def is_out() -> bool:
            """Whether a message that the patient hears of passes the therapist by."""
            [sent] = keep(care)
            publish(redis, sent)
            await patient.hears_of(sent.seq)
            await therapist.ask("leave", {"conversationId": str(in_care().conversation_id)})  # what came before is here
            return therapist.seqs[-1:] != [sent.seq]

        async with asyncio.timeout(10):
            while not await is_out():
                pass
        assert not therapist.disconnected.is_set()


async def test_care_that_ends_while_a_therapist_is_on_the_way_in_keeps_them_out(
    redis: Redis, clients: Clients, care: Care
) -> None:
    keep(care)
    therapist = await clients.of(care.therapist)
    with engine().begin() as holding:
        holding.execute(text("LOCK TABLE message IN ACCESS EXCLUSIVE MODE"))
        joining = asyncio.create_task(therapist.join(care.conversation_id, 0))
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'message'::regclass")
        await eventually(lambda: holding.scalar(waiting))  # let in, and about to read what was missed
        end_care(care)
        redis.publish(alert_channel(care.therapist.id), ended(care).tagged_json())
        await eventually(lambda: therapist.heard("care-ended"))
    answer = await joining
    assert answer["error"]["type"] == "urn:bloom:problem:not-found"
    patient = await clients.joined(care.patient, care)
    [sent] = keep(care)
    publish(redis, sent)
    await patient.hears_of(sent.seq)
    assert sent.seq not in therapist.seqs


@transaction
def cover(db: Database, care: Care, colleague: Someone, until: datetime) -> None:
    """A colleague is let in for a while."""
    db.add(
        CareRelationship(
            patient_id=care.patient.id,
            therapist_id=colleague.id,
            status=CareStatus.ACCEPTED,
            kind=CareKind.COVERAGE,
            accepted_at=now(),
            expires_at=until,
            alert_id=uuid.uuid4(),
        )
    )
    db.add(ConversationMember(conversation_id=care.conversation_id, user_id=colleague.id))


async def test_whoever_covers_for_another_is_out_when_their_time_is_over(
    redis: Redis, clients: Clients, care: Care
) -> None:
    colleague = somebody(Role.THERAPIST)
    until = now() + timedelta(seconds=2)
    cover(care, colleague, until)
    covering, patient = await clients.joined(colleague, care), await clients.joined(care.patient, care)
    publish(redis, *keep(care))
    await covering.hears_of(1)
    there = {"conversationId": str(care.conversation_id)}
    async with asyncio.timeout(10):
        while "error" not in (answer := await covering.ask("stop-typing", there)):
            await asyncio.sleep(0.1)  # what is asked too often is refused
    assert answer["error"]["type"] == "urn:bloom:problem:not-found"
    assert now() < until + timedelta(seconds=1)
    [after] = keep(care)
    publish(redis, after)
    await patient.hears_of(after.seq)
    assert covering.seqs == [1]
    assert "error" in await covering.join(care.conversation_id)
