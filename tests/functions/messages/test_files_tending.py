"""What waits for the scanner is given to it again, and what nobody can open any more leaves the bucket."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.files import FileAsset, FileStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.clamd_stand_in import EICAR, running
from tests.functions.messages.uploads import (
    announce,
    begin,
    bucket_of,
    complete,
    objects_in,
    put,
    read,
    row_of,
    send,
    upload,
)
from tests.people import As, Pair, add_person, rows

TEND = "/api/internal/files/tend"


@pytest.fixture
def patient(files: FlaskClient, pair: Pair) -> As:
    return As(files, pair.patient)


@pytest.fixture
def tend(files: FlaskClient, internal: InternalCalls) -> Callable[..., dict[str, Any]]:
    """One round, so much later."""

    def round_at(later: timedelta = timedelta(0)) -> dict[str, Any]:
        moment = now() + later
        with held_at(lambda: moment):
            answer = internal.tick(TEND)
        assert answer.status_code == 200, answer.get_json()
        return dict(answer.get_json())

    return round_at


@pytest.fixture(autouse=True)
def empty_bucket(storage: LocalCloud) -> None:
    """The bucket is the worker's, and every test here counts what is in it."""
    for blob in bucket_of(storage).list_blobs():
        blob.delete()


def object_of(file_id: str) -> str:
    return row_of(file_id).object_name


def test_a_waiting_file_becomes_clean_once_the_scanner_is_back(
    patient: As, tend: Callable[..., dict[str, Any]], environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    file_id = upload(patient)
    assert tend() == {"scanned": 0, "waiting": 1, "removed": 0}
    assert read(patient, file_id).get_json()["file"]["scan"] == "pending"
    with running() as clamd:
        environment(clamd_url=clamd.url)
        assert tend() == {"scanned": 1, "waiting": 0, "removed": 0}
        assert tend() == {"scanned": 0, "waiting": 0, "removed": 0}
    assert read(patient, file_id).get_json()["file"]["scan"] == "clean"
    assert read(patient, file_id).get_json()["downloadUrl"]
    entries = rows(select(AuditEvent).where(AuditEvent.action == "file.scan"))
    assert [str(entry.resource_id) for entry in entries] == [file_id]


def test_a_file_found_infected_after_it_was_sent_is_never_read(
    patient: As, files: FlaskClient, pair: Pair, tend: Callable[..., dict[str, Any]], environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    file_id = upload(patient, EICAR, "text/plain")
    send(patient, pair.conversation_id, file_id)
    with running() as clamd:
        environment(clamd_url=clamd.url)
        tend()
    shown = read(As(files, pair.therapist), file_id).get_json()
    assert (shown["file"]["scan"], shown["downloadUrl"]) == ("infected", None)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "file.refuse"))
    assert (entry.subject_id, entry.actor_id) == (pair.patient.id, None)


def test_a_file_that_the_scanner_cannot_take_holds_up_no_other(
    patient: As, tend: Callable[..., dict[str, Any]], environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    stuck, fine = upload(patient, b"x" * 2000, "text/plain"), upload(patient)
    with running() as clamd:
        clamd.most = 1000
        environment(clamd_url=clamd.url)
        assert tend() == {"scanned": 1, "waiting": 1, "removed": 0}
    assert (row_of(stuck).status, row_of(fine).status) == (FileStatus.UPLOADED, FileStatus.CLEAN)


def test_what_waited_longest_is_scanned_first_and_a_round_is_bounded(
    patient: As, tend: Callable[..., dict[str, Any]], environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    ids = [upload(patient) for _ in range(12)]
    assert tend() == {"scanned": 0, "waiting": 10, "removed": 0}
    with running() as clamd:
        environment(clamd_url=clamd.url)
        tend(timedelta(minutes=1))
    clean = [file_id for file_id in ids if row_of(file_id).status is FileStatus.CLEAN]
    assert len(clean) == 10
    assert set(ids[10:]) <= set(clean)


def test_a_file_that_is_no_longer_there_is_refused(
    patient: As, storage: LocalCloud, tend: Callable[..., dict[str, Any]], environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    file_id = upload(patient)
    bucket_of(storage).blob(object_of(file_id)).delete()
    assert tend()["scanned"] == 1
    assert row_of(file_id).status is FileStatus.REFUSED


@pytest.mark.parametrize("uploaded", [True, False], ids=["uploaded", "not uploaded"])
def test_what_was_not_completed_in_a_day_is_collected(
    patient: As, storage: LocalCloud, tend: Callable[..., dict[str, Any]], uploaded: bool
) -> None:
    file_id = str(announce(patient).get_json()["file"]["id"]) if not uploaded else begin(patient, fileName="x.png")
    assert tend(timedelta(hours=23, minutes=59))["removed"] == 0
    assert tend(timedelta(hours=24, minutes=1))["removed"] == 1
    assert object_of(file_id) not in objects_in(storage)
    assert (row_of(file_id).status, row_of(file_id).file_name) == (FileStatus.DELETED, b"")
    assert complete(patient, file_id).status_code == 410
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "file.remove"))
    assert (str(entry.resource_id), entry.actor_id) == (file_id, None)


@pytest.mark.parametrize("scanner", ["", "tcp://127.0.0.1:9"], ids=["unscanned", "waiting"])
def test_what_was_given_to_nobody_in_a_week_is_collected(
    patient: As,
    pair: Pair,
    storage: LocalCloud,
    tend: Callable[..., dict[str, Any]],
    environment: Callable[..., None],
    scanner: str,
) -> None:
    environment(clamd_url=scanner)
    loose, sent, shared = (upload(patient) for _ in range(3))
    send(patient, pair.conversation_id, sent)
    patient.post(f"/api/files/{shared}/share", {"conversationId": str(pair.conversation_id)})
    assert tend(timedelta(days=6, hours=23))["removed"] == 0
    assert tend(timedelta(days=7, minutes=1))["removed"] == 1
    assert set(objects_in(storage)) == {object_of(sent), object_of(shared)}
    assert read(patient, loose).status_code == 410
    assert send(patient, pair.conversation_id, loose).status_code == 422


@pytest.mark.parametrize("why", ["deleted", "refused", "infected"])
def test_what_nobody_can_open_is_collected_once_no_upload_can_arrive_any_more(
    patient: As,
    storage: LocalCloud,
    tend: Callable[..., dict[str, Any]],
    environment: Callable[..., None],
    why: str,
) -> None:
    kept = upload(patient)
    with running() as clamd:
        environment(clamd_url=clamd.url if why == "infected" else "")
        content_type = "image/jpeg" if why == "refused" else "text/plain"
        file_id = begin(patient, EICAR, content_type)
        complete(patient, file_id)
    if why == "deleted":
        patient.delete(f"/api/files/{file_id}")
    assert tend(timedelta(minutes=19))["removed"] == 0
    assert object_of(file_id) in objects_in(storage)
    assert tend(timedelta(minutes=21))["removed"] == 1
    assert set(objects_in(storage)) == {object_of(kept)}
    assert row_of(file_id).object_removed_at is not None
    assert tend(timedelta(minutes=22))["removed"] == 0


def test_an_upload_that_came_late_is_collected_too(
    patient: As, storage: LocalCloud, tend: Callable[..., dict[str, Any]]
) -> None:
    announced = announce(patient).get_json()
    patient.delete(f"/api/files/{announced['file']['id']}")
    assert put(announced).status_code == 200  # the link still lives
    tend(timedelta(minutes=21))
    assert objects_in(storage) == {}


def test_a_link_to_a_deleted_file_ends_with_its_object(
    patient: As, tend: Callable[..., dict[str, Any]], storage: LocalCloud
) -> None:
    file_id = upload(patient)
    url = read(patient, file_id).get_json()["downloadUrl"]
    patient.delete(f"/api/files/{file_id}")
    tend(timedelta(minutes=21))
    with httpx.Client(verify=False) as client:
        assert client.get(url).status_code == 404


def test_with_the_bucket_away_nothing_is_forgotten(
    patient: As, storage: LocalCloud, internal: InternalCalls, tend: Callable[..., dict[str, Any]]
) -> None:
    file_id = upload(patient)
    patient.delete(f"/api/files/{file_id}")
    later = now() + timedelta(minutes=30)
    storage.stop_part("storage")
    try:
        with held_at(lambda: later):
            answer = internal.tick(TEND)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    finally:
        storage.start_part("storage")
    assert row_of(file_id).object_removed_at is None
    assert tend(timedelta(minutes=31))["removed"] == 1
    assert objects_in(storage) == {}


def test_what_the_bucket_does_not_let_go_holds_up_nothing_else(
    patient: As, storage: LocalCloud, internal: InternalCalls, environment: Callable[..., None]
) -> None:
    environment(clamd_url="tcp://127.0.0.1:9")
    waiting, stuck, gone = (upload(patient) for _ in range(3))
    for file_id in (stuck, gone):
        patient.delete(f"/api/files/{file_id}")
    hold(storage, stuck, True)
    later = now() + timedelta(minutes=30)
    with running() as clamd, held_at(lambda: later):
        environment(clamd_url=clamd.url)
        assert internal.tick(TEND).status_code == 503
    assert row_of(waiting).status is FileStatus.CLEAN
    assert row_of(gone).object_removed_at is not None
    assert row_of(stuck).object_removed_at is None
    hold(storage, stuck, False)
    with held_at(lambda: later):
        assert internal.tick(TEND).get_json()["removed"] == 1


def hold(storage: LocalCloud, file_id: str, held: bool) -> None:
    """A hold, as somebody with rights over the bucket puts on an object, or takes off."""
    blob = bucket_of(storage).blob(object_of(file_id))
    blob.temporary_hold = held
    blob.patch()


def test_a_round_removes_a_bounded_number(patient: As, pair: Pair, tend: Callable[..., dict[str, Any]]) -> None:
    add_deleted(pair, 130, now())
    assert [tend(timedelta(hours=1))["removed"] for _ in range(3)] == [100, 30, 0]


@transaction
def add_deleted(db: Database, pair: Pair, count: int, moment: datetime) -> None:
    for number in range(count):
        db.add(
            FileAsset(
                owner_id=pair.patient.id,
                status=FileStatus.DELETED,
                object_name=f"never-there-{number}",
                file_name=b"",
                content_type="image/png",
                size_bytes=1,
                created_at=moment,
                deleted_at=moment,
            )
        )


def test_the_files_of_an_erased_record_leave_the_bucket(
    patient: As, pair: Pair, storage: LocalCloud, tend: Callable[..., dict[str, Any]]
) -> None:
    """What an erasure writes into the row is all that it takes."""
    file_id = upload(patient)
    send(patient, pair.conversation_id, file_id)
    erase_row(file_id)
    tend(timedelta(hours=1))
    assert objects_in(storage) == {}


@transaction
def erase_row(db: Database, file_id: str) -> None:
    gone = {"status": FileStatus.DELETED, "file_name": b"", "sha256": None, "deleted_at": now()}
    db.execute(update(FileAsset).where(FileAsset.object_name == object_name(db, file_id)).values(gone))


def object_name(db: Database, file_id: str) -> str:
    return db.scalars(select(FileAsset.object_name).where(FileAsset.id == UUID(file_id))).one()


def test_only_cloud_scheduler_tends(files: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    assert internal.tick(TEND, "PUSH_SERVICE_ACCOUNT").status_code == 403
    for role in Role:
        assert As(files, add_person(role)).post(TEND).status_code == 401
    assert As(files, None).post(TEND).status_code == 401
