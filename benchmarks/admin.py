"""`make bench-admin`: what administrators ask of two years of a platform, and of its first tenth.

Everything is asked of the whole function in this process (session, limit, checks, JSON) against the local cloud's
database: after a tenth of the time and after all of it, with the clock held there. BENCH_SCALE says how large the
whole is: 1 is 100,000 users, 1,000,000 messages and 5,000,000 entries of the audit trail. Seals are made over all
entries of the first tenth, and over as many of the others as BENCH_SEAL_SECONDS allow.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from functions_framework import create_app
from sqlalchemy import Engine, text

from benchmarks.admin_population import SPAN, Administrator, Size, add_administrator, grow, signed_in
from dev.cloud import LocalCloud
from dev.postgres import database_url
from shared import redis
from shared.audit.sealing import seal_settled
from shared.audit.verification import batches, check_seals, extent
from shared.clock import held_at, now
from shared.database.engine import build_engine
from shared.settings import settings

SCALE: Final = float(os.environ.get("BENCH_SCALE", "1"))
TIMES: Final = int(os.environ.get("BENCH_TIMES", "30"))
"""How often each question is asked."""
SEAL_SECONDS: Final = float(os.environ.get("BENCH_SEAL_SECONDS", "60"))
WHOLE: Final = Size(int(100_000 * SCALE), int(1_000_000 * SCALE), int(5_000_000 * SCALE))
TENTH: Final = 0.1
WARM_UP: Final = 3
VERIFIED: Final = 100_000
"""Entries that verifying is timed with."""
PARTS: Final = ("postgres", "database", "redis", "upstash")
NAMES: Final = ("admin-stats", "admin-timeseries", "search-users", "audit-trail", "audit-verify")
GIVEN: Final = {
    "LIMITS": ",".join(f"{name}=1000000/1" for name in NAMES),
    "LOG_LEVEL": "ERROR",
    "AUDIT_BUCKET_URL": "",
    "STAFF_ABSOLUTE_HOURS": "48",
}
CACHE_KEY: Final = "cached:admin:stats"


@dataclass(frozen=True)
class Found:
    """What was measured at one size."""

    milliseconds: dict[str, list[float]]
    """Of each time that something was asked."""
    sealed: float
    verified: float
    """Entries a second."""


def main() -> None:
    """Measure and print."""
    start = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - SPAN - timedelta(days=1)
    with LocalCloud(parts=PARTS, settings=GIVEN) as cloud:
        os.environ.update(cloud.settings | GIVEN)
        settings.cache_clear()
        engine = build_engine(database_url(cloud.data_dir, "postgres"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ALTER SYSTEM SET max_wal_size = '8GB'"))
            connection.execute(text("SELECT pg_reload_conf()"))
        administrator_id = add_administrator()
        before, found = Size(0, 0, 0), []
        for share in (TENTH, 1.0):
            after = WHOLE.share(share)
            began = time.perf_counter()
            with held_at(lambda share=share: start + SPAN * share):  # type: ignore[misc]
                asks = signed_in(administrator_id)
                grow(engine, before, after, WHOLE, start, asks)
                print(f"{after}, written in {time.perf_counter() - began:.0f} s", flush=True)
                found.append(measured(asks, engine))
            before = after
        engine.dispose()
    report(*found)


def measured(asks: Administrator, engine: Engine) -> Found:
    """At the size that there is."""
    began, length = time.perf_counter(), extent()
    seal_settled(seconds=SEAL_SECONDS)
    sealing = time.perf_counter() - began
    with engine.connect() as connection:
        sql = text("SELECT coalesce(sum(event_count), 0) FROM audit_seal WHERE number > :last")
        sealed = float(connection.scalar(sql, {"last": length.last}) or 0)
    return Found(in_turns(Asking(asks).questions()), sealed / sealing, verified())


def verified() -> float:
    """Entries a second, of the newest seals, each entry read and hashed again."""
    length, entries = extent(), 0
    some = list(batches(max(1, length.last - 500), length.last))
    began = time.perf_counter()
    for first, last in reversed(some):
        checked = check_seals(first, last)
        assert not checked.findings, checked.findings[:3]
        entries += checked.events
        if entries > VERIFIED:
            break
    return entries / (time.perf_counter() - began)


class Asking:
    """Requests to the function, as it is loaded in the cloud."""

    def __init__(self, who: Administrator) -> None:
        app = create_app("handle", "functions/admin/main.py")  # type: ignore[no-untyped-call]
        self._client: Any = app.test_client()
        self._headers = {"Authorization": f"Bearer {who.token}"}
        self._who = who

    def questions(self) -> dict[str, Callable[[], object]]:
        """By what the table calls them."""
        some = self.search(role="PATIENT", limit=1)["items"][0]
        deep = self.search(limit=200)
        for _ in range(8):
            deep = self.search(limit=200, cursor=deep["nextCursor"])
        entry = self.get("/api/admin/audit", action="messages.read", limit=1)["items"][0]
        old = self.get("/api/admin/audit", limit=200)
        return {
            "stats, counted": self.counted,
            "stats, cached": lambda: self.get("/api/admin/stats"),
            "messages by day, 30 days": lambda: self.get("/api/admin/timeseries", metric="messages"),
            "sign-ins by day, 30 days": lambda: self.get("/api/admin/timeseries", metric="sessions"),
            "users, the newest 50": self.search,
            "users, a page after 1,800 others": lambda: self.search(cursor=deep["nextCursor"]),
            "users, therapists": lambda: self.search(role="THERAPIST"),
            "users, by the beginning of a name": lambda: self.search(text=some["name"][:6]),
            "users, by the beginning of a last word": lambda: self.search(text=some["name"].split()[1][:5]),
            "users, by an address": lambda: self.search(text=some["email"]),
            "audit, the newest 50": lambda: self.get("/api/admin/audit"),
            "audit, the next page": lambda: self.get("/api/admin/audit", cursor=old["nextCursor"]),
            "audit, about one person": lambda: self.get("/api/admin/audit", subject=entry["subjectId"]),
            "audit, by one person": lambda: self.get("/api/admin/audit", actor=entry["actorId"]),
            "audit, by an administrator": lambda: self.get("/api/admin/audit", actor=self._who.id),
            "audit, a frequent deed": lambda: self.get("/api/admin/audit", action="messages.read"),
            "audit, a rare deed": lambda: self.get("/api/admin/audit", action="credentials.verify"),
            "audit, one person and one deed": lambda: self.get(
                "/api/admin/audit", subject=entry["subjectId"], action="message.send"
            ),
            "audit, an hour, a week ago": lambda: self.get("/api/admin/audit", **an_hour()),
            "verify, a page of seals": lambda: self.get("/api/admin/audit/verify"),
        }

    def counted(self) -> dict[str, Any]:
        """Stats that nothing is cached of."""
        redis.ask(lambda client: client.delete(CACHE_KEY))
        return self.get("/api/admin/stats")

    def search(self, **body: object) -> dict[str, Any]:
        """A page of users."""
        return self._answer(self._client.post("/api/admin/users/search", json=body, headers=self._headers))

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """What a GET answers."""
        return self._answer(self._client.get(path, query_string=query, headers=self._headers))

    def _answer(self, answer: Any) -> dict[str, Any]:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found


def an_hour() -> dict[str, str]:
    """A week ago."""
    began = now() - timedelta(days=7)
    return {"from": began.isoformat(), "to": (began + timedelta(hours=1)).isoformat()}


def in_turns(asks: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Ask each so many times, one after the other; milliseconds."""
    took: dict[str, list[float]] = {name: [] for name in asks}
    for number in range(WARM_UP + TIMES):
        for name, ask in asks.items():
            began = time.perf_counter()
            ask()
            if number >= WARM_UP:
                took[name].append((time.perf_counter() - began) * 1000)
    return took


def report(tenth: Found, whole: Found) -> None:
    """Both sizes beside each other. What else the machine does lengthens medians, and leaves the best as they are."""
    print(f"\nmilliseconds of the whole function, {TIMES} times each, in turns")
    print(f"{'':<40}{'a tenth: p50':>13}{'best':>8}{'the whole: p50':>16}{'best':>8}{'growth: p50':>13}{'best':>8}")
    for name, few in tenth.milliseconds.items():
        many = whole.milliseconds[name]
        halves = (statistics.median(few), statistics.median(many))
        print(
            f"{name:<40}{halves[0]:>13.1f}{min(few):>8.1f}{halves[1]:>16.1f}{min(many):>8.1f}"
            f"{halves[1] / halves[0]:>11.2f} x{min(many) / min(few):>6.2f} x"
        )
    for name, rates in {"sealed": (tenth.sealed, whole.sealed), "verified": (tenth.verified, whole.verified)}.items():
        print(f"{f'entries {name} a second':<40}{rates[0]:>13.0f}{rates[1]:>24.0f}")


if __name__ == "__main__":
    main()
