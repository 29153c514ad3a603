"""An export gives everything held about a person, opened, page by page, and nobody's secrets."""

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pydantic.alias_generators import to_camel
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from functions.auth.data_policy import POLICIES
from shared.clock import held_at, now
from shared.database.models.accounts import Session
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.messages import seal_body
from shared.roles import Role
from tests.functions.auth.everything import BORN, MARK, SECRET, add_everything
from tests.functions.auth.mailbox import Mailbox
from tests.inside import sized
from tests.people import As, Pair, Person, add_pair, add_person, rows

ROUTE = "/api/user/export"
BODY = b'"body": "'
THERAPISTS_TABLES = {"therapist_profile", "availability_rule", "availability_exception", "on_call_entry"}


def export(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).get(ROUTE)
    assert answer.status_code == 200, answer.text
    return dict(json.loads(answer.data))


def test_an_export_has_something_of_every_table_that_the_policy_names(auth: FlaskClient) -> None:
    pair = add_everything()
    data = export(auth, pair.patient)["data"]
    named = {to_camel(policy.table.name) for policy in POLICIES if policy.is_exported}
    assert set(data) == named
    theirs = {to_camel(table) for table in THERAPISTS_TABLES} | {"erasureRequest"}
    assert {table for table, section in data.items() if not section} == theirs
    of_the_therapist = export(auth, pair.therapist)["data"]
    assert all(of_the_therapist[to_camel(table)] for table in THERAPISTS_TABLES)


def test_what_is_sealed_is_given_opened(auth: FlaskClient) -> None:
    data = export(auth, add_everything().patient)["data"]
    [profile] = data["patientProfile"]
    assert profile["dateOfBirth"] == BORN.isoformat()
    assert json.loads(profile["emergencyContact"]) == {"name": f"{MARK} Aunt"}
    assert [message["body"] for message in data["message"]] == [f"{MARK} body 1", f"{MARK} body 2"]
    assert [version["body"] for version in data["messageVersion"]] == [f"{MARK} earlier 1"]
    assert data["careRelationship"][0]["note"] == f"{MARK} note"
    assert data["fileAsset"][0]["fileName"] == f"{MARK} picture.png"
    assert data["riskEvent"][0]["outcomeNote"] == f"{MARK} outcome"
    assert data["messageAnalysis"][0]["label"] == "Stress"


def test_no_secret_and_nobody_else_is_in_an_export(auth: FlaskClient) -> None:
    pair = add_everything()
    text = As(auth, pair.patient).get(ROUTE).text
    [session] = rows(select(Session).where(Session.user_id == pair.patient.id, Session.revoked_at.is_(None)))
    for secret in (SECRET, "$2b$", pair.patient.token, session.token_hash.hex(), "Ada Administrator", "203.0.113.99"):
        assert secret not in text
    assert "198.51.100.7" in text
    assert pair.therapist.email not in text


def test_an_export_names_ones_therapists_and_says_what_an_analysis_is(auth: FlaskClient) -> None:
    pair = add_everything()
    document = export(auth, pair.patient)
    assert document["therapists"] == [{"id": str(pair.therapist.id), "name": pair.therapist.name}]
    assert "no diagnosis" in " ".join(document["about"])
    assert "988" in " ".join(document["about"])
    assert document["madeAt"].endswith("Z")


def test_a_therapists_export_gives_what_they_wrote_and_not_their_patients_records(auth: FlaskClient) -> None:
    pair = add_everything()
    document = export(auth, pair.therapist)
    data, text = document["data"], json.dumps(document)
    assert [message["body"] for message in data["message"]] == [f"{MARK} body 2"]
    for hidden in (f"{MARK} body 1", f"{MARK} note", f"{MARK} Name", "picture", f"{MARK} outcome", SECRET):
        assert hidden not in text
    assert data["messageAnalysis"] == data["riskEvent"] == data["patientProfile"] == []
    assert "note" not in data["careRelationship"][0]


def test_nobody_elses_conversation_is_in_an_export(auth: FlaskClient) -> None:
    mine, other = add_everything(), add_everything()
    text = As(auth, mine.patient).get(ROUTE).text
    for hidden in (other.patient.id, other.patient.email, other.conversation_id, other.therapist.id):
        assert str(hidden) not in text


def test_an_export_is_a_file_that_nobody_keeps(auth: FlaskClient) -> None:
    answer = As(auth, add_person()).get(ROUTE)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bloom-health-data.json"'
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_export_leaves_an_audit_entry_and_a_mail(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    export(auth, person)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "export.made"))
    assert (entry.actor_id, entry.subject_id, entry.outcome) == (person.id, person.id, "success")
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "A copy of your data was made")


def test_an_export_wants_a_fresh_proof_of_who_asks(auth: FlaskClient) -> None:
    person = add_person()
    later = now() + timedelta(minutes=11)
    with held_at(lambda: later):
        refused = As(auth, person).get(ROUTE)
    assert refused.status_code == 403
    assert refused.get_json()["type"] == "urn:bloom:problem:step-up-required"
    assert rows(select(AuditEvent.action).where(AuditEvent.action == "export.made")) == []


@transaction
def impersonate(db: Database, person: Person, administrator: Person) -> None:
    db.execute(
        update(Session)
        .where(Session.user_id == person.id)
        .values(impersonated_by=administrator.id, impersonation_reason="to help")
    )


@pytest.mark.parametrize("route", ["GET /api/user/export", "DELETE /api/user", "POST /api/user/erasure/cancel"])
def test_who_looks_on_as_somebody_neither_takes_their_data_nor_erases_it(auth: FlaskClient, route: str) -> None:
    person = add_person()
    impersonate(person, add_person(Role.ADMINISTRATOR))
    method, path = route.split()
    refused: TestResponse = getattr(As(auth, person), method.lower())(path)
    assert refused.status_code == 403
    assert refused.get_json()["type"] == "urn:bloom:problem:not-while-impersonating"


def test_an_hour_has_three_exports(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="")
    person = add_person()
    assert [As(auth, person).get(ROUTE).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_key_that_is_gone_takes_only_what_it_sealed(auth: FlaskClient, environment: Callable[..., None]) -> None:
    pair = add_everything()
    environment(message_keys="other:" + "A" * 43 + "=")
    data = export(auth, pair.patient)["data"]
    assert [message["body"] for message in data["message"]] == [None, None]
    assert data["careRelationship"][0]["note"] == f"{MARK} note"


@transaction
def fill(db: Database, pair: Pair, count: int) -> None:
    """So many messages of some 200 characters, quickly."""
    conversation = db.get_one(Conversation, pair.conversation_id)
    ids = [uuid4() for _ in range(count)]
    moment = now()
    for start in range(0, count, 2000):
        db.execute(
            insert(Message).values(
                [
                    {
                        "id": message_id,
                        "conversation_id": conversation.id,
                        "sender_id": pair.patient.id,
                        "seq": start + number,
                        "body": seal_body(message_id, f"{start + number:06} " + "x" * 200),
                        "version": 1,
                        "sent_at": moment,
                    }
                    for number, message_id in enumerate(ids[start : start + 2000], 1)
                ]
            ),
        )
    conversation.last_seq = count


def traced(chunks: Iterator[bytes], count: int) -> tuple[list[int], int]:
    """The messages in each of the next chunks, and by how many bytes memory grew at most meanwhile."""
    tracemalloc.start()  # makes everything several times as slow: so only at the beginning and the end
    before, _ = tracemalloc.get_traced_memory()
    messages = [chunk.count(BODY) for chunk in itertools.islice(chunks, count)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return messages, peak - before


def test_many_thousand_messages_are_exported_without_being_held(auth: FlaskClient) -> None:
    pair, count = add_pair(), sized(8_000, 20_000)
    fill(pair, count)
    export(auth, add_person())  # what is loaded once is loaded
    answer = auth.get(ROUTE, headers=pair.patient.bearer, buffered=False)
    chunks = map(bytes, answer.iter_encoded())
    _, grown_before_anything_is_read = traced(chunks, 1)
    seen = [next(chunk.count(BODY) for chunk in chunks if BODY in chunk)]
    some, grown_at_first = traced(chunks, 20)
    seen += [*some, *(chunk.count(BODY) for chunk in itertools.islice(chunks, sized(10, 50)))]
    some, grown_at_last = traced(chunks, 10_000)
    seen += some
    assert sum(seen) == count
    assert max(seen) == 200
    assert sum(some) > 1000
    grown = max(grown_before_anything_is_read, grown_at_first, grown_at_last)
    assert grown < 2_500_000, "all of them take more than 8 million bytes, or 20 in a long run"


def test_many_pages_come_in_order_and_each_row_once(auth: FlaskClient) -> None:
    pair = add_pair()
    fill(pair, 1001)
    messages = export(auth, pair.patient)["data"]["message"]
    assert [message["seq"] for message in messages] == list(range(1, 1002))
    assert [int(message["body"].split()[0]) for message in messages] == list(range(1, 1002))
