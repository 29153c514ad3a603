"""At night Zoom and our rows are brought to hold the same meetings, and nothing of anybody else's is touched."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from functions.appointments.meeting_references import reference_of
from functions.appointments.zoom import Plan
from functions.appointments.zoom import zoom as zoom_of_settings
from functions.appointments.zoom_calls import Budget
from infra.schedules import SCHEDULES
from shared import redis
from shared.clock import held_at
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.settings import settings
from tests.doubles import forget
from tests.functions.appointments.calendars import (
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
)
from tests.functions.appointments.zoom_cloud import ANYTHING, DELETE, LIST, LocalZoom
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, rows

HOUR = timedelta(hours=1)
NIGHT = NOON + 8 * HOUR
PATH = SCHEDULES["meetings-reconciliation"].path
LONG_AGO = "2026-03-01T12:00:00Z"


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(zoom: LocalZoom) -> Practice:
    made = add_practice()
    zoom.add_user(made.therapist.email)
    return made


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@pytest.fixture
def reconcile(internal: InternalCalls) -> "Reconcile":
    return Reconcile(internal)


class Reconcile:
    """The nightly calls."""

    def __init__(self, internal: InternalCalls) -> None:
        self._internal = internal

    def __call__(self) -> None:
        """One of them."""
        with held_at(lambda: NIGHT):
            assert self._internal.tick(PATH).status_code == 204

    def new_night(self) -> None:
        """The first one of another night."""
        redis.ask(lambda client: client.delete("zoom:reconciled"))
        self()


def make(zoom: LocalZoom, host_email: str, agenda: str, start_at: datetime = TUESDAY_AT_NINE) -> str:
    """A meeting that is there since long ago; its id."""
    at, host_id = zoom_of_settings(), zoom.add_user(host_email)
    assert at is not None
    room = at.create(host_id, Plan(start_at, start_at + SESSION, agenda), Budget(10))
    zoom.change_meeting(room.id, created_at=LONG_AGO)
    return str(room.id)


def held(zoom: LocalZoom) -> set[str]:
    return {str(meeting["id"]) for meeting in zoom.meetings()}


def kept(appointment_id: UUID) -> Appointment:
    [found] = rows(select(Appointment).where(Appointment.id == appointment_id))
    return found


def wanted() -> list[UUID]:
    """Which appointments want a meeting by an event that is not older than this night."""
    return [row.aggregate_id for row in outbox_events("meeting-wanted") if row.created_at == NIGHT]


def test_a_meeting_that_no_appointment_has_is_removed(
    patient: As, practice: Practice, zoom: LocalZoom, reconcile: Reconcile
) -> None:
    book(patient, practice.therapist)
    [standing] = held(zoom)
    orphan = make(zoom, practice.therapist.email, reference_of(uuid4()))
    assert held(zoom) == {standing, orphan}
    reconcile()
    assert held(zoom) == {standing}
    assert wanted() == []


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED])
def test_a_second_meeting_of_what_was_called_off_is_removed(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile, status: AppointmentStatus
) -> None:
    appointment_id = add_appointment(
        practice.patient, practice.therapist, status=status, zoom_status=ZoomStatus.DELETED, zoom_meeting_id="1"
    )
    make(zoom, practice.therapist.email, reference_of(appointment_id))
    reconcile()
    assert (held(zoom), wanted()) == (set(), [])


def test_a_second_meeting_of_what_stands_is_removed(
    patient: As, practice: Practice, zoom: LocalZoom, reconcile: Reconcile
) -> None:
    appointment_id = UUID(book(patient, practice.therapist).get_json()["appointment"]["id"])
    [standing] = held(zoom)
    make(zoom, practice.therapist.email, reference_of(appointment_id))
    reconcile()
    assert held(zoom) == {standing} == {kept(appointment_id).zoom_meeting_id}


@pytest.mark.parametrize("agenda", ["", "Family", "ref x", f"ref {'0' * 10}-{UUID(int=7).hex}"])
def test_meetings_that_are_not_ours_are_let_be(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile, agenda: str
) -> None:
    add_appointment(practice.patient, practice.therapist, zoom_status=ZoomStatus.FAILED)
    theirs = make(zoom, practice.therapist.email, agenda)
    reconcile()
    assert held(zoom) == {theirs}


def test_a_meeting_that_was_just_made_is_let_be(practice: Practice, zoom: LocalZoom, reconcile: Reconcile) -> None:
    add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
    young = make(zoom, practice.therapist.email, reference_of(uuid4()))
    zoom.change_meeting(young, created_at=(NIGHT - timedelta(minutes=14)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    reconcile()
    assert held(zoom) == {young}


def test_a_meeting_that_was_made_and_not_kept_is_taken_by_its_appointment(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile, internal: InternalCalls
) -> None:
    appointment_id = add_appointment(practice.patient, practice.therapist)
    made = make(zoom, practice.therapist.email, reference_of(appointment_id))
    reconcile()
    assert (held(zoom), wanted()) == ({made}, [appointment_id])
    push_all(internal)
    assert (kept(appointment_id).zoom_meeting_id, held(zoom)) == (made, {made})


def push_all(internal: InternalCalls) -> None:
    for event in outbox_events("meeting-wanted"):
        assert internal.push("/api/internal/appointments/events", event.id).status_code == 204


def test_what_is_over_needs_no_removal(practice: Practice, zoom: LocalZoom, reconcile: Reconcile) -> None:
    add_appointment(practice.patient, practice.therapist)
    past = make(zoom, practice.therapist.email, reference_of(uuid4()), NOON - HOUR)
    reconcile()
    assert past in held(zoom)


def test_a_meeting_that_is_being_held_is_removed_another_time(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile
) -> None:
    add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
    first, second = (make(zoom, practice.therapist.email, reference_of(uuid4())) for _ in range(2))
    zoom.change_meeting(first, status="started")
    reconcile()
    assert held(zoom) == {first}
    zoom.change_meeting(first, status="waiting")
    reconcile.new_night()
    assert (held(zoom), second in held(zoom)) == (set(), False)


def test_appointments_that_miss_their_meeting_want_it_again(
    patient: As, practice: Practice, zoom: LocalZoom, reconcile: Reconcile, internal: InternalCalls
) -> None:
    gone = UUID(book(patient, practice.therapist).get_json()["appointment"]["id"])
    moved = UUID(book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR).get_json()["appointment"]["id"])
    zoom.change_meeting(kept(gone).zoom_meeting_id)
    zoom.change_meeting(kept(moved).zoom_meeting_id, start_time="2026-03-03T15:00:00Z")
    pending = add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + 3 * HOUR)
    left_over = add_appointment(
        practice.patient,
        practice.therapist,
        TUESDAY_AT_NINE + 5 * HOUR,
        AppointmentStatus.CANCELLED,
        zoom_status=ZoomStatus.CREATED,
        zoom_meeting_id="82000000000",
    )
    over = add_appointment(practice.patient, practice.therapist, NOON - 2 * HOUR)
    reconcile()
    assert set(wanted()) == {gone, moved, pending, left_over}
    assert all(row.delivered_at for row in outbox_events("meeting-wanted") if row.created_at == NIGHT)
    push_all(internal)
    starts = {meeting["start_time"][11:16] for meeting in zoom.meetings()}
    assert starts == {"09:00", "10:00", "12:00"}
    assert [kept(one).zoom_status for one in (gone, moved, pending, left_over, over)] == [
        *[ZoomStatus.CREATED] * 3,
        ZoomStatus.DELETED,
        ZoomStatus.WANTED,
    ]


def test_who_has_a_user_by_now_gets_the_rooms_that_could_not_be_had(
    appointments: FlaskClient, zoom: LocalZoom, reconcile: Reconcile, internal: InternalCalls
) -> None:
    practice = add_practice()
    answer = book(As(appointments, practice.patient), practice.therapist)
    appointment_id = UUID(answer.get_json()["appointment"]["id"])
    assert answer.get_json()["appointment"]["video"] == "unavailable"
    reconcile()
    assert wanted() == []  # nothing has changed
    zoom.add_user(practice.therapist.email)
    reconcile.new_night()
    assert wanted() == [appointment_id]
    push_all(internal)
    assert kept(appointment_id).zoom_status is ZoomStatus.CREATED


def test_a_night_is_one_round(practice: Practice, zoom: LocalZoom, reconcile: Reconcile) -> None:
    add_appointment(practice.patient, practice.therapist, zoom_status=ZoomStatus.FAILED)
    reconcile()
    assert len(zoom.asked(LIST)) == 1
    reconcile()
    assert len(zoom.asked(LIST)) == 1
    assert 71_000 < redis.ask(lambda client: client.ttl("zoom:reconciled")) <= 72_000


def test_a_call_goes_on_where_the_one_before_ended(zoom: LocalZoom, reconcile: Reconcile) -> None:
    practices = sorted((add_practice() for _ in range(3)), key=lambda practice: practice.therapist.id)
    orphans = {}
    for practice in practices:
        zoom.add_user(practice.therapist.email)
        add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + HOUR, zoom_status=ZoomStatus.FAILED)
        orphans[practice.therapist.id] = make(zoom, practice.therapist.email, reference_of(uuid4()))
    redis.ask(lambda client: client.set("zoom:reconciled", str(practices[0].therapist.id)))
    reconcile()
    assert held(zoom) == {orphans[practices[0].therapist.id]}


def test_of_whom_nothing_can_be_learnt_holds_up_nobody(zoom: LocalZoom, reconcile: Reconcile) -> None:
    practices = sorted((add_practice() for _ in range(2)), key=lambda practice: practice.therapist.id)
    hosts = [zoom.add_user(practice.therapist.email) for practice in practices]
    orphans = []
    for practice in practices:
        add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
        orphans.append(make(zoom, practice.therapist.email, reference_of(uuid4())))
    zoom.trouble(f"GET /v2/users/{hosts[0]}/meetings", status="403 Forbidden")
    reconcile()
    assert held(zoom) == {orphans[0]}


def test_where_zoom_is_away_the_call_ends_early(zoom: LocalZoom, reconcile: Reconcile) -> None:
    for _ in range(5):
        practice = add_practice()
        zoom.add_user(practice.therapist.email)
        add_appointment(practice.patient, practice.therapist)
    zoom.trouble(ANYTHING, status="503 Service Unavailable")
    zoom.forget_requests()
    reconcile()
    assert len(zoom.asked()) == 3
    zoom.calm()
    reconcile()
    assert len(zoom.asked(LIST)) >= 2


def test_without_redis_it_begins_at_the_beginning(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile, product: LocalCloud, environment: Callable[..., None]
) -> None:
    add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
    orphan = make(zoom, practice.therapist.email, reference_of(uuid4()))
    environment(upstash_redis_rest_url="http://127.0.0.1:9")
    forget()
    reconcile()
    assert orphan not in held(zoom)
    assert len(zoom.asked(DELETE)) == 1


def test_without_an_app_at_zoom_there_is_nothing_to_do(
    practice: Practice, zoom: LocalZoom, reconcile: Reconcile, environment: Callable[..., None]
) -> None:
    environment(zoom_account_id="")
    reconcile()
    assert (settings().zoom_account_id, zoom.asked()) == ("", [])


def test_only_the_scheduler_may_call_it(internal: InternalCalls, appointments: FlaskClient, zoom: LocalZoom) -> None:
    assert appointments.post(PATH, json={}).status_code == 401
    assert internal.tick(PATH, account="PUSH_SERVICE_ACCOUNT").status_code in (401, 403)
    assert zoom.asked() == []
