"""Asking for care, accepting, declining and ending it: each step once, by whom it belongs to, and nothing lost."""

import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.profiles import CredentialsStatus
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    SeriesStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from shared.database.transaction import transaction
from shared.events import alert_channel
from shared.roles import Role
from tests.doubles import forget, function_client
from tests.functions.appointments.care import (
    add_open_therapist,
    ask_for_care,
    asked,
    care_row,
    deeds,
    describe,
    step,
)
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.inside import sized
from tests.people import As, Person, add_care, add_person, change_licence, rows

NOTE = "I sleep badly since the spring."
NOBODY_LISTENS = "http://127.0.0.1:9"
WRONG = "urn:bloom:problem:"


@pytest.fixture
def patient(product: LocalCloud) -> Person:
    return add_person(name="Paula")


@pytest.fixture
def therapist(product: LocalCloud) -> Person:
    return add_open_therapist(name="Thea")


def problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix(WRONG)


def listed(client: FlaskClient, person: Person, **query: object) -> list[dict[str, object]]:
    items: list[dict[str, object]] = As(client, person).get("/api/care-relationships", **query).get_json()["items"]
    return items


def accepted(client: FlaskClient, patient: Person, therapist: Person) -> UUID:
    care_id = asked(client, patient, therapist)
    assert step(client, therapist, care_id, "accepted").status_code == 200
    return care_id


# Asking


def test_a_request_tells_the_therapist_who_asks_and_why(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    answer = ask_for_care(appointments, patient, therapist, f"  {NOTE}\n")
    assert answer.status_code == 201
    [seen] = listed(appointments, therapist)
    assert seen["patient"] == {"id": str(patient.id), "name": "Paula"}
    assert (seen["status"], seen["note"], seen["conversationId"]) == ("requested", NOTE, None)
    [own] = listed(appointments, patient)
    assert own == answer.get_json()
    assert own["therapist"] == {"id": str(therapist.id), "name": "Thea"}


def test_the_note_is_sealed_and_bound_to_its_row(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    row = care_row(asked(appointments, patient, therapist, NOTE))
    assert row.note is not None
    assert b"sleep" not in row.note
    assert care_row(asked(appointments, add_person(), therapist, "  ")).note is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"note": "n" * 2001}, "/note"),
        ({"note": 5}, "/note"),
        ({"note": "a\x00b"}, "/note"),
        ({"status": "accepted"}, "/status"),
        ({"patientId": str(uuid4())}, "/patientId"),
    ],
)
def test_a_bad_request_is_told_by_field(
    appointments: FlaskClient, patient: Person, therapist: Person, body: dict[str, object], pointer: str
) -> None:
    answer = As(appointments, patient).post(f"/api/therapists/{therapist.id}/connect", body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_whom_patients_may_not_know_of_is_not_there(appointments: FlaskClient, patient: Person) -> None:
    nobody = Person(uuid4(), Role.THERAPIST, "", "", "")
    unverified = [
        add_person(Role.THERAPIST, licence=status)
        for status in (None, CredentialsStatus.UNSUBMITTED, CredentialsStatus.PENDING, CredentialsStatus.REJECTED)
    ]
    expired = add_person(Role.THERAPIST, licence_expires_on=date(2020, 1, 1))
    for someone in (expired, *unverified):
        describe(someone, accepts_new_patients=True)
    for someone in (nobody, add_person(), add_person(Role.ADMINISTRATOR), patient, expired, *unverified):
        assert problem(ask_for_care(appointments, patient, someone)) == (404, "not-found")
    assert rows(select(CareRelationship)) == []


def test_a_therapist_who_takes_nobody_new_is_not_asked(appointments: FlaskClient, patient: Person) -> None:
    answer = ask_for_care(appointments, patient, add_person(Role.THERAPIST))
    assert problem(answer) == (409, "not-accepting-patients")


def test_one_therapist_is_asked_once_at_a_time_and_others_meanwhile(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    care_id = asked(appointments, patient, therapist)
    assert problem(ask_for_care(appointments, patient, therapist)) == (409, "already-asked")
    assert step(appointments, therapist, care_id, "accepted").status_code == 200
    assert problem(ask_for_care(appointments, patient, therapist)) == (409, "already-asked")
    asked(appointments, patient, add_open_therapist())


def test_a_repeat_with_its_key_asks_once(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    path, key = f"/api/therapists/{therapist.id}/connect", {"Idempotency-Key": "once"}
    first, again = (As(appointments, patient).post(path, {"note": NOTE}, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert problem(As(appointments, patient).post(path, {}, **key)) == (422, "key-reused")


@pytest.mark.parametrize("how", ["declined", "withdrawn", "ended"])
def test_after_an_end_a_new_request_is_a_new_row(
    appointments: FlaskClient, patient: Person, therapist: Person, how: str
) -> None:
    first = asked(appointments, patient, therapist)
    if how == "declined":
        step(appointments, therapist, first, "declined", reason="full")
    elif how == "ended":
        step(appointments, therapist, first, "accepted")
    if how != "declined":
        assert step(appointments, patient, first, "ended").status_code == 200
    second = asked(appointments, patient, therapist)
    assert [item["id"] for item in listed(appointments, patient)] == [str(second), str(first)]
    assert care_row(first).status is (CareStatus.DECLINED if how == "declined" else CareStatus.ENDED)


# Answering


def test_accepting_opens_the_conversation_for_both(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    care_id = asked(appointments, patient, therapist, NOTE)
    answer = step(appointments, therapist, care_id, "accepted")
    shown = answer.get_json()
    assert (answer.status_code, shown["status"], shown["note"]) == (200, "accepted", NOTE)
    [conversation] = rows(select(Conversation).where(Conversation.care_relationship_id == care_id))
    members = rows(select(ConversationMember.user_id).where(ConversationMember.conversation_id == conversation.id))
    assert set(members) == {patient.id, therapist.id}
    messages = function_client("messages")
    for person in (patient, therapist):
        [item] = listed(appointments, person)
        assert item["conversationId"] == shown["conversationId"] == str(conversation.id)
        found = As(messages, person).get(f"/api/conversations/{conversation.id}")
        assert (found.status_code, found.get_json()["isOpen"]) == (200, True)


def test_a_later_care_has_a_conversation_of_its_own(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    first = accepted(appointments, patient, therapist)
    step(appointments, therapist, first, "ended")
    second = accepted(appointments, patient, therapist)
    earlier, later = (
        rows(select(Conversation.id).where(Conversation.care_relationship_id == care_id))[0]
        for care_id in (first, second)
    )
    messages = function_client("messages")
    statuses = {
        (person.role, conversation_id): As(messages, person).get(f"/api/conversations/{conversation_id}").status_code
        for person in (patient, therapist)
        for conversation_id in (earlier, later)
    }
    assert statuses == {
        (Role.PATIENT, earlier): 200,
        (Role.PATIENT, later): 200,
        (Role.THERAPIST, earlier): 404,
        (Role.THERAPIST, later): 200,
    }


@pytest.mark.parametrize(
    "reason", ["full", "another_field", "times_do_not_fit", "more_support_needed", "known_to_each_other"]
)
def test_declining_says_why_in_words_for_the_patient(
    appointments: FlaskClient, patient: Person, therapist: Person, reason: str
) -> None:
    care_id = asked(appointments, patient, therapist, NOTE)
    answer = step(appointments, therapist, care_id, "declined", reason=reason)
    assert answer.status_code == 200
    assert answer.get_json()["note"] is None
    [own] = listed(appointments, patient)
    told = own["declined"]
    assert isinstance(told, dict)
    assert (own["status"], told["reason"], own["note"]) == ("declined", reason, NOTE)
    assert told["words"].endswith((".", "!"))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "declined"}, "/reason"),
        ({"status": "declined", "reason": "no"}, "/reason"),
        ({"status": "accepted", "reason": "full"}, "/reason"),
        ({"status": "ended", "reason": "full"}, "/reason"),
        ({"status": "requested"}, "/status"),
        ({"reason": "full"}, "/status"),
        ({"status": "ended", "endedBy": "PATIENT"}, "/endedBy"),
    ],
)
def test_a_bad_step_is_told_by_field(
    appointments: FlaskClient, patient: Person, therapist: Person, body: dict[str, object], pointer: str
) -> None:
    care_id = asked(appointments, patient, therapist)
    answer = As(appointments, therapist).patch(f"/api/care-relationships/{care_id}", body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert care_row(care_id).status is CareStatus.REQUESTED


ALLOWED = {
    (Role.THERAPIST, "requested", "accepted"),
    (Role.THERAPIST, "requested", "declined"),
    (Role.THERAPIST, "accepted", "ended"),
    (Role.PATIENT, "requested", "ended"),
    (Role.PATIENT, "accepted", "ended"),
}


@pytest.mark.parametrize("taken", ["accepted", "declined", "ended"])
@pytest.mark.parametrize("standing", list(CareStatus))
@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_each_step_is_open_to_one_side_from_one_place(
    appointments: FlaskClient, patient: Person, therapist: Person, role: Role, standing: CareStatus, taken: str
) -> None:
    if standing is CareStatus.REQUESTED:
        care_id = asked(appointments, patient, therapist)
    else:
        add_care(patient, therapist, standing)
        [care_id] = rows(select(CareRelationship.id))
    person = patient if role is Role.PATIENT else therapist
    answer = step(appointments, person, care_id, taken, **({"reason": "full"} if taken == "declined" else {}))
    if (role, standing.value, taken) in ALLOWED:
        assert (answer.status_code, answer.get_json()["status"]) == (200, taken)
        assert care_row(care_id).status == taken
    else:
        assert problem(answer) == (409, "care-stands-elsewhere")
        assert care_row(care_id).status is standing
    outcome = "success" if answer.status_code == 200 else "denied"
    verb = {"accepted": "care.accept", "declined": "care.decline", "ended": "care.end"}[taken]
    assert deeds(care_id)[-1] == (verb, outcome, person.id, patient.id)


def test_who_ended_it_is_told_to_both(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    for ender in (patient, therapist):
        care_id = accepted(appointments, patient, therapist)
        shown = step(appointments, ender, care_id, "ended").get_json()
        assert (shown["status"], shown["endedBy"]) == ("ended", ender.role)
        assert shown["endedAt"] >= shown["acceptedAt"] >= shown["requestedAt"]
        assert {item["endedBy"] for item in (listed(appointments, patient)[0], listed(appointments, therapist)[0])} == {
            ender.role
        }


def test_the_note_and_the_conversation_are_the_therapists_while_care_stands(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    care_id = asked(appointments, patient, therapist, NOTE)
    step(appointments, therapist, care_id, "accepted")
    step(appointments, patient, care_id, "ended")
    [seen], [own] = listed(appointments, therapist), listed(appointments, patient)
    assert (seen["note"], seen["conversationId"]) == (None, None)
    assert own["note"] == NOTE
    assert own["conversationId"]


def test_a_therapist_without_a_licence_sees_and_does_nothing(
    appointments: FlaskClient, patient: Person, therapist: Person
) -> None:
    care_id = asked(appointments, patient, therapist, NOTE)
    change_licence(therapist, expires_on=date(2020, 1, 1))
    assert problem(As(appointments, therapist).get("/api/care-relationships")) == (403, "licence-not-verified")
    assert problem(step(appointments, therapist, care_id, "accepted")) == (403, "licence-not-verified")
    assert care_row(care_id).status is CareStatus.REQUESTED
    assert step(appointments, patient, care_id, "ended").status_code == 200


# Capacity


def test_a_therapist_has_no_more_in_care_than_the_operator_allows(
    appointments: FlaskClient, patient: Person, therapist: Person, environment: Callable[..., None]
) -> None:
    environment(care_capacity="1")
    first = accepted(appointments, add_person(), therapist)
    care_id = asked(appointments, patient, therapist)
    assert problem(step(appointments, therapist, care_id, "accepted")) == (409, "at-capacity")
    assert care_row(care_id).status is CareStatus.REQUESTED
    told = [As(appointments, one).get("/api/care-relationships").get_json()["capacity"] for one in (therapist, patient)]
    assert told == [{"inCare": 1, "most": 1}, None]
    step(appointments, therapist, first, "ended")
    assert step(appointments, therapist, care_id, "accepted").status_code == 200


def at_once(*asks: Callable[[], TestResponse]) -> list[TestResponse]:
    barrier = Barrier(len(asks))

    def start(ask: Callable[[], TestResponse]) -> TestResponse:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as threads:
        started = [threads.submit(contextvars.copy_context().run, start, ask) for ask in asks]
        return [answer.result() for answer in started]


def clients(count: int) -> list[FlaskClient]:
    """One for each thread, of one instance."""
    first = function_client("appointments")
    return [first.application.test_client() for _ in range(count)]


@pytest.mark.parametrize("round_", range(sized(5, 50)))
def test_of_two_accepted_at_once_for_the_last_place_one_is(
    appointments: FlaskClient, therapist: Person, environment: Callable[..., None], round_: int
) -> None:
    environment(care_capacity="2", database_pool_size="4")
    accepted(appointments, add_person(), therapist)
    requests = [asked(appointments, add_person(), therapist) for _ in range(2)]
    one, other = clients(2)
    answers = at_once(
        lambda: step(one, therapist, requests[0], "accepted"), lambda: step(other, therapist, requests[1], "accepted")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [problem(answer)[1] for answer in answers if answer.status_code == 409] == ["at-capacity"]
    in_care = select(func.count()).where(CareRelationship.status == CareStatus.ACCEPTED)
    assert rows(in_care) == [2]


def test_of_many_accepted_at_once_as_many_are_as_there_are_places(
    appointments: FlaskClient, therapist: Person, environment: Callable[..., None]
) -> None:
    environment(care_capacity="3", database_pool_size="8")
    requests = [asked(appointments, add_person(), therapist) for _ in range(8)]
    steps = [
        functools.partial(step, client, therapist, care_id, "accepted")
        for client, care_id in zip(clients(8), requests, strict=True)
    ]
    answers = at_once(*steps)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5
    assert rows(select(func.count()).where(CareRelationship.status == CareStatus.ACCEPTED)) == [3]


@pytest.mark.parametrize("round_", range(sized(5, 50)))
def test_accepted_and_taken_back_at_once_it_is_over(
    appointments: FlaskClient, patient: Person, therapist: Person, environment: Callable[..., None], round_: int
) -> None:
    environment(database_pool_size="4")
    care_id = asked(appointments, patient, therapist)
    one, other = clients(2)
    accept, withdraw = at_once(
        lambda: step(one, therapist, care_id, "accepted"), lambda: step(other, patient, care_id, "ended")
    )
    row = care_row(care_id)
    assert (withdraw.status_code, row.status, row.ended_by) == (200, CareStatus.ENDED, patient.id)
    came_first = accept.status_code == 200
    assert came_first or problem(accept) == (409, "care-stands-elsewhere")
    assert (row.accepted_at is not None) is came_first
    assert len(rows(select(Conversation.id).where(Conversation.care_relationship_id == care_id))) == came_first
    assert len(outbox_events("care-ended")) == came_first


def test_of_many_requests_at_once_one_is_kept(
    appointments: FlaskClient, patient: Person, therapist: Person, environment: Callable[..., None]
) -> None:
    environment(database_pool_size="6")
    answers = at_once(*(lambda client=client: ask_for_care(client, patient, therapist) for client in clients(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


def test_of_accepting_and_declining_at_once_one_happens(
    appointments: FlaskClient, patient: Person, therapist: Person, environment: Callable[..., None]
) -> None:
    environment(database_pool_size="4")
    care_id = asked(appointments, patient, therapist)
    one, other = clients(2)
    answers = at_once(
        lambda: step(one, therapist, care_id, "accepted"),
        lambda: step(other, therapist, care_id, "declined", reason="full"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [winner] = [answer.get_json()["status"] for answer in answers if answer.status_code == 200]
    assert care_row(care_id).status == winner


# Ending


@transaction
def add_plans(db: Database, patient: Person, therapist: Person) -> dict[str, UUID]:
    """An appointment that is over, one under way and one ahead; a series, and a place in the queue."""
    made: dict[str, UUID] = {}
    parties = {"patient_id": patient.id, "therapist_id": therapist.id}
    for name, days, status in (
        ("over", -7, AppointmentStatus.COMPLETED),
        ("ahead", 7, AppointmentStatus.BOOKED),
        ("held", 8, AppointmentStatus.HELD),
    ):
        start = now() + timedelta(days=days)
        end = start + timedelta(minutes=50)
        made[name] = uuid4()
        db.add(
            Appointment(
                id=made[name],
                status=status,
                start_at=start,
                end_at=end,
                blocked_from=start,
                blocked_until=end,
                held_until=start,
                time_zone="UTC",
                **parties,
            )
        )
    first = now() + timedelta(days=7)
    db.add(AppointmentSeries(first_start_at=first, minutes=50, occurrences=4, time_zone="UTC", **parties))
    db.add(WaitlistEntry(earliest_at=now(), latest_at=first, **parties))
    return made


def test_with_care_end_what_the_two_had_ahead(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    care_id = accepted(appointments, patient, therapist)
    plans = add_plans(patient, therapist)
    others = add_plans(add_person(), therapist)
    assert step(appointments, therapist, care_id, "ended").status_code == 200
    by_id = {row.id: row for row in rows(select(Appointment))}
    ahead = by_id[plans["ahead"]]
    assert (ahead.status, ahead.cancel_reason, ahead.cancelled_by) == ("cancelled", "care_ended", therapist.id)
    assert (ahead.version, ahead.ics_sequence) == (2, 1)
    assert by_id[plans["held"]].status == "cancelled"
    assert by_id[plans["over"]].status == "completed"
    assert [by_id[others[name]].status for name in ("ahead", "held")] == ["booked", "held"]
    series = select(AppointmentSeries.status).where(AppointmentSeries.patient_id == patient.id)
    place = select(WaitlistEntry.status).where(WaitlistEntry.patient_id == patient.id)
    assert rows(series) == [SeriesStatus.CANCELLED]
    assert rows(place) == [WaitlistStatus.WITHDRAWN]
    assert deeds(plans["ahead"]) == [("appointment.cancel", "success", therapist.id, patient.id)]


def test_taking_a_request_back_ends_nothing_else(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    care_id = asked(appointments, patient, therapist)
    plans = add_plans(patient, therapist)
    step(appointments, patient, care_id, "ended")
    [ahead] = rows(select(Appointment.status).where(Appointment.id == plans["ahead"]))
    assert ahead is AppointmentStatus.BOOKED
    assert outbox_events("care-ended") == []


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_the_therapists_sockets_are_told_at_once(
    appointments: FlaskClient, patient: Person, therapist: Person, product: LocalCloud, role: Role
) -> None:
    care_id = accepted(appointments, patient, therapist)
    [conversation_id] = rows(select(Conversation.id))
    with listening(product) as relay:
        step(appointments, patient if role is Role.PATIENT else therapist, care_id, "ended")
        [(channel, told)] = relay.until(1)
    assert channel == alert_channel(therapist.id)
    assert (told["type"], told["conversationId"]) == ("care-ended", str(conversation_id))
    assert str(patient.id) not in str(told)
    [event] = rows(select(OutboxEvent).where(OutboxEvent.type == "care-ended"))
    assert event.delivered_at is not None


def test_with_redis_away_the_outbox_tells_them_later(
    appointments: FlaskClient,
    patient: Person,
    therapist: Person,
    product: LocalCloud,
    internal: InternalCalls,
    environment: Callable[..., None],
) -> None:
    care_id = accepted(appointments, patient, therapist)
    environment(upstash_redis_rest_url=NOBODY_LISTENS)
    forget()
    assert step(appointments, patient, care_id, "ended").status_code == 200
    [event] = outbox_events("care-ended")
    assert event.delivered_at is None
    internal.push("/api/internal/appointments/events", event.id)
    [event] = outbox_events("care-ended")
    assert (event.delivered_at, event.attempts) == (None, 1)
    environment(upstash_redis_rest_url=product.settings["UPSTASH_REDIS_REST_URL"])
    forget()
    with listening(product) as relay:
        assert internal.push("/api/internal/appointments/events", event.id).status_code == 204
        [(channel, _)] = relay.until(1)
    assert channel == alert_channel(therapist.id)


# Lists


def test_a_list_is_paged_and_filtered_without_gap_or_double(appointments: FlaskClient, therapist: Person) -> None:
    ids = [str(asked(appointments, add_person(), therapist)) for _ in range(5)]
    step(appointments, therapist, UUID(ids[2]), "declined", reason="full")
    found: list[str] = []
    following = ""
    while True:
        query = {"limit": 2, **({"cursor": following} if following else {})}
        page = As(appointments, therapist).get("/api/care-relationships", **query).get_json()
        assert len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        following = page["nextCursor"]
        if not following:
            break
    assert found == ids[::-1]
    assert [item["id"] for item in listed(appointments, therapist, status="declined")] == [ids[2]]
    assert len(listed(appointments, therapist, status="requested")) == 4


@pytest.mark.parametrize(
    "query", [{"cursor": "nonsense"}, {"cursor": "WzEsMl0"}, {"limit": 0}, {"limit": 201}, {"status": "open"}]
)
def test_a_bad_query_is_told_by_name(appointments: FlaskClient, patient: Person, query: dict[str, object]) -> None:
    answer = As(appointments, patient).get("/api/care-relationships", **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"?{name}" for name in query]


def test_each_step_and_look_leaves_its_entry(appointments: FlaskClient, patient: Person, therapist: Person) -> None:
    care_id = accepted(appointments, patient, therapist)
    listed(appointments, therapist)
    step(appointments, patient, care_id, "ended")
    assert deeds(care_id) == [
        ("care.request", "success", patient.id, patient.id),
        ("care.accept", "success", therapist.id, patient.id),
        ("care.list", "success", therapist.id, patient.id),
        ("care.end", "success", patient.id, patient.id),
    ]
