"""Series, holds and offers at once, through two processes: all or nothing, one at a time, nobody double booked."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    CancelReason,
    WaitlistEntry,
    WaitlistStatus,
)
from shared.database.transaction import transaction
from tests.concurrency.booking_crowd import STEP, Crowd, Told, add_therapist, in_some_days
from tests.functions.appointments.calendars import add_appointment, times
from tests.inside import sized
from tests.invariants import assert_nobody_is_double_booked
from tests.people import Person, add_care, add_person, rows

SERIES = "/api/appointments/series"
HOLDS = "/api/appointments/holds"
WEEK = timedelta(days=7)
OCCURRENCES = 5


def open_therapist() -> Person:
    """Somebody who takes new patients and can be booked for months."""
    therapist = add_therapist()
    widen(therapist)
    return therapist


@transaction
def widen(db: Database, /, therapist: Person) -> None:
    db.get_one(TherapistProfile, therapist.id).booking_horizon_days = 120


async def book_series(crowd: Crowd, number: int, patient: Person, therapist: Person, steps: int) -> Told:
    body = {"therapistId": str(therapist.id), **times(in_some_days() + STEP * steps), "occurrences": OCCURRENCES}
    return await crowd.ask(number, "POST", SERIES, patient, body)


async def test_series_that_overlap_are_booked_as_a_whole_or_not_at_all(crowd: Crowd, commits: str) -> None:
    therapist, number_of_series = open_therapist(), sized(16, 60)
    patients = [add_person() for _ in range(number_of_series)]
    told = await asyncio.gather(
        *(book_series(crowd, number, patient, therapist, (number * 7) % 30) for number, patient in enumerate(patients)),
        *(
            crowd.book(number, add_person(), therapist, in_some_days() + WEEK * (number % 5) + STEP * (number % 30))
            for number in range(sized(16, 60))
        ),
    )
    series, single = told[:number_of_series], told[number_of_series:]
    assert {one.status for one in told} <= {201, 409}
    assert set(crowd.statuses) <= {201, 409, 503}
    assert {one.problem for one in series if one.status == 409} <= {"series-not-free"}
    assert {one.problem for one in single if one.status == 409} <= {"slot-taken"}
    won = [one for one in series if one.status == 201]
    kept = rows(select(Appointment.series_id).where(Appointment.therapist_id == therapist.id))
    whole = Counter(series_id for series_id in kept if series_id)
    assert whole == {UUID(one.body["series"]["id"]): OCCURRENCES for one in won}
    assert len(kept) == OCCURRENCES * len(won) + sum(one.status == 201 for one in single)
    assert len(rows(select(AppointmentSeries.id).where(AppointmentSeries.therapist_id == therapist.id))) == len(won)
    assert won or any(one.status == 201 for one in single)
    assert_nobody_is_double_booked()
    print(commits, len(won), dict(crowd.statuses))


async def test_one_time_is_held_for_one_and_a_hold_is_confirmed_once(crowd: Crowd, commits: str) -> None:
    therapist, start_at = open_therapist(), in_some_days()
    patients = [add_person() for _ in range(sized(20, 100))]
    body = {"therapistId": str(therapist.id), **times(start_at)}
    told = await asyncio.gather(
        *(crowd.ask(number, "POST", HOLDS, patient, body) for number, patient in enumerate(patients))
    )
    assert Counter(one.status for one in told) == {201: 1, 409: len(patients) - 1}
    [(winner, held)] = [(patient, one) for patient, one in zip(patients, told, strict=True) if one.status == 201]
    path = f"/api/appointments/{held.body['appointment']['id']}"
    deeds = [("confirm", {}), ("cancel", {"reason": CancelReason.OTHER})] * 4
    ends = await asyncio.gather(
        *(crowd.ask(number, "POST", f"{path}/{deed}", winner, body) for number, (deed, body) in enumerate(deeds))
    )
    assert {(one.status, one.problem) for one in ends} <= {
        (200, ""),
        (409, "hold-expired"),
        (409, "stale-version"),
    }
    [found] = rows(select(Appointment).where(Appointment.id == UUID(held.body["appointment"]["id"])))
    assert found.status in {AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED}
    assert_nobody_is_double_booked()


async def test_a_hold_that_lapsed_is_confirmed_or_booked_by_another_and_never_both(crowd: Crowd, commits: str) -> None:
    therapist, holder, start_at = open_therapist(), add_person(), in_some_days()
    held = add_appointment(holder, therapist, start_at, AppointmentStatus.HELD, held_until=now() - timedelta(seconds=1))
    told = await asyncio.gather(
        crowd.ask(0, "POST", f"/api/appointments/{held}/confirm", holder),
        *(crowd.book(number, add_person(), therapist, start_at) for number in range(sized(10, 40))),
    )
    assert (told[0].status, told[0].problem) == (409, "hold-expired")
    assert Counter(one.status for one in told[1:])[201] == 1
    assert list(rows(select(Appointment.status).where(Appointment.id == held))) == [AppointmentStatus.EXPIRED]
    assert_nobody_is_double_booked()


def scheduler(cloud: LocalCloud) -> dict[str, str]:
    settings = cloud.settings
    token = cloud.id_tokens.sign(settings["SCHEDULER_SERVICE_ACCOUNT"], settings["OIDC_AUDIENCE"])
    return {"Authorization": f"Bearer {token}"}


async def wait(crowd: Crowd, therapist: Person, people: int) -> list[tuple[Person, str]]:
    """So many wait for the one hour that suits them all, in this order."""
    places = []
    noon = in_some_days()
    window = {"earliestAt": noon.isoformat(), "latestAt": (noon + timedelta(minutes=50)).isoformat()}
    for number in range(people):
        patient = add_person()
        add_care(patient, therapist)
        told = await crowd.ask(number, "POST", "/api/waitlist", patient, {"therapistId": str(therapist.id), **window})
        assert told.status == 201, told
        places.append((patient, told.body["id"]))
    return places


def offers(therapist: Person) -> list[Appointment]:
    mine = Appointment.therapist_id == therapist.id, Appointment.waitlist_entry_id.is_not(None)
    return list(rows(select(Appointment).where(*mine).order_by(Appointment.created_at)))


async def test_ticks_at_once_offer_a_time_to_one(crowd: Crowd, commits: str, booking_cloud: LocalCloud) -> None:
    therapist = open_therapist()
    taken = add_appointment(add_person(), therapist, in_some_days())
    places = await wait(crowd, therapist, 4)
    headers = scheduler(booking_cloud)
    free(taken)
    ticks = await asyncio.gather(*(crowd.tick(number, headers) for number in range(8)))
    assert set(ticks) <= {204, 503}
    while 204 not in ticks[-1:]:  # what the database asked for again too often, the next minute does
        ticks.append(await crowd.tick(0, headers))
    assert [str(offer.waitlist_entry_id) for offer in offers(therapist)] == [places[0][1]]
    assert_nobody_is_double_booked()


@transaction
def free(db: Database, /, appointment_id: UUID) -> None:
    values = {"status": AppointmentStatus.CANCELLED, "cancelled_at": now()}
    db.execute(update(Appointment).where(Appointment.id == appointment_id).values(values))


@transaction
def lapse(db: Database, /, therapist: Person) -> None:
    """What is held for who waits was held until a moment ago."""
    moment = now() - timedelta(seconds=1)
    mine = Appointment.therapist_id == therapist.id, Appointment.status == AppointmentStatus.HELD
    db.execute(update(Appointment).where(*mine).values(held_until=moment))
    db.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.therapist_id == therapist.id, WaitlistEntry.status == WaitlistStatus.OFFERED)
        .values(offer_expires_at=moment)
    )


async def test_who_accepts_meets_who_books_and_the_tick(crowd: Crowd, commits: str, booking_cloud: LocalCloud) -> None:
    therapist, start_at = open_therapist(), in_some_days()
    taken = add_appointment(add_person(), therapist, start_at)
    places = await wait(crowd, therapist, 3)
    headers = scheduler(booking_cloud)
    free(taken)
    while not offers(therapist):
        await crowd.tick(0, headers)
    lapse(therapist)
    first, place_id = places[0]
    told = await asyncio.gather(
        *(crowd.ask(number, "POST", f"/api/waitlist/{place_id}/accept", first) for number in range(3)),
        *(crowd.book(number, add_person(), therapist, start_at) for number in range(sized(6, 20))),
        *(crowd.tick(number, headers) for number in range(4)),
    )
    accepted, booked, ticks = told[:3], told[3:-4], told[-4:]
    assert {(one.status, one.problem) for one in accepted if isinstance(one, Told)} == {(409, "hold-expired")}
    assert set(ticks) <= {204, 503}
    won = [one for one in booked if isinstance(one, Told) and one.status == 201]
    offered = [offer for offer in offers(therapist) if offer.status is AppointmentStatus.HELD]
    assert len(won) + len(offered) == 1
    assert_nobody_is_double_booked()
