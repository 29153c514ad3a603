"""Whatever is altered behind the product's back is found, and named."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from infra.migrations.local import LocalDatabase
from shared.audit.__main__ import main
from shared.audit.canonical import EVENT_COLUMNS
from shared.audit.findings import Finding, Kind
from shared.audit.verification import batch_before, batches
from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent
from tests.environment import key
from tests.shared.trail import (
    MORNING,
    SECOND,
    SIGNING_KEY,
    add_entry,
    add_sealed,
    alter,
    as_superuser,
    entries,
    found_at,
    kinds,
    made_anew,
    remove_seal,
    seal_at,
    seals,
)

NOON = MORNING + timedelta(hours=3)
OTHER_VALUES = {
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "actor_id": "gen_random_uuid()",
    "acting_as": "gen_random_uuid()",
    "subject_id": "NULL",
    "action": "'profile.change'",
    "purpose": "'treatment'",
    "outcome": "'denied'",
    "resource_type": "''",
    "resource_id": "gen_random_uuid()",
    "ip": "'192.0.2.9'",
    "request_id": "'another'",
    "details": """'{"of": "u"}'""",
}


def say(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with held_at(lambda: NOON):
        code = main(["verify"])
    return code, capsys.readouterr().out


def test_a_trail_that_nobody_touched_is_sound(database: LocalDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    add_sealed(12, most=4)
    add_entry(NOON)
    code, said = say(capsys)
    assert code == 0
    assert "3 seals, 12 entries" in said
    assert "1 not sealed yet" in said
    assert said.endswith("nothing was altered\n")


def test_an_empty_trail_is_sound(database: LocalDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(capsys)[0] == 0


@pytest.mark.parametrize("column", [column.name for column in EVENT_COLUMNS if column.name != "id"])
def test_a_changed_entry_is_named_whatever_was_changed(database: LocalDatabase, column: str) -> None:
    add_sealed(6, most=3)
    event = entries()[1]
    alter(
        database,
        f"UPDATE audit_event SET {column} = {OTHER_VALUES.get(column, repr('x'))} WHERE id = :id",
        {"id": event.id},
    )
    assert found_at(NOON) == [Finding(Kind.EVENT_CHANGED, 1, event.id)]


def test_every_column_that_there_is_has_another_value_here() -> None:
    assert {*OTHER_VALUES, "id"} == {column.name for column in AuditEvent.__table__.columns}


def test_an_entry_that_was_moved_far_away_is_named(database: LocalDatabase) -> None:
    add_sealed(6, most=3)
    event = entries()[1]
    alter(database, "UPDATE audit_event SET occurred_at = :at WHERE id = :id", {"at": NOON, "id": event.id})
    assert found_at(NOON) == [Finding(Kind.EVENT_CHANGED, 1, event.id)]
    seal_at(NOON + timedelta(hours=1))
    assert found_at(NOON + timedelta(hours=1)) == [Finding(Kind.EVENT_CHANGED, 1, event.id)], "sealed again or not"


def test_a_removed_entry_is_named(database: LocalDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    add_sealed(6, most=3)
    event = entries()[4]
    alter(database, "DELETE FROM audit_event WHERE id = :id", {"id": event.id})
    assert found_at(NOON) == [Finding(Kind.EVENT_REMOVED, 2, event.id)]
    code, said = say(capsys)
    assert code == 1
    assert f"FOUND event-removed seal 2 event {event.id}\n" in said


@pytest.mark.parametrize("before_the_first", [False, True])
def test_an_inserted_entry_is_named(database: LocalDatabase, before_the_first: bool) -> None:
    add_sealed(6, most=3)
    add_entry(NOON)
    seal_at(NOON + timedelta(hours=1))
    event_id, at = uuid4(), MORNING - timedelta(days=1) if before_the_first else MORNING + SECOND / 2
    alter(
        database,
        "INSERT INTO audit_event (id, occurred_at, action, outcome, details) "
        "VALUES (:id, :at, 'profile.read', 'success', '{}')",
        {"id": event_id, "at": at},
    )
    assert found_at(NOON + timedelta(hours=1)) == [Finding(Kind.EVENT_INSERTED, 1, event_id)]


def test_another_id_is_an_entry_removed_and_one_inserted(database: LocalDatabase) -> None:
    add_sealed(6)
    add_entry(NOON)
    seal_at(NOON + timedelta(hours=1))
    event = entries()[2]
    alter(database, "UPDATE audit_event SET id = gen_random_uuid() WHERE id = :id", {"id": event.id})
    assert kinds(found_at(NOON + timedelta(hours=1))) == [Kind.EVENT_REMOVED, Kind.EVENT_INSERTED]


@pytest.mark.parametrize(
    "change",
    [
        "event_count = event_count + 1",
        "format = 2",
        "sealed_at = sealed_at + interval '1 second'",
        "until_at = until_at - interval '1 microsecond'",
        "events_digest = sha256('x')",
        "id = gen_random_uuid()",
    ],
)
def test_a_changed_seal_is_named(fresh_database: LocalDatabase, change: str) -> None:
    add_sealed(6, most=3)
    with as_superuser(fresh_database) as connection:
        connection.exec_driver_sql("ALTER TABLE audit_seal_leaves DROP CONSTRAINT fk_audit_seal_leaves_id")
        connection.exec_driver_sql(f"UPDATE audit_seal SET {change} WHERE number = 2")
    assert found_at(NOON) == [Finding(Kind.SEAL_CHANGED, 2)]


def test_a_changed_list_of_entries_is_named_and_nothing_is_told_by_it(database: LocalDatabase) -> None:
    add_sealed(6, most=3)
    alter(
        database,
        "UPDATE audit_seal_leaves SET leaves = set_byte(leaves, 3, get_byte(leaves, 3) # 1) "
        "WHERE id = (SELECT id FROM audit_seal WHERE number = 1)",
    )
    assert found_at(NOON) == [Finding(Kind.SEAL_CHANGED, 1)]


def test_a_removed_seal_is_named(database: LocalDatabase) -> None:
    add_sealed(9, most=3)
    remove_seal(database, 2)
    assert found_at(NOON) == [Finding(Kind.SEAL_REMOVED, 2)]
    remove_seal(database, 1)
    assert found_at(NOON) == [Finding(Kind.SEAL_REMOVED, 1), Finding(Kind.SEAL_REMOVED, 2)]


def test_a_list_of_entries_may_not_be_missing(database: LocalDatabase) -> None:
    add_sealed(6, most=3)
    alter(database, "DELETE FROM audit_seal_leaves WHERE id = (SELECT id FROM audit_seal WHERE number = 2)")
    assert found_at(NOON)[0] == Finding(Kind.SEAL_CHANGED, 2)


def test_a_chain_made_anew_is_not_signed_with_our_key(
    database: LocalDatabase, environment: Callable[..., None]
) -> None:
    environment(audit_signing_key=SIGNING_KEY)
    add_sealed(9, most=3)
    alter(database, "DELETE FROM audit_event WHERE id = :id", {"id": entries()[4].id})
    environment(audit_signing_key=f"s1:{key(10)}")
    made_anew(database, NOON, from_number=2)
    environment(audit_signing_key=SIGNING_KEY)
    assert found_at(NOON) == [Finding(Kind.SEAL_FORGED, 2), Finding(Kind.SEAL_FORGED, 3)]
    environment(audit_signing_key=None)
    made_anew(database, NOON, from_number=2)
    environment(audit_signing_key=SIGNING_KEY)
    assert found_at(NOON)[0] == Finding(Kind.SEAL_FORGED, 2), "leaving out the signature does not help"


def test_one_seal_made_anew_is_not_what_the_next_follows(database: LocalDatabase) -> None:
    add_sealed(6, most=3)
    kept = seals()[1]
    made_anew(database, NOON)
    alter(
        database,
        "UPDATE audit_seal SET previous_digest = :previous, digest = :digest WHERE number = 2",
        {"previous": kept.previous_digest, "digest": kept.digest},
    )
    assert Finding(Kind.SEAL_UNLINKED, 2) in found_at(NOON)


def test_a_signature_is_checked_with_the_public_key_alone(
    database: LocalDatabase, environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    environment(audit_signing_key=SIGNING_KEY)
    add_sealed(3)
    assert main(["keys"]) == 0
    public = capsys.readouterr().out.strip()
    assert public.startswith("s1:")
    environment(audit_signing_key=None, audit_public_keys=public)
    assert found_at(NOON) == []
    alter(
        database, "UPDATE audit_seal SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1), key_id = 's1'"
    )
    alter(database, "UPDATE audit_seal SET signature = set_byte(signature, 1, get_byte(signature, 1) # 1)")
    assert found_at(NOON) == [Finding(Kind.SEAL_FORGED, 1)]


def test_one_look_is_bounded_and_all_of_them_are_the_whole(
    database: LocalDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.audit import verification

    add_sealed(12, most=2)
    monkeypatch.setattr(verification, "EVENTS_AT_ONCE", 4)
    assert list(batches(1, 6)) == [(1, 2), (3, 4), (5, 6)]
    assert batch_before(6, 200) == 5
    assert batch_before(6, 1) == 6
    assert batch_before(1, 200) == 1
    assert found_at(NOON) == []


def test_where_the_database_is_away_nobody_can_tell(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.postgres import forget_engine

    forget_engine()
    assert main(["verify"]) == 2
    assert "cannot tell" in capsys.readouterr().out
    forget_engine()
