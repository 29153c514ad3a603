"""Mails about appointments: to the right reader, in their words and by their clock, once, and never what is stale."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import Mail
from functions.appointments.mail_languages import LANGUAGES
from functions.appointments.mail_names import topic
from shared import outbox
from shared.appointments import note_change
from shared.clock import held_at
from shared.database.models.accounts import UserStatus
from shared.database.models.care import CareRelationship
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    CancelReason,
    WaitlistEntry,
    WaitlistStatus,
    ZoomStatus,
)
from shared.database.transaction import transaction
from shared.events import AppointmentChange, SeriesBooked, TimeOffered
from shared.mailing import mail_id
from tests.doubles import function_client
from tests.functions.appointments.calendars import (
    MONDAY,
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_appointment,
    times,
)
from tests.functions.appointments.care import step
from tests.functions.appointments.post import Post, become
from tests.functions.internal_calls import InternalCalls
from tests.people import As, Person, rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = {"patient": "Nia Novak", "therapist": "Tomas Zabriskie"}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    made = add_practice()
    become(made.patient, name=NAMES["patient"], time_zone="America/Los_Angeles")
    become(made.therapist, name=NAMES["therapist"], time_zone="Europe/Berlin")
    return made


def booked(client: FlaskClient, practice: Practice, start_at: datetime = TUESDAY_AT_NINE) -> dict[str, Any]:
    answer = book(As(client, practice.patient), practice.therapist, start_at)
    assert answer.status_code == 201, answer.get_json()
    made: dict[str, Any] = answer.get_json()["appointment"]
    return made


def moved(client: FlaskClient, by: Person, made: dict[str, Any], start_at: datetime, version: int = 1) -> None:
    answer = As(client, by).patch(f"/api/appointments/{made['id']}", {**times(start_at), "version": version})
    assert answer.status_code == 200, answer.get_json()


def called_off(client: FlaskClient, by: Person, made: dict[str, Any], reason: str = "other") -> None:
    answer = As(client, by).post(f"/api/appointments/{made['id']}/cancel", {"reason": reason})
    assert answer.status_code == 200, answer.get_json()


@transaction
def note(db: Database, appointment_id: UUID, change: AppointmentChange, version: int = 1) -> None:
    note_change(db, appointment_id, version, change)


def plain(mail: Mail) -> str:
    """Its text, whose lines end on the wire as SMTP wants them."""
    return mail.text.replace("\r\n", "\n")


def entries(post: Post, mail: Mail) -> list[Any]:
    """The events of the mail's calendar, which is the same in each of its parts."""
    contents = {invitation.content for invitation in post.invitations(mail)}
    [content] = contents
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_a_booking_is_told_to_both_in_their_own_words(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    booked(appointments, practice)
    post.deliver()
    assert post.subjects(practice.patient) == ["Appointment Confirmed"]
    assert post.subjects(practice.therapist) == ["New Appointment"]


def test_each_reads_the_time_by_their_own_clock(appointments: FlaskClient, practice: Practice, post: Post) -> None:
    become(practice.therapist, language="de")
    booked(appointments, practice)
    post.deliver()
    [patients], [therapists] = post.to(practice.patient), post.to(practice.therapist)
    for shown in ("Tuesday, March 3, 2026", "1:00\u00a0AM \u2013 1:50\u00a0AM", "Los Angeles, GMT-08:00"):
        assert shown in patients.text
        assert shown in patients.html
    for shown in ("Dienstag, 3. März 2026", "10:00 \u2013 10:50 Uhr", "Berlin, GMT+01:00"):
        assert shown in therapists.text
        assert shown in therapists.html
    assert '<html lang="de">' in therapists.html


def test_a_time_beyond_a_change_of_clocks_is_shown_as_clocks_will_show_it(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    booked(appointments, practice, MONDAY + 28 * DAY + 9 * HOUR)  # the 30th of March, after both changes
    post.deliver()
    [patients], [therapists] = post.to(practice.patient), post.to(practice.therapist)
    assert "2:00\u00a0AM" in patients.text
    assert "Los Angeles, GMT-07:00" in patients.text
    assert "11:00\u00a0AM" in therapists.text
    assert "Berlin, GMT+02:00" in therapists.text


@pytest.mark.parametrize(
    ("language", "subject", "day"),
    [
        ("en", "Appointment Confirmed", "Tuesday, March 3, 2026"),
        ("en-GB", "Appointment Confirmed", "Tuesday, 3 March 2026"),
        ("es", "Cita confirmada", "martes, 3 de marzo de 2026"),
        ("es-419", "Cita confirmada", "martes, 3 de marzo de 2026"),
        ("pt-BR", "Agendamento confirmado", "terça-feira, 3 de março de 2026"),
        ("pt-Latn-AO", "Agendamento confirmado", "terça-feira, 3 de março de 2026"),
        ("fr-CA", "Rendez-vous confirmé", "mardi 3 mars 2026"),
        ("de-AT-1996", "Termin bestätigt", "Dienstag, 3. März 2026"),
        ("tlh", "Appointment Confirmed", "Tuesday, March 3, 2026"),
        ("zh-Hant-TW", "Appointment Confirmed", "Tuesday, March 3, 2026"),
    ],
)
def test_a_reader_s_language_is_the_nearest_that_there_is(
    appointments: FlaskClient, practice: Practice, post: Post, language: str, subject: str, day: str
) -> None:
    become(practice.patient, language=language)
    booked(appointments, practice)
    post.deliver()
    [mail] = post.to(practice.patient)
    assert mail.subject == subject
    assert day in mail.text


def test_a_zone_that_is_not_there_any_more_is_shown_as_utc(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    become(practice.patient, time_zone="Mars/Olympus_Mons")
    booked(appointments, practice)
    post.deliver()
    assert "9:00\u00a0AM \u2013 9:50\u00a0AM\n    GMT+00:00" in plain(post.to(practice.patient)[0])


def test_a_mail_leads_to_our_own_page_and_says_so_in_both_forms(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    made = booked(appointments, practice)
    for mail in post.deliver():
        assert mail.links == [f"http://localhost:3000/appointments/{made['id']}"]
        assert f'href="{mail.links[0]}"' in mail.html


def test_a_move_is_told_to_both_with_the_new_time(appointments: FlaskClient, practice: Practice, post: Post) -> None:
    made = booked(appointments, practice)
    post.deliver()
    moved(appointments, practice.therapist, made, TUESDAY_AT_NINE + DAY)
    post.deliver()
    assert post.subjects(practice.patient) == ["Appointment Confirmed", "Appointment Rescheduled"]
    assert post.subjects(practice.therapist) == ["New Appointment", "Appointment Rescheduled"]
    assert "Wednesday, March 4, 2026" in post.to(practice.patient)[1].text


def test_a_calendar_follows_an_appointment_by_one_name_and_rising_numbers(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    made = booked(appointments, practice)
    post.deliver()
    moved(appointments, practice.patient, made, TUESDAY_AT_NINE + DAY)
    post.deliver()
    called_off(appointments, practice.patient, made)
    post.deliver()
    for reader in (practice.patient, practice.therapist):
        mails = post.to(reader)
        told = [(post.invitations(mail)[0].method, entries(post, mail)[0]) for mail in mails]
        assert [method for method, _ in told] == ["REQUEST", "REQUEST", "CANCEL"]
        assert [entry["SEQUENCE"] for _, entry in told] == [0, 1, 2]
        assert {str(entry["UID"]) for _, entry in told} == {made["id"]}
        assert [entry["STATUS"] for _, entry in told] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
        assert [entry.decoded("DTSTART") for _, entry in told] == [TUESDAY_AT_NINE] + 2 * [TUESDAY_AT_NINE + DAY]
        assert {str(entry["ATTENDEE"]) for _, entry in told} == {f"mailto:{reader.email}"}
        assert {str(entry["ORGANIZER"]) for _, entry in told} == {"mailto:no-reply@bloomhealth.us"}


def test_an_invitation_comes_as_a_part_that_mail_programs_act_on_and_as_a_file(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    booked(appointments, practice)
    for mail in post.deliver():
        assert [(part.method, part.is_attached) for part in post.invitations(mail)] == [
            ("REQUEST", False),
            ("REQUEST", True),
        ]


@pytest.mark.parametrize(
    ("by", "reason", "patients", "therapists"),
    [
        ("patient", "illness", "You called it off.", "Something came up"),
        ("patient", "other", "You called it off.", "Something came up"),
        ("patient", "technical", "You called it off.", "A technical problem"),
        ("patient", "patient_request", "You called it off.", "as requested"),
        ("therapist", "illness", "Something came up", "You called it off."),
        ("therapist", "therapist_unavailable", "Something came up", "You called it off."),
        ("therapist", "technical", "A technical problem", "You called it off."),
        ("therapist", "patient_request", "as requested", "You called it off."),
    ],
)
def test_why_it_was_called_off_is_said_by_a_standard_word(
    appointments: FlaskClient, practice: Practice, post: Post, by: str, reason: str, patients: str, therapists: str
) -> None:
    made = booked(appointments, practice)
    called_off(appointments, getattr(practice, by), made, reason)
    post.deliver()
    [to_patient], [to_therapist] = post.to(practice.patient), post.to(practice.therapist)
    assert to_patient.subject == to_therapist.subject == "Appointment Cancelled"
    assert patients in to_patient.text
    assert therapists in to_therapist.text
    assert "illness" not in to_patient.text + to_therapist.text
    assert "another time" in to_patient.text
    assert "another time" not in to_therapist.text


def test_what_ends_with_care_is_told_for_each_appointment(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    for day in range(2):
        booked(appointments, practice, TUESDAY_AT_NINE + day * DAY)
    post.deliver()
    [care_id] = rows(select(CareRelationship.id))
    assert step(appointments, practice.therapist, care_id, "ended").status_code == 200
    post.deliver()
    for reader in (practice.patient, practice.therapist):
        told = post.to(reader)[2:]
        assert [mail.subject for mail in told] == 2 * ["Appointment Cancelled"]
        assert all("Your connection with each other on Bloom Health ended" in mail.text for mail in told)
        assert not any("another time" in mail.text for mail in told)


def test_what_ends_with_an_account_is_told_to_each_as_it_concerns_them(practice: Practice, post: Post) -> None:
    off: dict[str, Any] = {
        "cancelled_by": practice.patient.id,
        "cancel_reason": CancelReason.ACCOUNT_CLOSED,
        "cancelled_at": NOON,
    }
    made = add_appointment(practice.patient, practice.therapist, status=AppointmentStatus.CANCELLED, **off)
    note(made, AppointmentChange.CANCELLED)
    post.deliver()
    assert "You asked us to close your account" in post.to(practice.patient)[0].text
    assert "The other person is leaving" in post.to(practice.therapist)[0].text


def test_an_event_delivered_again_mails_nobody_again(appointments: FlaskClient, practice: Practice, post: Post) -> None:
    booked(appointments, practice)
    post.deliver()
    assert len(post.deliver(again=True)) == 2
    deliveries = rows(select(EmailDelivery))
    assert {(delivery.kind, delivery.status) for delivery in deliveries} == {("appointment-booked", EmailStatus.SENT)}


def test_an_event_delivered_by_many_at_once_mails_each_once(
    appointments: FlaskClient, practice: Practice, post: Post, product: LocalCloud
) -> None:
    booked(appointments, practice)
    [event_id] = post.events()
    together = Barrier(4)

    def deliver(client: FlaskClient) -> int:
        together.wait(timeout=10)
        calls = InternalCalls(client, product)
        return calls.push("/api/internal/appointments/events", event_id).status_code

    clients = [function_client("appointments") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(copy_context().run, deliver, client) for client in clients]
        assert {answer.result() for answer in answers} == {204}
    post.deliver(again=True)
    assert sorted(mail.subject for mail in post.mails()) == ["Appointment Confirmed", "New Appointment"]


def test_of_two_moves_in_a_row_the_last_is_told(appointments: FlaskClient, practice: Practice, post: Post) -> None:
    made = booked(appointments, practice)
    moved(appointments, practice.patient, made, TUESDAY_AT_NINE + DAY)
    moved(appointments, practice.patient, made, TUESDAY_AT_NINE + 2 * DAY, version=2)
    post.deliver()
    for reader in (practice.patient, practice.therapist):
        [mail] = post.to(reader)
        assert mail.subject == "Appointment Rescheduled"
        assert "Thursday, March 5, 2026" in mail.text
        assert entries(post, mail)[0]["SEQUENCE"] == 2


def test_what_was_called_off_before_it_was_told_invites_nobody(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    made = booked(appointments, practice)
    called_off(appointments, practice.patient, made)
    post.deliver()
    assert [mail.subject for mail in post.mails()] == 2 * ["Appointment Cancelled"]


def test_events_that_come_in_the_wrong_order_tell_what_is_so(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    made = booked(appointments, practice)
    moved(appointments, practice.patient, made, TUESDAY_AT_NINE + DAY)
    called_off(appointments, practice.therapist, made)
    for event_id in reversed(post.events()):
        post.push(event_id)
    assert [mail.subject for mail in post.deliver(again=True)] == 2 * ["Appointment Cancelled"]


def test_what_is_being_sent_arrives_before_what_has_changed_since(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    """An invitation that somebody is just handing over must not come after the cancellation."""
    made = booked(appointments, practice)
    name = mail_id(topic(UUID(made["id"]), "booked", 1), practice.patient.id)
    begin_to_send(name, practice.patient)
    called_off(appointments, practice.patient, made)
    post.deliver()
    assert post.subjects(practice.patient) == []
    assert post.subjects(practice.therapist) == ["Appointment Cancelled"]
    assert waiting() == ["appointment-changed"] * 2
    with held_at(lambda: NOON + timedelta(seconds=61)):  # whoever it was has died
        post.deliver(again=True)
    assert post.subjects(practice.patient) == ["Appointment Cancelled"]


@transaction
def begin_to_send(db: Database, name: UUID, reader: Person) -> None:
    claimed_until = NOON + timedelta(seconds=60)
    db.add(EmailDelivery(event_id=name, user_id=reader.id, kind="x", created_at=NOON, claimed_until=claimed_until))


def waiting() -> list[str]:
    """The events that somebody tried and put back."""
    return list(rows(select(OutboxEvent.type).where(OutboxEvent.attempts > 0, OutboxEvent.delivered_at.is_(None))))


def test_without_a_mail_server_the_mails_wait_for_a_later_sweep_and_come_once(
    appointments: FlaskClient, practice: Practice, post: Post, product: LocalCloud
) -> None:
    booked(appointments, practice)
    product.stop_part("smtp")
    try:
        assert post.deliver() == []
    finally:
        product.start_part("smtp")
    assert waiting() == ["appointment-changed"]
    with held_at(lambda: NOON + timedelta(seconds=10)):
        swept = InternalCalls(function_client("messages"), product).sweep()
        assert swept.get_json()["handedOver"] >= 1
    for _ in range(2):
        post.deliver(again=True)
    assert len(post.to(practice.patient)) == len(post.to(practice.therapist)) == 1


def test_an_invitation_that_comes_after_the_beginning_is_not_sent(
    appointments: FlaskClient, practice: Practice, post: Post
) -> None:
    booked(appointments, practice)
    with held_at(lambda: TUESDAY_AT_NINE):
        assert post.deliver() == []


def test_nobody_writes_to_an_account_that_is_erased(appointments: FlaskClient, practice: Practice, post: Post) -> None:
    booked(appointments, practice)
    become(practice.patient, status=UserStatus.ERASED, password_hash=None)
    post.deliver()
    assert [mail.recipients for mail in post.mails()] == [[practice.therapist.email]]


def test_that_there_is_no_video_is_told_to_the_therapist_alone_while_it_is_so(practice: Practice, post: Post) -> None:
    made = add_appointment(practice.patient, practice.therapist, zoom_status=ZoomStatus.FAILED)
    note(made, AppointmentChange.VIDEO_UNAVAILABLE)
    [mail] = post.deliver()
    assert (mail.recipients, mail.subject) == ([practice.therapist.email], "Video Is Not Set Up")
    assert mail.links == ["http://localhost:3000/settings/security"]
    assert post.invitations(mail) == []


def test_that_there_is_no_video_is_not_told_once_there_is(practice: Practice, post: Post) -> None:
    made = add_appointment(practice.patient, practice.therapist, zoom_status=ZoomStatus.CREATED)
    note(made, AppointmentChange.VIDEO_UNAVAILABLE)
    assert post.deliver() == []


def test_a_change_of_an_appointment_that_is_not_there_is_done(practice: Practice, post: Post) -> None:
    note(uuid4(), AppointmentChange.BOOKED)
    assert post.deliver() == []


@transaction
def add_series(db: Database, practice: Practice) -> UUID:
    made = AppointmentSeries(
        patient_id=practice.patient.id,
        therapist_id=practice.therapist.id,
        first_start_at=TUESDAY_AT_NINE,
        minutes=50,
        occurrences=4,
        time_zone="UTC",
        created_at=NOON,
    )
    db.add(made)
    db.flush()
    outbox.record(db, SeriesBooked(occurred_at=NOON, series_id=made.id))
    return made.id


def fill_series(practice: Practice, series_id: UUID) -> list[UUID]:
    starts = [TUESDAY_AT_NINE + 7 * DAY * week for week in range(4)]
    return [add_appointment(practice.patient, practice.therapist, start, series_id=series_id) for start in starts]


def test_a_series_is_told_by_one_mail_with_all_its_times_and_one_file(practice: Practice, post: Post) -> None:
    become(practice.therapist, time_zone="America/New_York")
    made = fill_series(practice, add_series(practice))
    post.deliver()
    [patients], [therapists] = post.to(practice.patient), post.to(practice.therapist)
    assert (patients.subject, therapists.subject) == ("Appointments Confirmed", "New Appointments")
    for day in ("March 3", "March 10", "March 17", "March 24"):
        assert day in therapists.text
    # New York's clocks are set on the 8th; the appointments here keep to UTC.
    assert plain(therapists).count("4:00\u00a0AM \u2013 4:50\u00a0AM\n    New York, GMT-05:00") == 1
    assert plain(therapists).count("5:00\u00a0AM \u2013 5:50\u00a0AM\n    New York, GMT-04:00") == 3
    [file] = post.invitations(therapists)
    assert (file.method, file.is_attached) == ("PUBLISH", True)
    told = entries(post, therapists)
    assert [str(entry["UID"]) for entry in told] == [str(appointment_id) for appointment_id in made]
    assert not any("ATTENDEE" in entry for entry in told)
    assert len(post.deliver(again=True)) == 2


def test_a_series_is_told_as_it_is_by_now(practice: Practice, post: Post) -> None:
    first, second, *_ = fill_series(practice, add_series(practice))
    change_appointment(first, status=AppointmentStatus.CANCELLED, cancelled_at=NOON)
    moved_to = TUESDAY_AT_NINE + 8 * DAY
    change_appointment(
        second,
        start_at=moved_to,
        end_at=moved_to + SESSION,
        blocked_from=moved_to,
        blocked_until=moved_to + SESSION,
        version=2,
        ics_sequence=1,
    )
    [mail, _] = post.deliver()
    assert "March 3," not in mail.text
    assert "March 11" in mail.text
    assert [entry["SEQUENCE"] for entry in entries(post, mail)] == [1, 0, 0]


def test_a_series_that_was_called_off_is_not_told(practice: Practice, post: Post) -> None:
    for appointment_id in fill_series(practice, add_series(practice)):
        change_appointment(appointment_id, status=AppointmentStatus.CANCELLED, cancelled_at=NOON)
    assert post.deliver() == []


def test_a_time_from_the_waiting_list_is_told_to_who_waited_with_until_when(practice: Practice, post: Post) -> None:
    offer_time(practice)
    [mail] = post.deliver()
    assert (mail.recipients, mail.subject) == ([practice.patient.email], "A Time Is Free for You")
    assert "It is yours alone until Monday, March 2, 2026, 4:15\u00a0AM." in mail.text
    assert "1:00\u00a0AM \u2013 1:50\u00a0AM" in mail.text
    assert post.invitations(mail) == []
    assert len(post.deliver(again=True)) == 1


@pytest.mark.parametrize("later", [timedelta(minutes=15), timedelta(hours=3)])
def test_an_offer_that_is_over_is_not_told(practice: Practice, post: Post, later: timedelta) -> None:
    offer_time(practice)
    with held_at(lambda: NOON + later):
        assert post.deliver() == []


@pytest.mark.parametrize("status", [WaitlistStatus.ACCEPTED, WaitlistStatus.WITHDRAWN, WaitlistStatus.EXPIRED])
def test_an_offer_that_was_answered_is_not_told(practice: Practice, post: Post, status: WaitlistStatus) -> None:
    offer_time(practice, status)
    assert post.deliver() == []


@transaction
def _wait(db: Database, practice: Practice, appointment_id: UUID, status: WaitlistStatus) -> None:
    entry = WaitlistEntry(
        patient_id=practice.patient.id,
        therapist_id=practice.therapist.id,
        status=status,
        earliest_at=NOON,
        latest_at=NOON + 30 * DAY,
        offered_appointment_id=appointment_id,
        offered_at=NOON,
        offer_expires_at=NOON + timedelta(minutes=15),
        created_at=NOON,
    )
    db.add(entry)
    db.flush()
    outbox.record(db, TimeOffered(occurred_at=NOON, waitlist_entry_id=entry.id, appointment_id=appointment_id))


def offer_time(practice: Practice, status: WaitlistStatus = WaitlistStatus.OFFERED) -> None:
    held = add_appointment(practice.patient, practice.therapist, status=AppointmentStatus.HELD)
    _wait(practice, held, status)


Provoked = Callable[[FlaskClient, Practice], None]


def _book(client: FlaskClient, practice: Practice) -> None:
    booked(client, practice)


def _move(client: FlaskClient, practice: Practice) -> None:
    moved(client, practice.patient, booked(client, practice), TUESDAY_AT_NINE + DAY)


def _call_off(client: FlaskClient, practice: Practice) -> None:
    called_off(client, practice.therapist, booked(client, practice), "illness")


def _book_series(_: FlaskClient, practice: Practice) -> None:
    fill_series(practice, add_series(practice))


def _offer(_: FlaskClient, practice: Practice) -> None:
    offer_time(practice)


def _be_without_video(_: FlaskClient, practice: Practice) -> None:
    note(
        add_appointment(practice.patient, practice.therapist, zoom_status=ZoomStatus.FAILED),
        AppointmentChange.VIDEO_UNAVAILABLE,
    )


CLINICAL = (
    *("therap", "terap", "thérap", "patient", "pacient", "session", "sesi", "séance", "sitzung", "mental", "clinic"),
    *("clínic", "clinique", "klinik", "treat", "tratam", "traite", "behandl", "illness", "krank", "enferm", "diagn"),
    *("psych", "psic", "counsel", "doctor", "arzt", "médic"),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("provoke", [_book, _move, _call_off, _book_series, _offer, _be_without_video])
def test_no_mail_says_who_the_other_is_or_what_it_is_about(
    appointments: FlaskClient, practice: Practice, post: Post, provoke: Provoked, language: str
) -> None:
    for person in (practice.patient, practice.therapist):
        become(person, language=language)
    provoke(appointments, practice)
    mails = post.deliver()
    assert mails
    for mail in mails:
        others = "Tomas Zabriskie" if mail.recipients == [practice.patient.email] else "Nia Novak"
        calendars = "".join(part.content.decode() for part in post.invitations(mail))
        own_email = mail.recipients[0]
        everything = f"{mail.subject} {mail.text} {mail.html} {calendars}".replace(own_email, "").casefold()
        assert [word for word in (*others.casefold().split(), *CLINICAL) if word in everything] == []
        assert {link.partition("/appointments/")[0].partition("/settings/")[0] for link in mail.links} == {
            "http://localhost:3000"
        }
        assert "zoom.us" not in everything
        assert "Zabriskie" not in mail.subject
        assert "Novak" not in mail.subject


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{name}{0}", "Zoë & 李小龙 👋", 'R "; --'])
def test_a_reader_s_name_is_only_ever_text(
    appointments: FlaskClient, practice: Practice, post: Post, name: str
) -> None:
    become(practice.patient, name=name)
    booked(appointments, practice)
    post.deliver()
    [mail] = post.to(practice.patient)
    assert f"Hello {name}," in mail.text
    assert "<script" not in mail.html
    assert name not in post.invitations(mail)[0].content.decode()


def test_every_kind_of_change_has_its_mail(practice: Practice) -> None:
    from functions.appointments.mails import _SAID

    assert set(_SAID) == set(AppointmentChange)


def test_an_appointment_that_was_held_is_told_when_it_is_booked(practice: Practice, post: Post) -> None:
    made = add_appointment(practice.patient, practice.therapist, version=2)
    note(made, AppointmentChange.BOOKED, version=2)
    assert len(post.deliver()) == 2
    assert rows(select(Appointment.version)) == [2]
