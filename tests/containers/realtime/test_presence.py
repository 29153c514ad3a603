"""Who is there is shown inside open care, to whom they let see it, on every instance, device and after a crash."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.events import CareEnded, alert_channel, presence_channel
from shared.roles import Role
from tests.containers.realtime.clients import Client, Clients
from tests.containers.realtime.people import Care, Someone, end_care, keep, linked, publish, somebody
from tests.containers.realtime.relay_process import own_relay
from tests.waiting import eventually


@transaction
def choose(db: Database, /, person: Someone, **privacy: bool) -> None:
    """What somebody lets others see."""
    db.execute(update(User).where(User.id == person.id).values(preferences={"privacy": privacy}))


def last_of(client: Client, person: Someone) -> dict[str, Any] | None:
    """What it was told last of whether somebody is there."""
    return next((told for told in reversed(client.presence) if told["userId"] == str(person.id)), None)


async def sees(client: Client, person: Someone, *, online: bool) -> dict[str, Any]:
    """Wait until that is what it was told last."""
    await eventually(lambda: (told := last_of(client, person)) and told["online"] is online)
    told = last_of(client, person)
    assert told
    return told


async def test_who_joins_is_told_whether_the_other_is_there_and_since_when_not(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    therapist = await clients.joined(care.therapist, care, cloud.url("realtime_1"))
    assert await sees(therapist, care.patient, online=False) == {
        "userId": str(care.patient.id),
        "online": False,
        "lastSeenAt": None,
    }
    patient = await clients.joined(care.patient, care, cloud.url("realtime_2"))
    assert (await sees(therapist, care.patient, online=True))["lastSeenAt"] is None
    await sees(patient, care.therapist, online=True)
    await patient.close()
    seen_at = (await sees(therapist, care.patient, online=False))["lastSeenAt"]
    assert abs(datetime.fromisoformat(seen_at) - datetime.now(UTC)) < timedelta(seconds=30)


async def test_with_several_devices_somebody_is_there_until_the_last_is_gone(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    therapist = await clients.joined(care.therapist, care)
    devices = [await clients.of(care.patient, cloud.url(name)) for name in ("realtime_1", "realtime_2")]
    await sees(therapist, care.patient, online=True)
    await devices[0].close()
    again = await clients.joined(care.therapist, care, cloud.url("realtime_2"))
    await sees(again, care.patient, online=True)
    assert [told["online"] for told in therapist.presence][-1] is True
    await devices[1].close()
    for client in (therapist, again):
        await sees(client, care.patient, online=False)


async def test_what_a_killed_instance_held_runs_out_by_itself(
    cloud: LocalCloud, clients: Clients, care: Care, tmp_path: Path
) -> None:
    (tmp_path / "watching").mkdir()
    quickly = {"PRESENCE_EXPIRES_SECONDS": "1"}
    with own_relay(cloud, tmp_path, **quickly) as dying, own_relay(cloud, tmp_path / "watching", **quickly) as watching:
        therapist = await clients.joined(care.therapist, care, watching.url)
        await clients.of(care.patient, dying.url)
        await sees(therapist, care.patient, online=True)
        dying.process.send_signal(signal.SIGKILL)
        killed_at = datetime.now(UTC)
        seen_at = (await sees(therapist, care.patient, online=False))["lastSeenAt"]
        assert abs(datetime.fromisoformat(seen_at) - killed_at) < timedelta(seconds=2)


async def test_a_socket_that_stays_stays_there_for_longer_than_its_entry(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care, tmp_path: Path
) -> None:
    with own_relay(cloud, tmp_path, PRESENCE_EXPIRES_SECONDS="0.5") as relay:
        patient = await clients.of(care.patient, relay.url)
        key = f"sockets:{care.patient.id}"

        def ends_at() -> float:
            scores = redis.zrange(key, 0, -1, withscores=True)
            return float(scores[0][1]) if scores else 0

        await eventually(ends_at)
        first = ends_at()
        await eventually(lambda: ends_at() > first + 600)
        assert not patient.disconnected.is_set()


async def test_an_instance_that_ends_in_good_order_shows_nobody_as_gone_who_comes_back(
    cloud: LocalCloud, clients: Clients, care: Care, tmp_path: Path
) -> None:
    therapist = await clients.joined(care.therapist, care)
    with own_relay(cloud, tmp_path) as ending:
        patient = await clients.of(care.patient, ending.url)
        await sees(therapist, care.patient, online=True)
    await asyncio.wait_for(patient.disconnected.wait(), 5)
    await clients.joined(care.patient, care)
    again = await clients.joined(care.therapist, care, cloud.url("realtime_2"))
    await sees(again, care.patient, online=True)
    assert [told["online"] for told in therapist.presence] in ([True], [False, True])


async def test_whom_the_owner_lets_see_nothing_is_told_nothing(redis: Redis, clients: Clients, care: Care) -> None:
    choose(care.patient, presence_visible=False)
    therapist = await clients.joined(care.therapist, care)
    patient = await clients.joined(care.patient, care)
    await sees(patient, care.therapist, online=True)
    publish(redis, *keep(care))
    await therapist.hears_of(1)
    assert last_of(therapist, care.patient) is None
    choose(care.patient, presence_visible=True)
    redis.publish(presence_channel(care.patient.id), "")
    await sees(therapist, care.patient, online=True)
    choose(care.patient, presence_visible=False)
    redis.publish(presence_channel(care.patient.id), "")
    assert (await sees(therapist, care.patient, online=False))["lastSeenAt"] is None


async def test_when_care_ends_neither_sees_the_other_any_more(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    therapist = await clients.joined(care.therapist, care, cloud.url("realtime_1"))
    patient = await clients.joined(care.patient, care, cloud.url("realtime_2"))
    await sees(therapist, care.patient, online=True)
    await sees(patient, care.therapist, online=True)
    end_care(care)
    ended = CareEnded(
        occurred_at=now(),
        care_relationship_id=care.id,
        conversation_id=care.conversation_id,
        therapist_id=care.therapist.id,
    )
    redis.publish(alert_channel(care.therapist.id), ended.tagged_json())
    assert (await sees(patient, care.therapist, online=False))["lastSeenAt"] is None
    await therapist.hears("care-ended")
    told = len(therapist.presence), len(patient.presence)
    for client in (await clients.of(care.patient), await clients.of(care.therapist)):
        await client.close()
    for person in (care.patient, care.therapist):
        redis.publish(presence_channel(person.id), "")
    publish(redis, *keep(care))
    await patient.hears_of(1)
    assert (len(therapist.presence), len(patient.presence)) == told


async def test_of_ended_care_nobody_is_shown_anybody(clients: Clients, care: Care) -> None:
    end_care(care)
    other = linked(somebody(Role.PATIENT), care.therapist)
    therapist = await clients.joined(care.therapist, other)
    patient = await clients.joined(care.patient, care)
    await sees(therapist, other.patient, online=False)
    await patient.ask("leave", {"conversationId": str(care.conversation_id)})
    assert patient.presence == []
    assert last_of(therapist, care.patient) is None


async def test_without_redis_presence_is_silent_and_comes_back_with_it(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    therapist = await clients.joined(care.therapist, care)
    cloud.stop_part("redis")
    try:
        await clients.joined(care.patient, care, cloud.url("realtime_2"))
    finally:
        cloud.start_part("redis")
    await sees(therapist, care.patient, online=True)
