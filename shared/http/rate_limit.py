"""Limits by the generic cell rate algorithm: one atomic step in Redis, a small local one while Redis is away."""

import hashlib
import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from shared.clock import now
from shared.problems import TooManyRequests
from shared.redis import RedisAway, Script
from shared.settings import settings

# tat, the theoretical arrival time, is when the bucket will be empty again. All times are whole microseconds, which
# Lua's numbers hold exactly: with fractions the last of `count` would sometimes be refused.
TAKE_IN_LUA: Final = """
local function take(key, count, interval, now)
  local tat = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local wait = tat + interval - count * interval - now
  if wait > 0 then return {0, wait, 0, tat - now} end
  tat = tat + interval
  redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))
  return {1, 0, math.floor((count * interval - (tat - now)) / interval), tat - now}
end
"""
_take: Final = Script(TAKE_IN_LUA + "return take(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))")
LOCAL_KEYS_AT_MOST: Final = 10_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Limit:
    """At most `count` in `per` seconds, by user or by client address; the setting LIMITS overrides it by name."""

    name: str
    count: int
    per: float
    by: Literal["user", "address"] = "user"

    def in_force(self) -> "Limit":
        """This limit as the settings have it."""
        return _overrides(settings().limits).get(self.name, self) if settings().limits else self

    def key(self, whose: str) -> str:
        """The name in Redis; what it counts by is digested, since it may be an address."""
        return f"limit:{self.name}:{hashlib.sha256(whose.encode()).hexdigest()[:32]}"

    @property
    def interval_us(self) -> int:
        """Microseconds after which one more is let through."""
        return int(self.per * 1_000_000 / self.count)


@dataclass(frozen=True)
class Allowance:
    """What is left. Both times are in microseconds."""

    limit: Limit
    granted: bool
    retry_after_us: int
    remaining: int
    reset_us: int

    def headers(self) -> dict[str, str]:
        """The `RateLimit-*` fields."""
        return {
            "RateLimit-Limit": str(self.limit.count),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset_us / 1_000_000)),
        }

    def require(self) -> None:
        """Raises TooManyRequests where nothing is left."""
        if not self.granted:
            raise TooManyRequests(retry_after=math.ceil(self.retry_after_us / 1_000_000))


def arguments(limit: Limit) -> list[str]:
    """What the Lua function takes after its key: count, interval, present time."""
    return [str(limit.count), str(limit.interval_us), str(_now_us())]


def take(limit: Limit, whose: str) -> Allowance:
    """Count one against a limit."""
    limit = limit.in_force()
    try:
        return allowance(limit, _take([limit.key(whose)], arguments(limit)))
    except RedisAway:
        return take_locally(limit, whose)


def allowance(limit: Limit, answer: list[int]) -> Allowance:
    """What the Lua function answered."""
    granted, retry_after, remaining, reset = (int(value) for value in answer)
    return Allowance(limit, bool(granted), retry_after, remaining, reset)


_local_lock: Final = threading.Lock()
_local_arrivals: dict[str, int] = {}


def take_locally(limit: Limit, whose: str) -> Allowance:
    """The same step within this process: while Redis is away a limit is weaker, never absent."""
    key, moment, interval = limit.key(whose), _now_us(), limit.interval_us
    with _local_lock:
        if len(_local_arrivals) >= LOCAL_KEYS_AT_MOST:
            _local_arrivals.clear()
        tat = max(_local_arrivals.get(key, 0), moment)
        wait = tat + interval - limit.count * interval - moment
        if wait > 0:
            return Allowance(limit, False, wait, 0, tat - moment)
        tat += interval
        _local_arrivals[key] = tat
    return Allowance(limit, True, 0, (limit.count * interval - (tat - moment)) // interval, tat - moment)


def _now_us() -> int:
    return (now() - EPOCH) // MICROSECOND


def _overrides(text: str) -> dict[str, Limit]:
    limits = {}
    for entry in text.split(","):
        name, _, rate = entry.strip().partition("=")
        count, _, per = rate.partition("/")
        limits[name] = Limit(name, int(count), float(per))
    return limits
