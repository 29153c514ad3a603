"""`make bench-auth`: who is signed in, and signing in, beside Better Auth on Node over the same PostgreSQL.

Each is one process. They take turns in short rounds, so that what else the machine does meets both, and the ratios are
medians over the rounds. Ours asks Redis (which a revocation empties at once) and then the database; Better Auth asks
the database, or with its cookie cache nobody: a session that was revoked is then believed for up to five minutes.
A sign-in costs what its bcrypt hash costs, so that is given as a share of what the cores can hash and do nothing else.
"""

import itertools
import json
import os
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import bcrypt
from sqlalchemy.orm import Session as Database

from benchmarks.better_auth import BetterAuth, better_auth
from benchmarks.http_load import Answered, keep_busy, request
from benchmarks.processes import cpu_seconds, family_seconds
from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.passwords import hash_password
from shared.roles import Role
from shared.settings import settings

SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "10"))
"""How long each contender is measured in all."""
ROUNDS: Final = 5
WARM_UP_SECONDS: Final = 1.0
CONNECTIONS: Final = 8
ACCOUNTS: Final = 400
BCRYPT_COST: Final = int(os.environ.get("BENCH_BCRYPT_COST", "10"))
PASSWORD: Final = "a password that nobody guesses"
PARTS: Final = ("postgres", "database", "redis", "upstash", "smtp", "oidc", "pubsub", "auth", "gateway")
# Met by nobody: what limits and locks do is for the tests to show.
LIMITS: Final = ",".join(f"{name}=1000000/1" for name in ("session", "sign-in", "sign-in-account", "sign-in-address"))


@dataclass
class Contender:
    """One way to be answered, and what its rounds gave."""

    name: str
    port: int
    sign_in: str
    session: str
    rounds: list[Answered] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)
    """Seconds of CPU by process, over all rounds."""

    def sign_ins(self) -> Iterator[bytes]:
        """Requests to sign in, each with the next account."""
        bodies = [json.dumps({"email": email(number), "password": PASSWORD}) for number in range(ACCOUNTS)]
        return itertools.cycle([request("POST", self.sign_in, {}, body.encode()) for body in bodies])

    def cookies(self, number: int) -> str:
        """Sign in by hand; what a browser would send from then on."""
        body = json.dumps({"email": email(number), "password": PASSWORD}).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.sign_in}", body)
        asked.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(asked) as answer:
            return "; ".join(value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie"))

    def session_checks(self) -> list[Iterator[bytes]]:
        """Requests for the present session, a session of its own for each connection."""
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            cookies = list(threads.map(self.cookies, range(CONNECTIONS)))
        return [itertools.repeat(request("GET", self.session, {"Cookie": mine})) for mine in cookies]

    def values(self, of: Callable[[Answered], float]) -> list[float]:
        """A figure of every round."""
        return [of(answered) for answered in self.rounds]

    def used_per_request(self) -> dict[str, float]:
        """Milliseconds of CPU by process."""
        count = sum(len(answered.took_ms) for answered in self.rounds)
        return {name: seconds * 1000 / count for name, seconds in self.used.items()}


Used = Callable[[], dict[str, float]]


def main() -> None:
    """Measure and print."""
    with LocalCloud(parts=PARTS, settings={"LIMITS": LIMITS, "BCRYPT_COST": str(BCRYPT_COST)}) as cloud:
        populate(cloud)
        with better_auth(cloud, accounts=ACCOUNTS, password=PASSWORD, bcrypt_cost=BCRYPT_COST) as peer:

            def used() -> dict[str, float]:
                return {**cpu_seconds(cloud), "Better Auth": family_seconds(peer.pid)}

            compare_session_checks(contenders(cloud, peer), used)
            compare_sign_ins([contenders(cloud, peer)[0], contenders(cloud, peer)[2]], used)


def contenders(cloud: LocalCloud, peer: BetterAuth) -> list[Contender]:
    """Ours directly and through the gateway, the peer without and with its cookie cache."""
    gateway = urlsplit(cloud.origin).port or 0
    ours, theirs = ("/api/auth/sign-in", "/api/auth/session"), ("/api/auth/sign-in/email", "/api/auth/get-session")
    return [
        Contender("Bloom Health", cloud.ports["auth"], *ours),
        Contender("Bloom Health through the gateway", gateway, *ours),
        Contender("Better Auth, database", peer.port, *theirs),
        Contender("Better Auth, cookie cache", peer.port, f"/cached{theirs[0]}", f"/cached{theirs[1]}"),
    ]


def compare_session_checks(all_of_them: list[Contender], used: Used) -> None:
    """Every contender in turn, some rounds long."""
    for number in range(ROUNDS):
        for contender in all_of_them:
            checks = contender.session_checks()
            if number == 0:
                _ask(contender, checks, WARM_UP_SECONDS)
            _measure(contender, checks, used)
    print(f"session check, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {SECONDS / ROUNDS:.1f} s")
    _print(all_of_them, peers=all_of_them[2:])


def compare_sign_ins(all_of_them: list[Contender], used: Used) -> None:
    """Hashing alone and every contender in turn, some rounds long."""
    requests = {contender.name: [contender.sign_ins()] * CONNECTIONS for contender in all_of_them}
    limits: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        limits.append(hash_alone(SECONDS / ROUNDS))
        for contender in all_of_them:
            if number == 0:
                _ask(contender, requests[contender.name], WARM_UP_SECONDS)
            _measure(contender, requests[contender.name], used)
    rates, costs = zip(*limits, strict=True)
    print(f"\nsign-in at bcrypt cost {BCRYPT_COST}, {CONNECTIONS} connections; the cores hash", end=" ")
    print(f"{statistics.median(rates):.1f} passwords a second and do nothing else")
    _print(all_of_them, peers=all_of_them[1:])
    for contender in all_of_them:
        share = statistics.median(rate / limit for rate, limit in zip(_rates(contender), rates, strict=True))
        of_cpu = statistics.median(costs) / sum(contender.used_per_request().values())
        print(f"{contender.name}: {share:.0%} of that limit; the hash is {of_cpu:.0%} of all CPU of a request")


def hash_alone(seconds: float) -> tuple[float, float]:
    """How many passwords all cores check in a second when nothing else is to be done, and each one's ms of CPU."""
    hashed, until = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(BCRYPT_COST)), time.perf_counter() + seconds

    def check() -> int:
        done = 0
        while time.perf_counter() < until:
            bcrypt.checkpw(PASSWORD.encode(), hashed)
            done += 1
        return done

    cores, started, used = len(os.sched_getaffinity(0)), time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(cores) as threads:
        done = sum(future.result() for future in [threads.submit(check) for _ in range(cores)])
    return done / (time.perf_counter() - started), (time.process_time() - used) * 1000 / done


def _measure(contender: Contender, requests: list[Iterator[bytes]], used: Used) -> None:
    before = used()
    contender.rounds.append(_ask(contender, requests, SECONDS / ROUNDS))
    for name, seconds in used().items():
        contender.used[name] = contender.used.get(name, 0.0) + seconds - before.get(name, 0.0)


def _ask(contender: Contender, requests: list[Iterator[bytes]], seconds: float) -> Answered:
    return keep_busy(contender.port, requests, b'"email":"person-', seconds)


def _print(all_of_them: list[Contender], peers: list[Contender]) -> None:
    heads = "".join(f"{'to ' + peer.name:>30}" for peer in peers)
    print(f"{'':<34}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}{'refused':>9}{heads}")
    for contender in all_of_them:
        rate = statistics.median(_rates(contender))
        p50 = statistics.median(contender.values(lambda answered: answered.percentile(50)))
        p99 = statistics.median(contender.values(lambda answered: answered.percentile(99)))
        refused = sum(len(answered.refused) for answered in contender.rounds)
        ratios = "".join(f"{_ratio(contender, peer):>30.2f}" for peer in peers)
        print(f"{contender.name:<34}{rate:>8.0f}{p50:>8.1f}{p99:>8.1f}{refused:>9}{ratios}")
    print("CPU of a request, in ms:")
    for contender in all_of_them:
        print(f"{contender.name:<34}{_used_per_request(contender)}")


def _rates(contender: Contender) -> list[float]:
    return contender.values(lambda answered: answered.rate)


def _ratio(contender: Contender, peer: Contender) -> float:
    return statistics.median(ours / theirs for ours, theirs in zip(_rates(contender), _rates(peer), strict=True))


def _used_per_request(contender: Contender) -> str:
    each = contender.used_per_request()
    shown = [f"{name} {ms:.2f}" for name, ms in sorted(each.items(), key=lambda item: -item[1]) if ms >= 0.01]
    return f"{sum(each.values()):.2f} = {' + '.join(shown)}"


def email(number: int) -> str:
    """The address of an account, here and there."""
    return f"person-{number}@bench.test"


def populate(cloud: LocalCloud) -> None:
    """Write the accounts straight into the cloud's database: signing up is not what is measured."""
    os.environ.update(cloud.settings)
    settings.cache_clear()
    _add_accounts(hash_password(PASSWORD))


@transaction
def _add_accounts(db: Database, password_hash: str) -> None:
    db.add_all(
        User(
            email=email(number),
            name=f"Person {number}",
            role=Role.PATIENT,
            password_hash=password_hash,
            email_verified_at=now(),
        )
        for number in range(ACCOUNTS)
    )


if __name__ == "__main__":
    main()
