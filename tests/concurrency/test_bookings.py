"""Many book, move and call off at once, through two processes: nobody is double booked, whatever the database does."""

import asyncio
import random
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from dev.ports import free_ports
from dev.postgres import database_url
from infra.migrations.local import LocalDatabase, ways_into
from shared.clock import now
from shared.database.engine import build_engine
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus
from shared.database.transaction import Retried, retry_observers
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.appointments.calendars import SESSION, add_appointment, book, keep_hours, times
from tests.inside import inside, sized
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_person, rows
from tests.waiting import until

PARTS = {"postgres", "database", "redis", "upstash", "appointments"}
LIMITS = ",".join(f"{name}=100000/1" for name in ("book-appointment", "move-appointment", "cancel-appointment"))
MANY = sized(40, 200)
PATIENCE = 60
"""How often a client repeats what was answered 503."""
STEP = timedelta(minutes=5)
BEFORE, AFTER = 5, 10
"""Minutes around each session."""
BLOCKED = SESSION + timedelta(minutes=BEFORE + AFTER)
FAILS_AT_RANDOM = "IF random() < 0.3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """The appointments function and what is behind it."""
    with LocalCloud(parts=PARTS, settings={"LIMITS": LIMITS, "BCRYPT_COST": "4"}) as cloud, inside(cloud):
        yield cloud


@pytest.fixture(scope="module")
def instances(cloud: LocalCloud) -> Iterator[list[str]]:
    """The base URLs of two instances."""
    port = free_ports(["second"])["second"]
    words = cloud.supervisor["appointments"].part.command
    command = [str(port) if word == str(cloud.ports["appointments"]) else word for word in words]
    second = subprocess.Popen(command, env=cloud.environment("appointments"), stdout=subprocess.DEVNULL)
    urls = [cloud.url("appointments"), f"http://127.0.0.1:{port}"]
    try:
        until(lambda: _is_up(urls[1]))
        yield urls
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(10)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(params=["as they come", "failing at random"])
def commits(request: pytest.FixtureRequest, cloud: LocalCloud) -> Iterator[str]:
    """How the commits of appointments end: in three of ten cases by no fault of theirs with 40001, in the second."""
    ways = ways_into(database_url(cloud.data_dir, "postgres", "postgres"), "bloom")
    with at_commit(ways, FAILS_AT_RANDOM) if request.param == "failing at random" else nullcontext():
        yield request.param


@contextmanager
def at_commit(database: LocalDatabase, statement: str) -> Iterator[None]:
    """While the block runs, every COMMIT that changed an appointment executes a statement of PL/pgSQL first."""
    owner = build_engine(database.migrator_url)
    with owner.begin() as connection:
        connection.execute(text("SET ROLE migrator"))
        connection.exec_driver_sql(
            f"CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON appointment "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()"
        )
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text("SET ROLE migrator"))
            connection.execute(text("DROP FUNCTION at_commit() CASCADE"))
        owner.dispose()


@dataclass(frozen=True)
class Told:
    """How a request ended, for good."""

    start_at: datetime
    status: int
    problem: str
    body: dict[str, Any]


class Crowd:
    """People who ask all at once, half of them through each instance, and again while it cannot be done right now."""

    def __init__(self, instances: Sequence[str]) -> None:
        unlimited = httpx.Limits(max_connections=None)
        self._clients = [httpx.AsyncClient(base_url=url, timeout=120, limits=unlimited) for url in instances]
        self.statuses: Counter[int] = Counter()
        """Of every answer, also those that were not final."""

    async def book(self, number: int, patient: Person, therapist: Person, start_at: datetime) -> Told:
        body = {"therapistId": str(therapist.id)} | times(start_at)
        return await self._ask(number, "POST", "/api/appointments", patient, start_at, body)

    async def move(self, number: int, patient: Person, booked: UUID, start_at: datetime, version: int = 1) -> Told:
        body = times(start_at) | {"version": version}
        return await self._ask(number, "PATCH", f"/api/appointments/{booked}", patient, start_at, body)

    async def cancel(self, number: int, patient: Person, booked: UUID) -> Told:
        path, body = f"/api/appointments/{booked}/cancel", {"reason": "other"}
        return await self._ask(number, "POST", path, patient, now(), body)

    async def _ask(
        self, number: int, method: str, path: str, who: Person, start_at: datetime, body: dict[str, Any]
    ) -> Told:
        headers = who.bearer | {"Idempotency-Key": str(uuid4())}
        for attempt in range(PATIENCE):
            client = self._clients[(number + attempt) % len(self._clients)]
            try:
                answer = await client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                continue  # the server closed a connection that had rested; a client sends the same again
            self.statuses[answer.status_code] += 1
            problem = answer.json().get("type", "").rpartition(":")[2]
            if answer.status_code != 503 and problem != "still-in-flight":
                return Told(start_at, answer.status_code, problem, answer.json())
            await asyncio.sleep(float(answer.headers["Retry-After"]) / 20)
        raise AssertionError("it was never answered")

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def crowd(instances: list[str]) -> AsyncIterator[Crowd]:
    """People who ask both instances."""
    crowd = Crowd(instances)
    yield crowd
    await crowd.close()


def add_therapist() -> Person:
    """Somebody who takes new patients at every five minutes of the day, with buffers around each session."""
    therapist = add_person(Role.THERAPIST)
    keep_hours(
        therapist,
        0,
        1440,
        accepts_new_patients=True,
        slot_step_minutes=5,
        buffer_before_minutes=BEFORE,
        buffer_after_minutes=AFTER,
    )
    return therapist


def in_some_days(days: int = 3) -> datetime:
    """Noon of a day that can be booked."""
    return (now() + timedelta(days=days)).replace(hour=12, minute=0, second=0, microsecond=0)


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
    assert {one.function for one in retried} <= {"booked"}
    assert retried or not failing
    print(f"{len(retried)} attempts again for {dict(statuses)}")
