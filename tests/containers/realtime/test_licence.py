"""A therapist whose licence lapsed joins no room, and is alerted none the less."""

from redis import Redis

from dev.cloud import LocalCloud
from shared.events import alert_channel
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, audited, end_licence, keep
from tests.containers.realtime.test_clinicians import risk
from tests.waiting import eventually

REFUSED = "urn:bloom:problem:licence-not-verified"


async def test_a_therapist_without_a_licence_joins_no_room_and_their_patient_does(
    cloud: LocalCloud, clients: Clients, care: Care
) -> None:
    keep(care)
    end_licence(care.therapist)
    therapist, patient = await clients.of(care.therapist), await clients.of(care.patient)
    refused = await therapist.join(care.conversation_id, 0)
    assert refused["error"]["type"] == REFUSED
    assert not therapist.told
    assert await patient.join(care.conversation_id, 0) == {"recovered": True, "lastSeq": 1, "lastRevision": 0}
    assert audited(care.conversation_id) == {
        ("conversation.join", "denied", care.therapist.id, care.patient.id),
        ("conversation.join", "success", care.patient.id, care.patient.id),
    }


async def test_a_therapist_without_a_licence_is_alerted(redis: Redis, clients: Clients, care: Care) -> None:
    end_licence(care.therapist)
    therapist, raised = await clients.of(care.therapist), risk(care)
    redis.publish(alert_channel(care.therapist.id), raised.tagged_json())
    await eventually(lambda: len(therapist.told) == 1)
    [alert] = therapist.heard("risk-alert")
    assert alert["riskEventId"] == str(raised.risk_event_id)
