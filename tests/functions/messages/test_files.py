"""A file is announced, put into the bucket by a link, looked at, and read by another link; nothing else becomes one."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.files import FileAsset, FileStatus, Refusal
from shared.database.transaction import transaction
from tests.functions.messages.clamd_stand_in import EICAR, running
from tests.functions.messages.file_samples import JPEG, SAMPLES, m4a, png
from tests.functions.messages.uploads import (
    PNG,
    announce,
    as_text,
    begin,
    bucket_of,
    complete,
    download,
    objects_in,
    put,
    read,
    row_of,
    send,
    upload,
)
from tests.people import As, Pair, rows

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
MOST = 25 * 1024 * 1024


@pytest.fixture
def patient(files: FlaskClient, pair: Pair) -> As:
    return As(files, pair.patient)


def trail(action: str) -> list[AuditEvent]:
    return list(rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))


@pytest.mark.parametrize("content_type", SAMPLES)
def test_a_file_of_each_kind_goes_in_and_comes_out_as_it_was(patient: As, content_type: str) -> None:
    content = SAMPLES[content_type][0]
    file_id = upload(patient, content, content_type)
    got = download(patient, file_id)
    assert (got.status_code, got.content) == (200, content)
    assert got.headers["Content-Type"].partition(";")[0] == content_type
    assert got.headers["Content-Disposition"].startswith(f'attachment; filename="file-{file_id[:8]}.')


def test_what_is_announced_is_answered_with_a_link_for_five_minutes(patient: As) -> None:
    answer = announce(patient, fileName="Zora's diary.png")
    assert answer.status_code == 201
    said = answer.get_json()
    assert said["file"] == {
        "id": said["file"]["id"],
        "fileName": "Zora's diary.png",
        "contentType": "image/png",
        "size": len(PNG),
        "status": "awaiting-upload",
        "scan": None,
    }
    lives = datetime.fromisoformat(said["expiresAt"]) - now()
    assert timedelta(minutes=4.5) < lives <= timedelta(minutes=5)
    assert parse_qs(urlsplit(said["uploadUrl"]).query)["X-Goog-Expires"] == ["300"]
    assert said["headers"] == {
        "Content-Type": "image/png",
        "x-goog-content-length-range": f"{len(PNG)},{len(PNG)}",
        "x-goog-if-generation-match": "0",
    }


def test_without_a_scanner_a_complete_file_says_that_it_is_unscanned(patient: As) -> None:
    file_id = begin(patient)
    answer = complete(patient, file_id)
    assert answer.status_code == 200
    assert {name: answer.get_json()[name] for name in ("status", "scan")} == {"status": "complete", "scan": "unscanned"}
    assert read(patient, file_id).get_json()["file"] == answer.get_json()


def test_a_name_is_kept_sealed_and_stands_in_no_link_or_object(patient: As, storage: LocalCloud) -> None:
    file_id = upload(patient, fileName="zebra-quince.png")
    answer = read(patient, file_id).get_json()
    assert answer["file"]["fileName"] == "zebra-quince.png"
    row = row_of(file_id)
    assert "zebra" not in answer["downloadUrl"] + row.object_name
    assert b"zebra" not in row.file_name
    assert not {row.object_name} & {file_id, str(row.owner_id)}
    assert row.object_name in objects_in(storage)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\secret\\x.png", "x.png"),
        ("a\r\nb\u202e.png", "a b.png"),
        ("\u0007", None),
        (None, None),
    ],
)
def test_a_path_and_what_is_invisible_are_taken_off_a_name(patient: As, given: str | None, shown: str | None) -> None:
    assert announce(patient, fileName=given).get_json()["file"]["fileName"] == shown


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"size": 0}, "/size"),
        ({"size": MOST + 1}, "/size"),
        ({"size": -1}, "/size"),
        ({"size": "7"}, "/size"),
        ({"sha256": "abc"}, "/sha256"),
        ({"sha256": "G" * 64}, "/sha256"),
        ({"sha256": None}, "/sha256"),
        ({"contentType": "image/svg+xml"}, "/contentType"),
        ({"contentType": "text/html"}, "/contentType"),
        ({"contentType": "video/mp4"}, "/contentType"),
        ({"contentType": "application/octet-stream"}, "/contentType"),
        ({"contentType": ""}, "/contentType"),
        ({"contentType": "image/png\0"}, "/contentType"),
        ({"fileName": "x" * 1001}, "/fileName"),
        ({"fileName": "nul\0.png"}, "/fileName"),
        ({"objectName": "mine"}, "/objectName"),
        ({"conversationId": "7"}, "/conversationId"),
    ],
)
def test_what_cannot_be_announced_is_named(patient: As, changes: dict[str, object], pointer: str) -> None:
    answer = announce(patient, PNG, "image/png", **changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert rows(select(FileAsset)) == []


def test_a_type_that_is_not_taken_says_which_are(patient: As) -> None:
    answer = announce(patient, contentType="image/tiff").get_json()
    assert answer["type"] == "urn:bloom:problem:type-not-taken"
    assert "image/jpeg" in answer["errors"][0]["detail"]


def test_the_largest_file_is_taken(patient: As) -> None:
    content = png((b"teXt", bytes(MOST - len(PNG) - 12)))
    assert len(content) == MOST
    assert len(download(patient, upload(patient, content)).content) == MOST


def test_a_person_sends_only_so_much_within_a_day(
    patient: As, files: FlaskClient, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(file_mib_a_day="25")
    assert announce(patient, size=MOST - 10).status_code == 201
    refused = announce(patient, size=11)
    assert (refused.status_code, refused.get_json()["type"]) == (429, "urn:bloom:problem:enough-for-today")
    assert refused.headers["Retry-After"] == "3600"
    assert announce(patient, size=10).status_code == 201
    assert announce(As(files, pair.therapist), size=MOST).status_code == 201
    a_day_passes()
    assert announce(patient, size=MOST).status_code == 201


def test_ten_files_are_announced_at_once(patient: As) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: announce(patient), range(10)))
    assert [answer.status_code for answer in answers] == [201] * 10
    assert len(rows(select(FileAsset))) == 10


@transaction
def a_day_passes(db: Database) -> None:
    db.execute(update(FileAsset).values(created_at=FileAsset.created_at - timedelta(days=1)))


def test_a_repeat_of_an_announcement_by_its_key_is_the_same_file(patient: As) -> None:
    about = {"contentType": "image/png", "size": len(PNG), "sha256": hashlib.sha256(PNG).hexdigest()}
    first, second = (patient.post("/api/files", about, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert len(rows(select(FileAsset))) == 1


@pytest.mark.parametrize("content", [PNG + b"!", PNG[:-1], b""], ids=["more", "less", "nothing"])
def test_the_bucket_takes_only_the_size_that_was_announced(patient: As, content: bytes) -> None:
    announced = announce(patient).get_json()
    assert put(announced, content).status_code == 400
    assert complete(patient, announced["file"]["id"]).status_code == 409


def test_the_bucket_takes_only_the_type_that_was_announced(patient: As) -> None:
    announced = announce(patient).get_json()
    assert put(announced, content_type="text/html").status_code == 403


def test_what_was_put_there_is_not_replaced(patient: As) -> None:
    announced = announce(patient).get_json()
    other = PNG[:-5] + b"\0" + PNG[-4:]
    assert [put(announced, content).status_code for content in (PNG, other)] == [200, 412]
    assert complete(patient, announced["file"]["id"]).status_code == 200
    assert put(announced, other).status_code == 412
    assert download(patient, announced["file"]["id"]).content == PNG


@pytest.mark.parametrize("altered", ["X-Goog-Expires=300", "X-Goog-Signature="])
def test_a_link_that_was_altered_is_refused(patient: As, altered: str) -> None:
    url = read(patient, upload(patient)).get_json()["downloadUrl"]
    changed = {"X-Goog-Expires=300": "X-Goog-Expires=9300", "X-Goog-Signature=": "X-Goog-Signature=00"}[altered]
    with httpx.Client(verify=False) as client:
        assert client.get(url).status_code == 200
        assert client.get(url.replace(altered, changed)).status_code == 403


def test_complete_before_the_upload_can_be_tried_again(patient: As) -> None:
    announced = announce(patient).get_json()
    early = complete(patient, announced["file"]["id"])
    assert (early.status_code, early.get_json()["type"]) == (409, "urn:bloom:problem:not-uploaded")
    assert early.headers["Retry-After"] == "1"
    put(announced)
    assert complete(patient, announced["file"]["id"]).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type", "changes", "refusal"),
    [
        (PNG, "image/png", {"sha256": "0" * 64}, Refusal.CHECKSUM),
        (PNG, "image/jpeg", {}, Refusal.TYPE),
        (JPEG, "image/png", {}, Refusal.TYPE),
        (SVG, "image/png", {}, Refusal.TYPE),
        (SVG, "text/plain", {}, Refusal.TYPE),
        (b"<html>hello</html>", "text/plain", {}, Refusal.TYPE),
        (b"MZ\x90\0", "application/pdf", {}, Refusal.TYPE),
        (m4a(b"vide"), "audio/mp4", {}, Refusal.TYPE),
        (PNG + b"PK\x05\x06" + bytes(18), "image/png", {}, Refusal.TYPE),
    ],
)
def test_what_is_not_what_it_was_announced_as_never_becomes_readable(
    patient: As, content: bytes, content_type: str, changes: dict[str, object], refusal: Refusal
) -> None:
    file_id = begin(patient, content, content_type, **changes)
    for _ in range(2):
        answer = complete(patient, file_id)
        assert (answer.status_code, answer.get_json()["type"]) == (422, "urn:bloom:problem:file-refused")
        assert len(answer.get_json()["detail"]) > 10
    assert (row_of(file_id).status, row_of(file_id).refused_for) == (FileStatus.REFUSED, refusal)
    shown = read(patient, file_id).get_json()
    assert (shown["downloadUrl"], shown["file"]["status"]) == (None, "refused")
    [entry] = trail("file.refuse")
    assert (entry.outcome, entry.details) == (AuditOutcome.FAILURE, {"reason": refusal.value})


def test_an_object_of_another_size_is_refused_without_being_read(patient: As, storage: LocalCloud) -> None:
    """A bucket that did not look at what was signed is not trusted."""
    announced = announce(patient).get_json()
    file_id = announced["file"]["id"]
    blob = bucket_of(storage).blob(row_of(file_id).object_name)
    blob.upload_from_string(PNG + b"more", content_type="image/png")
    assert complete(patient, file_id).status_code == 422
    assert row_of(file_id).refused_for is Refusal.SIZE


def test_two_completions_at_once_are_one(files: FlaskClient, patient: As) -> None:
    file_id = begin(patient)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: complete(patient, file_id), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.get_json()) for answer in answers}) == 1
    assert len(trail("file.upload")) == 1


def test_a_repeated_completion_changes_nothing(patient: As) -> None:
    file_id = begin(patient)
    first = complete(patient, file_id).get_json()
    completed_at = row_of(file_id).completed_at
    assert complete(patient, file_id).get_json() == first
    assert row_of(file_id).completed_at == completed_at


def test_with_the_bucket_away_what_needs_it_says_when_to_try_again(
    patient: As, storage: LocalCloud, environment: Callable[..., None]
) -> None:
    ready, waiting = upload(patient), begin(patient)
    storage.stop_part("storage")
    try:
        answer = complete(patient, waiting)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert announce(patient).status_code == 201  # a link is signed without it
        assert read(patient, ready).status_code == 200
    finally:
        storage.start_part("storage")
    assert complete(patient, waiting).status_code == 200


def test_with_nobody_to_sign_links_there_are_none(patient: As, environment: Callable[..., None]) -> None:
    file_id = upload(patient)
    environment(
        storage_signing_key="", iam_credentials_url="http://127.0.0.1:9", storage_url="http://127.0.0.1:9/bloom-files"
    )
    for answer in (announce(patient), read(patient, file_id)):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_what_nobody_could_sign_a_link_for_counts_towards_no_limit(
    patient: As, storage: LocalCloud, environment: Callable[..., None]
) -> None:
    nobody = {"storage_url": "http://127.0.0.1:9/bloom-files", "iam_credentials_url": "http://127.0.0.1:9"}
    environment(file_mib_a_day="25", storage_signing_key="", **nobody)
    assert announce(patient, size=MOST).status_code == 503
    assert rows(select(FileAsset)) == []
    environment(**{name: storage.settings[name.upper()] for name in ("storage_url", "storage_signing_key")})
    assert [announce(patient, size=MOST).status_code for _ in range(2)] == [201, 429]


def test_a_scanner_that_finds_nothing_makes_a_file_clean(patient: As, environment: Callable[..., None]) -> None:
    with running() as clamd:
        environment(clamd_url=clamd.url)
        file_id = upload(patient)
    assert clamd.given == [PNG]
    shown = read(patient, file_id).get_json()
    assert shown["file"]["scan"] == "clean"
    assert shown["downloadUrl"]


def test_an_infected_file_never_becomes_readable(patient: As, environment: Callable[..., None]) -> None:
    with running() as clamd:
        environment(clamd_url=clamd.url)
        file_id = begin(patient, EICAR, "text/plain")
        refused = complete(patient, file_id)
    assert (refused.status_code, refused.get_json()["type"]) == (422, "urn:bloom:problem:file-refused")
    assert "virus" not in as_text(refused).lower()
    environment(clamd_url="")
    assert complete(patient, file_id).status_code == 422
    shown = read(patient, file_id).get_json()
    assert shown["downloadUrl"] is None
    assert {name: shown["file"][name] for name in ("status", "scan")} == {"status": "refused", "scan": "infected"}
    [entry] = trail("file.refuse")
    assert entry.details == {"reason": "infected", "found": "Eicar-Test-Signature"}


def test_with_the_scanner_away_a_file_waits_and_cannot_be_read(patient: As, environment: Callable[..., None]) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    file_id = begin(patient)
    answer = complete(patient, file_id)
    assert answer.status_code == 200
    assert {name: answer.get_json()[name] for name in ("status", "scan")} == {"status": "complete", "scan": "pending"}
    assert read(patient, file_id).get_json()["downloadUrl"] is None


def test_files_that_take_long_leave_room_for_messages(
    patient: As, pair: Pair, environment: Callable[..., None]
) -> None:
    *slow, late = (begin(patient) for _ in range(4))
    looks, answers = threading.Semaphore(0), threading.Event()

    def verdict(content: bytes) -> bytes:
        looks.release()
        assert answers.wait(20)
        return b"stream: OK\0"

    with running() as clamd, ThreadPoolExecutor(3) as threads:
        clamd.verdict = verdict  # type: ignore[method-assign]
        environment(clamd_url=clamd.url)
        try:
            waiting = [threads.submit(complete, patient, file_id) for file_id in slow]
            assert all(looks.acquire(timeout=20) for _ in slow)
            refused = complete(patient, late)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert send(patient, pair.conversation_id).status_code == 200
        finally:
            answers.set()
        assert [answer.result().status_code for answer in waiting] == [200] * 3
        assert complete(patient, late).status_code == 200


def test_each_step_leaves_its_entry(patient: As, pair: Pair) -> None:
    file_id = upload(patient)
    read(patient, file_id)
    patient.delete(f"/api/files/{file_id}")
    mine = select(AuditEvent).where(AuditEvent.resource_type == "file").order_by(AuditEvent.occurred_at)
    entries = rows(mine)
    assert [entry.action for entry in entries] == [
        "file.begin",
        "file.complete",
        "file.upload",
        "file.read",
        "file.delete",
    ]
    assert {(str(entry.resource_id), entry.subject_id, entry.actor_id) for entry in entries} == {
        (file_id, pair.patient.id, pair.patient.id)
    }


def test_a_deleted_file_is_gone_at_once_for_its_owner_too(patient: As) -> None:
    file_id = upload(patient, fileName="secret.png")
    for _ in range(2):
        answer = patient.delete(f"/api/files/{file_id}")
        assert answer.status_code == 200
        assert {name: answer.get_json()[name] for name in ("status", "fileName")} == {
            "status": "deleted",
            "fileName": None,
        }
    assert (row_of(file_id).file_name, row_of(file_id).sha256) == (b"", None)
    for gone in (read(patient, file_id), complete(patient, file_id)):
        assert (gone.status_code, gone.get_json()["type"]) == (410, "urn:bloom:problem:file-gone")


def test_a_file_that_is_deleted_while_it_is_completed_stays_deleted(
    patient: As, environment: Callable[..., None]
) -> None:
    file_id = begin(patient)
    with running() as clamd:
        given: list[Any] = []

        def verdict(content: bytes) -> bytes:
            given.append(patient.delete(f"/api/files/{file_id}").status_code)
            return b"stream: OK\0"

        clamd.verdict = verdict  # type: ignore[method-assign]
        environment(clamd_url=clamd.url)
        assert complete(patient, file_id).status_code == 410
    assert given == [200]
    assert row_of(file_id).status is FileStatus.DELETED
