"""A message carries files of its sender's own, each once; its readers see what they are, and nobody analyses them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.files import FileStatus, MessageAttachment
from shared.database.models.messaging import Message
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.functions.messages.file_samples import pdf
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.uploads import announce, begin, row_of, send, upload
from tests.people import As, Pair, rows


@pytest.fixture
def patient(files: FlaskClient, pair: Pair) -> As:
    return As(files, pair.patient)


@pytest.fixture
def therapist(files: FlaskClient, pair: Pair) -> As:
    return As(files, pair.therapist)


def history(asking: As, pair: Pair) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = asking.get("/api/messages", conversationId=pair.conversation_id).get_json()["items"]
    return items


def test_a_message_shows_what_it_carries_to_both(patient: As, therapist: As, pair: Pair) -> None:
    first = upload(patient, fileName="sleep.png")
    second = upload(patient, pdf(), "application/pdf", fileName="letter.pdf")
    sent = send(patient, pair.conversation_id, second, first).get_json()["message"]
    assert [(file["id"], file["fileName"], file["contentType"]) for file in sent["attachments"]] == [
        (second, "letter.pdf", "application/pdf"),
        (first, "sleep.png", "image/png"),
    ]
    assert {file["status"] for file in sent["attachments"]} == {"complete"}
    for reader in (patient, therapist):
        assert history(reader, pair)[0]["attachments"] == sent["attachments"]
        listed = reader.get("/api/conversations").get_json()["items"][0]
        assert listed["lastMessage"]["attachments"] == sent["attachments"]


def test_what_is_attached_leaves_its_entry_in_the_patients_trail(therapist: As, pair: Pair) -> None:
    file_id = upload(therapist)
    send(therapist, pair.conversation_id, file_id)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "file.attach"))
    assert (str(entry.resource_id), entry.subject_id, entry.actor_id) == (file_id, pair.patient.id, pair.therapist.id)


def test_sockets_are_told_what_it_carries_and_names_travel_sealed(patient: As, pair: Pair, product: LocalCloud) -> None:
    file_id = upload(patient, fileName="zebra-quince.png")
    with listening(product) as redis:
        send(patient, pair.conversation_id, file_id)
        said = [payload for channel, payload in redis.until(1) if channel == f"message:{pair.conversation_id}"]
    [told] = said[0]["attachments"]
    assert told["fileId"] == file_id
    assert "zebra" not in str(said)


def test_a_repeat_by_its_client_id_is_the_same_message_with_the_same_files(patient: As, pair: Pair) -> None:
    file_id, other = upload(patient), upload(patient)
    answers = [send(patient, pair.conversation_id, file_id, clientId="c") for _ in range(2)]
    assert answers[0].get_json()["message"] == answers[1].get_json()["message"]
    for differing in ((), (other,), (file_id, other)):
        refused = send(patient, pair.conversation_id, *differing, clientId="c")
        assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:bloom:problem:repeat-differs")
    assert len(rows(select(Message))) == len(rows(select(MessageAttachment))) == 1


def test_the_same_message_sent_at_once_is_one(patient: As, pair: Pair) -> None:
    file_id = upload(patient)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: send(patient, pair.conversation_id, file_id, clientId="c"), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["message"]["id"] for answer in answers}) == 1
    assert len(rows(select(MessageAttachment))) == 1


def test_two_messages_at_once_do_not_carry_one_file(patient: As, pair: Pair) -> None:
    file_id = upload(patient)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: send(patient, pair.conversation_id, file_id), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    assert len(rows(select(MessageAttachment))) == len(rows(select(Message))) == 1


@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("another's", "is no file of yours"),
        ("nobody's", "is no file of yours"),
        ("attached", "is attached already"),
        ("not uploaded", "has not been uploaded completely"),
        ("not completed", "has not been uploaded completely"),
        ("refused", "was refused or deleted"),
        ("deleted", "was refused or deleted"),
    ],
)
def test_what_cannot_be_attached_is_named_by_its_place_and_nothing_is_sent(
    files: FlaskClient, patient: As, therapist: As, pair: Pair, which: str, reason: str
) -> None:
    good = upload(patient)
    bad: Callable[[], str] = {
        "another's": lambda: upload(therapist),
        "nobody's": lambda: str(uuid4()),
        "attached": lambda: attached(patient, pair),
        "not uploaded": lambda: str(announce(patient).get_json()["file"]["id"]),
        "not completed": lambda: begin(patient),
        "refused": lambda: refused_file(patient),
        "deleted": lambda: deleted(patient),
    }[which]
    bad_id, before = bad(), len(rows(select(Message)))
    answer = send(patient, pair.conversation_id, good, bad_id)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "urn:bloom:problem:cannot-be-attached")
    assert answer.get_json()["errors"] == [{"pointer": "/attachmentIds/1", "detail": reason}]
    assert len(rows(select(Message))) == before
    assert row_of(good).conversation_id is None


def attached(patient: As, pair: Pair) -> str:
    file_id = upload(patient)
    assert send(patient, pair.conversation_id, file_id).status_code == 200
    return file_id


def refused_file(patient: As) -> str:
    file_id = begin(patient, content_type="image/jpeg")
    assert patient.post(f"/api/files/{file_id}/complete").status_code == 422
    return file_id


def deleted(patient: As) -> str:
    file_id = upload(patient)
    patient.delete(f"/api/files/{file_id}")
    return file_id


def test_one_file_twice_in_a_message_is_once_too_often(patient: As, pair: Pair) -> None:
    file_id = upload(patient)
    answer = send(patient, pair.conversation_id, file_id, file_id)
    assert answer.get_json()["errors"] == [{"pointer": "/attachmentIds/1", "detail": "is attached already"}]


@pytest.mark.parametrize("ids", [[str(uuid4())] * 11, ["not an id"], "x", [7], None])
def test_a_list_that_is_none_or_too_long_is_refused(patient: As, pair: Pair, ids: object) -> None:
    answer = send(patient, pair.conversation_id, attachmentIds=ids)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"].startswith("/attachmentIds")


def test_ten_files_are_not_too_many(patient: As, pair: Pair) -> None:
    ids = [upload(patient) for _ in range(10)]
    sent = send(patient, pair.conversation_id, *ids).get_json()["message"]
    assert [file["id"] for file in sent["attachments"]] == ids


def test_a_file_that_waits_for_the_scanner_is_sent_and_not_read(
    patient: As, therapist: As, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    file_id = upload(patient)
    assert send(patient, pair.conversation_id, file_id).status_code == 200
    [shown] = history(therapist, pair)[0]["attachments"]
    assert shown["scan"] == "pending"
    assert therapist.get(f"/api/files/{file_id}").get_json()["downloadUrl"] is None


def test_a_file_that_was_shared_before_can_be_attached_there(patient: As, pair: Pair) -> None:
    file_id = upload(patient)
    patient.post(f"/api/files/{file_id}/share", {"conversationId": str(pair.conversation_id)})
    assert send(patient, pair.conversation_id, file_id).status_code == 200


def test_a_deleted_file_leaves_a_tombstone_in_its_message(patient: As, therapist: As, pair: Pair) -> None:
    file_id = upload(patient, fileName="secret.png")
    send(patient, pair.conversation_id, file_id)
    patient.delete(f"/api/files/{file_id}")
    [shown] = history(therapist, pair)[0]["attachments"]
    assert {name: shown[name] for name in ("id", "fileName", "status", "scan")} == {
        "id": file_id,
        "fileName": None,
        "status": "deleted",
        "scan": None,
    }
    assert row_of(file_id).status is FileStatus.DELETED


def test_an_edited_message_still_carries_its_files_and_a_deleted_one_none(
    patient: As, therapist: As, pair: Pair, product: LocalCloud
) -> None:
    sent = send(patient, pair.conversation_id, upload(patient)).get_json()["message"]
    edited = patient.patch(f"/api/messages/{sent['id']}", {"body": "or here", "version": 1}).get_json()["message"]
    assert edited["attachments"] == sent["attachments"]
    assert history(therapist, pair)[0]["attachments"] == sent["attachments"]
    assert len(outbox_events("message-updated")) == 1
    assert patient.delete(f"/api/messages/{sent['id']}").get_json()["attachments"] == []
    assert history(therapist, pair)[0]["attachments"] == []


def test_files_are_not_analysed_and_the_clinician_is_told_so(
    patient: As, therapist: As, pair: Pair, inference: InferenceStandIn
) -> None:
    secret = b"what only the file says"
    send(patient, pair.conversation_id, upload(patient, secret, "text/plain", fileName="note.txt"))
    assert inference.texts == ["see here"]
    assert history(therapist, pair)[0]["analysis"]["attachmentsAnalysed"] is False
    assert history(patient, pair)[0]["analysis"] is None


def test_what_is_redelivered_still_names_its_files(
    patient: As, pair: Pair, internal: InternalCalls, product: LocalCloud
) -> None:
    file_id = upload(patient)
    send(patient, pair.conversation_id, file_id)
    [event] = outbox_events("message-sent")
    with listening(product) as redis:
        assert internal.push("/api/internal/messages/events", event.id).status_code in {200, 204}
        [(_, told), *_] = redis.until(1)
    assert [file["fileId"] for file in told["attachments"]] == [file_id]
