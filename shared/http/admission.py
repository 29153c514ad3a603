"""Who asks, and whether they may yet: session and limit in one Redis step, from the database where Redis is away."""

from typing import Final

from shared import session
from shared.http.rate_limit import TAKE_IN_LUA, Allowance, Limit, allowance, arguments, take, take_locally
from shared.redis import RedisAway, Script
from shared.session import Caller

# KEYS[1] is the cached session. The limit is counted here only where the session is known from the cache;
# its key is made of the user's digest, which the entry holds.
_admit: Final = Script(
    TAKE_IN_LUA
    + """
local entry = redis.call('GET', KEYS[1])
if not entry or entry == 'revoked' or ARGV[1] == '' then return {entry or '', false} end
local key = 'limit:' .. ARGV[1] .. ':' .. cjson.decode(entry).limitKey
return {entry, take(key, tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))}
"""
)


def admit(token: str, limit: Limit | None) -> tuple[Caller | None, Allowance | None]:
    """The caller whose token this is, and what the limit leaves them; None for a session that has ended."""
    limit = limit.in_force() if limit else None
    try:
        entry, counted = _admit([session.cache_key(token)], [limit.name, *arguments(limit)] if limit else [""])
    except RedisAway:
        return _without_redis(token, limit)
    if entry == session.REVOKED:
        return None, None
    caller = (session.from_entry(entry) if entry else None) or session.find_in_database(token)
    if caller is None or limit is None:
        return caller, None
    return caller, allowance(limit, counted) if counted else take(limit, str(caller.acts))


def _without_redis(token: str, limit: Limit | None) -> tuple[Caller | None, Allowance | None]:
    caller = session.find_in_database(token)
    if caller is None or limit is None:
        return caller, None
    return caller, take_locally(limit, str(caller.acts))
