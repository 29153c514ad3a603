"""A therapist sends a licence, it waits for an administrator, and what became of it is shown to nobody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.internal_calls import outbox_events
from tests.people import As, Person, add_person, change_licence, rows

CREDENTIALS = "/api/user/credentials"
LICENCE = {"licenceNumber": "PSY-12345", "region": "California", "expiresOn": "2090-06-30"}
REFUSED: dict[str, list[Any]] = {
    "licenceNumber": ["", "1", "x" * 41, "a\nb", "nul\0", "<b>", "-12", None, 12345, []],
    "region": ["", "C", "x" * 61, "a\nb", "nul\0", "<b>", "12", None, 5, {}],
    "expiresOn": [
        *("", "2090", "2090-02-30", "2090-6-30", "3802291200", 3802291200, None, "never", True),
        *("2020-01-01", "0001-01-01", "2090-06-30T00:00:00Z"),
    ],
    **{field: ["x"] for field in ("status", "credentialsStatus", "reviewedBy", "userId", "inForce")},
}


def send(auth: FlaskClient, person: Person, **changes: object) -> TestResponse:
    return As(auth, person).post(CREDENTIALS, LICENCE | changes)


def read(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).get(CREDENTIALS)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


def newcomer() -> Person:
    return add_person(Role.THERAPIST, licence=None)


@transaction
def review(db: Database, person: Person, status: CredentialsStatus, reason: str | None = None) -> None:
    """As an administrator does."""
    profile = db.get_one(TherapistProfile, person.id)
    profile.credentials_status, profile.reviewed_at, profile.rejection_reason = status, now(), reason


def test_whoever_sent_nothing_is_shown_so(auth: FlaskClient) -> None:
    nothing = dict.fromkeys(["licenceNumber", "region", "expiresOn", "submittedAt", "reviewedAt", "rejectionReason"])
    assert read(auth, newcomer()) == nothing | {"status": "unsubmitted", "inForce": False}


def test_a_licence_that_is_sent_waits_in_the_queue(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = newcomer()
    answer = send(auth, person)
    assert answer.status_code == 200
    shown = read(auth, person)
    assert shown == answer.get_json()
    assert {field: shown[field] for field in LICENCE} == LICENCE
    assert (shown["status"], shown["inForce"], shown["reviewedAt"]) == ("pending", False, None)
    assert shown["submittedAt"].endswith("Z")
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "We have your licence details")
    assert "12345" not in mail.text
    [entry] = rows(select(AuditEvent).where(AuditEvent.subject_id == person.id))
    assert (entry.action, entry.outcome, entry.actor_id, entry.details) == (
        "credentials.submitted",
        AuditOutcome.SUCCESS,
        person.id,
        {},
    )


def test_what_was_written_in_several_ways_is_kept_in_one(auth: FlaskClient) -> None:
    shown = send(auth, newcomer(), licenceNumber="  psy-12345 ", region=" Baden-Württemberg ").get_json()
    assert (shown["licenceNumber"], shown["region"]) == ("PSY-12345", "Baden-Württemberg")


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field in REFUSED for value in REFUSED[field]],
)
def test_what_cannot_be_accepted_is_named_and_nothing_is_sent(auth: FlaskClient, field: str, value: object) -> None:
    person = newcomer()
    answer = send(auth, person, **{field: value})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"/{field}"]
    assert read(auth, person)["status"] == "unsubmitted"
    assert outbox_events("account-notice") == []


def test_every_part_of_a_licence_is_needed(auth: FlaskClient) -> None:
    answer = As(auth, newcomer()).post(CREDENTIALS, {})
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"/{field}" for field in LICENCE]


@pytest.mark.parametrize(("last_day", "status"), [("2026-02-28", 422), ("2026-03-01", 200), ("2026-03-02", 200)])
def test_a_licence_whose_last_day_is_over_is_refused(auth: FlaskClient, last_day: str, status: int) -> None:
    with held_at(lambda: datetime(2026, 3, 1, 12, tzinfo=UTC)):
        assert send(auth, newcomer(), expiresOn=last_day).status_code == status


@pytest.mark.parametrize(
    "raw", [b'{"licenceNumber": "\\ud800", "region": "CA", "expiresOn": "2090-01-01"}', b'{"region": "\xff"}', b"{"]
)
def test_what_is_no_text_is_refused(auth: FlaskClient, raw: bytes) -> None:
    headers = newcomer().bearer | {"Content-Type": "application/json"}
    assert auth.post(CREDENTIALS, data=raw, headers=headers).status_code == 400


def test_a_rejection_is_shown_with_its_reason_until_the_next_is_sent(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = newcomer()
    send(auth, person)
    review(person, CredentialsStatus.REJECTED, "The number is not in the register.")
    shown = read(auth, person)
    assert (shown["status"], shown["rejectionReason"]) == ("rejected", "The number is not in the register.")
    again = send(auth, person).get_json()
    assert (again["status"], again["rejectionReason"], again["reviewedAt"]) == ("pending", None, None)
    assert len(mailbox.deliver()) == 2


def test_a_verified_licence_is_in_force_until_it_expires(auth: FlaskClient) -> None:
    person = newcomer()
    send(auth, person)
    review(person, CredentialsStatus.VERIFIED)
    assert (read(auth, person)["status"], read(auth, person)["inForce"]) == ("verified", True)
    change_licence(person, CredentialsStatus.VERIFIED, datetime(2020, 1, 1, tzinfo=UTC).date())
    assert (read(auth, person)["status"], read(auth, person)["inForce"]) == ("verified", False)


@pytest.mark.parametrize(
    "change", [{"licenceNumber": "PSY-99999"}, {"region": "Oregon"}, {"expiresOn": "2091-06-30"}, {}]
)
def test_a_change_of_a_verified_licence_waits_again_and_the_same_does_not(
    auth: FlaskClient, mailbox: Mailbox, change: dict[str, str]
) -> None:
    person = newcomer()
    send(auth, person)
    review(person, CredentialsStatus.VERIFIED)
    shown = send(auth, person, **change).get_json()
    assert (shown["status"], shown["inForce"]) == (("pending", False) if change else ("verified", True))
    assert len(mailbox.deliver()) == (2 if change else 1)
    entries = rows(select(AuditEvent).where(AuditEvent.action == "credentials.submitted"))
    assert len(entries) == (2 if change else 1)


def test_a_licence_that_waits_already_keeps_its_place_in_the_queue(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = newcomer()
    first = send(auth, person).get_json()
    assert send(auth, person, licenceNumber="psy-12345").get_json() == first
    corrected = send(auth, person, licenceNumber="PSY-12346").get_json()
    assert corrected["submittedAt"] > first["submittedAt"]
    assert len(mailbox.deliver()) == 2


def test_a_number_that_another_sent_is_accepted_and_the_reviewer_is_told(auth: FlaskClient) -> None:
    one, other, elsewhere = newcomer(), newcomer(), newcomer()
    answers = [send(auth, one), send(auth, elsewhere, region="Oregon"), send(auth, other, region="CALIFORNIA")]
    assert [answer.get_json()["status"] for answer in answers] == ["pending"] * 3
    assert str(one.id) not in answers[2].get_data(as_text=True)
    found = {
        entry.subject_id: entry.details
        for entry in rows(select(AuditEvent).where(AuditEvent.action == "credentials.submitted"))
    }
    assert found == {one.id: {}, elsewhere.id: {}, other.id: {"alsoSentBy": [str(one.id)]}}


def test_sending_a_licence_leaves_the_rest_of_the_profile(auth: FlaskClient) -> None:
    person = newcomer()
    offered = {"bio": "Hello", "specialties": ["Sleep"], "languages": ["en"]}
    As(auth, person).patch("/api/user/profile", offered)
    send(auth, person)
    shown = As(auth, person).get("/api/user/profile").get_json()
    assert {field: shown[field] for field in offered} == offered
    assert shown["credentials"] == read(auth, person)


def test_the_same_licence_sent_at_once_is_sent_once(auth: FlaskClient) -> None:
    person = newcomer()
    clients = [As(function_client("auth"), person) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: client.post(CREDENTIALS, LICENCE), clients))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.get_json()["submittedAt"] for answer in answers}) == 1
    assert len(outbox_events("account-notice")) == 1


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ADMINISTRATOR])
def test_nobody_else_has_a_licence_and_the_refusal_is_kept(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    assert (send(auth, person).status_code, As(auth, person).get(CREDENTIALS).status_code) == (403, 403)
    entries = rows(select(AuditEvent).where(AuditEvent.actor_id == person.id))
    assert {(entry.action, entry.outcome) for entry in entries} == {
        (f"POST {CREDENTIALS}", AuditOutcome.DENIED),
        (f"GET {CREDENTIALS}", AuditOutcome.DENIED),
    }


def test_a_licence_is_sent_without_redis_and_without_pubsub(auth: FlaskClient, product: LocalCloud) -> None:
    person = newcomer()
    product.stop_part("redis")
    try:
        assert send(auth, person).get_json()["status"] == "pending"
    finally:
        product.start_part("redis")


def test_a_verified_therapist_who_sends_another_licence_is_out_of_reach_of_patients(auth: FlaskClient) -> None:
    person = add_person(Role.THERAPIST)
    messages = function_client("messages")
    assert As(messages, person).get("/api/conversations").status_code == 200
    send(auth, person)
    refused = As(messages, person).get("/api/conversations")
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:bloom:problem:licence-not-verified")
