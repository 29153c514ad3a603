"""What Zoom's 429 asks for: whose requests wait until when, known to every instance so that none asks before it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from shared.clock import now
from shared.redis import RedisAway
from shared.redis import ask as ask_redis

from .zoom_calls import Answer, ZoomAway

ACCOUNT: Final = "account"
SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(hours=25)
# https://developers.zoom.us/docs/api/rate-limits/: some limits are one user's or one registrant's own.
_ONE_USERS: Final = "for this particular user"
_ONE_REGISTRANTS: Final = "registrant"

_known: dict[str, datetime] = {}


def require_none(host_id: str | None) -> None:
    """Before a request for a host, or for nobody in particular. Raises ZoomAway while Zoom asked us to wait."""
    for whose in (ACCOUNT, host_id):
        if whose is not None and _until(whose) > now():
            raise ZoomAway("asked to wait")


def remember(answer: Answer, host_id: str | None) -> None:
    """Zoom answered 429: its other users' requests go on where the limit is this one's own."""
    if _ONE_REGISTRANTS in answer.message:
        return  # three a day for each address; nobody else waits for that
    whose = host_id if host_id is not None and _ONE_USERS in answer.message else ACCOUNT
    until = _resumes_at(answer.headers, one_users=whose != ACCOUNT)
    _known[whose] = until
    milliseconds = max(1, round((until - now()).total_seconds() * 1000))
    try:
        ask_redis(lambda redis: redis.set(_key(whose), until.isoformat(), px=milliseconds))
    except RedisAway:
        return  # this instance knows; another one will be told by Zoom


def _until(whose: str) -> datetime:
    known = _known.get(whose)
    if known is not None and known > now():
        return known
    try:
        kept = ask_redis(lambda redis: redis.get(_key(whose)))
        return datetime.fromisoformat(kept) if kept else datetime.min.replace(tzinfo=UTC)
    except (RedisAway, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _key(whose: str) -> str:
    return f"zoom:pause:{whose}"


def _resumes_at(headers: Mapping[str, str], *, one_users: bool) -> datetime:
    moment = now()
    said = _retry_after(headers.get("retry-after", ""), moment)
    if said is None and one_users:  # daily, and told without the header
        said = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(max(said or moment, moment + SHORTEST), moment + LONGEST)


def _retry_after(value: str, moment: datetime) -> datetime | None:
    """Zoom gives a moment (ISO 8601); seconds and HTTP's own dates are what the header may hold elsewhere."""
    if value.isdecimal():
        return moment + timedelta(seconds=min(int(value), LONGEST.total_seconds()))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(value)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
