"""Who covers for a therapist follows the conversation on sockets while that lasts; clinicians' pages follow alerts."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import ConversationMember
from shared.database.transaction import transaction
from shared.events import CareEnded, RiskAlertChanged, alert_channel
from shared.roles import Role
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, Someone, keep, publish, somebody
from tests.containers.realtime.relay_process import own_relay
from tests.waiting import eventually


@transaction
def cover(db: Database, care: Care, colleague: Someone, lasts: timedelta = timedelta(hours=24)) -> None:
    """Let somebody in, as an escalation does."""
    begun = now() - timedelta(seconds=1)
    db.add(
        CareRelationship(
            patient_id=care.patient.id,
            therapist_id=colleague.id,
            kind=CareKind.COVERAGE,
            status=CareStatus.ACCEPTED,
            accepted_at=begun,
            expires_at=begun + lasts,
            alert_id=uuid.uuid4(),
        )
    )
    db.add(ConversationMember(conversation_id=care.conversation_id, user_id=colleague.id))


@transaction
def expire(db: Database, care: Care) -> None:
    """Its time has come; nobody has noted so."""
    db.execute(
        update(CareRelationship)
        .where(CareRelationship.patient_id == care.patient.id, CareRelationship.kind == CareKind.COVERAGE)
        .values(expires_at=now())
    )


async def test_who_covers_joins_and_hears_what_the_patient_writes(redis: Redis, clients: Clients, care: Care) -> None:
    colleague = somebody(Role.THERAPIST, "Colleague")
    refused = await (await clients.of(colleague)).join(care.conversation_id)
    assert refused["error"]["type"] == "urn:bloom:problem:not-found"
    cover(care, colleague)
    listening = await clients.joined(colleague, care)
    [sent] = keep(care)
    publish(redis, sent)
    await listening.hears_of(sent.seq)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(hours=-1)])
async def test_whose_time_is_over_does_not_get_in(clients: Clients, care: Care, lasts: timedelta) -> None:
    colleague = somebody(Role.THERAPIST, "Colleague")
    cover(care, colleague, lasts)
    refused = await (await clients.of(colleague)).join(care.conversation_id)
    assert refused["error"]["type"] == "urn:bloom:problem:not-found"


async def test_word_of_its_end_takes_the_socket_out_of_the_room(redis: Redis, clients: Clients, care: Care) -> None:
    colleague = somebody(Role.THERAPIST, "Colleague")
    cover(care, colleague)
    covering, own = await clients.joined(colleague, care), await clients.joined(care.therapist, care)
    ended = CareEnded(
        occurred_at=now(),
        care_relationship_id=care.id,
        conversation_id=care.conversation_id,
        therapist_id=colleague.id,
    )
    redis.publish(alert_channel(colleague.id), ended.tagged_json())
    await eventually(lambda: covering.heard("care-ended"))
    [sent] = keep(care)
    publish(redis, sent)
    await own.hears_of(sent.seq)
    assert sent.seq not in covering.seqs


async def test_where_no_word_comes_the_next_look_lets_them_out(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, tmp_path: Path
) -> None:
    colleague = somebody(Role.THERAPIST, "Colleague")
    cover(care, colleague)
    with own_relay(cloud, tmp_path, SESSIONS_CHECKED_SECONDS="0.2") as relay:
        covering = await clients.joined(colleague, care, relay.url)
        own = await clients.joined(care.therapist, care, relay.url)

        async def is_out() -> bool:
            [sent] = keep(care)
            publish(redis, sent)
            await own.hears_of(sent.seq)
            await covering.ask("leave", {"conversationId": str(uuid.uuid4())})  # what came before is here
            return covering.seqs[-1:] != [sent.seq]

        assert not await is_out()
        expire(care)
        async with asyncio.timeout(10):
            while not await is_out():
                pass
        assert not covering.disconnected.is_set()


async def test_that_an_alert_has_changed_is_told_to_clinicians_without_a_word_about_it(
    redis: Redis, clients: Clients, care: Care
) -> None:
    therapist, patient = await clients.joined(care.therapist, care), await clients.joined(care.patient, care)
    changed = RiskAlertChanged(
        occurred_at=now(),
        risk_event_id=uuid.uuid4(),
        status="acknowledged",
        version=3,
        escalation_step=1,
        user_ids=(care.therapist.id,),
        notice="coverage",
        mail_ids=(care.therapist.id,),
    )
    for _ in range(2):
        redis.publish(alert_channel(care.therapist.id), changed.tagged_json())
        redis.publish(alert_channel(care.patient.id), changed.tagged_json())
    publish(redis, *keep(care))
    await eventually(lambda: patient.seqs and therapist.seqs)
    assert therapist.heard("risk-alert-changed") == [
        {
            "riskEventId": str(changed.risk_event_id),
            "status": "acknowledged",
            "version": 3,
            "escalationStep": 1,
        }
    ]
    assert patient.heard("risk-alert-changed") == []
