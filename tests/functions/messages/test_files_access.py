"""Who may do what with a file: every route, for every role and every relation to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import ConversationMember
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.messages.uploads import PNG, announce, complete, read, send, upload
from tests.people import As, Pair, Person, add_care, add_pair, add_person, change_licence, end_care, rows

Ask = Callable[[As, str, Pair], TestResponse]
ROUTES: dict[str, tuple[str, Ask]] = {
    "POST /api/files": ("file.begin", lambda asking, _, __: announce(asking)),
    "POST /api/files/{id}/complete": ("file.complete", lambda asking, file_id, _: complete(asking, file_id)),
    "GET /api/files/{id}": ("file.read", lambda asking, file_id, _: read(asking, file_id)),
    "POST /api/files/{id}/share": (
        "file.share",
        lambda asking, file_id, pair: asking.post(
            f"/api/files/{file_id}/share", {"conversationId": str(pair.conversation_id)}
        ),
    ),
    "DELETE /api/files/{id}": ("file.delete", lambda asking, file_id, _: asking.delete(f"/api/files/{file_id}")),
}
OF_ONE = [name for name in ROUTES if "{id}" in name]


@dataclass(frozen=True)
class Case:
    """A file of somebody's, and what each route answers to another by their relation to it."""

    file: Callable[[FlaskClient, Pair], str]
    asks: Callable[[Pair], Person]
    before: Callable[[Pair], object]
    complete: int
    read: int
    share: int
    delete: int

    def expected(self, route: str) -> int:
        return {"complete": self.complete, "share": self.share}.get(
            route.rpartition("/")[2], self.delete if route.startswith("DELETE") else self.read
        )


def loose(client: FlaskClient, pair: Pair) -> str:
    return upload(As(client, pair.patient))


def carried(client: FlaskClient, pair: Pair) -> str:
    file_id = loose(client, pair)
    assert send(As(client, pair.patient), pair.conversation_id, file_id).status_code == 200
    return file_id


def by_the_therapist(client: FlaskClient, pair: Pair) -> str:
    file_id = upload(As(client, pair.therapist))
    assert send(As(client, pair.therapist), pair.conversation_id, file_id).status_code == 200
    return file_id


def shared(client: FlaskClient, pair: Pair) -> str:
    file_id = loose(client, pair)
    assert ROUTES["POST /api/files/{id}/share"][1](As(client, pair.patient), file_id, pair).status_code == 200
    return file_id


def nothing(pair: Pair) -> None:
    """No change."""


def lapse(pair: Pair) -> None:
    change_licence(pair.therapist, CredentialsStatus.REJECTED)


CASES = {
    "its owner, carried by no message": Case(loose, lambda pair: pair.patient, nothing, 200, 200, 200, 200),
    "its owner, carried": Case(carried, lambda pair: pair.patient, nothing, 200, 200, 200, 200),
    "its owner, care ended": Case(carried, lambda pair: pair.patient, end_care, 200, 200, 409, 409),
    "its owner, a therapist": Case(by_the_therapist, lambda pair: pair.therapist, nothing, 200, 200, 200, 200),
    "its owner, a therapist whose care ended": Case(
        by_the_therapist, lambda pair: pair.therapist, end_care, 404, 404, 404, 404
    ),
    "its owner, a therapist without a licence": Case(
        by_the_therapist, lambda pair: pair.therapist, lapse, 403, 403, 403, 403
    ),
    "the other member, carried": Case(carried, lambda pair: pair.therapist, nothing, 403, 200, 403, 403),
    "the other member, shared": Case(shared, lambda pair: pair.therapist, nothing, 403, 200, 403, 403),
    "the other member, not given": Case(loose, lambda pair: pair.therapist, nothing, 404, 404, 404, 404),
    "the therapist, care ended": Case(carried, lambda pair: pair.therapist, end_care, 404, 404, 404, 404),
    "the therapist, shared, care ended": Case(shared, lambda pair: pair.therapist, end_care, 404, 404, 404, 404),
    "the therapist without a licence": Case(carried, lambda pair: pair.therapist, lapse, 403, 403, 403, 403),
    "the patient, by their therapist": Case(by_the_therapist, lambda pair: pair.patient, nothing, 403, 200, 403, 403),
    "the patient, care ended": Case(by_the_therapist, lambda pair: pair.patient, end_care, 403, 200, 403, 403),
    "another patient": Case(carried, lambda _: add_person(), nothing, 404, 404, 404, 404),
    "another therapist": Case(carried, lambda _: add_pair().therapist, nothing, 404, 404, 404, 404),
    "somebody, no such file": Case(lambda _, __: str(uuid4()), lambda _: add_person(), nothing, 404, 404, 404, 404),
    "a therapist, no such file": Case(
        lambda _, __: str(uuid4()), lambda pair: pair.therapist, nothing, 404, 404, 404, 404
    ),
    "an administrator": Case(carried, lambda _: add_person(Role.ADMINISTRATOR), nothing, 403, 403, 403, 403),
}


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.parametrize("case", CASES)
def test_each_route_answers_by_role_and_relation_and_leaves_an_entry(
    files: FlaskClient, pair: Pair, case: str, name: str
) -> None:
    action, ask = ROUTES[name]
    file_id = CASES[case].file(files, pair)
    asker = CASES[case].asks(pair)
    CASES[case].before(pair)
    answer = ask(As(files, asker), file_id, pair)
    assert answer.status_code == CASES[case].expected(name), answer.get_json()
    entries = rows(select(AuditEvent).where(AuditEvent.actor_id == asker.id).order_by(AuditEvent.occurred_at))
    last = entries[-1]
    if asker.role is Role.ADMINISTRATOR:
        assert (last.action, last.outcome) == (name, AuditOutcome.DENIED)
    else:
        wanted = AuditOutcome.SUCCESS if answer.status_code == 200 else AuditOutcome.DENIED
        assert (last.action, last.outcome) == (action, wanted)
    assert last.request_id == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("name", ROUTES)
def test_whoever_is_not_signed_in_is_asked_to(files: FlaskClient, pair: Pair, name: str) -> None:
    assert ROUTES[name][1](As(files, None), loose(files, pair), pair).status_code == 401


@pytest.mark.parametrize("name", OF_ONE)
def test_what_is_not_there_and_what_is_not_yours_look_the_same(files: FlaskClient, pair: Pair, name: str) -> None:
    stranger = As(files, add_person())
    answers = [ROUTES[name][1](stranger, file_id, pair) for file_id in (carried(files, pair), str(uuid4()))]
    assert len({str(answer.get_json() | {"instance": ""}) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("licence", "status"), [(CredentialsStatus.VERIFIED, 201), (CredentialsStatus.PENDING, 403), (None, 403)]
)
def test_a_therapist_announces_files_with_a_licence(
    files: FlaskClient, licence: CredentialsStatus | None, status: int
) -> None:
    assert announce(As(files, add_person(Role.THERAPIST, licence=licence))).status_code == status


def test_an_administrator_announces_none(files: FlaskClient) -> None:
    assert announce(As(files, add_person(Role.ADMINISTRATOR))).status_code == 403


def test_only_its_owner_changes_what_becomes_of_it(files: FlaskClient, pair: Pair) -> None:
    answer = As(files, pair.therapist).delete(f"/api/files/{carried(files, pair)}")
    assert answer.get_json()["type"] == "urn:bloom:problem:not-the-owner"


def test_a_file_of_a_conversation_that_ended_stays(files: FlaskClient, pair: Pair) -> None:
    file_id = carried(files, pair)
    end_care(pair)
    patient = As(files, pair.patient)
    assert patient.delete(f"/api/files/{file_id}").get_json()["type"] == "urn:bloom:problem:conversation-closed"
    assert read(patient, file_id).get_json()["downloadUrl"]


def test_a_file_is_shared_with_the_members_of_a_conversation(files: FlaskClient, pair: Pair) -> None:
    patient, file_id = As(files, pair.patient), loose(files, pair)
    body = {"conversationId": str(pair.conversation_id), "userIds": [str(pair.therapist.id)]}
    for _ in range(2):
        answer = patient.post(f"/api/files/{file_id}/share", body)
        assert (answer.status_code, answer.get_json()["sharedWith"]) == (200, [str(pair.therapist.id)])
    assert read(As(files, pair.therapist), file_id).get_json()["downloadUrl"]


@pytest.mark.parametrize("who", ["stranger", "oneself", "nobody"])
def test_a_file_is_shared_with_nobody_else(files: FlaskClient, pair: Pair, who: str) -> None:
    file_id = loose(files, pair)
    user_id = {"stranger": add_person().id, "oneself": pair.patient.id}.get(who, uuid4())
    body = {"conversationId": str(pair.conversation_id), "userIds": [str(user_id)]}
    answer = As(files, pair.patient).post(f"/api/files/{file_id}/share", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/userIds/0")


def test_a_file_belongs_to_one_conversation(files: FlaskClient, pair: Pair) -> None:
    therapist = add_person(Role.THERAPIST)
    other = Pair(pair.patient, therapist, add_care(pair.patient, therapist))
    patient, file_id = As(files, pair.patient), carried(files, pair)
    answer = ROUTES["POST /api/files/{id}/share"][1](patient, file_id, other)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:bloom:problem:not-shareable")
    refused = send(patient, other.conversation_id, file_id)
    assert refused.status_code == 422
    assert read(As(files, therapist), file_id).status_code == 404


def test_a_file_is_not_shared_into_anothers_conversation(files: FlaskClient, pair: Pair) -> None:
    answer = ROUTES["POST /api/files/{id}/share"][1](As(files, pair.patient), loose(files, pair), add_pair())
    assert answer.status_code == 404


def test_what_is_not_complete_is_not_shared(files: FlaskClient, pair: Pair) -> None:
    patient = As(files, pair.patient)
    file_id = announce(patient).get_json()["file"]["id"]
    assert ROUTES["POST /api/files/{id}/share"][1](patient, file_id, pair).status_code == 409


def test_a_deleted_file_is_gone_for_who_could_read_it(files: FlaskClient, pair: Pair) -> None:
    file_id = carried(files, pair)
    As(files, pair.patient).delete(f"/api/files/{file_id}")
    assert read(As(files, pair.therapist), file_id).status_code == 410
    assert read(As(files, add_person()), file_id).status_code == 404


def test_a_deleted_message_takes_its_files_with_it_but_for_their_owner(files: FlaskClient, pair: Pair) -> None:
    patient, file_id = As(files, pair.patient), upload(As(files, pair.patient), PNG)
    message_id = send(patient, pair.conversation_id, file_id).get_json()["message"]["id"]
    assert read(As(files, pair.therapist), file_id).status_code == 200
    assert patient.delete(f"/api/messages/{message_id}").status_code == 200
    assert read(As(files, pair.therapist), file_id).status_code == 404
    assert read(patient, file_id).status_code == 200


@transaction
def let_in(db: Database, pair: Pair, colleague: Person, until: datetime) -> None:
    """A colleague covers for the therapist until then."""
    coverage = {"kind": CareKind.COVERAGE, "status": CareStatus.ACCEPTED, "accepted_at": now(), "alert_id": uuid4()}
    db.add(CareRelationship(patient_id=pair.patient.id, therapist_id=colleague.id, expires_at=until, **coverage))
    db.add(ConversationMember(conversation_id=pair.conversation_id, user_id=colleague.id))


def test_who_covers_for_a_therapist_reads_files_as_long_as_that_lasts(files: FlaskClient, pair: Pair) -> None:
    file_id, colleague = carried(files, pair), add_person(Role.THERAPIST)
    assert read(As(files, colleague), file_id).status_code == 404
    ends = now() + timedelta(minutes=10)
    let_in(pair, colleague, ends)
    assert read(As(files, colleague), file_id).get_json()["downloadUrl"]
    with held_at(lambda: ends + timedelta(seconds=1)):
        assert read(As(files, colleague), file_id).status_code == 404
