"""A trail with seals over it, and ways to alter it that the product does not have."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session as Database

from infra.migrations.local import LocalDatabase
from shared import audit
from shared.audit.findings import Finding, Kind
from shared.audit.sealing import SETTLES, seal_settled
from shared.audit.verification import batches, check_ends, check_seals, extent
from shared.audit_actions import Action
from shared.clock import held_at
from shared.database.engine import build_engine
from shared.database.models.audit_trail import AuditEvent, AuditSeal
from shared.database.transaction import transaction
from tests.environment import key
from tests.people import rows

MORNING = datetime(2031, 3, 10, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PATIENT, ADMINISTRATOR = UUID(int=1), UUID(int=2)
SIGNING_KEY = f"s1:{key(9)}"


@transaction
def _add(db: Database, action: Action, subject_id: UUID | None) -> None:
    audit.record(
        db, action, subject_id=subject_id, actor_id=ADMINISTRATOR, resource=("user", PATIENT), details={"of": "ü"}
    )


def add_entry(moment: datetime, action: Action = Action.PROFILE_READ, subject_id: UUID | None = PATIENT) -> None:
    """An entry as the product writes it, at a moment, of no request that was answered here before."""
    Context().run(_add_at, moment, action, subject_id)


def _add_at(moment: datetime, action: Action, subject_id: UUID | None) -> None:
    with held_at(lambda: moment):
        _add(action, subject_id)


def add_entries(count: int, since: datetime = MORNING, step: timedelta = SECOND) -> None:
    """So many, one after the other."""
    for number in range(count):
        add_entry(since + number * step)


def seal_at(moment: datetime, most: int = 1000) -> int:
    """The tick at a moment."""
    with held_at(lambda: moment):
        return seal_settled(most=most)


def add_sealed(count: int = 12, most: int = 4) -> None:
    """Entries, and seals over all of them."""
    add_entries(count)
    seal_at(MORNING + count * SECOND + SETTLES, most)


def found_at(moment: datetime, days: Sequence[date] | None = None) -> list[Finding]:
    """What verifying the whole trail finds, in order."""
    with held_at(lambda: moment):
        length = extent()
        parts = [check_seals(*some, days=days) for some in batches(max(length.first, 1), length.last)]
        return [finding for part in [*parts, check_ends()] for finding in part.findings]


def kinds(findings: Sequence[Finding]) -> list[Kind]:
    """Their kinds alone."""
    return [finding.kind for finding in findings]


def entries() -> Sequence[AuditEvent]:
    """All of them, in the order in which they are sealed."""
    return rows(select(AuditEvent).order_by(AuditEvent.occurred_at, AuditEvent.id))


def seals() -> Sequence[AuditSeal]:
    """All of them, from the first on."""
    return rows(select(AuditSeal).order_by(AuditSeal.number))


@contextmanager
def as_superuser(database: LocalDatabase) -> Iterator[Any]:
    """A connection that may do everything, whose changes are kept."""
    engine = build_engine(database.admin_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def alter(database: LocalDatabase, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run one statement behind the product's back."""
    with as_superuser(database) as connection:
        assert connection.execute(text(statement), dict(parameters or {})).rowcount


def remove_seal(database: LocalDatabase, number: int) -> None:
    """A seal goes with its list."""
    this = "(SELECT id FROM audit_seal WHERE number = :number)"
    alter(database, f"DELETE FROM audit_seal_leaves WHERE id = {this}", {"number": number})
    alter(database, "DELETE FROM audit_seal WHERE number = :number", {"number": number})


def made_anew(database: LocalDatabase, moment: datetime, from_number: int = 1) -> None:
    """As somebody would who has the product's code and may write everything: the chain again, from a seal on."""
    for number in range(len(seals()), from_number - 1, -1):
        remove_seal(database, number)
    seal_at(moment, most=3)
