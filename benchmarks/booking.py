"""`make bench-booking`: how long free times take, whether history costs anything, and booking beside a table lock.

Free times are asked of the whole function in this process (session, limit, checks, JSON), with the cache and without.
Booking is the product's own transaction, and the same one that locks the table of appointments first, as who does not
trust SERIALIZABLE would: they take turns in short rounds over fresh calendars, so that what else the machine does meets
both, and the ratio is the median over the rounds.
"""

import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any, Final
from uuid import UUID

from functions_framework import create_app
from sqlalchemy import event, text
from sqlalchemy.orm import Session as Database

from benchmarks.booking_population import (
    SESSION,
    Person,
    add_calendar,
    add_history,
    add_people,
    add_therapists,
    analyse,
)
from dev.cloud import LocalCloud
from functions.appointments import own_appointments
from functions.appointments.taking_time import TRIES, Wanted, book
from shared.appointments import note_change
from shared.audit_actions import Action
from shared.clock import now
from shared.database.engine import engine
from shared.database.transaction import retry_observers, transaction
from shared.events import AppointmentChange
from shared.problems import Conflict, Unavailable
from shared.roles import Role
from shared.settings import settings

TIMES: Final = int(os.environ.get("BENCH_TIMES", "60"))
"""How often each question is asked."""
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "20"))
"""How long each way of booking is measured in all."""
ROUNDS: Final = 5
THERAPISTS: Final = 2_000
APPOINTMENTS: Final = 500
HISTORY: Final = 2_000
CLIENTS: Final = 32
PROCESSES: Final = 4
BOOKED_THERAPISTS: Final = int(os.environ.get("BENCH_THERAPISTS", "8"))
WARM_UP: Final = 8
PARTS: Final = ("postgres", "database", "redis", "upstash")
# Met by nobody: what limits do is for the tests to show.
LIMITS: Final = ",".join(f"{name}=1000000/1" for name in ("slots", "available-therapists", "appointments"))


@dataclass(frozen=True)
class Took:
    """Milliseconds by the clock and of this process's CPU, of each time that something was asked."""

    wall: list[float]
    cpu: list[float]

    def __str__(self) -> str:
        """Medians and the quickest."""
        told = (statistics.median(self.wall), min(self.wall), statistics.median(self.cpu), min(self.cpu))
        return "p50 {:7.1f}  best {:7.1f}    CPU p50 {:7.1f}  best {:7.1f}".format(*told)


def main() -> None:
    """Measure and print."""
    given = {"LIMITS": LIMITS, "LOG_LEVEL": "ERROR", "DATABASE_POOL_SIZE": str(CLIENTS // PROCESSES)}
    with LocalCloud(parts=PARTS, settings=given) as cloud:
        os.environ.update(cloud.settings | given)
        settings.cache_clear()
        patients = add_people(Role.PATIENT, 21, signed_in=True)
        add_therapists(THERAPISTS)
        crowded = [add_therapists(1, start_minute=0, end_minute=1440)[0] for _ in range(2)]
        first = (now() + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        for place, therapist in enumerate(crowded):
            add_calendar(therapist, patients[2 + place :: 2], count=APPOINTMENTS, first=first)
            add_history(therapist, patients[place], HISTORY * 10**place)
        analyse()
        for measure in (measure_reading, measure_booking):
            if os.environ.get("BENCH_ONLY", measure.__name__) == measure.__name__:
                measure(patients, crowded)


def measure_reading(patients: Sequence[Person], crowded: Sequence[Person]) -> None:
    """One therapist's free times, the directory, and both lists over ten times the rows."""
    busy, long_known = crowded
    asking = Asking()
    slots, others = asking.slots(busy, patients[0]), asking.slots(long_known, patients[0])
    directory = asking.directory(patients[0])
    print(f"milliseconds of the whole function, {TIMES} times each, in turns")
    found = in_turns(
        {
            f"slots, 60 days, {APPOINTMENTS} appointments, cached": slots,
            f"slots, 60 days, {APPOINTMENTS} appointments, computed": uncached(slots),
            f"slots, the same with {HISTORY * 10:,} past ones, computed": uncached(others),
            f"directory, a page of 50 of {THERAPISTS:,}, cached": directory,
            f"directory, a page of 50 of {THERAPISTS:,}, computed": uncached(directory),
            f"a patient's list, {HISTORY:,} past ones": asking.ahead(patients[0]),
            f"a patient's list, {HISTORY * 10:,} past ones": asking.ahead(patients[1]),
        }
    )
    for name, took in found.items():
        print(f"{name:<58}{took}")
    _, computed, long, *_, few, many = found.values()
    print(f"ten times the rows: slots {_ratio(long, computed):.2f} x, list {_ratio(many, few):.2f} x, by the clock")
    print(f"the directory's page, computed, takes {statements(uncached(directory))} statements")


class Asking:
    """Requests to the function, as it is loaded in the cloud."""

    def __init__(self) -> None:
        app = create_app("handle", "functions/appointments/main.py")  # type: ignore[no-untyped-call]
        self._client: Any = app.test_client()

    def slots(self, therapist: Person, patient: Person) -> Callable[[], None]:
        """Of 60 days."""
        until = {"to": (now() + timedelta(days=60)).isoformat()}
        return lambda: self._get(f"/api/therapists/{therapist.id}/slots", patient, until)

    def directory(self, patient: Person) -> Callable[[], None]:
        """Its first page."""
        return lambda: self._get("/api/therapists/available", patient, {})

    def ahead(self, patient: Person) -> Callable[[], None]:
        """What a patient has ahead."""
        since = {"from": now().isoformat()}
        return lambda: self._get("/api/appointments", patient, since)

    def _get(self, path: str, who: Person, query: dict[str, str]) -> None:
        answer = self._client.get(path, query_string=query, headers={"Authorization": f"Bearer {who.token}"})
        assert answer.status_code == 200, answer.get_data(as_text=True)


def uncached(ask: Callable[[], None]) -> Callable[[], None]:
    """The same, which finds nothing in the cache and keeps nothing."""

    def asked() -> None:
        with without_cache():
            ask()

    return asked


@contextmanager
def without_cache() -> Iterator[None]:
    """Every copy of the cache's module in this process: functions-framework loads one of its own."""
    import sys

    modules: list[Any] = [module for name, module in sys.modules.items() if name.endswith(".slot_cache")]
    whole = [(module, module.find, module.keep) for module in modules]
    for module in modules:
        module.find, module.keep = (lambda _: {}), (lambda _: None)
    try:
        yield
    finally:
        for module, find, keep in whole:
            module.find, module.keep = find, keep


def in_turns(asks: dict[str, Callable[[], None]]) -> dict[str, Took]:
    """Ask each so many times, one after the other."""
    found = {name: Took([], []) for name in asks}
    for number in range(WARM_UP + TIMES):
        for name, ask in asks.items():
            started, used = time.perf_counter(), time.process_time()
            ask()
            if number >= WARM_UP:
                found[name].wall.append((time.perf_counter() - started) * 1000)
                found[name].cpu.append((time.process_time() - used) * 1000)
    return found


def _ratio(one: Took, other: Took) -> float:
    """Of the clock, where the database's part counts, as the median over the turns."""
    return statistics.median(a / b for a, b in zip(one.wall, other.wall, strict=True))


def statements(ask: Callable[[], None]) -> int:
    """How many the database is sent."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(engine(), "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(engine(), "before_cursor_execute", note)
    return len(sent)


def measure_booking(*_: object) -> None:
    """Both ways in turns, from several processes, of people and calendars of their own."""
    ways = {"serializable": booked, "behind a table lock": booked_behind_a_lock}
    rounds: dict[str, list[Counter[str]]] = {name: [] for name in ways}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        for number in range(ROUNDS):
            for name in ways:
                therapists = [
                    one.id for one in add_therapists(BOOKED_THERAPISTS, start_minute=0, end_minute=1440, zones=["UTC"])
                ]
                patients = add_people(Role.PATIENT, CLIENTS)
                shares = [[one.id for one in patients[start::PROCESSES]] for start in range(PROCESSES)]
                jobs = [processes.submit(keep_booking, name, therapists, share, number) for share in shares]
                rounds[name].append(sum((job.result() for job in jobs), Counter()))
    print(f"\nbooking, {CLIENTS} clients, {BOOKED_THERAPISTS} therapists, {ROUNDS} rounds of {SECONDS / ROUNDS:.0f} s")
    for name, counted in rounds.items():
        whole = sum(counted, Counter())
        print(f"{name:<22}{whole['booked'] / SECONDS:>8.1f} booked a second  {dict(whole)}")
    ours, theirs = ([one["booked"] for one in rounds[name]] for name in ways)
    print(f"ratio {statistics.median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}")


def keep_booking(way: str, therapists: list[UUID], patients: list[UUID], seed: int) -> "Counter[str]":
    """As many clients as patients, each at it until the round is over; how each try ended."""
    settings.cache_clear()
    book_it = {"serializable": booked, "behind a table lock": booked_behind_a_lock}[way]
    counted: Counter[str] = Counter()
    first = (now() + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    started = time.perf_counter()

    def live(patient_id: UUID) -> None:
        chance = random.Random(f"{seed} {patient_id}")
        while time.perf_counter() < started + SECONDS / ROUNDS:
            start_at = first + timedelta(minutes=30 * chance.randrange(55 * 48))
            counted[_ending(book_it, patient_id, chance.choice(therapists), start_at)] += 1

    retry_observers.append(lambda _: counted.update(["tried again"]))
    try:
        with ThreadPoolExecutor(len(patients)) as clients:
            list(clients.map(live, patients))
    finally:
        retry_observers.clear()
    return counted


def _ending(book_it: Callable[..., None], patient_id: UUID, therapist_id: UUID, start_at: datetime) -> str:
    try:
        book_it(patient_id, therapist_id, start_at)
    except Conflict:
        return "refused"
    except Unavailable:
        return "given up"
    return "booked"


@transaction(tries=TRIES)
def booked(db: Database, patient_id: UUID, therapist_id: UUID, start_at: datetime) -> None:
    """What POST /api/appointments does in its transaction."""
    _book(db, patient_id, therapist_id, start_at)


@transaction(tries=TRIES)
def booked_behind_a_lock(db: Database, patient_id: UUID, therapist_id: UUID, start_at: datetime) -> None:
    """The same, one after the other."""
    db.execute(text("LOCK TABLE appointment IN EXCLUSIVE MODE"))
    _book(db, patient_id, therapist_id, start_at)


def _book(db: Database, patient_id: UUID, therapist_id: UUID, start_at: datetime) -> None:
    assert own_appointments.may_book(db, patient_id, therapist_id)
    made = book(db, Wanted(patient_id, therapist_id, start_at, start_at + SESSION))
    own_appointments.note(db, own_appointments.named(db, made), Action.APPOINTMENT_BOOKED)
    note_change(db, made.id, made.version, AppointmentChange.BOOKED)


if __name__ == "__main__":
    main()
