"""Administrators read the trail and verify it; the scheduler's tick seals it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from shared.audit_actions import Action
from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls
from tests.people import As, Person, add_person, rows
from tests.shared.trail import (
    ADMINISTRATOR,
    MORNING,
    PATIENT,
    SECOND,
    SIGNING_KEY,
    add_entries,
    add_entry,
    add_sealed,
    alter,
    entries,
)

URL = "/api/admin/audit"
VERIFY = "/api/admin/audit/verify"
TICK = "/api/internal/admin/audit-seal"
CHECK = "/api/internal/admin/audit-check"
NOON = MORNING + timedelta(hours=3)


@pytest.fixture
def internal(product: LocalCloud, admin: FlaskClient) -> InternalCalls:
    """Cloud Scheduler calls the function."""
    return InternalCalls(admin, product)


def read(asking: As, **query: object) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    while True:
        answer = asking.get(URL, **query)
        assert answer.status_code == 200
        page = answer.get_json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        query = {**query, "cursor": page["nextCursor"]}


def test_an_entry_is_shown_whole(asking: As) -> None:
    add_entry(MORNING)
    [entry] = rows(select(AuditEvent).where(AuditEvent.subject_id == PATIENT))
    [shown] = read(asking, subject=PATIENT, action="profile.read")
    assert shown == {
        "id": str(entry.id),
        "at": "2031-03-10T09:00:00Z",
        "actorId": str(ADMINISTRATOR),
        "actingAs": None,
        "subjectId": str(PATIENT),
        "action": "profile.read",
        "purpose": None,
        "outcome": "success",
        "resourceType": "user",
        "resourceId": str(PATIENT),
        "ip": None,
        "requestId": None,
        "details": {"of": "ü"},
    }


def test_the_trail_is_filtered_by_each_and_by_all(asking: As, administrator: Person) -> None:
    other = uuid4()
    add_entry(MORNING)
    add_entry(MORNING + SECOND, Action.MESSAGES_READ)
    add_entry(MORNING + 2 * SECOND, subject_id=other)
    moments = {"from": (MORNING + SECOND).isoformat(), "to": (MORNING + 2 * SECOND).isoformat()}
    assert [shown["action"] for shown in read(asking, actor=ADMINISTRATOR)] == [
        "profile.read",
        "messages.read",
        "profile.read",
    ]
    assert [shown["subjectId"] for shown in read(asking, subject=other)][-1] == str(other)
    assert [shown["action"] for shown in read(asking, **moments)] == ["messages.read"]
    assert len(read(asking, action="profile.read")) == 2
    assert len(read(asking, actor=ADMINISTRATOR, subject=PATIENT, action="messages.read", **moments)) == 1
    assert read(asking, actor=uuid4()) == []


def test_pages_come_one_after_the_other_also_within_one_moment(asking: As) -> None:
    add_entries(7, step=timedelta(0))
    found = read(asking, actor=ADMINISTRATOR, limit=2)
    assert len({shown["id"] for shown in found}) == len(found) == 7
    assert [shown["id"] for shown in found] == sorted((shown["id"] for shown in found), reverse=True)


def test_that_the_trail_was_read_is_an_entry_about_whom_it_was_read_for(asking: As, administrator: Person) -> None:
    read(asking, subject=PATIENT)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == Action.AUDIT_READ))
    assert (entry.actor_id, entry.subject_id) == (administrator.id, PATIENT)
    assert entry.details == {"filters": ["subject"]}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": MORNING.isoformat(), "to": MORNING.isoformat()}, "?to"),
        ({"from": "2031-03-10"}, "?from"),
        ({"actor": "somebody"}, "?actor"),
        ({"action": ""}, "?action"),
        ({"limit": 201}, "?limit"),
        ({"cursor": "nonsense"}, "?cursor"),
        ({"cursor": "WzEsMl0"}, "?cursor"),
        ({"unknown": 1}, "?unknown"),
    ],
)
def test_a_wrong_query_names_its_field(asking: As, query: dict[str, object], pointer: str) -> None:
    answer = asking.get(URL, **query)
    assert answer.status_code in {400, 422}
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_the_chain_is_verified_from_its_end_page_by_page(asking: As, environment: Callable[..., None]) -> None:
    environment(audit_signing_key=SIGNING_KEY)
    add_sealed(12, most=4)
    first = asking.get(VERIFY, limit=2).get_json()
    unsealed = first.pop("unsealed")
    following = first.pop("nextCursor")
    assert first == {
        "intact": True,
        "findings": [],
        "fromSeal": 2,
        "toSeal": 3,
        "seals": 2,
        "entries": 8,
        "signaturesChecked": True,
        "headsChecked": False,
    }
    assert unsealed == 0
    second = asking.get(VERIFY, limit=2, cursor=following).get_json()
    assert (second["fromSeal"], second["toSeal"], second["entries"], second["unsealed"]) == (1, 1, 4, None)
    assert second["nextCursor"] is None
    told = rows(select(AuditEvent).where(AuditEvent.action == Action.AUDIT_VERIFIED).order_by(AuditEvent.occurred_at))
    assert [entry.details for entry in told] == [
        {"from": "2", "to": "3", "findings": "0"},
        {"from": "1", "to": "1", "findings": "0"},
    ]


def test_what_was_altered_is_named(asking: As, database: LocalDatabase) -> None:
    add_sealed(12, most=4)
    changed, removed = entries()[1], entries()[5]
    alter(database, "UPDATE audit_event SET actor_id = NULL WHERE id = :id", {"id": changed.id})
    alter(database, "DELETE FROM audit_event WHERE id = :id", {"id": removed.id})
    shown = asking.get(VERIFY).get_json()
    assert shown["intact"] is False
    assert shown["findings"] == [
        {"kind": "event-changed", "seal": 1, "eventId": str(changed.id), "day": None},
        {"kind": "event-removed", "seal": 2, "eventId": str(removed.id), "day": None},
    ]
    [told] = rows(select(AuditEvent).where(AuditEvent.action == Action.AUDIT_VERIFIED))
    assert told.outcome is AuditOutcome.FAILURE


def test_a_trail_without_seals_has_nothing_to_verify(asking: As) -> None:
    shown = asking.get(VERIFY).get_json()
    assert (shown["intact"], shown["fromSeal"], shown["seals"], shown["nextCursor"]) == (True, None, 0, None)


@pytest.mark.parametrize("given", ["nonsense", "WzBd", "WyJhIl0", "W3RydWVd"])
def test_a_cursor_that_nobody_gave_is_refused(asking: As, given: str) -> None:
    answer = asking.get(VERIFY, cursor=given)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "?cursor"


def test_the_tick_seals_what_has_settled(internal: InternalCalls, asking: As) -> None:
    add_entries(3)
    with held_at(lambda: NOON):
        assert internal.tick(TICK).get_json() == {"seals": 1, "heads": 0}
        assert internal.tick(TICK).get_json() == {"seals": 0, "heads": 0}
        assert asking.get(VERIFY).status_code in {200, 401}
    assert rows(select(AuditEvent).where(AuditEvent.action.startswith("audit."))) != entries()


def test_where_the_bucket_is_away_the_tick_says_so_and_has_sealed(
    internal: InternalCalls, asking: As, environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.audit import heads

    monkeypatch.setattr(heads, "SECONDS_OF_RETRIES", 0.1)
    environment(audit_bucket_url="http://127.0.0.1:9/nobody")
    add_entries(3)
    later = MORNING + timedelta(days=1)
    with held_at(lambda: later):
        assert internal.tick(TICK).status_code == 503
    assert asking.get(VERIFY).status_code == 503
    environment(audit_bucket_url=None)
    assert asking.get(VERIFY).get_json()["seals"] == 1
    heads._bucket_at.cache_clear()


def test_every_night_what_was_altered_is_told_without_anybody_asking(
    internal: InternalCalls, database: LocalDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    add_sealed(12, most=4)
    assert internal.tick(CHECK).get_json() == {"seals": 3, "entries": 12, "findings": 0}
    alter(database, "DELETE FROM audit_event WHERE id = :id", {"id": entries()[5].id})
    assert internal.tick(CHECK).get_json() == {"seals": 3, "entries": 12, "findings": 1}
    assert [record.message for record in caplog.records if record.levelname == "CRITICAL"] == ["audit-altered"]


@pytest.mark.parametrize("path", [TICK, CHECK])
def test_only_the_scheduler_may_tick(internal: InternalCalls, admin: FlaskClient, path: str) -> None:
    assert internal.tick(path, account="PUSH_SERVICE_ACCOUNT").status_code == 403
    for role in (*Role, None):
        assert As(admin, add_person(role) if role else None).post(path).status_code == 401
