"""The audit trail as lines of a file, as it is written: what Loki of the `observability` profile reads beside the logs.

Entries are not committed in the order of their times, so that each look goes back a while, and leaves aside what it has
written already. Ids, codes and times alone: the same that the trail holds.
"""

import argparse
import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from dev.event_loop import run, run_until_stopped
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import look_up
from shared.problems import Unavailable

SECONDS_BETWEEN_LOOKS = 2.0
LOOKS_BACK = timedelta(seconds=30)
"""Longer than a transaction takes from an entry's time to its commit."""
ENTRIES_A_LOOK = 2_000
BYTES_KEPT = 20 * 1024 * 1024
_FIELDS = (
    AuditEvent.id,
    AuditEvent.occurred_at,
    AuditEvent.action,
    AuditEvent.outcome,
    AuditEvent.actor_id,
    AuditEvent.acting_as,
    AuditEvent.subject_id,
    AuditEvent.purpose,
    AuditEvent.resource_type,
    AuditEvent.resource_id,
    AuditEvent.request_id,
)
_SINCE = (
    select(*_FIELDS)
    .where(AuditEvent.occurred_at > bindparam("since"))
    .order_by(AuditEvent.occurred_at, AuditEvent.id)
    .limit(ENTRIES_A_LOOK)
)


class AuditStream:
    """Where it goes, and how far it has come."""

    def __init__(self, file: Path, began: datetime) -> None:
        """What happened before it began is not told."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._since = began
        self._told: deque[UUID] = deque(maxlen=ENTRIES_A_LOOK * 20)

    def look(self) -> int:
        """Write what is new; how many entries that were. Raises Unavailable."""
        rows = look_up(_SINCE, {"since": self._since})
        told = set(self._told)
        new = [row for row in rows if row.id not in told]
        if new:
            self._write([_line(row) for row in new])
            self._told.extend(row.id for row in new)
        if rows:
            newest = rows[-1].occurred_at
            # What one look does not hold is gone through before the next one looks back again.
            self._since = newest if len(rows) == ENTRIES_A_LOOK else max(self._since, newest - LOOKS_BACK)
        return len(new)

    def _write(self, lines: Sequence[str]) -> None:
        if self._file.exists() and self._file.stat().st_size > BYTES_KEPT:
            self._file.write_text("")
        with self._file.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))


def _line(row: Any) -> str:
    said = {"time": row.occurred_at.isoformat(), **{name: value for name, value in row._mapping.items() if value}}
    return json.dumps({name: str(value) for name, value in said.items() if name != "occurred_at"})


async def _main(file: Path) -> None:
    stream = AuditStream(file, now())

    async def follow() -> None:
        while True:
            with contextlib.suppress(Unavailable):  # the next look finds what this one did not
                await asyncio.to_thread(stream.look)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    following = asyncio.create_task(follow())
    await run_until_stopped()
    following.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    run(_main(parser.parse_args().file))
