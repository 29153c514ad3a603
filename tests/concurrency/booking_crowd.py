"""People who book, move and call off all at once, through two processes of the appointments function."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from infra.migrations.local import LocalDatabase
from shared.clock import now
from shared.database.engine import build_engine
from shared.roles import Role
from tests.functions.appointments.calendars import SESSION, keep_hours, times
from tests.people import Person, add_person

_LIMITED = (
    *("book-appointment", "move-appointment", "cancel-appointment", "book-series", "cancel-series"),
    *("hold-appointment", "confirm-appointment", "join-waitlist", "leave-waitlist", "accept-offer", "decline-offer"),
)
PARTS = {"postgres", "database", "redis", "upstash", "oidc", "appointments"}
LIMITS = ",".join(f"{name}=100000/1" for name in _LIMITED)
PATIENCE = 60
"""How often a client repeats what was answered 503."""
STEP = timedelta(minutes=5)
BEFORE, AFTER = 5, 10
"""Minutes around each session."""
BLOCKED = SESSION + timedelta(minutes=BEFORE + AFTER)
FAILS_AT_RANDOM = "IF random() < 0.3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF"


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

    async def ask(self, number: int, method: str, path: str, who: Person, body: dict[str, Any] | None = None) -> Told:
        """Anything else."""
        return await self._ask(number, method, path, who, now(), body or {})

    async def tick(self, number: int, headers: dict[str, str]) -> int:
        """What Cloud Scheduler does; the status."""
        client = self._clients[number % len(self._clients)]
        answer = await client.post("/api/internal/appointments/tick", json={}, headers=headers)
        return answer.status_code

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
