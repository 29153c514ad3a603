"""Analyses and risk alerts reach the patient's clinician alone, on every socket of theirs, once."""

import uuid

import pytest
from redis import Redis

from dev.cloud import LocalCloud
from shared.clock import now
from shared.events import MessageAnalysed, RiskAlertChanged, RiskRaised, alert_channel
from shared.roles import Role
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, keep, publish, somebody
from tests.waiting import eventually


def risk(care: Care) -> RiskRaised:
    return RiskRaised(
        occurred_at=now(),
        risk_event_id=uuid.uuid4(),
        message_id=uuid.uuid4(),
        conversation_id=care.conversation_id,
        patient_id=care.patient.id,
        clinician_ids=(care.therapist.id,),
        level="high",
    )


def analysis(care: Care) -> MessageAnalysed:
    return MessageAnalysed(
        occurred_at=now(),
        message_id=uuid.uuid4(),
        conversation_id=care.conversation_id,
        clinician_ids=(care.therapist.id,),
        analysis={"label": "Suicidal", "allScores": {"Suicidal": 0.9}},
    )


async def test_alerts_and_analyses_are_the_clinicians_alone(
    cloud: LocalCloud, redis: Redis, clients: Clients, care: Care
) -> None:
    patient = await clients.joined(care.patient, care)
    joined = await clients.joined(care.therapist, care)
    elsewhere = await clients.of(care.therapist, cloud.url("realtime_2"))
    raised, analysed = risk(care), analysis(care)
    for event in (raised, analysed):
        redis.publish(alert_channel(care.therapist.id), event.tagged_json())
        redis.publish(alert_channel(care.patient.id), event.tagged_json())
    publish(redis, *keep(care))
    await eventually(lambda: patient.seqs and len(joined.told) == 3 and len(elsewhere.told) == 2)
    expected = [
        (
            "risk-alert",
            {
                "occurredAt": raised.model_dump(mode="json")["occurredAt"],
                "riskEventId": str(raised.risk_event_id),
                "messageId": str(raised.message_id),
                "conversationId": str(care.conversation_id),
                "patientId": str(care.patient.id),
                "level": "high",
            },
        ),
        (
            "message-analysed",
            {
                "messageId": str(analysed.message_id),
                "conversationId": str(care.conversation_id),
                "analysis": {"label": "Suicidal", "allScores": {"Suicidal": 0.9}},
            },
        ),
    ]
    assert elsewhere.told == expected
    assert joined.told[:2] == expected
    assert [event for event, _ in patient.told] == ["new-message"]


async def test_an_alert_published_again_is_told_once(redis: Redis, clients: Clients, care: Care) -> None:
    therapist = await clients.of(care.therapist)
    raised, other = risk(care), risk(care)
    for event in (raised, raised, raised, other):
        redis.publish(alert_channel(care.therapist.id), event.tagged_json())
    await eventually(lambda: len(therapist.told) == 2)
    told = [alert["riskEventId"] for alert in therapist.heard("risk-alert")]
    assert told == [str(raised.risk_event_id), str(other.risk_event_id)]


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.ADMINISTRATOR])
async def test_whoever_of_the_staff_follows_an_alert_is_told_how_it_stands(
    redis: Redis, clients: Clients, role: Role
) -> None:
    person = somebody(role)
    client = await clients.of(person)
    changed = RiskAlertChanged(
        occurred_at=now(),
        risk_event_id=uuid.uuid4(),
        status="acknowledged",
        version=2,
        escalation_step=1,
        user_ids=(person.id,),
        notice="coverage",
        mail_ids=(person.id,),
    )
    for _ in range(2):
        redis.publish(alert_channel(person.id), changed.tagged_json())
    await client.hears("risk-alert-changed")
    assert await client.ask("nothing")
    [told] = client.heard("risk-alert-changed")
    assert told == {
        "riskEventId": str(changed.risk_event_id),
        "status": "acknowledged",
        "version": 2,
        "escalationStep": 1,
    }
