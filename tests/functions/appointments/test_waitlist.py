"""Who waits is offered what becomes free: in order, what suits, for some minutes, and nobody twice."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy import update as change
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.scheduling import Appointment, AppointmentStatus, WaitlistEntry, WaitlistStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import (
    MONDAY,
    NOON,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    book,
    change_appointment,
    change_terms,
    keep_hours,
    times,
    told,
)
from tests.functions.appointments.post import Post
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_care, add_person, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = "/api/internal/appointments/tick"
EVENTS = "/api/internal/appointments/events"
FREES = ("appointment-changed", "time-freed")
_moments = itertools.count(1)


class Clock:
    """What time it is in a test."""

    def __init__(self) -> None:
        self.moment = NOON

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    clock = Clock()
    with held_at(lambda: clock.moment):
        yield clock


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    """A therapist who gives one session a week, on Tuesday at nine, and a patient of theirs."""
    practice = Practice(add_person(), add_person(Role.THERAPIST))
    add_care(practice.patient, practice.therapist)
    keep_hours(practice.therapist, 9 * 60, 10 * 60, days=[1])
    return practice


@pytest.fixture
def booked(practice: Practice) -> UUID:
    """That session is taken."""
    return add_appointment(practice.patient, practice.therapist)


def patient_of(practice: Practice) -> Person:
    somebody = add_person()
    add_care(somebody, practice.therapist)
    return somebody


def join(asking: As, therapist: Person, **given: Any) -> TestResponse:
    body = {
        "therapistId": str(therapist.id),
        "earliestAt": (MONDAY + 12 * HOUR).isoformat(),
        "latestAt": (MONDAY + 7 * DAY).isoformat(),
    }
    return asking.post("/api/waitlist", body | given)


def waiting(client: FlaskClient, practice: Practice, person: Person | None = None, **given: Any) -> tuple[As, str]:
    """Somebody in the care of the therapist, and their place, each a moment later than the one before."""
    asking, moment = As(client, person or patient_of(practice)), now() + timedelta(microseconds=next(_moments))
    with held_at(lambda: moment):
        answer = join(asking, practice.therapist, **given)
    assert answer.status_code == 201, answer.get_json()
    return asking, str(answer.get_json()["id"])


def cancel(client: FlaskClient, internal: InternalCalls, practice: Practice, appointment_id: UUID) -> None:
    """The patient calls off, and the event is delivered."""
    answer = As(client, practice.patient).post(f"/api/appointments/{appointment_id}/cancel", {"reason": "other"})
    assert answer.status_code == 200
    deliver(internal)


def deliver(internal: InternalCalls) -> None:
    """Every event that frees time, also those that were delivered before."""
    for kind in FREES:
        for event in outbox_events(kind):
            assert internal.push(EVENTS, event.id).status_code == 204


def place(asking: As, place_id: str) -> dict[str, Any]:
    [found] = [one for one in asking.get("/api/waitlist").get_json()["items"] if one["id"] == place_id]
    return dict(found)


def status_of(place_id: str) -> WaitlistStatus:
    [found] = rows(select(WaitlistEntry.status).where(WaitlistEntry.id == UUID(place_id)))
    return found


def offers() -> list[Appointment]:
    return list(
        rows(select(Appointment).where(Appointment.waitlist_entry_id.is_not(None)).order_by(Appointment.created_at))
    )


def accept(asking: As, place_id: str) -> TestResponse:
    return asking.post(f"/api/waitlist/{place_id}/accept")


def leave(asking: As, place_id: str) -> TestResponse:
    return asking.delete(f"/api/waitlist/{place_id}")


def decline(asking: As, place_id: str) -> TestResponse:
    return asking.post(f"/api/waitlist/{place_id}/decline")


def test_a_place_is_answered_with_its_position(appointments: FlaskClient, practice: Practice) -> None:
    waiting(appointments, practice)
    somebody = patient_of(practice)
    preferences = {"weekdays": [1], "partsOfDay": ["morning"]}
    with held_at(lambda: NOON + MINUTE):
        answer = join(As(appointments, somebody), practice.therapist, preferences=preferences)
    assert answer.status_code == 201
    body = answer.get_json()
    assert body == {
        "id": body["id"],
        "therapist": {"userId": str(practice.therapist.id), "name": practice.therapist.name},
        "patient": {"userId": str(somebody.id), "name": somebody.name},
        "earliestAt": "2026-03-02T12:00:00Z",
        "latestAt": "2026-03-09T00:00:00Z",
        "preferences": {"weekdays": [1], "partsOfDay": ["morning"]},
        "status": "waiting",
        "position": 2,
        "offer": None,
        "createdAt": "2026-03-02T12:01:00Z",
    }
    assert As(appointments, somebody).get("/api/waitlist").get_json() == {"items": [body], "nextCursor": None}


def test_a_time_that_is_called_off_is_held_for_the_first_who_waits(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, first_place = waiting(appointments, practice)
    second, second_place = waiting(appointments, practice)
    deliver(internal)
    assert offers() == []
    cancel(appointments, internal, practice, booked)
    [offered] = offers()
    assert place(first, first_place)["offer"] == {
        "appointmentId": str(offered.id),
        "startAt": "2026-03-03T09:00:00Z",
        "endAt": "2026-03-03T09:50:00Z",
        "timeZone": offered.time_zone,
        "expiresAt": "2026-03-02T12:15:00Z",
    }
    assert place(first, first_place)["status"] == "offered"
    assert place(second, second_place)["offer"] is None
    assert [event.aggregate_id for event in outbox_events("time-offered")] == [UUID(first_place)]
    assert told(book(second, practice.therapist)) == (409, "slot-taken")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "waitlist.offer"))
    assert (str(entry.resource_id), entry.actor_id) == (first_place, None)


def test_an_offer_that_is_accepted_is_a_booking(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, place_id = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    answer, again = accept(first, place_id), accept(first, place_id)
    assert answer.status_code == again.status_code == 200
    assert answer.get_json()["appointment"] == again.get_json()["appointment"]
    assert answer.get_json()["appointment"]["status"] == "booked"
    assert status_of(place_id) is WaitlistStatus.ACCEPTED
    assert first.get("/api/waitlist").get_json()["items"] == []
    [offered] = offers()
    assert [event.aggregate_id for event in outbox_events("appointment-changed")] == [booked, offered.id]
    assert_nobody_is_double_booked()
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "waitlist.accept"))) == 1


def test_confirming_the_held_time_itself_is_the_same(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, place_id = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    assert first.post(f"/api/appointments/{offers()[0].id}/confirm").status_code == 200
    assert status_of(place_id) is WaitlistStatus.ACCEPTED


def test_what_is_declined_goes_to_the_next_and_not_to_the_same_again(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, first_place = waiting(appointments, practice)
    second, second_place = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    answer = decline(first, first_place)
    assert (answer.status_code, answer.get_json()["status"], answer.get_json()["offer"]) == (200, "waiting", None)
    assert answer.get_json()["position"] == 1
    deliver(internal)
    assert place(second, second_place)["status"] == "offered"
    decline(second, second_place)
    deliver(internal)
    internal.tick(TICK)
    assert len(offers()) == 2
    assert told(decline(first, first_place)) == (409, "hold-expired")
    assert told(book(As(appointments, practice.patient), practice.therapist)) == (201, "")
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "waitlist.decline"))) == 2


def test_an_offer_ends_on_the_second_and_the_next_tick_offers_it_on(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID, clock: Clock
) -> None:
    first, first_place = waiting(appointments, practice)
    second, second_place = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    clock.pass_by(15 * MINUTE - timedelta(seconds=1))
    internal.tick(TICK)
    assert status_of(first_place) is WaitlistStatus.OFFERED
    clock.pass_by(timedelta(seconds=1))
    assert told(accept(first, first_place)) == (409, "hold-expired")
    for _ in range(2):
        assert internal.tick(TICK).status_code == 204
    assert (status_of(first_place), status_of(second_place)) == (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
    assert [offer.status for offer in offers()] == [AppointmentStatus.EXPIRED, AppointmentStatus.HELD]
    assert told(accept(first, first_place)) == (409, "hold-expired")
    assert accept(second, second_place).status_code == 200


def test_how_long_an_offer_stands_is_a_setting(
    appointments: FlaskClient,
    internal: InternalCalls,
    practice: Practice,
    booked: UUID,
    environment: Callable[..., None],
) -> None:
    environment(offer_minutes="45")
    waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    assert offers()[0].held_until == NOON + 45 * MINUTE


def test_after_three_offers_that_nobody_answers_the_place_is_given_up(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, clock: Clock
) -> None:
    keep_hours(practice.therapist, 9 * 60, 18 * 60, days=[2])
    _, place_id = waiting(appointments, practice)
    for _ in range(4):
        internal.tick(TICK)
        clock.pass_by(16 * MINUTE)
    assert status_of(place_id) is WaitlistStatus.EXPIRED
    assert len({offer.start_at for offer in offers()}) == len(offers()) == 3


def test_one_time_is_offered_to_five_people_at_most(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    people = [waiting(appointments, practice) for _ in range(7)]
    cancel(appointments, internal, practice, booked)
    for who, place_id in people:
        if status_of(place_id) is WaitlistStatus.OFFERED:
            decline(who, place_id)
            deliver(internal)
    assert len(offers()) == 5


@pytest.mark.parametrize(
    ("zone", "preferences", "suits"),
    [
        ("UTC", {}, True),
        ("UTC", {"weekdays": [1]}, True),
        ("UTC", {"weekdays": [0, 2, 3, 4, 5, 6]}, False),
        ("UTC", {"partsOfDay": ["morning"]}, True),
        ("UTC", {"partsOfDay": ["afternoon", "evening"]}, False),
        ("Asia/Tokyo", {"partsOfDay": ["evening"]}, True),
        ("Asia/Tokyo", {"partsOfDay": ["morning"]}, False),
        ("Pacific/Honolulu", {"weekdays": [0], "partsOfDay": ["evening"]}, True),
        ("Asia/Kolkata", {"partsOfDay": ["afternoon"]}, True),
    ],
)
def test_only_what_suits_is_offered_by_ones_own_clock(
    appointments: FlaskClient,
    internal: InternalCalls,
    practice: Practice,
    booked: UUID,
    zone: str,
    preferences: dict[str, Any],
    suits: bool,
) -> None:
    somebody = patient_of(practice)
    set_zone(somebody, zone)
    waiting(appointments, practice, somebody, preferences=preferences)
    cancel(appointments, internal, practice, booked)
    assert len(offers()) == suits


@transaction
def set_zone(db: Database, person: Person, zone: str) -> None:
    db.execute(change(User).where(User.id == person.id).values(time_zone=zone))


@pytest.mark.parametrize(
    ("earliest", "latest", "suits"),
    [
        (TUESDAY_AT_NINE, TUESDAY_AT_NINE + 50 * MINUTE, True),
        (TUESDAY_AT_NINE + MINUTE, TUESDAY_AT_NINE + 2 * HOUR, False),
        (NOON, TUESDAY_AT_NINE + 49 * MINUTE, False),
    ],
)
def test_a_session_lies_within_the_window(
    appointments: FlaskClient,
    internal: InternalCalls,
    practice: Practice,
    booked: UUID,
    earliest: datetime,
    latest: datetime,
    suits: bool,
) -> None:
    waiting(appointments, practice, earliestAt=earliest.isoformat(), latestAt=latest.isoformat())
    cancel(appointments, internal, practice, booked)
    assert len(offers()) == suits


def test_whoever_has_something_then_is_passed_over(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    busy = patient_of(practice)
    add_appointment(busy, add_person(Role.THERAPIST), TUESDAY_AT_NINE - 30 * MINUTE)
    waiting(appointments, practice, busy)
    _, second_place = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    assert [str(offer.waitlist_entry_id) for offer in offers()] == [second_place]


def test_what_is_within_the_minimum_notice_is_not_offered(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    waiting(appointments, practice)
    with held_at(lambda: TUESDAY_AT_NINE - HOUR):
        change_appointment(booked, status=AppointmentStatus.CANCELLED, cancelled_at=NOON)
        internal.tick(TICK)
    assert offers() == []


def test_who_called_off_is_not_offered_it_again(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    waiting(appointments, practice, practice.patient)
    cancel(appointments, internal, practice, booked)
    assert offers() == []


def test_a_time_that_is_moved_away_from_is_offered(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    _, place_id = waiting(appointments, practice)
    later = times(TUESDAY_AT_NINE + 7 * DAY) | {"version": 1}
    moved = As(appointments, practice.patient).patch(f"/api/appointments/{booked}", later)
    assert moved.status_code == 200
    deliver(internal)
    assert [str(offer.waitlist_entry_id) for offer in offers()] == [place_id]


def test_hours_that_are_opened_are_offered(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    waiting(appointments, practice)
    therapist = As(appointments, practice.therapist)
    given = therapist.get("/api/appointments/availability").get_json()
    del given["version"]
    given["exceptions"] = [{"date": "2026-03-04", "available": True, "start": "19:00", "end": "20:00"}]
    assert therapist.put("/api/appointments/availability", given).status_code == 200
    deliver(internal)
    assert [offer.start_at for offer in offers()] == [MONDAY + 2 * DAY + 19 * HOUR]


@pytest.mark.parametrize("lapses", [True, False])
def test_a_hold_that_lapses_or_is_let_go_is_offered(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, clock: Clock, lapses: bool
) -> None:
    holder = As(appointments, practice.patient)
    body = {"therapistId": str(practice.therapist.id), **times(TUESDAY_AT_NINE)}
    held = holder.post("/api/appointments/holds", body).get_json()["appointment"]["id"]
    _, place_id = waiting(appointments, practice)
    deliver(internal)
    assert offers() == []
    if lapses:
        clock.pass_by(5 * MINUTE)
        internal.tick(TICK)
    else:
        holder.post(f"/api/appointments/{held}/cancel", {"reason": "other"})
        deliver(internal)
    assert status_of(place_id) is WaitlistStatus.OFFERED


def test_a_redelivered_event_offers_nothing_twice(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    for _ in range(2):
        waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    for _ in range(3):
        deliver(internal)
        internal.tick(TICK)
    assert len(offers()) == len(outbox_events("time-offered")) == 1


def test_who_leaves_waits_no_longer_and_what_was_offered_goes_on(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, first_place = waiting(appointments, practice)
    _, second_place = waiting(appointments, practice)
    cancel(appointments, internal, practice, booked)
    for _ in range(2):
        assert first.delete(f"/api/waitlist/{first_place}").status_code == 204
    assert status_of(first_place) is WaitlistStatus.WITHDRAWN
    deliver(internal)
    assert status_of(second_place) is WaitlistStatus.OFFERED
    assert told(accept(first, first_place)) == (409, "hold-expired")
    assert join(first, practice.therapist).status_code == 201
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "waitlist.leave"))) == 1


def test_one_waits_once_for_a_therapist(appointments: FlaskClient, practice: Practice) -> None:
    asking, _ = waiting(appointments, practice)
    assert told(join(asking, practice.therapist)) == (409, "already-waiting")


def test_one_waits_for_ones_own_therapist_or_who_takes_new_patients(
    appointments: FlaskClient, practice: Practice
) -> None:
    assert told(join(As(appointments, add_person()), practice.therapist)) == (404, "not-found")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "waitlist.join"))
    assert entry.outcome is AuditOutcome.DENIED


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"latestAt": NOON.isoformat()}, "/latestAt"),
        ({"latestAt": (NOON + 200 * DAY).isoformat()}, "/latestAt"),
        ({"earliestAt": (NOON + 9 * DAY).isoformat()}, "/latestAt"),
        ({"preferences": {"weekdays": [7]}}, "/preferences/weekdays/0"),
        ({"preferences": {"partsOfDay": ["night"]}}, "/preferences/partsOfDay/0"),
        ({"preferences": {"name": "x"}}, "/preferences/name"),
        ({"earliestAt": "soon"}, "/earliestAt"),
    ],
)
def test_each_field_is_checked(
    appointments: FlaskClient, practice: Practice, given: dict[str, Any], pointer: str
) -> None:
    answer = join(As(appointments, practice.patient), practice.therapist, **given)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_therapist_sees_who_waits_in_order_and_only_their_patients_names(
    appointments: FlaskClient, practice: Practice
) -> None:
    stranger, known = add_person(), patient_of(practice)
    _, known_place = waiting(appointments, practice, known)
    change_terms(practice.therapist, accepts_new_patients=True)
    _, strangers_place = waiting(appointments, practice, stranger)
    pages = As(appointments, practice.therapist)
    first = pages.get("/api/waitlist", limit=1).get_json()
    second = pages.get("/api/waitlist", limit=1, cursor=first["nextCursor"]).get_json()
    shown = [*first["items"], *second["items"]]
    assert [(one["id"], one["position"]) for one in shown] == [(known_place, 1), (strangers_place, 2)]
    assert [one["patient"] for one in shown] == [{"userId": str(known.id), "name": known.name}, None]
    assert second["nextCursor"] is None
    read = rows(select(AuditEvent).where(AuditEvent.action == "waitlist.read"))
    assert {(entry.actor_id, entry.subject_id) for entry in read} == {
        (practice.therapist.id, known.id),
        (practice.therapist.id, stranger.id),
    }
    assert As(appointments, add_person(Role.THERAPIST)).get("/api/waitlist").get_json()["items"] == []
    assert told(pages.get("/api/waitlist", cursor="nonsense"))[0] == 422


def test_who_has_no_licence_sees_nobody(appointments: FlaskClient) -> None:
    therapist = add_person(Role.THERAPIST, licence=None)
    assert told(As(appointments, therapist).get("/api/waitlist")) == (403, "licence-not-verified")


@pytest.mark.parametrize("deed", ["accept", "decline", "leave"])
def test_another_persons_place_and_none_look_the_same(appointments: FlaskClient, practice: Practice, deed: str) -> None:
    _, place_id = waiting(appointments, practice)
    other = As(appointments, patient_of(practice))
    deeds = {"accept": accept, "decline": decline, "leave": leave}
    answers = [deeds[deed](other, one).get_json() | {"instance": ""} for one in (place_id, str(uuid4()))]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 404
    entries = rows(select(AuditEvent).where(AuditEvent.action == f"waitlist.{deed}"))
    assert [entry.outcome for entry in entries] == [AuditOutcome.DENIED] * 2


def test_who_is_no_longer_in_care_waits_no_longer(
    appointments: FlaskClient, internal: InternalCalls, practice: Practice, booked: UUID
) -> None:
    first, first_place = waiting(appointments, practice)
    care_id = first.get("/api/care-relationships").get_json()["items"][0]["id"]
    first.patch(f"/api/care-relationships/{care_id}", {"status": "ended"})
    assert status_of(first_place) is WaitlistStatus.WITHDRAWN
    cancel(appointments, internal, practice, booked)
    assert offers() == []


def test_what_one_waits_for_passes(appointments: FlaskClient, internal: InternalCalls, practice: Practice) -> None:
    _, place_id = waiting(appointments, practice, latestAt=(NOON + HOUR).isoformat())
    with held_at(lambda: NOON + HOUR):
        internal.tick(TICK)
    assert status_of(place_id) is WaitlistStatus.EXPIRED


@transaction
def spoil(db: Database, place_id: str) -> None:
    """The place asks for what nobody understands."""
    preferences = {"partsOfDay": ["teatime"]}
    db.execute(change(WaitlistEntry).where(WaitlistEntry.id == UUID(place_id)).values(preferences=preferences))


def test_what_cannot_be_offered_keeps_nobody_from_being_told(
    appointments: FlaskClient, internal: InternalCalls, post: Post, practice: Practice, booked: UUID
) -> None:
    _, place_id = waiting(appointments, practice)
    spoil(place_id)
    As(appointments, practice.patient).post(f"/api/appointments/{booked}/cancel", {"reason": "other"})
    [event] = outbox_events("appointment-changed")
    assert internal.push(EVENTS, event.id).status_code == 500
    assert [post.subjects(reader) for reader in (practice.patient, practice.therapist)] == [
        ["Appointment Cancelled"],
        ["Appointment Cancelled"],
    ]


def test_what_cannot_be_offered_of_one_therapist_holds_up_no_other(
    appointments: FlaskClient, internal: InternalCalls
) -> None:
    places = []
    for _ in range(6):
        practice = Practice(add_person(), add_person(Role.THERAPIST))
        add_care(practice.patient, practice.therapist)
        keep_hours(practice.therapist, 9 * 60, 10 * 60, days=[1])
        places.append(waiting(appointments, practice, practice.patient)[1])
    for place_id in places[:3]:
        spoil(place_id)
    assert internal.tick(TICK).status_code == 503
    assert [status_of(place_id) for place_id in places[3:]] == [WaitlistStatus.OFFERED] * 3
