"""The audit trail as lines: each entry once, also where one is committed after another that is younger."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session as Database

from dev import audit_stream
from dev.audit_stream import AuditStream
from infra.migrations.local import LocalDatabase
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.transaction import transaction

BEGAN = now() - timedelta(minutes=5)


@transaction
def add(db: Database, /, seconds: float, **fields: Any) -> UUID:
    entry = AuditEvent(
        id=uuid4(),
        occurred_at=BEGAN + timedelta(seconds=seconds),
        action="message-sent",
        outcome=AuditOutcome.SUCCESS,
        ip="192.0.2.1",
        **fields,
    )
    db.add(entry)
    return entry.id


@pytest.fixture
def file(database: LocalDatabase, tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.log"


def told(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_every_entry_is_told_once_and_late_ones_too(file: Path) -> None:
    stream = AuditStream(file, BEGAN)
    assert stream.look() == 0
    add(-1)
    first, third = add(10), add(30)
    assert stream.look() == 2
    second = add(20)  # committed after one that is younger
    assert stream.look() == 1
    assert stream.look() == 0
    assert [line["id"] for line in told(file)] == [str(one) for one in (first, third, second)]


def test_a_line_holds_ids_codes_and_times(file: Path) -> None:
    actor = uuid4()
    entry = add(1, actor_id=actor, request_id="r-1")
    AuditStream(file, BEGAN).look()
    assert told(file) == [
        {
            "time": (BEGAN + timedelta(seconds=1)).isoformat(),
            "id": str(entry),
            "action": "message-sent",
            "outcome": "success",
            "actor_id": str(actor),
            "request_id": "r-1",
        }
    ]


def test_more_than_a_look_takes_comes_with_the_next(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_stream, "ENTRIES_A_LOOK", 3)
    monkeypatch.setattr(audit_stream, "_SINCE", audit_stream._SINCE.limit(3))
    stream = AuditStream(file, BEGAN)
    for seconds in range(1, 8):
        add(seconds)
    assert [stream.look() for _ in range(4)] == [3, 3, 1, 0]
    assert len({line["id"] for line in told(file)}) == 7


def test_the_file_does_not_grow_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_stream, "BYTES_KEPT", 10)
    stream = AuditStream(file, BEGAN)
    for seconds in range(1, 4):
        add(seconds)
        stream.look()
    assert len(told(file)) == 1
