"""Two years of a platform that grows evenly, written straight into a cloud's database by its superuser.

Everything is a function of its number, so that a tenth of it is what the whole was after a tenth of the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session as Database

from shared import session
from shared.database.models.accounts import Transport, User
from shared.database.transaction import transaction
from shared.roles import Role

SPAN: Final = timedelta(days=730)
ROWS_AT_ONCE: Final = 200_000


@dataclass(frozen=True)
class Size:
    """How many of each there are."""

    users: int
    messages: int
    entries: int

    def share(self, of: float) -> "Size":
        """A part of it."""
        return Size(int(self.users * of), int(self.messages * of), int(self.entries * of))


@dataclass(frozen=True)
class Administrator:
    """Who asks."""

    id: UUID
    token: str


# An account a number: every twentieth a therapist, the others patients, and each with a name that some share.
USERS: Final = """
INSERT INTO "user" (id, email, name, role, status, time_zone, language, preferences, is_synthetic, email_verified_at,
                    created_at, updated_at)
SELECT md5('user' || n)::uuid, 'person.' || md5(n::text) || '@bench.test',
       initcap(substr(md5('first' || mod(n, 997)), 1, 6)) || ' ' || initcap(substr(md5('last' || mod(n, 9973)), 1, 7)),
       CASE WHEN mod(n, 20) = 0 THEN 'THERAPIST' ELSE 'PATIENT' END, 'active', 'UTC', 'en', '{}', false, at, at, at
FROM (SELECT n, CAST(:start AS timestamptz) + n * CAST(:step AS interval) AS at
      FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n) AS numbered
"""
PROFILES: Final = """
INSERT INTO therapist_profile (user_id, bio, specialties, languages, accepts_new_patients, credentials_status,
                               credentials_submitted_at, updated_at, buffer_before_minutes, buffer_after_minutes,
                               minimum_notice_minutes, booking_horizon_days, session_minutes, slot_step_minutes,
                               schedule_version, created_at)
SELECT md5('user' || n)::uuid, '', '[]', '[]', true, CASE WHEN mod(n, 2000) = 0 THEN 'pending' ELSE 'unsubmitted' END,
       CASE WHEN mod(n, 2000) = 0 THEN now() END, now(), 0, 10, 120, 60, 50, 30, 1, now()
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n WHERE mod(n, 20) = 0
"""
# One in fifty is signed in at the moment, and five times as many left some hours ago without saying so.
SESSIONS: Final = """
INSERT INTO session (id, user_id, token_hash, created_at, last_seen_at, expires_at, revoked_at, transport)
SELECT gen_random_uuid(), md5('user' || n)::uuid, sha256(convert_to(n || CAST(:moment AS text), 'UTF8')),
       CAST(:moment AS timestamptz) - interval '5 hours',
       CAST(:moment AS timestamptz) - CASE WHEN mod(n, 50) = 7 THEN interval '1 minute' ELSE interval '4 hours' END,
       CAST(:moment AS timestamptz) + interval '3 days', NULL, 'cookie'
FROM generate_series(1, CAST(:last AS int)) AS n WHERE mod(n, 50) = 7 OR mod(n, 10) = 3
"""
CARE: Final = """
INSERT INTO care_relationship (id, patient_id, therapist_id, kind, status, requested_at, accepted_at)
SELECT md5('care' || n)::uuid, md5('user' || n)::uuid, md5('user' || (n - mod(n, 20) + 20))::uuid, 'standing',
       'accepted', now(), now()
FROM generate_series(CAST(:first AS int), CAST(:last AS int) - 20) AS n WHERE mod(n, 10) = 1
"""
CONVERSATIONS: Final = """
INSERT INTO conversation (id, care_relationship_id, last_seq, created_at)
SELECT md5('talk' || n)::uuid, md5('care' || n)::uuid, 0, now()
FROM generate_series(CAST(:first AS int), CAST(:last AS int) - 20) AS n WHERE mod(n, 10) = 1
"""
APPOINTMENTS: Final = """
INSERT INTO appointment (id, patient_id, therapist_id, status, start_at, end_at, blocked_from, blocked_until, time_zone,
                         version, ics_sequence, zoom_status, created_at, updated_at)
SELECT gen_random_uuid(), md5('user' || n)::uuid, md5('user' || (n - mod(n, 20) + 20))::uuid, 'completed', at,
       at + interval '50 minutes', at, at + interval '1 hour', 'UTC', 1, 0, 'deleted', at, at
FROM (SELECT n, CAST(:start AS timestamptz) + n * CAST(:step AS interval) AS at
      FROM generate_series(CAST(:first AS int), CAST(:last AS int) - 20) AS n WHERE mod(n, 20) <> 0) AS numbered
"""
# A hundred to a conversation, at any time of its account's; a body as long as a sealed one of some thirty words.
MESSAGES: Final = """
INSERT INTO message (id, conversation_id, sender_id, seq, body, version, sent_at)
SELECT gen_random_uuid(), md5('talk' || n)::uuid, md5('user' || n)::uuid, k, decode(repeat(md5(k::text), 7), 'hex'), 1,
       CAST(:start AS timestamptz) + (n * 10 + k / 10) * CAST(:step AS interval)
FROM (SELECT m, mod(m - 1, 100) + 1 AS k, (m - 1) / 100 * 10 + 1 AS n
      FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS m) AS numbered
WHERE n <= CAST(:users AS int) - 20
"""
# Who is there by then reads and writes, mostly about somebody; one entry in a thousand is an administrator's.
ENTRIES: Final = """
INSERT INTO audit_event (id, occurred_at, actor_id, subject_id, action, outcome, resource_type, resource_id, ip,
                         request_id, details)
SELECT gen_random_uuid(), CAST(:start AS timestamptz) + k * CAST(:step AS interval),
       CASE WHEN mod(k, 1000) = 0 THEN CAST(:administrator AS uuid) ELSE md5('user' || who)::uuid END,
       md5('user' || (1 + mod(k * 7919, CAST(:people AS bigint))))::uuid,
       CASE WHEN mod(k, 1000) = 0 THEN 'users.search' WHEN mod(k, 5000) = 1 THEN 'credentials.verify'
            ELSE (ARRAY['messages.read', 'message.send', 'conversation.read', 'session.signed-in', 'profile.read',
                        'messages.read', 'appointments.list', 'conversations.list'])[1 + mod(k, 8)] END,
       CASE WHEN mod(k, 500) = 3 THEN 'denied' ELSE 'success' END, 'conversation', gen_random_uuid(),
       '203.0.113.' || mod(k, 250), gen_random_uuid()::text, '{}'
FROM (SELECT k, 1 + mod(k * 104729, CAST(:people AS bigint)) AS who
      FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS k) AS numbered
"""
VACUUM: Final = 'VACUUM (ANALYZE) "user", session, message, audit_event, therapist_profile, appointment'


def grow(engine: Engine, before: Size, after: Size, whole: Size, start: datetime, administrator: Administrator) -> None:
    """Add what comes between two sizes, and let the database count what it has."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # What refers to what is known, and an index is made faster than it grows.
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
        users = {"start": start, "step": SPAN / whole.users}
        for sql in (USERS, PROFILES, CARE, CONVERSATIONS, APPOINTMENTS):
            _in_parts(connection, sql, before.users, after.users, users if sql in (USERS, APPOINTMENTS) else {})
        messages = {"start": start, "step": SPAN / whole.messages, "users": after.users}
        entries = {"start": start, "step": SPAN / whole.entries, "people": after.users}
        with _without_indexes(connection, "message"):
            _in_parts(connection, MESSAGES, before.messages, after.messages, messages)
        with _without_indexes(connection, "audit_event"):
            _in_parts(connection, ENTRIES, before.entries, after.entries, entries | {"administrator": administrator.id})
        moment = start + SPAN * (after.entries / whole.entries)
        connection.execute(text(SESSIONS), {"moment": moment, "last": after.users})
        connection.execute(text(VACUUM))


@contextmanager
def _without_indexes(connection: Connection, table: str) -> Iterator[None]:
    """Within the block a table has no index but those of its constraints."""
    sql = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table AND starts_with(indexname, 'ix_')"
    indexes = connection.execute(text(sql), {"table": table}).tuples().all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        connection.exec_driver_sql(definition)


def _in_parts(connection: Connection, sql: str, before: int, after: int, given: dict[str, object]) -> None:
    for first, last in _parts(before, after):
        connection.execute(text(sql), {**given, "first": first, "last": last})


def _parts(before: int, after: int) -> Iterator[tuple[int, int]]:
    for first in range(before + 1, after + 1, ROWS_AT_ONCE):
        yield first, min(first + ROWS_AT_ONCE - 1, after)


@transaction
def add_administrator(db: Database) -> UUID:
    """The account of who asks."""
    user = User(email="ada@bench.test", name="Ada", role=Role.ADMINISTRATOR)
    db.add(user)
    db.flush()
    return user.id


@transaction
def signed_in(db: Database, user_id: UUID) -> Administrator:
    """A session of now."""
    opened = session.open_session(
        db, db.get_one(User, user_id), transport=Transport.BEARER, address="127.0.0.1", user_agent="benchmark"
    )
    return Administrator(user_id, opened.token)
