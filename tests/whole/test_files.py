"""A file on its whole way: announced, put into the bucket, sent with a message, heard of by a socket, and read."""

import hashlib
from typing import Any

import httpx

from dev.cloud import LocalCloud
from tests.functions.messages.file_samples import webm
from tests.whole.conftest import Care

RECORDING = webm(live=True)


async def uploaded(care: Care, content: bytes = RECORDING) -> dict[str, Any]:
    """A complete file of the patient's."""
    digest = hashlib.sha256(content).hexdigest()
    about = {"contentType": "audio/webm;codecs=opus", "size": len(content), "sha256": digest, "fileName": "memo.webm"}
    announced = await care.patient.post("/api/files", about)
    async with httpx.AsyncClient() as bucket:
        put = await bucket.put(announced["uploadUrl"], content=content, headers=announced["headers"])
    assert put.status_code == 200
    return await care.patient.post(f"/api/files/{announced['file']['id']}/complete", {})


async def sent(care: Care, file: dict[str, Any]) -> dict[str, Any]:
    message = {"conversationId": care.conversation_id, "body": "Listen to this", "attachmentIds": [file["id"]]}
    return dict((await care.patient.post("/api/messages", message))["message"])


async def content_of(care: Care, file: dict[str, Any]) -> bytes:
    url = (await care.therapist.get(f"/api/files/{file['id']}"))["downloadUrl"]
    async with httpx.AsyncClient() as bucket:
        return (await bucket.get(url)).content


async def test_a_recording_reaches_the_therapist(care: Care) -> None:
    file = await uploaded(care)
    message = await sent(care, file)
    assert message["attachments"] == [file]
    _, heard = await care.listener.wait("new-message", lambda event: event["id"] == message["id"])
    assert heard == message
    _, analysed = await care.listener.wait("message-analysed", lambda event: event["messageId"] == message["id"])
    assert analysed["analysis"]["attachmentsAnalysed"] is False
    assert await content_of(care, file) == RECORDING


async def test_a_file_outlives_the_death_of_the_bucket_and_of_the_function(cloud: LocalCloud, care: Care) -> None:
    file = await uploaded(care)
    await sent(care, file)
    for part in ("storage", "messages"):
        cloud.kill_part(part)
        cloud.wait_until_up(part)
    assert await content_of(care, file) == RECORDING
