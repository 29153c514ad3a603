"""Reminders a day and an hour before: once, in time, and never of what is not so any more."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from functions.appointments import reminders
from shared.clock import held_at
from shared.database.engine import engine
from shared.database.models.accounts import User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason, Reminder
from shared.database.transaction import transaction
from tests.functions.appointments.calendars import (
    MONDAY,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    times,
)
from tests.functions.appointments.post import Post, become
from tests.functions.internal_calls import InternalCalls
from tests.people import LAST_DAY, As, Person, add_person, change_licence, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = TUESDAY_AT_NINE + 2 * DAY
TICK = "/api/internal/appointments/tick"


@dataclass
class Hands:
    """A clock that the test sets."""

    at: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def hands() -> Iterator[Hands]:
    """The clock."""
    clock = Hands()
    with held_at(clock):
        yield clock


@pytest.fixture
def practice(appointments: FlaskClient, environment: Callable[..., None]) -> Practice:
    environment(patient_idle_minutes="100000", patient_absolute_hours="10000")  # days pass here
    return add_practice()


@pytest.fixture
def reminded(internal: InternalCalls, post: Post, hands: Hands) -> Callable[[datetime], list[str]]:
    """What a tick at a moment, and the mails that follow from it, remind people of: their addresses."""

    def tick(moment: datetime) -> list[str]:
        hands.at = moment
        before = len(of_reminders(post))
        assert internal.tick(TICK).status_code == 204
        post.deliver()
        return sorted(mail.recipients[0] for mail in of_reminders(post)[before:])

    return tick


def of_reminders(post: Post) -> list[Any]:
    return [mail for mail in post.mails() if mail.subject == "Appointment Reminder"]


def both(practice: Practice) -> list[str]:
    return sorted([practice.patient.email, practice.therapist.email])


def booked(client: FlaskClient, practice: Practice, start_at: datetime = START) -> str:
    answer = book(As(client, practice.patient), practice.therapist, start_at)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["appointment"]["id"])


Reminded = Callable[[datetime], list[str]]


def test_both_are_reminded_a_day_and_an_hour_before_and_not_in_between(
    appointments: FlaskClient, practice: Practice, reminded: Reminded
) -> None:
    booked(appointments, practice)
    expected = {START - DAY: both(practice), START - HOUR: both(practice)}
    moments = [START - DAY - MINUTE, START - DAY, START - DAY + MINUTE, START - 12 * HOUR]
    moments += [START - HOUR - MINUTE, START - HOUR, START - HOUR + MINUTE, START, START + HOUR]
    assert {moment: reminded(moment) for moment in moments} == {moment: expected.get(moment, []) for moment in moments}


def test_a_reminder_shows_the_time_and_where_to_choose_otherwise(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, post: Post
) -> None:
    become(practice.patient, language="de", time_zone="Europe/Berlin")
    made = booked(appointments, practice)
    reminded(START - DAY)
    [mail] = post.to(practice.patient)[1:]
    assert mail.subject == "Erinnerung an Ihren Termin"
    assert "Donnerstag, 5. März 2026" in mail.text
    assert "10:00 \u2013 10:50 Uhr" in mail.text
    assert mail.links == [
        f"http://localhost:3000/appointments/{made}",
        "http://localhost:3000/settings/notifications",
    ]
    assert post.invitations(mail) == []


@pytest.mark.parametrize(
    ("chosen", "expected"), [("emailDayBefore", [False, True]), ("emailHourBefore", [True, False])]
)
def test_who_does_not_want_one_of_them_gets_the_other(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, chosen: str, expected: list[bool]
) -> None:
    become(practice.patient, preferences={"notifications": {chosen: False}})
    booked(appointments, practice)
    told = [reminded(START - DAY), reminded(START - HOUR)]
    assert [practice.patient.email in emails for emails in told] == expected
    assert all(practice.therapist.email in emails for emails in told)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (25 * HOUR, [True, True]),
        (24 * HOUR, [False, True]),
        (3 * HOUR, [False, True]),
        (2 * HOUR, [False, True]),
        (80 * MINUTE, [False, False]),
        (30 * MINUTE, [False, False]),
    ],
)
def test_what_is_booked_nearer_than_a_reminder_needs_none(
    practice: Practice, reminded: Reminded, hands: Hands, ahead: timedelta, expected: list[bool]
) -> None:
    hands.at = START - ahead
    add_appointment(practice.patient, practice.therapist, START)
    told = {moment: bool(reminded(moment)) for moment in ticks_until_start(ahead)}
    early = [moment for moment, any_told in told.items() if any_told and START - moment > 2 * HOUR]
    late = [moment for moment, any_told in told.items() if any_told and START - moment <= 2 * HOUR]
    assert [bool(early), bool(late)] == expected


def ticks_until_start(ahead: timedelta) -> list[datetime]:
    """From when it was booked on, the more often the nearer it is."""
    before = (25, 24.5, 24, 23.9, 23, 12, 3, 2, 1.4, 1.2, 1, 0.9, 0.7, 0.5, 0.2, 0)
    return [START - hours * HOUR for hours in before if hours * HOUR <= ahead]


@pytest.mark.parametrize(
    ("late", "told"),
    [(0 * MINUTE, True), (119 * MINUTE, True), (120 * MINUTE, False), (5 * HOUR, False), (19 * HOUR, False)],
)
def test_after_an_outage_no_reminder_of_a_day_comes_hours_late(
    practice: Practice, reminded: Reminded, late: timedelta, told: bool
) -> None:
    add_appointment(practice.patient, practice.therapist, START)
    reminded(START - 3 * DAY)
    assert bool(reminded(START - DAY + late)) == told


@pytest.mark.parametrize(("late", "told"), [(29 * MINUTE, True), (30 * MINUTE, False), (2 * HOUR, False)])
def test_after_an_outage_no_reminder_of_an_hour_comes_at_the_last_minute(
    practice: Practice, reminded: Reminded, late: timedelta, told: bool
) -> None:
    add_appointment(practice.patient, practice.therapist, START)
    reminded(START - 12 * HOUR)
    assert bool(reminded(START - HOUR + late)) == told


def test_a_reminder_that_could_not_leave_in_time_does_not_leave_late(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, post: Post, product: LocalCloud, hands: Hands
) -> None:
    booked(appointments, practice)
    post.deliver()
    product.stop_part("smtp")
    try:
        assert reminded(START - DAY) == []
    finally:
        product.start_part("smtp")
    hands.at = START - 19 * HOUR
    post.deliver(again=True)
    assert of_reminders(post) == []


def test_a_reminder_that_could_not_leave_leaves_a_little_later_and_once(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, post: Post, product: LocalCloud, hands: Hands
) -> None:
    booked(appointments, practice)
    post.deliver()
    product.stop_part("smtp")
    try:
        reminded(START - DAY)
    finally:
        product.start_part("smtp")
    hands.at = START - DAY + 20 * MINUTE
    for _ in range(2):
        post.deliver(again=True)
    assert len(of_reminders(post)) == 2


def test_what_was_moved_is_reminded_of_at_its_new_time_alone(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, hands: Hands
) -> None:
    made = booked(appointments, practice)
    assert reminded(START - DAY) == both(practice)
    hands.at = START - 20 * HOUR
    later = START + 2 * DAY
    answer = As(appointments, practice.patient).patch(f"/api/appointments/{made}", {**times(later), "version": 1})
    assert answer.status_code == 200
    assert reminded(START - HOUR) == []
    assert reminded(later - DAY) == both(practice)
    assert reminded(later - HOUR) == both(practice)


def test_a_reminder_of_what_was_moved_meanwhile_is_not_sent(
    appointments: FlaskClient, practice: Practice, internal: InternalCalls, post: Post, hands: Hands
) -> None:
    made = booked(appointments, practice)
    hands.at = START - DAY
    assert internal.tick(TICK).status_code == 204
    moved = {**times(START + HOUR), "version": 1}
    assert As(appointments, practice.patient).patch(f"/api/appointments/{made}", moved).status_code == 200
    post.deliver()
    assert {mail.subject for mail in post.mails()} == {"Appointment Rescheduled"}


@pytest.mark.parametrize("before", [DAY, HOUR])
@pytest.mark.parametrize(
    ("unable", "reason"),
    [
        ("therapist", CancelReason.THERAPIST_UNAVAILABLE),
        ("licence", CancelReason.THERAPIST_UNAVAILABLE),
        ("patient", CancelReason.OTHER),
    ],
)
def test_what_cannot_be_held_is_called_off_in_good_time_and_both_are_told(
    appointments: FlaskClient,
    practice: Practice,
    reminded: Reminded,
    post: Post,
    unable: str,
    reason: CancelReason,
    before: timedelta,
) -> None:
    booked(appointments, practice)
    reminded(START - before - MINUTE)
    already = len(post.mails())
    disable(practice, unable)
    assert reminded(START - before) == []
    told = post.mails()[already:]
    assert {mail.subject for mail in told} == {"Appointment Cancelled"}
    assert sorted(mail.recipients[0] for mail in told) == both(practice)
    [made] = rows(select(Appointment))
    assert (made.status, made.cancelled_by, made.cancel_reason) == (AppointmentStatus.CANCELLED, None, reason)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.cancel"))
    assert (entry.actor_id, entry.subject_id, entry.details) == (None, practice.patient.id, {"reason": reason})
    assert reminded(START - before + MINUTE) == []


@pytest.mark.parametrize("unable", ["therapist", "licence", "patient"])
def test_until_it_is_near_an_appointment_stands_whoever_is_paused(
    appointments: FlaskClient, practice: Practice, reminded: Reminded, unable: str
) -> None:
    booked(appointments, practice)
    disable(practice, unable)
    assert reminded(START - DAY - MINUTE) == []
    disable(practice, unable, again=False)
    assert reminded(START - DAY) == both(practice)


def test_only_who_cannot_come_in_is_called_off(
    appointments: FlaskClient, practice: Practice, reminded: Reminded
) -> None:
    other = add_practice()
    for one in (practice, other):
        add_appointment(one.patient, one.therapist, START)
    disable(other, "therapist")
    assert reminded(START - DAY) == both(practice)


def disable(practice: Practice, which: str, *, again: bool = True) -> None:
    """An account is paused, or the licence ends days before the appointment would; or it is as it was before."""
    if which == "licence":
        change_licence(practice.therapist, expires_on=(START - 3 * DAY).date() if again else LAST_DAY)
    else:
        set_status(getattr(practice, which), UserStatus.SUSPENDED if again else UserStatus.ACTIVE)


@transaction
def set_status(db: Database, person: Person, status: UserStatus) -> None:
    since = START - 2 * DAY if status is UserStatus.SUSPENDED else None
    db.execute(update(User).where(User.id == person.id).values(status=status, suspended_at=since))


@pytest.mark.parametrize("after_the_tick", [False, True])
def test_what_was_called_off_is_not_reminded_of(
    appointments: FlaskClient,
    practice: Practice,
    internal: InternalCalls,
    post: Post,
    hands: Hands,
    after_the_tick: bool,
) -> None:
    made = booked(appointments, practice)
    hands.at = START - DAY
    if after_the_tick:
        assert internal.tick(TICK).status_code == 204
    cancelled = As(appointments, practice.patient).post(f"/api/appointments/{made}/cancel", {"reason": "other"})
    assert cancelled.status_code == 200
    assert internal.tick(TICK).status_code == 204
    post.deliver()
    assert {mail.subject for mail in post.mails()} == {"Appointment Cancelled"}


@pytest.mark.parametrize("status", AppointmentStatus)
def test_only_what_stands_is_reminded_of(practice: Practice, reminded: Reminded, status: AppointmentStatus) -> None:
    add_appointment(practice.patient, practice.therapist, START, status)
    stands = status in (AppointmentStatus.PENDING, AppointmentStatus.BOOKED)
    assert bool(reminded(START - DAY)) == stands


@pytest.mark.parametrize(
    ("time_zone", "start_at", "shown"),
    [
        # Los Angeles: 09:00 on Sunday the 8th of March, the day whose 02:00 is 03:00.
        ("America/Los_Angeles", datetime.fromisoformat("2026-03-08T16:00Z"), "9:00\u00a0AM"),
        # Berlin: 09:00 on Sunday the 29th of March.
        ("Europe/Berlin", datetime.fromisoformat("2026-03-29T07:00Z"), "9:00\u00a0AM"),
        # Berlin: 02:30 on Sunday the 25th of October, for the second time.
        ("Europe/Berlin", datetime.fromisoformat("2026-10-25T01:30Z"), "2:30\u00a0AM"),
        ("Asia/Kathmandu", datetime.fromisoformat("2026-03-08T16:00Z"), "9:45\u00a0PM"),
    ],
)
def test_a_day_before_is_24_hours_before_and_shows_what_clocks_will_show(
    practice: Practice, reminded: Reminded, post: Post, time_zone: str, start_at: datetime, shown: str
) -> None:
    become(practice.patient, time_zone=time_zone)
    add_appointment(practice.patient, practice.therapist, start_at)
    assert reminded(start_at - DAY - MINUTE) == []
    assert reminded(start_at - DAY) == both(practice)
    assert f"    {shown} \u2013" in post.to(practice.patient)[0].text


def test_ticks_at_once_remind_once(practice: Practice, internal: InternalCalls, post: Post, hands: Hands) -> None:
    for number in range(3):
        add_appointment(add_person(), practice.therapist, START + number * 30 * MINUTE)
    hands.at = START - DAY + 2 * HOUR - MINUTE
    with ThreadPoolExecutor(4) as pool:
        ticks = [pool.submit(copy_context().run, reminders.remind_of_what_is_near) for _ in range(4)]
        for tick in ticks:
            tick.result()
    assert internal.tick(TICK).status_code == 204
    assert len(rows(select(OutboxEvent.id).where(OutboxEvent.type == "reminder-due"))) == 6
    post.deliver()
    assert len(post.deliver(again=True)) == 6


def test_many_that_begin_at_once_are_all_reminded_of(
    product: LocalCloud, monkeypatch: pytest.MonkeyPatch, hands: Hands
) -> None:
    monkeypatch.setattr(reminders, "AT_ONCE", 3)  # appointments in one transaction
    made = {add_appointment(add_person(), add_practice().therapist, START) for _ in range(8)}
    hands.at = START - DAY
    reminders.remind_of_what_is_near()
    told = list(rows(select(OutboxEvent.aggregate_id).where(OutboxEvent.type == "reminder-due")))
    assert set(told) == made
    assert len(told) == 2 * len(made)


def test_a_tick_looks_at_what_is_new_alone(practice: Practice, reminded: Reminded, hands: Hands) -> None:
    """What was reminded of, what is further ahead and what is over cost a tick nothing: it reads no row of it."""
    for number in range(40):
        add_appointment(practice.patient, practice.therapist, START + number * HOUR)
    reminded(START - DAY + 10 * HOUR)
    with statements() as first:
        hands.at += MINUTE
        reminders.remind_of_what_is_near()
    assert first.rows == 0
    with statements() as second:
        hands.at += HOUR
        reminders.remind_of_what_is_near()
    assert second.rows == 1


class statements:  # noqa: N801 - reads as what it gives
    """How many appointments are read within the block."""

    rows = 0

    def __enter__(self) -> "statements":
        event.listen(Appointment, "load", self._count)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Appointment, "load", self._count)

    def _count(self, *_: object) -> None:
        self.rows += 1


def test_the_appointments_that_are_near_are_found_by_an_index(practice: Practice) -> None:
    query = select(Appointment.id).where(Appointment.start_at > START, Appointment.start_at <= START + MINUTE)
    with engine().connect() as connection:
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}").scalars())
    assert "ix_appointment_start_at" in plan


@pytest.mark.parametrize("kind", Reminder)
def test_a_reminder_is_timely_from_its_moment_until_it_helps_no_more(kind: Reminder) -> None:
    timing = reminders.TIMINGS[kind]
    assert not timing.is_timely(START, START - timing.ahead - timedelta(microseconds=1))
    assert timing.is_timely(START, START - timing.ahead)
    assert not timing.is_timely(START, START - timing.ahead + timing.at_most_late)
    assert timing.at_most_late < timing.ahead - SESSION / 2
