"""A licence is verified or rejected by somebody who saw it as it is, and its therapist is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.internal_calls import outbox_events
from tests.people import As, Person, add_person, rows

LIST = "/api/admin/therapists/credentials"


def waiting(**more: Any) -> Person:
    return add_person(Role.THERAPIST, licence=CredentialsStatus.PENDING, **more)


def profile(person: Person) -> TherapistProfile:
    [found] = rows(select(TherapistProfile).where(TherapistProfile.user_id == person.id))
    return found


def review(asking: As, person: Person, decision: str = "approve", **more: object) -> Any:
    seen = profile(person).credentials_submitted_at
    given = {"decision": decision, "submittedAt": seen.isoformat() if seen else None, **more}
    return asking.post(f"/api/admin/therapists/{person.id}/credentials", given)


def kind(answer: Any) -> str:
    return str(answer.get_json()["type"]).rpartition(":")[2]


def test_a_licence_is_verified_and_its_therapist_told(asking: As, administrator: Person) -> None:
    therapist = waiting()
    answer = review(asking, therapist)
    assert answer.status_code == 200
    shown = answer.get_json()
    assert (shown["status"], shown["inForce"], shown["reviewedBy"]) == ("verified", True, str(administrator.id))
    [told] = outbox_events("account-notice")
    assert told.aggregate_id == therapist.id
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "credentials.verify"))
    assert (entry.actor_id, entry.subject_id) == (administrator.id, therapist.id)


def test_a_licence_is_rejected_with_a_reason_for_the_therapist(asking: As) -> None:
    therapist = waiting()
    answer = review(asking, therapist, "reject", reason="The number belongs to somebody else.")
    assert (answer.status_code, answer.get_json()["rejectionReason"]) == (200, "The number belongs to somebody else.")
    assert profile(therapist).credentials_status is CredentialsStatus.REJECTED
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "credentials.reject"))) == 1


def test_what_was_sent_anew_since_is_not_decided_on(asking: As) -> None:
    therapist = waiting()
    seen = profile(therapist).credentials_submitted_at
    assert seen is not None
    send_again(therapist)
    given = {"decision": "approve", "submittedAt": seen.isoformat()}
    answer = asking.post(f"/api/admin/therapists/{therapist.id}/credentials", given)
    assert (answer.status_code, kind(answer)) == (409, "nothing-to-review")


def test_a_licence_that_has_expired_is_not_verified(asking: As) -> None:
    therapist = waiting(licence_expires_on=date(2020, 1, 1))
    answer = review(asking, therapist)
    assert (answer.status_code, kind(answer)) == (409, "licence-expired")
    assert profile(therapist).credentials_status is CredentialsStatus.PENDING


def test_of_two_decisions_at_once_one_stands(asking: As) -> None:
    therapist = waiting()
    with ThreadPoolExecutor(2) as pool:
        approve = pool.submit(review, asking, therapist)
        reject = pool.submit(review, asking, therapist, "reject", reason="No.")
        assert sorted([approve.result().status_code, reject.result().status_code]) == [200, 409]
    assert len(outbox_events("account-notice")) == 1


@pytest.mark.parametrize("status", [CredentialsStatus.VERIFIED, CredentialsStatus.REJECTED])
def test_what_is_decided_is_not_decided_again(asking: As, status: CredentialsStatus) -> None:
    answer = review(asking, add_person(Role.THERAPIST, licence=status))
    assert (answer.status_code, kind(answer)) == (409, "nothing-to-review")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"decision": "perhaps"}, "/decision"),
        ({"decision": "reject"}, "/reason"),
        ({"decision": "approve", "reason": "nice"}, "/reason"),
        ({"decision": "reject", "reason": " "}, "/reason"),
        ({"decision": "approve", "submittedAt": "2031-01-01T00:00:00"}, "/submittedAt"),
    ],
)
def test_a_decision_that_makes_no_sense_is_named(asking: As, given: dict[str, str], pointer: str) -> None:
    answer = asking.post(
        f"/api/admin/therapists/{waiting().id}/credentials", {"submittedAt": "2031-01-01T00:00:00Z", **given}
    )
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_nobody_s_licence_is_not_there(asking: As) -> None:
    given = {"decision": "approve", "submittedAt": "2031-01-01T00:00:00Z"}
    for person_id in (uuid4(), add_person().id):
        assert asking.post(f"/api/admin/therapists/{person_id}/credentials", given).status_code == 404


def test_who_waits_longest_comes_first_page_by_page(asking: As) -> None:
    people = [waiting() for _ in range(5)]
    add_person(Role.THERAPIST)
    seen: list[str] = []
    query: dict[str, object] = {"limit": 2}
    while True:
        page = asking.get(LIST, **query).get_json()
        seen += [item["therapistId"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query = {"limit": 2, "cursor": page["nextCursor"]}
    assert seen == [str(person.id) for person in people]
    [verified] = asking.get(LIST, status="verified").get_json()["items"]
    assert verified["inForce"]
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "credentials.list"))) == 4


@pytest.mark.parametrize(
    ("query", "pointer"), [({"status": "unsubmitted"}, "?status"), ({"cursor": "nonsense"}, "?cursor")]
)
def test_a_list_that_makes_no_sense_is_named(asking: As, query: dict[str, str], pointer: str) -> None:
    answer = asking.get(LIST, **query)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


@transaction
def send_again(db: Database, person: Person) -> None:
    db.get_one(TherapistProfile, person.id).credentials_submitted_at = now() + timedelta(minutes=1)
