"""The main job, end to end: a patient writes, and the therapist's socket hears the message, its analysis, its alert."""

import pytest

from dev.client import Unexpected
from tests.whole.conftest import Care

DESPAIR = "I cannot go on like this. I want to end my life tonight."
EVERYDAY = "Thank you for today. Could we meet at four on Thursday instead of three?"
HIDDEN = ("label", "confidence", "allScores", "riskLevel", "Suicidal", "high")


async def test_a_message_reaches_the_therapist_and_is_analysed(care: Care) -> None:
    sent = await care.patient.post("/api/messages", {"conversationId": care.conversation_id, "body": EVERYDAY})
    _, heard = await care.listener.wait("new-message", lambda event: event["id"] == sent["message"]["id"])
    assert heard == sent["message"]
    _, analysed = await care.listener.wait("message-analysed", lambda event: event["messageId"] == heard["id"])
    history = await care.therapist.get("/api/messages", conversationId=care.conversation_id)
    assert history["items"] == [sent["message"] | {"analysis": analysed["analysis"]}]
    assert sum(analysed["analysis"]["allScores"].values()) > 0.99
    assert len(analysed["analysis"]["allScores"]) == 7


async def test_despair_raises_an_alert_and_shows_help_to_its_author_alone(care: Care) -> None:
    sent = await care.patient.post("/api/messages", {"conversationId": care.conversation_id, "body": DESPAIR})
    assert [resource["call"] for resource in sent["analysis"]["resources"]] == ["988", "911"]
    _, alert = await care.listener.wait("risk-alert", lambda event: event["messageId"] == sent["message"]["id"])
    assert (alert["level"], alert["conversationId"]) == ("high", care.conversation_id)
    _, analysed = await care.listener.wait("message-analysed", lambda event: event["messageId"] == alert["messageId"])
    assert analysed["analysis"]["riskLevel"] == "high"
    own = await care.patient.get("/api/messages", conversationId=care.conversation_id)
    assert not [word for word in HIDDEN if word in str(own) + str(sent)]


async def test_the_answer_comes_the_other_way_unscored(care: Care) -> None:
    sent = await care.therapist.post("/api/messages", {"conversationId": care.conversation_id, "body": EVERYDAY})
    assert sent["analysis"] is None
    await care.listener.wait("new-message", lambda event: event["id"] == sent["message"]["id"])
    shown = await care.therapist.get("/api/messages", conversationId=care.conversation_id)
    assert shown["items"] == [sent["message"] | {"analysis": None}]


async def test_a_patient_out_of_care_is_refused(care: Care) -> None:
    stranger = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(Unexpected, match="404"):
        await care.patient.post("/api/messages", {"conversationId": stranger, "body": EVERYDAY})
