"""`python -m infra.canary prod --percent 10`: whether new revisions do worse than those that served until now.

By the rule that models are tried by (shared/rollout_policy.py): a revision that surely fails more often, or is surely
slower, gives its requests back at once, and with it the whole release; it goes on only after a while without harm.
Whoever ends this, or takes away what it looks at, ends the release the same way.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from infra.gcloud import GcloudFailed, project_of
from infra.release import ReleaseRefused, back, move, services, stable
from infra.request_numbers import MONITORING, NumbersAway, RequestNumbers, Window
from shared.rollout_policy import Decision, Move, Patience, Served, decide

PATIENCE: Final[Mapping[int, Patience]] = {10: Patience(50, 10), 50: Patience(200, 10)}
"""What a stage of a release waits for: requests of each new revision, and minutes."""
LONGEST: Final = timedelta(minutes=30)
"""After it, what had too few requests to be judged goes on by the smoke test alone, and is named."""
SETTLING: Final = timedelta(minutes=2)
"""Instances that are only starting are slow, and say nothing of how fast the revision is."""
LOOKED_EVERY: Final = timedelta(seconds=30)
BLIND: Final = 6
"""So many looks in a row that see nothing end the release: nobody would know."""
ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)
LASTING: Final = "realtime"
"""Its requests are sockets: how long they take is how long people stay."""


class Ended(Exception):
    """This process was asked to end."""


@dataclass(frozen=True)
class Pair:
    """A service whose requests are shared between two revisions."""

    service: str
    stable: str
    newest: str


@dataclass(frozen=True)
class Watch:
    """A release's stage while it is looked at; `clock` tells the time in UTC, `wait` passes so many seconds."""

    stack: str
    percent: int
    numbers: RequestNumbers
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], None] = time.sleep

    def run(self) -> bool:
        """Whether the release may go on; where not, all requests have gone back. Raises GcloudFailed."""
        try:
            refused = self._looked()
        except (Ended, GcloudFailed, NumbersAway) as broken:
            refused = str(broken) or "ended from outside"
        if refused:
            sys.stdout.write(f"returned: {refused}\n")
            move(self.stack, back)
        return not refused

    def _looked(self) -> str:
        """Look until it is decided; why the release has to end, or nothing."""
        begun, blind, shared = self.clock(), 0, list(pairs(self.stack))
        found = {pair: Decision(Move.STAY, self.percent) for pair in shared}
        while any(decision.move is Move.STAY for decision in found.values()):
            if self.clock() - begun >= LONGEST:
                sys.stdout.writelines(f"{_quiet(*one)}\n" for one in found.items() if one[1].move is Move.STAY)
                break
            self.wait(LOOKED_EVERY.total_seconds())
            try:
                found, blind = {pair: self._decided(pair, begun) for pair in shared}, 0
            except NumbersAway:
                blind += 1
                if blind >= BLIND:
                    raise
            if harmed := [_harms(*one) for one in found.items() if one[1].move is Move.RETURN]:
                return "; ".join(harmed)
        return ""

    def _decided(self, pair: Pair, begun: datetime) -> Decision:
        now = self.clock()
        seen = self.numbers.served(pair.service, Window(begun, now), _timed(pair, begun, now))
        minutes = (now - begun).total_seconds() / 60
        before, after = (seen.get(name, Served()) for name in (pair.stable, pair.newest))
        if not (before.p99_ms and after.p99_ms):  # one of them alone is slower than nothing
            before, after = replace(before, p99_ms=0.0), replace(after, p99_ms=0.0)
        found = decide(self.percent, minutes, before, after, PATIENCE)
        sys.stdout.write(f"{pair.service}: {_told(before)} before, {_told(after)} after: {found.move}\n")
        return found


def pairs(stack: str) -> Iterator[Pair]:
    """The services of a stack whose newest revision has a share of the requests. Raises GcloudFailed."""
    for name, service in services(stack):
        newest, before = service["status"].get("latestCreatedRevisionName"), stable(service)
        shared = [part for part in service["status"].get("traffic", ()) if part.get("revisionName") == newest]
        if before and any(part.get("percent") for part in shared):
            yield Pair(name, before, newest)


def _timed(pair: Pair, begun: datetime, now: datetime) -> Window | None:
    settled = begun + SETTLING
    return Window(settled, now) if settled < now and not pair.service.endswith(LASTING) else None


def _told(served: Served) -> str:
    return f"{served.errors} of {served.requests} failed, p99 {served.p99_ms:.0f} ms"


def _harms(pair: Pair, found: Decision) -> str:
    return f"{pair.service}: {', '.join(found.harms)}"


def _quiet(pair: Pair, found: Decision) -> str:
    return f"{pair.service}: {found.requests_missing} requests too few to be judged by; the smoke test answers for it"


def _end(_number: int, _frame: object) -> NoReturn:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)  # requests are given back whole
    raise Ended


def main(arguments: list[str]) -> int:
    """Look until it is decided; 1 where the release went back."""
    parser = argparse.ArgumentParser(prog="python -m infra.canary", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--percent", type=int, choices=sorted(PATIENCE), default=10, help="the share they have")
    parser.add_argument("--monitoring", default=MONITORING, help="where Cloud Monitoring's API is")
    given = parser.parse_args(arguments)
    for number in ENDINGS:
        signal.signal(number, _end)
    watch = Watch(given.stack, given.percent, RequestNumbers(project_of(given.stack), given.monitoring))
    try:
        return 0 if watch.run() else 1
    except (ReleaseRefused, GcloudFailed) as refused:
        sys.stderr.write(f"bloom: {refused}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
