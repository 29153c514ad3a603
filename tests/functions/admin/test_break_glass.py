"""A record is opened for an hour with a reason, everybody concerned learns of it, and somebody else reviews it."""

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from functions.auth.expired_rows import remove_expired
from shared.clock import held_at, now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskSource
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.messaging import Conversation, Message
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import transaction
from shared.messages import seal_body
from shared.outbox import open_event
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.everything import appointment
from tests.functions.auth.mailbox import Mailbox
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, Pair, Person, add_pair, add_person, rows

URL: Final = "/api/admin/break-glass"
WHY: Final = "Her therapist had an accident and a colleague asks how she is."
NOTE: Final = "The colleague confirmed that he had asked."
BODY: Final = "I could not sleep."
OFFICER: Final = "officer@clinic.test"
PARTS: Final = ("conversations", "messages", "appointments", "alerts")


@pytest.fixture(autouse=True)
def officer(admin: FlaskClient, environment: Callable[..., None]) -> None:
    """There is a privacy officer."""
    environment(privacy_officer_email=OFFICER)


@pytest.fixture
def pair(admin: FlaskClient) -> Pair:
    """A patient with a therapist, a message that worried, and an appointment."""
    made = add_pair(name="Pat Example")
    add_record(made)
    return made


@pytest.fixture
def colleague(admin: FlaskClient) -> As:
    """Another administrator asks."""
    return As(admin, add_person(Role.ADMINISTRATOR, name="Bo"))


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], datetime]]:
    """Moves the clock; it stays there for the rest of the test."""
    held: list[Any] = []

    def move(by: timedelta) -> datetime:
        moment = now() + by
        holding = held_at(lambda: moment)
        holding.__enter__()
        held.append(holding)
        return moment

    yield move
    for holding in reversed(held):
        holding.__exit__(None, None, None)


@transaction
def add_record(db: Database, pair: Pair) -> None:
    message = Message(id=uuid4(), conversation_id=pair.conversation_id, sender_id=pair.patient.id, seq=1, sent_at=now())
    message.body = seal_body(message.id, BODY)
    db.get_one(Conversation, pair.conversation_id).last_seq = 1
    db.add_all([message, appointment(pair, now() + timedelta(days=1))])
    db.flush()
    worry = {"level": RiskLevel.RAISED, "source": RiskSource.MODEL, "patient_id": pair.patient.id}
    where = {"message_id": message.id, "conversation_id": pair.conversation_id, "message_version": 1}
    db.add(RiskEvent(**worry, **where))


def open_record(asking: As, patient: Person, **more: Any) -> Any:
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    given = {"patientId": str(patient.id), "reasonCode": "care-interrupted", "reason": WHY}
    return asking.post(URL, {**given, **more}, **headers)


def opened(asking: As, patient: Person) -> str:
    answer = open_record(asking, patient)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def read(person: Person | None, pair: Pair, part: str) -> Any:
    asking = As(function_client("messages"), person)
    query = {"conversationId": str(pair.conversation_id)} if part == "messages" else {}
    return asking.get(f"/api/admin/patients/{pair.patient.id}/{part}", **query)


def review(asking: As, grant_id: str, **more: object) -> Any:
    return asking.post(f"{URL}/{grant_id}/review", {"outcome": "justified", "note": NOTE, **more})


def kind(answer: Any) -> str:
    return str(answer.get_json()["type"]).rpartition(":")[2]


def grants() -> list[BreakGlassGrant]:
    return list(rows(select(BreakGlassGrant).order_by(BreakGlassGrant.granted_at)))


def entries(action: str) -> list[AuditEvent]:
    return list(rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))


def tick(product: LocalCloud) -> None:
    client = function_client("admin")
    assert InternalCalls(client, product).tick("/api/internal/admin/tick").status_code == 204


@transaction
def change(db: Database, /, person: Person, **columns: object) -> None:
    user = db.get_one(User, person.id)
    for name, value in columns.items():
        setattr(user, name, value)


ERASED: Final = {"status": UserStatus.ERASED, "erased_at": now(), "password_hash": None}


# Opening


def test_a_record_is_opened_for_an_hour_with_a_reason(asking: As, administrator: Person, pair: Pair) -> None:
    answer = open_record(asking, pair.patient)
    shown = answer.get_json()
    assert (answer.status_code, shown["state"], shown["reason"]) == (201, "open", WHY)
    assert (shown["administrator"]["name"], shown["patient"]["name"]) == ("Ada", "Pat Example")
    [grant] = grants()
    assert grant.expires_at - grant.granted_at == timedelta(minutes=60)
    assert grant.review_due_at - grant.granted_at == timedelta(hours=72)
    assert WHY.encode() not in grant.reason
    [entry] = entries("break-glass.begin")
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (administrator.id, pair.patient.id, grant.id)
    assert (entry.purpose, WHY in str(entry.details)) == ("care-interrupted", False)


def test_the_officer_and_the_patient_are_told_by_mail_without_names(
    asking: As, administrator: Person, pair: Pair, product: LocalCloud
) -> None:
    grant_id = opened(asking, pair.patient)
    auth = InternalCalls(function_client("auth"), product)
    mailbox = Mailbox(product.data_dir / "mail", functools.partial(auth.push, "/api/internal/auth/events"))
    told, patients = sorted(mailbox.deliver(), key=lambda mail: mail.recipients != [OFFICER])
    assert (told.recipients, told.subject) == ([OFFICER], "A patient's record was opened")
    for known in (grant_id, str(administrator.id), str(pair.patient.id), "care-interrupted"):
        assert known in told.text
    for secret in (WHY, "Pat Example", administrator.name, pair.patient.email):
        assert secret not in told.text
    assert (patients.recipients, patients.subject) == ([pair.patient.email], "Your record was opened")
    assert outbox_events("privacy-notice") == [], "what was sent is kept no longer, and sent no more"


def test_while_no_officer_can_be_told_the_notice_waits(
    asking: As, pair: Pair, product: LocalCloud, environment: Callable[..., None]
) -> None:
    opened(asking, pair.patient)
    environment(privacy_officer_email="")
    [event] = outbox_events("privacy-notice")
    auth = InternalCalls(function_client("auth"), product)
    assert auth.push("/api/internal/auth/events", event.id).status_code == 204
    [event] = outbox_events("privacy-notice")
    assert (event.delivered_at, event.attempts) == (None, 1)


def test_without_an_officer_no_record_is_opened(asking: As, pair: Pair, environment: Callable[..., None]) -> None:
    environment(privacy_officer_email="")
    answer = open_record(asking, pair.patient)
    assert (answer.status_code, kind(answer), grants()) == (409, "privacy-officer-missing", [])


def test_a_patient_whom_a_mail_would_put_at_risk_is_told_in_their_list_alone(asking: As, pair: Pair) -> None:
    assert open_record(asking, pair.patient, tellPatient=False).get_json()["patientTold"] is False
    assert outbox_events("account-notice") == []
    [event] = outbox_events("privacy-notice")
    assert getattr(open_event(event.id), "facts", {})["Patient told"] == "no"
    log = As(function_client("auth"), pair.patient).get("/api/user/access-log").get_json()
    assert [one["what"] for one in log["items"]] == ["opened your record for a reason that somebody else reviews"]


@pytest.mark.parametrize("who", ["unknown", "erased", "nobody's", "therapist", "administrator", "oneself"])
def test_only_a_patients_record_can_be_opened(asking: As, administrator: Person, pair: Pair, who: str) -> None:
    people = {"therapist": pair.therapist, "oneself": administrator, "unknown": replace(pair.patient, id=uuid4())}
    if who == "administrator":
        people[who] = add_person(Role.ADMINISTRATOR)
    if who in ("erased", "nobody's"):
        change(pair.patient, **(ERASED if who == "erased" else {"is_synthetic": True}))
    assert open_record(asking, people.get(who, pair.patient)).status_code == 404
    assert [entry.outcome for entry in entries("break-glass.begin")] == [AuditOutcome.DENIED]


def test_one_grant_at_a_time_for_an_administrator_and_a_patient(asking: As, colleague: As, pair: Pair) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: open_record(asking, pair.patient), range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    again = open_record(asking, pair.patient)
    assert (again.status_code, kind(again)) == (409, "record-open-already")
    assert str(grants()[0].id) in again.get_json()["detail"]
    assert open_record(colleague, pair.patient).status_code == 201


def test_a_repeat_with_the_same_key_is_the_same_grant(asking: As, pair: Pair) -> None:
    answers = [open_record(asking, pair.patient, key="k-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(grants()) == 1


def test_nobody_opens_one_record_after_the_other(asking: As, pair: Pair, environment: Callable[..., None]) -> None:
    environment(break_glass_daily="2")
    for patient in (pair.patient, add_person()):
        opened(asking, patient)
    answer = open_record(asking, add_person())
    assert (answer.status_code, kind(answer)) == (429, "too-many-records")
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_401
    back_a_day(grants()[0].id)
    assert open_record(asking, add_person()).status_code == 201


@transaction
def back_a_day(db: Database, grant_id: UUID) -> None:
    grant = db.get_one(BreakGlassGrant, grant_id)
    grant.granted_at -= timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"reason": "urgent"}, "/reason"),
        ({"reasonCode": "curious"}, "/reasonCode"),
        ({"patientId": "Pat"}, "/patientId"),
        ({"tellPatient": "no"}, "/tellPatient"),
    ],
)
def test_an_opening_that_makes_no_sense_is_named(asking: As, pair: Pair, given: dict[str, Any], pointer: str) -> None:
    answer = open_record(asking, pair.patient, **given)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


# Reading


def test_an_opened_record_is_read_and_each_look_names_the_grant(asking: As, administrator: Person, pair: Pair) -> None:
    grant_id = opened(asking, pair.patient)
    found = {part: read(administrator, pair, part).get_json()["items"] for part in PARTS}
    assert {part: len(items) for part, items in found.items()} == dict.fromkeys(PARTS, 1)
    assert found["messages"][0]["body"] == BODY
    assert found["conversations"][0]["therapist"]["name"] == pair.therapist.name
    assert found["alerts"][0]["details"]["level"] == "raised"
    assert found["appointments"][0]["status"] == "booked"
    looks = entries("record.read")
    assert {(look.actor_id, look.subject_id, str(look.resource_id)) for look in looks} == {
        (administrator.id, pair.patient.id, grant_id)
    }
    assert [(look.details["part"], look.purpose) for look in looks] == [(part, "care-interrupted") for part in PARTS]
    assert looks[1].details["conversation"] == str(pair.conversation_id)


RELATIONS: Final[dict[str, int]] = {
    "an administrator who opened it": 200,
    "an administrator who did not": 403,
    "one who opened another's record": 403,
    "one whose colleague opened it": 403,
    "one who closed it": 403,
    "one whose hour is over": 403,
    "one, after the patient's erasure": 403,
    "its patient": 403,
    "its therapist": 403,
    "nobody": 401,
}


@pytest.mark.parametrize("relation", RELATIONS)
def test_nobody_reads_in_it_but_who_has_opened_it_for_as_long_as_they_have(
    asking: As, admin: FlaskClient, administrator: Person, pair: Pair, relation: str
) -> None:
    moment = now()
    if relation == "one whose hour is over":
        moment += timedelta(minutes=61)
        set_session(administrator, last_seen_at=moment)
    stand(relation, asking, admin, pair)
    others = {"its patient": pair.patient, "its therapist": pair.therapist, "nobody": None}
    with held_at(lambda: moment):
        answers = [read(others.get(relation, administrator), pair, part) for part in PARTS]
    expected = RELATIONS[relation]
    assert {answer.status_code for answer in answers} == {expected}
    assert (BODY in answers[1].text) is (expected == 200)
    if expected == 403 and relation not in others:
        assert {kind(answer) for answer in answers} == {"record-not-open"}
        refused = entries("record.read")
        assert {(look.outcome, look.subject_id) for look in refused} == {(AuditOutcome.DENIED, pair.patient.id)}


def stand(relation: str, asking: As, admin: FlaskClient, pair: Pair) -> None:
    """Let things stand so that an administrator is in this relation to the patient."""
    if relation == "an administrator who did not":
        return
    if relation == "one who opened another's record":
        opened(asking, add_person())
        return
    colleague = As(admin, add_person(Role.ADMINISTRATOR))
    grant_id = opened(colleague if relation == "one whose colleague opened it" else asking, pair.patient)
    if relation == "one who closed it":
        assert asking.post(f"{URL}/{grant_id}/end").status_code == 200
    if relation == "one, after the patient's erasure":
        change(pair.patient, **ERASED)


@transaction
def set_session(db: Database, /, person: Person, **columns: datetime) -> None:
    for found in db.scalars(select(Session).where(Session.user_id == person.id)):
        for name, value in columns.items():
            setattr(found, name, value)


def test_it_opens_no_other_door(asking: As, administrator: Person, pair: Pair) -> None:
    opened(asking, pair.patient)
    theirs = As(function_client("messages"), administrator)
    sent = theirs.post("/api/messages", {"conversationId": str(pair.conversation_id), "body": "hello"})
    for answer in (sent, theirs.get("/api/conversations"), theirs.get(f"/api/conversations/{pair.conversation_id}")):
        assert answer.status_code == 403
    other = add_pair()
    mixed = theirs.get(f"/api/admin/patients/{pair.patient.id}/messages", conversationId=str(other.conversation_id))
    assert mixed.status_code == 404, "a conversation of somebody else's"
    assert [look.outcome for look in entries("record.read")] == [AuditOutcome.DENIED]


def test_what_is_long_is_read_page_by_page(asking: As, administrator: Person, pair: Pair) -> None:
    opened(asking, pair.patient)
    add_more(pair)
    theirs = As(function_client("messages"), administrator)
    at = f"/api/admin/patients/{pair.patient.id}"
    conversation = {"conversationId": str(pair.conversation_id), "limit": 2}
    first = theirs.get(f"{at}/messages", **conversation).get_json()
    second = theirs.get(f"{at}/messages", **conversation, beforeSeq=first["nextCursor"]).get_json()
    assert [item["seq"] for page in (second, first) for item in page["items"]] == [1, 2, 3]
    assert second["nextCursor"] is None
    for part in ("appointments", "alerts"):
        page = theirs.get(f"{at}/{part}", limit=1).get_json()
        rest = theirs.get(f"{at}/{part}", limit=5, cursor=page["nextCursor"]).get_json()
        assert len({item["id"] for item in page["items"] + rest["items"]}) == 2
        assert rest["nextCursor"] is None
        assert theirs.get(f"{at}/{part}", cursor="nonsense").status_code == 422


@transaction
def add_more(db: Database, pair: Pair) -> None:
    for seq in (2, 3):
        message = Message(conversation_id=pair.conversation_id, sender_id=pair.therapist.id, seq=seq, sent_at=now())
        message.id = uuid4()
        message.body = seal_body(message.id, BODY)
        db.add(message)
    db.get_one(Conversation, pair.conversation_id).last_seq = 3
    db.add(appointment(pair, now() + timedelta(days=2)))
    db.flush()
    worry = {"level": RiskLevel.HIGH, "source": RiskSource.PHRASE, "patient_id": pair.patient.id}
    db.add(RiskEvent(**worry, message_id=message.id, conversation_id=pair.conversation_id, message_version=1))


# Ending


@pytest.mark.parametrize("who", ["oneself", "another administrator"])
def test_it_is_closed_by_any_administrator_and_once(
    asking: As, colleague: As, administrator: Person, pair: Pair, who: str
) -> None:
    grant_id = opened(asking, pair.patient)
    closing = asking if who == "oneself" else colleague
    answers = [closing.post(f"{URL}/{grant_id}/end").get_json() for _ in range(2)]
    assert [answer["state"] for answer in answers] == ["awaiting-review"] * 2
    assert answers[0]["endedAt"] == answers[1]["endedAt"]
    [entry] = entries("break-glass.end")
    assert (entry.details["by"], entry.subject_id) == ("administrator", pair.patient.id)
    assert (entry.actor_id == administrator.id) is (who == "oneself")
    assert open_record(asking, pair.patient).status_code == 201


def test_its_time_ends_it_and_that_is_written_down_once(
    asking: As, administrator: Person, pair: Pair, product: LocalCloud, later: Callable[[timedelta], datetime]
) -> None:
    opened(asking, pair.patient)
    tick(product)
    assert grants()[0].ended_at is None
    later(timedelta(minutes=60))
    tick(product)
    tick(product)
    [grant] = grants()
    assert (grant.ended_at, grant.ended_by) == (grant.expires_at, None)
    [entry] = entries("break-glass.end")
    assert (entry.actor_id, entry.subject_id, entry.details["by"]) == (administrator.id, pair.patient.id, "time")


def test_one_that_is_over_holds_up_no_new_one_before_the_tick(asking: As, administrator: Person, pair: Pair) -> None:
    opened(asking, pair.patient)
    moment = now() + timedelta(minutes=60)
    set_session(administrator, last_seen_at=moment, stepped_up_at=moment)
    with held_at(lambda: moment):
        assert open_record(asking, pair.patient).status_code == 201
    assert [grant.ended_at is None for grant in grants()] == [False, True]


# Reviewing


def test_somebody_else_reviews_it_once(asking: As, colleague: As, pair: Pair) -> None:
    grant_id = opened(asking, pair.patient)
    own = review(asking, grant_id)
    assert (own.status_code, kind(own)) == (403, "own-grant")
    early = review(colleague, grant_id)
    assert (early.status_code, kind(early)) == (409, "record-still-open")
    asking.post(f"{URL}/{grant_id}/end")
    answer = review(colleague, grant_id, outcome="follow-up")
    shown = answer.get_json()
    assert (answer.status_code, shown["state"]) == (200, "reviewed")
    assert (shown["review"]["outcome"], shown["review"]["note"]) == ("follow-up", NOTE)
    assert shown["review"]["reviewedBy"]["name"] == "Bo"
    again = review(colleague, grant_id)
    assert (again.status_code, kind(again)) == (409, "reviewed-already")
    [grant] = grants()
    assert grant.review_note is not None
    assert NOTE.encode() not in grant.review_note
    made = [entry for entry in entries("break-glass.review") if entry.outcome is AuditOutcome.SUCCESS]
    assert [(entry.subject_id, entry.details) for entry in made] == [(pair.patient.id, {"outcome": "follow-up"})]
    told = [open_event(event.id) for event in outbox_events("privacy-notice")]
    assert [getattr(event, "notice", "") for event in told] == ["record-opened", "record-reviewed"]


def test_an_overdue_review_is_told_once_a_day_until_somebody_closes_it(
    asking: As, pair: Pair, product: LocalCloud, later: Callable[[timedelta], datetime]
) -> None:
    grant_id = opened(asking, pair.patient)
    later(timedelta(hours=71))
    tick(product)
    assert overdue() == []
    later(timedelta(hours=1))
    for _ in range(2):
        tick(product)
    assert overdue() == [grant_id]
    later(timedelta(hours=24))
    tick(product)
    assert overdue() == [grant_id] * 2
    reviewer = As(function_client("admin"), add_person(Role.ADMINISTRATOR))
    [late] = reviewer.get(URL, state="overdue").get_json()["items"]
    assert (late["state"], late["review"]["overdue"]) == ("overdue", True)
    assert review(reviewer, grant_id).status_code == 200
    later(timedelta(hours=24))
    tick(product)
    assert len(overdue()) == 2


def overdue() -> list[str]:
    """The grants that the officer was reminded of."""
    told = [open_event(event.id) for event in outbox_events("privacy-notice")]
    late = [event for event in told if getattr(event, "notice", "") == "reviews-overdue"]
    return [str(grant_id) for event in late for grant_id in getattr(event, "grant_ids", ())]


def test_administrators_see_what_was_opened_by_where_it_stands(asking: As, colleague: As, pair: Pair) -> None:
    closed, reviewed, still_open = (opened(asking, patient) for patient in (pair.patient, add_person(), add_person()))
    for grant_id in (closed, reviewed):
        asking.post(f"{URL}/{grant_id}/end")
    review(colleague, reviewed)
    by_state = {
        state: [item["id"] for item in asking.get(URL, state=state).get_json()["items"]]
        for state in ("open", "awaiting-review", "overdue", "reviewed")
    }
    assert by_state == {"open": [still_open], "awaiting-review": [closed], "overdue": [], "reviewed": [reviewed]}
    first = asking.get(URL, limit=2).get_json()
    rest = asking.get(URL, limit=2, cursor=first["nextCursor"]).get_json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [still_open, reviewed, closed]
    assert {item["reason"] for item in first["items"]} == {WHY}
    assert len(entries("break-glass.list")) == 6
    assert asking.get(URL, cursor="nonsense").status_code == 422


def test_what_was_never_opened_is_not_there(asking: As) -> None:
    assert asking.post(f"{URL}/{uuid4()}/end").status_code == 404
    assert review(asking, str(uuid4())).status_code == 404


def test_grants_go_after_six_years(asking: As, pair: Pair, later: Callable[[timedelta], datetime]) -> None:
    opened(asking, pair.patient)
    later(timedelta(days=5 * 366))
    remove_expired()
    assert len(grants()) == 1
    later(timedelta(days=366))
    remove_expired()
    assert grants() == []


def test_the_tick_is_for_the_scheduler_alone(asking: As) -> None:
    assert asking.post("/api/internal/admin/tick").status_code == 401
