"""Many book, move and call off at once, through two processes: nobody is double booked, whatever the database does."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus
from shared.database.transaction import Retried, retry_observers
from tests.concurrency.booking_crowd import (
    BLOCKED,
    FAILS_AT_RANDOM,
    LIMITS,
    STEP,
    Crowd,
    Told,
    add_therapist,
    at_commit,
    in_some_days,
)
from tests.doubles import function_client
from tests.functions.appointments.calendars import add_appointment, book
from tests.inside import sized
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_person, rows

MANY = sized(40, 200)


def assert_won_as_far_as_possible(told: Sequence[Told]) -> None:
    """Whoever was refused overlaps somebody who won: no further one of them would have fitted."""
    won = [one.start_at for one in told if one.status == 201]
    refused = [one for one in told if one.status != 201]
    assert {(one.status, one.problem) for one in refused} <= {(409, "slot-taken")}
    assert all(abs(one - other) >= BLOCKED for one in won for other in won if one is not other)
    fitting = [one for one in refused if all(abs(one.start_at - other) >= BLOCKED for other in won)]
    assert fitting == []


def assert_kept(told: Sequence[Told], therapist: Person) -> None:
    """The table holds what was won, each with its two people, and each entered once in the audit trail."""
    found = rows(select(Appointment).where(Appointment.therapist_id == therapist.id))
    assert sorted(one.start_at for one in found) == sorted(one.start_at for one in told if one.status == 201)
    ids = {one.id for one in found}
    assert ids == {UUID(one.body["appointment"]["id"]) for one in told if one.status == 201}
    assert len(rows(select(AppointmentAttendee.user_id).where(AppointmentAttendee.appointment_id.in_(ids)))) == 2 * len(
        ids
    )
    booked = AuditEvent.action == "appointment.book", AuditEvent.outcome == AuditOutcome.SUCCESS
    entries = rows(select(AuditEvent.resource_id).where(*booked, AuditEvent.resource_id.in_(ids)))
    assert Counter(entries) == Counter(ids)


async def test_one_time_that_many_ask_for_is_given_to_one(crowd: Crowd, commits: str) -> None:
    therapist, start_at = add_therapist(), in_some_days()
    patients = [add_person() for _ in range(MANY)]
    told = await asyncio.gather(
        *(crowd.book(number, patient, therapist, start_at) for number, patient in enumerate(patients))
    )
    assert Counter(one.status for one in told) == {201: 1, 409: MANY - 1}
    assert set(crowd.statuses) <= {201, 409, 503}
    assert_won_as_far_as_possible(told)
    assert_kept(told, therapist)
    assert_nobody_is_double_booked()
    print(commits, dict(crowd.statuses))


async def test_of_times_that_overlap_as_many_are_given_as_fit(crowd: Crowd, commits: str) -> None:
    therapist, first = add_therapist(), in_some_days()
    wanted = [(add_person(), first + STEP * (number % 60)) for number in range(MANY)]
    random.shuffle(wanted)
    told = await asyncio.gather(
        *(crowd.book(number, patient, therapist, start_at) for number, (patient, start_at) in enumerate(wanted))
    )
    assert set(crowd.statuses) <= {201, 409, 503}
    assert_won_as_far_as_possible(told)
    assert_kept(told, therapist)
    assert_nobody_is_double_booked()
    print(commits, dict(crowd.statuses))


async def test_a_patient_who_asks_many_therapists_at_once_is_in_one_place(crowd: Crowd, commits: str) -> None:
    patient, first = add_person(), in_some_days()
    therapists = [add_therapist() for _ in range(sized(12, 40))]
    told = await asyncio.gather(
        *(
            crowd.book(number, patient, therapist, first + STEP * (number % 6))
            for number, therapist in enumerate(therapists)
        )
    )
    assert Counter((one.status, one.problem) for one in told) == {
        (201, ""): 1,
        (409, "own-time-taken"): len(therapists) - 1,
    }
    assert set(crowd.statuses) <= {201, 409, 503}
    assert_nobody_is_double_booked()


async def test_who_moves_meets_who_books(crowd: Crowd, commits: str) -> None:
    therapist, wanted = add_therapist(), in_some_days()
    holders = [add_person() for _ in range(sized(8, 30))]
    held = [
        add_appointment(patient, therapist, wanted + timedelta(hours=2 * number + 2))
        for number, patient in enumerate(holders)
    ]
    told = await asyncio.gather(
        *(
            crowd.move(number, patient, booked, wanted)
            for number, (patient, booked) in enumerate(zip(holders, held, strict=True))
        ),
        *(crowd.book(number, add_person(), therapist, wanted) for number in range(sized(8, 30))),
    )
    assert Counter(one.status < 300 for one in told)[True] == 1
    assert {(one.status, one.problem) for one in told if one.status >= 300} == {(409, "slot-taken")}
    assert_nobody_is_double_booked()
    taking = Appointment.therapist_id == therapist.id, Appointment.start_at == wanted
    assert len(rows(select(Appointment.id).where(*taking))) == 1


async def test_two_changes_of_one_appointment_at_once_are_not_both_made(crowd: Crowd, commits: str) -> None:
    therapist, patient, first = add_therapist(), add_person(), in_some_days()
    booked = add_appointment(patient, therapist, first)
    told = await asyncio.gather(
        *(crowd.move(number, patient, booked, first + timedelta(hours=number + 2)) for number in range(8))
    )
    assert Counter((one.status, one.problem) for one in told) == {(200, ""): 1, (409, "stale-version"): 7}
    [found] = rows(select(Appointment).where(Appointment.id == booked))
    assert (found.version, found.ics_sequence) == (2, 1)
    assert [found.start_at] == [one.start_at for one in told if one.status == 200]


async def test_a_storm_of_everything_leaves_nobody_double_booked(crowd: Crowd, commits: str) -> None:
    first = in_some_days(days=5)
    therapists = [add_therapist() for _ in range(3)]
    patients = [add_person() for _ in range(sized(10, 30))]
    chance = random.Random(7)

    async def live(number: int, patient: Person) -> None:
        mine: list[tuple[UUID, int]] = []
        for _ in range(sized(3, 8)):
            start_at = first + STEP * chance.randrange(60)
            deed = chance.random()
            if mine and deed < 0.3:
                await crowd.cancel(number, patient, mine.pop()[0])
            elif mine and deed < 0.6:
                booked, version = mine.pop()
                told = await crowd.move(number, patient, booked, start_at, version)
                mine.append((booked, version + 1 if told.status == 200 else version))
            else:
                told = await crowd.book(number, patient, chance.choice(therapists), start_at)
                if told.status == 201:
                    mine.append((UUID(told.body["appointment"]["id"]), 1))

    await asyncio.gather(*(live(number, patient) for number, patient in enumerate(patients)))
    assert set(crowd.statuses) <= {200, 201, 409, 503}
    assert crowd.statuses[201] >= 3
    assert_nobody_is_double_booked()


@contextmanager
def counted() -> Iterator[list[Retried]]:
    """The attempts that were made again meanwhile."""
    seen: list[Retried] = []
    retry_observers.append(seen.append)
    try:
        yield seen
    finally:
        retry_observers.remove(seen.append)


@pytest.mark.parametrize("failing", [False, True])
def test_conflicts_cost_attempts_and_nothing_else(
    product: LocalCloud, fresh_database: LocalDatabase, environment: Callable[..., None], failing: bool
) -> None:
    environment(limits=LIMITS, database_pool_size="16")
    client = function_client("appointments")
    therapist, first = add_therapist(), in_some_days()
    patients = [add_person() for _ in range(24)]
    together = Barrier(len(patients))

    def ask(number: int) -> TestResponse:
        together.wait(30)
        asking = As(client.application.test_client(), patients[number])
        return book(asking, therapist, first + STEP * number)

    failures = at_commit(fresh_database, FAILS_AT_RANDOM) if failing else nullcontext()
    with counted() as retried, failures, ThreadPoolExecutor(len(patients)) as threads:
        asked = [threads.submit(ask, number) for number in range(len(patients))]
        answers = [one.result() for one in asked]
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409, 503}
    assert_nobody_is_double_booked()
    kept = rows(select(Appointment).where(Appointment.status == AppointmentStatus.BOOKED))
    assert len(kept) == statuses[201] >= 1
    assert {one.function for one in retried} <= {"booked", "give_up"}  # the second notes that there is no video
    assert retried or not failing
    print(f"{len(retried)} attempts again for {dict(statuses)}")
