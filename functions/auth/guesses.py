"""How often somebody may guess at an account's secret in a row before guessing pauses; each purpose counts its own.

    CODES = Guesses("two-factor", 10, timedelta(minutes=15), (Action.TWO_FACTOR_VERIFY,))

    locked = CODES.locked(user.id)
    if locked or not matches or not CODES.right(user.id):      # `right` is asked last, and only about a match
        audit.record_failure(Action.TWO_FACTOR_VERIFY, subject_id=user.id, outcome="denied" if locked else "failure")
        if CODES.wrong(user.id):                               # after the audit entry; True once per lock
            ...                                                # tell the owner, audit the lock
        raise ...                                              # the same answer, locked or not

Of many guesses at once no more than `allowed` can learn anything: whether a match still counts is decided in the same
atomic step that counts and locks, so a match that comes after the lock began is answered like a wrong one.
"""

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.transaction import transaction
from shared.redis import RedisAway, Script

# A row of wrong guesses is kept as their count and the moment it is forgotten, `lock_for` after the last that counted.
# ARGV: what happened, how many are allowed, lock_for and the present time in microseconds.
_step: Final = Script(
    """
local count, ends = unpack(redis.call('HMGET', KEYS[1], 'count', 'ends'))
count, ends = tonumber(count or '0'), tonumber(ends or '0')
local allowed, span, now = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if now >= ends then count = 0 end
local locked = count >= allowed
if ARGV[1] == 'look' then return locked and 1 or 0 end
if ARGV[1] == 'right' then
  if locked then return 0 end
  redis.call('DEL', KEYS[1])
  return 1
end
if locked then return 0 end
redis.call('HSET', KEYS[1], 'count', count + 1, 'ends', string.format('%.0f', now + span))
redis.call('PEXPIRE', KEYS[1], math.ceil(span / 1000))
return count + 1 >= allowed and 1 or 0
"""
)
_forget: Final = Script("return redis.call('DEL', KEYS[1])")
LOCAL_KEYS_AT_MOST: Final = 10_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

_local_lock: Final = threading.Lock()
_local_rows: Final[dict[str, tuple[int, datetime]]] = {}
"""While Redis is away: count and end of each row of wrong guesses that this process has seen."""


@dataclass(frozen=True)
class Guesses:
    """`allowed` wrong guesses in a row, then none for `lock_for`, the right one included.

    `whose` is the account's id, or for nobody's account what was given in place of one (an address). `failures` are
    the audit entries that wrong guesses leave: by them the database counts while Redis is away, beside this process.
    """

    purpose: str
    allowed: int
    lock_for: timedelta
    failures: tuple[Action, ...]

    def locked(self, whose: UUID | str) -> bool:
        """Whether guessing is paused."""
        try:
            return bool(self._ask("look", whose))
        except RedisAway:
            return self._locked_locally(whose) or self._locked_by_audit(whose)

    def wrong(self, whose: UUID | str) -> bool:
        """Count a wrong guess, after its audit entry; whether this is the one that begins the pause."""
        try:
            return bool(self._ask("wrong", whose))
        except RedisAway:
            return self._wrong_locally(whose) or self._failed(whose) == self.allowed

    def right(self, whose: UUID | str) -> bool:
        """Forget the wrong guesses; False where the pause has begun meanwhile, so that this one counts as wrong."""
        try:
            return bool(self._ask("right", whose))
        except RedisAway:
            return not self.locked(whose) and self._right_locally(whose)

    def forget(self, whose: UUID | str) -> None:
        """End the pause: the secret itself is another now, set by somebody who proved who they are otherwise."""
        try:
            self.end_pause(whose)
        except RedisAway:
            return

    def end_pause(self, whose: UUID | str) -> None:
        """As `forget`, for who will try again. Raises RedisAway."""
        with _local_lock:
            _local_rows.pop(self._key(whose), None)
        _forget([self._key(whose)], [])

    def _ask(self, happened: str, whose: UUID | str) -> int:
        span, moment = self.lock_for // MICROSECOND, (now() - EPOCH) // MICROSECOND
        answer: int = _step([self._key(whose)], [happened, str(self.allowed), str(span), str(moment)])
        return answer

    def _key(self, whose: UUID | str) -> str:
        return f"guesses:{self.purpose}:{hashlib.sha256(str(whose).encode()).hexdigest()[:32]}"

    def _locked_by_audit(self, whose: UUID | str) -> bool:
        return self._failed(whose) >= self.allowed

    def _failed(self, whose: UUID | str) -> int:
        # What is nobody's account is looked for all the same: it must not be answered sooner.
        subject_id = whose if isinstance(whose, UUID) else uuid5(NAMESPACE_OID, whose)
        return _count_failures(subject_id, self.failures, now() - self.lock_for)

    def _locked_locally(self, whose: UUID | str) -> bool:
        with _local_lock:
            return self._local_count(whose) >= self.allowed

    def _wrong_locally(self, whose: UUID | str) -> bool:
        with _local_lock:
            count = self._local_count(whose)
            if count >= self.allowed:
                return False
            if len(_local_rows) >= LOCAL_KEYS_AT_MOST:
                _local_rows.clear()
            _local_rows[self._key(whose)] = (count + 1, now() + self.lock_for)
            return count + 1 == self.allowed

    def _right_locally(self, whose: UUID | str) -> bool:
        with _local_lock:
            if self._local_count(whose) >= self.allowed:
                return False
            _local_rows.pop(self._key(whose), None)
            return True

    def _local_count(self, whose: UUID | str) -> int:
        count, ends = _local_rows.get(self._key(whose), (0, EPOCH))
        return count if now() < ends else 0


@transaction
def _count_failures(db: Database, subject_id: UUID, failures: tuple[Action, ...], since: datetime) -> int:
    found = db.scalar(
        select(func.count())
        .select_from(AuditEvent)
        .where(
            AuditEvent.subject_id == subject_id,
            AuditEvent.occurred_at > since,
            AuditEvent.action.in_(failures),
            AuditEvent.outcome == AuditOutcome.FAILURE,
        )
    )
    return found or 0
