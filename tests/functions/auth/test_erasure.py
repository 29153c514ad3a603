"""An erasure is asked for, stands for days, can be called off, and then leaves nothing of who somebody was."""

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from functions.auth import erasure_claims, erasure_steps
from functions.auth.data_policy import POLICIES, policies_of
from functions.auth.table_policy import Fate, TablePolicy
from shared import access
from shared.audit_actions import Action
from shared.clock import held_at, now
from shared.database.encryption import KeyRing, seal
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.consents import Consent
from shared.database.models.credentials import TrustedDevice
from shared.database.models.delivery import IdempotencyRecord, WebhookReceipt
from shared.database.models.files import FileAsset, FileStatus
from shared.database.models.messaging import Message
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.profiles import PatientProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus, WaitlistEntry, WaitlistStatus
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.database.transaction import transaction
from shared.problems import NotFound
from shared.roles import Role
from shared.session import Caller
from tests.doubles import forget, function_client
from tests.functions.auth.everything import MARK, add_everything, appointment
from tests.functions.auth.mailbox import Mailbox
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.inside import sized
from tests.people import PASSWORD, As, Pair, Person, add_person, change_licence, choose_language, rows

USER, STATE, CANCEL = "/api/user", "/api/user/erasure", "/api/user/erasure/cancel"
JOB = "/api/internal/auth/erasures"
GRACE = timedelta(days=14)
"""The setting's default."""


class Later:
    """A clock that a test moves on; people sign in anew, since no session lives for days."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def add(self, **time: int) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def later() -> Any:
    """The clock, held for the test."""
    clock = Later()
    with held_at(clock):
        yield clock


class Job:
    """The nightly call."""

    def __init__(self, internal: InternalCalls) -> None:
        self._internal = internal

    def __call__(self) -> dict[str, int]:
        """What it says it did."""
        answer = self._internal.tick(JOB)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())


@pytest.fixture
def job(internal: InternalCalls) -> Job:
    """Runs the job."""
    return Job(internal)


def sign_in(auth: FlaskClient, person: Person) -> Person:
    """The person, with a session of now."""
    given = {"email": person.email, "password": PASSWORD}
    answer = auth.post("/api/auth/sign-in", json=given, headers={"X-Session-Transport": "bearer"})
    assert answer.status_code == 200, answer.text
    return Person(person.id, person.role, person.email, person.name, answer.get_json()["token"])


def ask_to_be_erased(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).delete(USER)
    assert answer.status_code == 202, answer.text
    return dict(answer.get_json())


def requests() -> list[ErasureRequest]:
    return list(rows(select(ErasureRequest).order_by(ErasureRequest.requested_at)))


def user(person: Person) -> User:
    return rows(select(User).where(User.id == person.id))[0]


def problem(answer: TestResponse) -> str:
    return str(answer.get_json()["type"]).removeprefix("urn:bloom:problem:")


# Asking for it.


def test_it_is_scheduled_after_the_days_of_grace_and_tells_what_stays(auth: FlaskClient, later: Later) -> None:
    person = add_person()
    state = ask_to_be_erased(auth, person)
    assert state["status"] == "scheduled"
    assert datetime.fromisoformat(state["dueAt"]) == later.moment + GRACE
    record, trail, _ = state["kept"]
    assert record["until"].startswith(str((later.moment + GRACE).year + 7))
    assert trail["until"] is None
    assert [request.status for request in requests()] == [ErasureStatus.PENDING]


def test_it_signs_out_everywhere_and_removes_the_cookies(auth: FlaskClient) -> None:
    person = add_person()
    phone = sign_in(auth, person)
    trust(person)
    answer = As(auth, person).delete(USER)
    assert sorted(cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")) == [
        "bloom-device",
        "bloom-session",
    ]
    for session in (person, phone):
        assert As(auth, session).get("/api/auth/session").status_code == 401
    assert [device.revoked_at is not None for device in rows(select(TrustedDevice))] == [True]
    assert As(auth, sign_in(auth, person)).get(STATE).get_json()["status"] == "scheduled"


@transaction
def trust(db: Database, person: Person) -> None:
    db.add(TrustedDevice(user_id=person.id, token_hash=b"t" * 32, expires_at=now() + timedelta(days=30)))


def test_it_leaves_an_audit_entry_and_a_mail(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "erasure.requested"))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (person.id, person.id, requests()[0].id)
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "Your account will be erased")


def test_it_wants_a_fresh_proof_of_who_asks(auth: FlaskClient) -> None:
    person, moment = add_person(), now() + timedelta(minutes=11)
    with held_at(lambda: moment):
        assert problem(As(auth, person).delete(USER)) == "step-up-required"
    assert requests() == []


def test_asking_again_changes_nothing_and_mails_nothing(auth: FlaskClient, mailbox: Mailbox, later: Later) -> None:
    person = add_person()
    first = ask_to_be_erased(auth, person)
    later.add(days=3)
    assert ask_to_be_erased(auth, sign_in(auth, person)) == first
    assert len(requests()) == len(mailbox.deliver()) == 1


def test_of_two_requests_at_once_one_is_kept(auth: FlaskClient) -> None:
    person = add_person()
    phone = sign_in(auth, person)
    answers = at_once(lambda: As(function_client("auth"), person).delete(USER), lambda: As(auth, phone).delete(USER))
    assert 202 in {answer.status_code for answer in answers} <= {202, 401}
    assert len(requests()) == len(outbox_events("account-notice")) == 1


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What they return, called by a thread each at the same moment."""
    barrier, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        answers.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(calls)
    return answers


def test_a_patients_appointments_ahead_are_called_off_at_once(auth: FlaskClient) -> None:
    pair = add_everything()
    ask_to_be_erased(auth, pair.patient)
    found = rows(select(Appointment).order_by(Appointment.start_at))
    assert [one.status for one in found] == [AppointmentStatus.COMPLETED, *[AppointmentStatus.CANCELLED] * 2]
    assert {(one.cancel_reason, one.cancelled_by, one.version, one.ics_sequence) for one in found[1:]} == {
        ("account_closed", pair.patient.id, 2, 1)
    }
    assert [entry.status for entry in rows(select(WaitlistEntry))] == [WaitlistStatus.WITHDRAWN]
    told = rows(select(AuditEvent.subject_id).where(AuditEvent.action == "appointment.cancel"))
    assert list(told) == [pair.patient.id] * 2


def test_a_therapist_sees_patients_until_the_day_comes(auth: FlaskClient, job: Job, later: Later) -> None:
    pair = add_everything()
    ask_to_be_erased(auth, pair.therapist)
    ahead = select(Appointment.status).where(Appointment.start_at > later.moment).order_by(Appointment.start_at)
    assert list(rows(ahead)) == [AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED]
    assert list(rows(select(CareRelationship.status))) == [CareStatus.ACCEPTED]
    add_appointments(pair, later.moment + timedelta(days=20))
    later.add(days=15)
    assert job()["erased"] == 1
    assert set(rows(select(Appointment.status).where(Appointment.start_at > later.moment))) == {
        AppointmentStatus.CANCELLED
    }
    [care] = rows(select(CareRelationship))
    assert (care.status, care.ended_by) == (CareStatus.ENDED, pair.therapist.id)
    assert user(pair.patient).status is UserStatus.ACTIVE
    assert len(rows(select(Message).where(Message.body.is_not(None)))) == 2


@transaction
def add_appointments(db: Database, pair: Pair, *times: datetime) -> None:
    db.add_all(appointment(pair, moment) for moment in times)


def test_the_last_administrator_stays(auth: FlaskClient) -> None:
    one, other = add_person(Role.ADMINISTRATOR), add_person(Role.ADMINISTRATOR)
    ask_to_be_erased(auth, one)
    refused = As(auth, other).delete(USER)
    assert (refused.status_code, problem(refused)) == (409, "last-administrator")
    assert As(auth, other).get("/api/auth/session").status_code == 200


def test_of_two_administrators_who_leave_at_once_one_stays(auth: FlaskClient) -> None:
    one, other = add_person(Role.ADMINISTRATOR), add_person(Role.ADMINISTRATOR)
    answers = at_once(*(lambda who=who: As(function_client("auth"), who).delete(USER) for who in (one, other)))
    assert sorted(answer.status_code for answer in answers) in ([202, 409], [202, 503])
    assert len(requests()) == 1


def test_nobody_is_signed_in_any_more_though_redis_was_away(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    product.stop_part("redis")
    try:
        assert As(auth, person).delete(USER).status_code == 202
        assert As(auth, person).get("/api/auth/session").status_code == 401
    finally:
        product.start_part("redis")
        forget()


# Calling it off.


def test_it_can_be_called_off_and_then_nothing_is_erased(
    auth: FlaskClient, mailbox: Mailbox, job: Job, later: Later
) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    back = sign_in(auth, person)
    assert As(auth, back).post(CANCEL).get_json()["status"] == "none"
    assert As(auth, back).get(STATE).get_json() == {"status": "none", "requestedAt": None, "dueAt": None, "kept": []}
    later.add(days=15)
    assert job()["erased"] == 0
    assert user(person).email == person.email
    assert [mail.subject for mail in mailbox.deliver()] == ["Your account will be erased", "Your account stays"]
    assert list(rows(select(AuditEvent.subject_id).where(AuditEvent.action == "erasure.cancelled"))) == [person.id]


def test_only_what_stands_can_be_called_off(auth: FlaskClient) -> None:
    person = add_person()
    assert problem(As(auth, person).post(CANCEL)) == "no-erasure-to-cancel"
    ask_to_be_erased(auth, person)
    back = sign_in(auth, person)
    statuses = [As(auth, back).post(CANCEL).status_code for _ in range(2)]
    assert statuses == [200, 409]


def test_what_was_called_off_can_be_asked_for_again(auth: FlaskClient, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=1)
    As(auth, sign_in(auth, person)).post(CANCEL)
    state = ask_to_be_erased(auth, sign_in(auth, person))
    assert datetime.fromisoformat(state["dueAt"]) == later.moment + GRACE
    assert [request.status for request in requests()] == [ErasureStatus.CANCELLED, ErasureStatus.PENDING]


def test_a_call_that_comes_together_with_the_job_either_keeps_all_or_comes_too_late(
    auth: FlaskClient, job: Job, later: Later
) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=15)
    back = sign_in(auth, person)
    moment = later.moment

    def held(call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with held_at(lambda: moment):
                return call()

        return run

    cancelled, done = sorted(
        at_once(held(lambda: As(function_client("auth"), back).post(CANCEL).status_code), held(job)), key=str
    )
    erased = user(person).status is UserStatus.ERASED
    assert erased == (done["erased"] == 1)
    assert (cancelled == 200) == (not erased)


# The day it is due.


def test_nothing_happens_before_it_is_due(auth: FlaskClient, job: Job, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=13, hours=23)
    assert job() == {"erased": 0, "recordsRemoved": 0, "failed": 0, "expiredRows": 0}
    assert user(person).email == person.email


def erase(auth: FlaskClient, job: Job, later: Later, person: Person) -> None:
    ask_to_be_erased(auth, person)
    later.add(days=14)
    assert job()["erased"] == 1


@transaction
def count_of(db: Database, policy: TablePolicy, person: Person) -> int:
    """How many rows of the person a table holds, as its policy finds them."""
    assert policy.erases is not None
    return db.scalars(select(func.count()).select_from(policy.table).where(policy.erases(person.id))).one()


def test_once_erased_no_table_that_goes_at_once_holds_a_row_of_the_person(
    auth: FlaskClient, job: Job, later: Later
) -> None:
    pair, other = add_everything(), add_everything()
    gone = policies_of(Fate.ERASED)
    assert all(count_of(policy, pair.patient) or count_of(policy, pair.therapist) for policy in gone)
    beside = {policy.table.name: count_of(policy, other.patient) for policy in gone}
    erase(auth, job, later, pair.patient)
    assert {policy.table.name: count_of(policy, pair.patient) for policy in gone} == {
        policy.table.name: 0 for policy in gone
    }
    assert {policy.table.name: count_of(policy, other.patient) for policy in gone} == beside


@transaction
def where_it_stands(db: Database, *words: str) -> set[str]:
    """The columns, of whatever table, that hold one of these words."""
    found = set()
    for policy in POLICIES:
        for row in db.execute(select(policy.table)).mappings():
            found |= {
                f"{policy.table.name}.{name}" for name, value in row.items() if any(w in str(value) for w in words)
            }
    return found


def test_nothing_of_the_identity_is_left_anywhere(auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox) -> None:
    pair = add_everything()
    before = where_it_stands(MARK, pair.patient.email)
    assert {"user.name", "user.email", "account.email", "session.user_agent", "passkey_credential.name"} <= before
    erase(auth, job, later, pair.patient)
    mailbox.deliver()
    assert where_it_stands(MARK, pair.patient.email) == {"message.client_id"}
    row = user(pair.patient)
    assert (row.status, row.name, row.password_hash, row.preferences) == (UserStatus.ERASED, "", None, {})
    assert row.email == f"erased-{row.id}@erased.invalid"
    assert (row.erased_at, row.email_verified_at, row.last_signed_in_at) == (later.moment, None, None)


def test_nobody_signs_in_any_more_and_the_address_is_free(auth: FlaskClient, job: Job, later: Later) -> None:
    person = add_person()
    erase(auth, job, later, person)
    given = {"email": person.email, "password": PASSWORD}
    assert problem(auth.post("/api/auth/sign-in", json=given)) == "wrong-credentials"
    new = {"email": person.email, "password": PASSWORD, "name": "Again", "role": "PATIENT"}
    assert auth.post("/api/auth/sign-up", json=new).status_code == 202
    assert len(rows(select(User).where(User.email == person.email))) == 1


def test_the_receipt_is_mailed_to_the_address_that_then_is_gone(
    auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox
) -> None:
    pair = add_everything()
    mailbox.deliver()
    erase(auth, job, later, pair.patient)
    receipt = mailbox.deliver()[-1]
    assert (receipt.recipients, receipt.subject) == ([pair.patient.email], "Your account was erased")
    assert str(pair.patient.id) in receipt.text
    assert str(later.moment.year + 7) in receipt.text
    assert "Hello marked Name" in receipt.text
    assert outbox_events("account-erased") == []
    before = len(mailbox.mails())
    assert len(mailbox.deliver(again=True)) == before


def test_the_receipt_is_in_its_readers_language(auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox) -> None:
    pair = add_everything()
    choose_language(pair.patient, "es-CO")
    erase(auth, job, later, pair.patient)
    receipt = mailbox.deliver()[-1]
    assert receipt.subject == "Tu cuenta se ha borrado"
    assert f"hasta el {later.moment.day} de " in receipt.text
    assert "Health law" not in receipt.text
    assert "Las leyes de salud" in receipt.text
    [request] = requests()
    assert request.receipt is not None
    assert request.receipt["recordNumber"] == str(pair.patient.id)
    assert [item["until"] is not None for item in request.receipt["kept"]] == [True, False, False]
    assert MARK not in str(request.receipt)


def test_without_a_mail_server_the_receipt_waits_and_nothing_else_does(
    auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox, product: LocalCloud
) -> None:
    person = add_person()
    product.stop_part("smtp")
    try:
        erase(auth, job, later, person)
        mailbox.deliver()
    finally:
        product.start_part("smtp")
    assert user(person).status is UserStatus.ERASED
    [waiting] = outbox_events("account-erased")
    assert waiting.delivered_at is None
    later.add(days=31)
    assert job()["expiredRows"] >= 1
    assert outbox_events("account-erased") == []


def test_a_notice_that_comes_late_is_not_mailed_to_nobody(
    auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox
) -> None:
    person = add_person()
    erase(auth, job, later, person)
    assert [mail.recipients for mail in mailbox.deliver()] == [[person.email]]


def test_the_trail_keeps_what_was_done_by_ids(auth: FlaskClient, job: Job, later: Later) -> None:
    pair = add_everything()
    before = len(rows(select(AuditEvent.id).where(AuditEvent.subject_id == pair.patient.id)))
    erase(auth, job, later, pair.patient)
    entries = rows(select(AuditEvent).where(AuditEvent.subject_id == pair.patient.id))
    assert len(entries) > before
    [done] = [entry for entry in entries if entry.action == "erasure.completed"]
    assert (done.actor_id, done.resource_type, done.resource_id) == (None, "erasure_request", requests()[0].id)
    assert [entry.actor_id for entry in entries if entry.action == "care.end"] == [pair.patient.id]


def test_no_training_uses_what_an_erased_person_wrote(auth: FlaskClient, job: Job, later: Later) -> None:
    from shared.database.models.analysis import MessageAnalysis
    from shared.database.models.learning import MLFeedback

    pair = add_everything()
    erase(auth, job, later, pair.patient)
    assert list(rows(select(MessageAnalysis.may_train))) == [False]
    assert rows(select(MLFeedback)) == []


@transaction
def look(db: Database, pair: Pair) -> UUID:
    """The therapist's look at the conversation."""
    caller = Caller(pair.therapist.id, Role.THERAPIST, uuid4())
    return access.conversation(db, caller, pair.conversation_id, action=Action.CONVERSATION_READ).conversation_id


@transaction
def set_care(db: Database, pair: Pair, status: CareStatus) -> None:
    db.execute(update(CareRelationship).where(CareRelationship.patient_id == pair.patient.id).values(status=status))


def test_nobody_reads_the_record_of_an_erased_patient(auth: FlaskClient, job: Job, later: Later) -> None:
    pair = add_everything()
    assert look(pair) == pair.conversation_id
    erase(auth, job, later, pair.patient)
    assert len(rows(select(Message.id).where(Message.body.is_not(None)))) == 2
    with pytest.raises(NotFound):
        look(pair)
    set_care(pair, CareStatus.ACCEPTED)  # even where somebody made it so
    with pytest.raises(NotFound):
        look(pair)
    messages = function_client("messages")
    change_licence(pair.therapist)
    assert As(messages, add_session(pair.therapist)).get("/api/conversations").get_json()["items"] == []


@transaction
def add_session(db: Database, person: Person) -> Person:
    from shared import session
    from shared.database.models.accounts import Transport

    opened = session.open_session(
        db, db.get_one(User, person.id), transport=Transport.BEARER, address="192.0.2.1", user_agent="a test"
    )
    return Person(person.id, person.role, person.email, person.name, opened.token)


# When retention ends.


def retention_ends(later: Later) -> None:
    later.moment = later.moment.replace(year=later.moment.year + 7) + timedelta(days=1)


def test_when_retention_ends_the_record_goes_and_leaves_tombstones(auth: FlaskClient, job: Job, later: Later) -> None:
    pair, other = add_everything(), add_everything()
    erase(auth, job, later, pair.patient)
    going = policies_of(Fate.REMOVED_LATER)
    assert all(count_of(policy, pair.patient) for policy in going)
    later.add(days=7 * 365)
    assert job()["recordsRemoved"] == 0
    later.add(days=3)
    assert job()["recordsRemoved"] == 1
    assert {policy.table.name: count_of(policy, pair.patient) for policy in going} == {
        policy.table.name: 0 for policy in going
    }
    found = rows(select(Message).where(Message.conversation_id == pair.conversation_id).order_by(Message.seq))
    assert [(message.seq, message.body, message.client_id) for message in found] == [(1, None, None), (2, None, None)]
    assert {message.deleted_at for message in found} == {later.moment}
    [file] = rows(select(FileAsset).where(FileAsset.conversation_id == pair.conversation_id))
    assert (file.status, file.file_name, file.deleted_at) == (FileStatus.DELETED, b"", later.moment)
    assert {care.note is None for care in rows(select(CareRelationship))} == {True, False}
    assert all(count_of(policy, other.patient) for policy in going)
    [request] = [request for request in requests() if request.user_id == pair.patient.id]
    assert (request.status, request.completed_at) == (ErasureStatus.COMPLETED, later.moment)
    assert job() == {"erased": 0, "recordsRemoved": 0, "failed": 0, "expiredRows": 0}
    assert list(rows(select(AuditEvent.subject_id).where(AuditEvent.action == "retention.ended"))) == [pair.patient.id]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_files_that_were_given_to_nobody_go_at_once(auth: FlaskClient, job: Job, later: Later, role: Role) -> None:
    pair = add_everything()
    person = pair.patient if role is Role.PATIENT else pair.therapist
    add_loose_files(person, erasure_steps.BATCH + 1)
    erase(auth, job, later, person)
    found = rows(select(FileAsset).where(FileAsset.owner_id == person.id, FileAsset.conversation_id.is_(None)))
    assert {(file.status, file.file_name, file.sha256) for file in found} == {(FileStatus.DELETED, b"", None)}
    assert {file.deleted_at for file in found} == {later.moment}
    [recorded] = rows(select(FileAsset).where(FileAsset.conversation_id == pair.conversation_id))
    assert recorded.status is not FileStatus.DELETED


@transaction
def add_loose_files(db: Database, person: Person, count: int) -> None:
    for _ in range(count):
        about = {"content_type": "image/png", "size_bytes": 1, "sha256": bytes(32), "object_name": str(uuid4())}
        db.add(FileAsset(owner_id=person.id, status=FileStatus.UNSCANNED, file_name=b"sealed", **about))


def test_a_minors_record_stays_until_years_after_they_are_of_age(auth: FlaskClient, job: Job, later: Later) -> None:
    person = add_person()
    born = date(later.moment.year - 15, 6, 1)
    set_birth(person, born)
    state = ask_to_be_erased(auth, person)
    assert state["kept"][0]["until"].startswith(f"{born.year + 18 + 7}-06-01")
    later.add(days=14)
    job()
    assert rows(select(ErasureRequest.due_at))[0].year == born.year + 18 + 7


@transaction
def set_birth(db: Database, person: Person, born: date) -> None:
    sealed = seal(KeyRing.CLINICAL, born.isoformat(), "patient_profile", "date_of_birth", person.id)
    db.execute(update(PatientProfile).where(PatientProfile.user_id == person.id).values(date_of_birth=sealed))


def test_where_nothing_is_retained_all_goes_in_one_call(
    auth: FlaskClient, job: Job, later: Later, environment: Callable[..., None]
) -> None:
    environment(clinical_retention_years="0")
    pair = add_everything()
    ask_to_be_erased(auth, pair.patient)
    later.add(days=14)
    did = job()
    assert (did["erased"], did["recordsRemoved"]) == (1, 1)
    assert rows(select(Consent).where(Consent.user_id == pair.patient.id)) == []


# Legal holds, failures, and being stopped.


@transaction
def hold(db: Database, *, status: ErasureStatus = ErasureStatus.HELD) -> None:
    db.execute(update(ErasureRequest).values(status=status, hold_reason="a case at court"))


def test_a_legal_hold_stops_it_and_the_person_is_told_so(auth: FlaskClient, job: Job, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    hold()
    assert As(auth, sign_in(auth, person)).get(STATE).get_json()["status"] == "held"
    later.add(days=15)
    assert job()["erased"] == 0
    assert user(person).email == person.email
    hold(status=ErasureStatus.PENDING)
    assert job()["erased"] == 1


def test_a_hold_that_comes_in_between_stops_before_the_next_step(auth: FlaskClient, job: Job, later: Later) -> None:
    pair = add_everything()
    ask_to_be_erased(auth, pair.patient)
    later.add(days=14)
    claimed = erasure_claims.claim_next()
    assert claimed is not None
    for step in erasure_steps.AT_ONCE[:2]:
        step(claimed)
    hold()
    with pytest.raises(erasure_claims.Halted):
        erasure_steps.erase(claimed)
    assert user(pair.patient).name == "marked Name"
    hold(status=ErasureStatus.RUNNING)
    later.add(hours=1)
    assert job()["erased"] == 1
    assert user(pair.patient).name == ""


@pytest.mark.parametrize("steps", range(len(erasure_steps.AT_ONCE) + 1))
def test_a_job_that_was_killed_is_carried_on_by_a_later_one(
    auth: FlaskClient, job: Job, later: Later, mailbox: Mailbox, steps: int
) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=14)
    claimed = erasure_claims.claim_next()
    assert claimed is not None
    for step in erasure_steps.AT_ONCE[:steps]:
        step(claimed)
    assert job()["erased"] == 0, "it is in the hands of another"
    later.add(days=1)
    carried_on = steps < len(erasure_steps.AT_ONCE)
    assert job()["erased"] == (1 if carried_on else 0)
    assert user(person).name == ""
    assert [mail.subject for mail in mailbox.deliver()].count("Your account was erased") == 1
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "erasure.completed"))) == 1


def test_a_slow_job_whose_lease_ended_does_nothing_that_another_has_done(auth: FlaskClient, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=14)
    slow = erasure_claims.claim_next()
    later.add(hours=1)
    quick = erasure_claims.claim_next()
    assert slow is not None
    assert quick is not None
    erasure_steps.erase(quick)
    first = requests()[0]
    later.add(hours=1)
    erasure_steps.erase(slow)
    assert len(outbox_events("account-erased")) == 1
    assert (requests()[0].steps["identity"], requests()[0].due_at) == (first.steps["identity"], first.due_at)
    assert user(person).erased_at == later.moment - timedelta(hours=1)


def test_what_has_begun_is_not_called_off_though_a_hold_stopped_it(auth: FlaskClient, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    later.add(days=14)
    back = sign_in(auth, person)
    assert erasure_claims.claim_next() is not None
    hold()
    assert problem(As(auth, back).post(CANCEL)) == "no-erasure-to-cancel"


def test_jobs_at_once_do_nothing_twice(auth: FlaskClient, internal: InternalCalls, job: Job, later: Later) -> None:
    people = [add_person() for _ in range(6)]
    for person in people:
        ask_to_be_erased(auth, person)
    later.add(days=14)
    moment = later.moment

    def run() -> TestResponse:
        with held_at(lambda: moment):
            return internal.tick(JOB)

    # The database may ask one too often to begin anew: then the next call carries on.
    answers = at_once(run, run, run)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert sum(answer.get_json().get("failed", 0) for answer in answers) == 0
    later.add(hours=1)
    job()
    assert len(outbox_events("account-erased")) == 6
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "erasure.completed"))) == 6
    assert {user(person).name for person in people} == {""}


def test_what_fails_for_one_person_holds_nobody_else_up(auth: FlaskClient, job: Job, later: Later) -> None:
    broken, well = add_person(), add_person()
    for person in (broken, well):
        ask_to_be_erased(auth, person)
    break_request(broken)
    later.add(days=14)
    did = job()
    assert (did["erased"], did["failed"]) == (1, 1)
    assert user(well).status is UserStatus.ERASED


@transaction
def break_request(db: Database, person: Person) -> None:
    steps = {"closed": "2026-01-01", "recordKeptUntil": "no time at all"}
    db.execute(update(ErasureRequest).where(ErasureRequest.user_id == person.id).values(steps=steps))


def test_many_rows_go_in_batches(auth: FlaskClient, job: Job, later: Later) -> None:
    person = add_person()
    ask_to_be_erased(auth, person)
    add_sessions(person, 1203)
    later.add(days=14)
    assert job()["erased"] == 1
    assert rows(select(Session.id).where(Session.user_id == person.id)) == []


@transaction
def add_sessions(db: Database, person: Person, count: int) -> None:
    [first] = db.execute(select(Session.__table__).where(Session.user_id == person.id).limit(1)).mappings()
    own = [dict(first) | {"id": uuid4(), "token_hash": uuid4().bytes * 2} for _ in range(count)]
    for start in range(0, count, 1000):
        db.execute(insert(Session).values(own[start : start + 1000]))


def test_what_has_expired_goes_with_the_nightly_call(job: Job, later: Later) -> None:
    add_transient_rows()
    assert job()["expiredRows"] == 0
    later.add(days=31)
    assert job()["expiredRows"] == 3
    assert [list(rows(select(model.id))) for model in (WebhookReceipt, IdempotencyRecord)] == [[], []]
    assert [event.delivered_at for event in rows(select(OutboxEvent))] == [None]


@transaction
def add_transient_rows(db: Database) -> None:
    moment = now()
    event = {"type": "account-notice", "aggregate_id": uuid4(), "payload": b"sealed"}
    db.add_all(
        [
            OutboxEvent(**event, delivered_at=moment),
            OutboxEvent(**event),
            WebhookReceipt(provider="zoom", dedupe_key="k", type="t", payload=b"sealed", processed_at=moment),
            IdempotencyRecord(
                caller="c",
                route="r",
                key="k",
                request_digest=b"d" * 32,
                in_flight_until=moment,
                expires_at=moment + timedelta(days=1),
            ),
        ]
    )


@pytest.mark.parametrize("account", ["PUSH_SERVICE_ACCOUNT", "SCHEDULER_SERVICE_ACCOUNT"])
def test_only_the_scheduler_runs_the_job(internal: InternalCalls, account: str) -> None:
    answer = internal.tick(JOB, account)
    assert answer.status_code == (200 if account.startswith("SCHEDULER") else 403)


# Whatever happens in whatever order.

DEEDS = ("ask", "cancel", "a day", "a week", "job", "killed job", "hold", "release")


@settings(max_examples=sized(8, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(DEEDS), min_size=4, max_size=14), st.integers(1, len(erasure_steps.AT_ONCE)))
def test_a_cancelled_erasure_erases_nothing_and_a_finished_one_leaves_nothing_of_the_identity(
    auth: FlaskClient, job: Job, deeds: list[str], steps: int
) -> None:
    forget_earlier_requests()
    clock = Later()
    with held_at(clock):
        person = add_person(name=f"{MARK} {uuid4().hex}")
        for deed in deeds:
            play(auth, job, clock, person, deed, steps)
            check(person)


def play(auth: FlaskClient, job: Job, clock: Later, person: Person, deed: str, steps: int) -> None:
    """Do one thing."""
    if deed in {"ask", "cancel"}:
        ask_or_cancel(auth, person, deed)
    elif deed == "killed job":
        run_some_steps(steps)
    elif deed == "job":
        assert job()["failed"] == 0
    elif deed == "hold":
        change_open(person, ErasureStatus.HELD)
    elif deed == "release":
        release(person)
    else:
        clock.add(days=1 if deed == "a day" else 7)


def ask_or_cancel(auth: FlaskClient, person: Person, deed: str) -> None:
    """A person who can no longer sign in does nothing."""
    if user(person).status is UserStatus.ACTIVE:
        back = As(auth, sign_in(auth, person))
        (back.delete(USER) if deed == "ask" else back.post(CANCEL))


def run_some_steps(steps: int) -> None:
    """A job that ends before its time."""
    claimed = erasure_claims.claim_next()
    if claimed and not claimed.identity_is_gone:
        for step in erasure_steps.AT_ONCE[:steps]:
            step(claimed)


def check(person: Person) -> None:
    """What must hold at any time."""
    own = [request for request in requests() if request.user_id == person.id]
    row = user(person)
    if not any(request.started_at for request in own):
        assert (row.status, row.name, row.email) == (UserStatus.ACTIVE, person.name, person.email)
    for request in own:
        if request.status is ErasureStatus.CANCELLED:
            assert request.started_at is None
            assert request.steps == {}
        if request.receipt is not None:
            assert (row.name, row.status) == ("", UserStatus.ERASED)
            assert where_it_stands(person.name, person.email) == set()


@transaction
def change_open(db: Database, person: Person, status: ErasureStatus) -> None:
    db.execute(
        update(ErasureRequest)
        .where(
            ErasureRequest.user_id == person.id,
            ErasureRequest.status.in_((ErasureStatus.PENDING, ErasureStatus.RUNNING)),
        )
        .values(status=status, hold_reason="a case at court")
    )


@transaction
def release(db: Database, person: Person) -> None:
    for held in db.scalars(
        select(ErasureRequest).where(ErasureRequest.user_id == person.id, ErasureRequest.status == ErasureStatus.HELD)
    ):
        held.status = ErasureStatus.RUNNING if held.started_at else ErasureStatus.PENDING


@transaction
def forget_earlier_requests(db: Database) -> None:
    db.execute(delete(ErasureRequest))
