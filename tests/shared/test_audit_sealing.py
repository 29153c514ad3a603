"""Seals are made beside the writers of the trail: each entry is in exactly one, also what is committed late."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from infra.migrations.local import LocalDatabase
from shared.audit.canonical import canonical, each_leaf
from shared.audit.sealing import LATEST, SETTLES, AnotherSealer, Drawn, keep, last_link, made_of
from shared.audit.signing import is_signed
from shared.database.engine import engine
from shared.database.models.audit_trail import AuditEvent, AuditSealLeaves
from tests.inside import sized
from tests.people import rows
from tests.shared.trail import (
    MORNING,
    SECOND,
    SIGNING_KEY,
    add_entries,
    add_entry,
    add_sealed,
    as_superuser,
    entries,
    found_at,
    kinds,
    seal_at,
    seals,
)

NOON = MORNING + timedelta(hours=3)


def sealed_ids() -> list[UUID]:
    lists = rows(select(AuditSealLeaves.leaves))
    return [event_id for leaves in lists for event_id, _ in each_leaf(leaves)]


def test_every_entry_is_in_one_seal_and_each_seal_follows_the_one_before(database: LocalDatabase) -> None:
    add_sealed(12, most=5)
    made = seals()
    assert [seal.event_count for seal in made] == [5, 5, 2]
    assert [seal.number for seal in made] == [1, 2, 3]
    assert [later.previous_digest for later in made[1:]] == [seal.digest for seal in made[:-1]]
    assert [later.from_at for later in made[1:]] == [seal.until_at for seal in made[:-1]]
    assert sorted(sealed_ids()) == sorted(entry.id for entry in entries())
    assert found_at(NOON) == []


def test_what_has_not_settled_is_left_for_the_next(database: LocalDatabase) -> None:
    add_entries(3)
    assert seal_at(MORNING + SETTLES) == 0
    assert seal_at(MORNING + SETTLES + SECOND) == 1
    assert seals()[0].event_count == 1
    assert seal_at(MORNING + SETTLES + SECOND) == 0
    assert seal_at(NOON) == 1
    assert seals()[1].event_count == 2


def test_nothing_is_sealed_where_nothing_happened_but_the_end_of_a_day(database: LocalDatabase) -> None:
    assert seal_at(NOON) == 0
    add_entry(MORNING)
    assert seal_at(NOON) == 1
    assert seal_at(NOON + timedelta(hours=1)) == 0
    assert seal_at(NOON + timedelta(days=2)) == 2
    midnight = datetime(2031, 3, 11, tzinfo=UTC)
    assert [(seal.until_at, seal.event_count) for seal in seals()[1:]] == [
        (midnight, 0),
        (midnight + timedelta(days=1), 0),
    ]
    assert found_at(NOON + timedelta(days=2)) == []


def test_entries_of_one_moment_are_all_sealed(database: LocalDatabase) -> None:
    add_entries(7, step=timedelta(0))
    assert seal_at(NOON, most=3) == 3
    assert sorted(sealed_ids()) == sorted(entry.id for entry in entries())
    assert found_at(NOON) == []


@pytest.mark.parametrize("late", [timedelta(seconds=90), LATEST - 2 * SECOND])
def test_what_is_committed_late_is_in_the_next_seal_and_holds_nobody_up(
    database: LocalDatabase, late: timedelta
) -> None:
    """The writer's transaction is open all the while: neither waits for the other."""
    add_entries(4)
    event_id = uuid4()
    with Session(engine()) as writer:
        row = {"id": event_id, "occurred_at": MORNING + SECOND, "action": "profile.read", "outcome": "success"}
        writer.execute(insert(AuditEvent).values(**row, details={}))
        assert seal_at(MORNING + late) == 1
        assert event_id not in sealed_ids()
        writer.commit()
    assert found_at(MORNING + late) == [], "it is awaited"
    assert seal_at(MORNING + late + SECOND) == 1
    assert sealed_ids().count(event_id) == 1
    assert found_at(NOON) == []


def test_a_writer_does_not_wait_for_a_seal_that_is_being_written(database: LocalDatabase) -> None:
    add_entries(4)
    wrote = threading.Event()

    def write_meanwhile(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO audit_seal_leaves" in statement:
            with ThreadPoolExecutor(1) as other:
                other.submit(add_entry, NOON).result(timeout=5)
            wrote.set()

    event.listen(engine(), "after_cursor_execute", write_meanwhile)
    try:
        assert seal_at(NOON) == 1
    finally:
        event.remove(engine(), "after_cursor_execute", write_meanwhile)
    assert wrote.is_set()


def test_what_turns_up_later_than_any_request_could_write_it_is_in_no_seal(database: LocalDatabase) -> None:
    add_sealed(4)
    add_entry(NOON)
    seal_at(NOON + timedelta(hours=1))
    add_entry(MORNING + SECOND)
    assert seal_at(NOON + timedelta(hours=2)) == 0
    assert kinds(found_at(NOON + timedelta(hours=2))) == ["event-inserted"]


def test_two_sealers_make_no_two_seals_after_the_same_one(database: LocalDatabase) -> None:
    add_entries(6)
    last = last_link()
    assert last
    prepared = made_of(last, Drawn([], NOON))
    assert seal_at(NOON, most=2) == 3
    with pytest.raises(AnotherSealer):
        keep(*prepared)
    assert found_at(NOON) == []


def test_many_sealers_at_once_make_one_chain(database: LocalDatabase) -> None:
    add_entries(sized(24, 200))
    with ThreadPoolExecutor(4) as sealers:
        made = sum(sealers.map(lambda _: seal_at(NOON, most=3), range(4)))
    assert seal_at(NOON, most=3) + made == len(seals())
    assert max(Counter(sealed_ids()).values()) == 1
    assert sorted(sealed_ids()) == sorted(entry.id for entry in entries())
    assert found_at(NOON) == []


class Killed(BaseException):
    """The process dies."""


def test_a_sealer_that_dies_half_way_leaves_nothing(database: LocalDatabase) -> None:
    add_entries(4)

    def die(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO audit_seal_leaves" in statement:
            raise Killed

    event.listen(engine(), "before_cursor_execute", die)
    try:
        with pytest.raises(Killed):
            seal_at(NOON)
    finally:
        event.remove(engine(), "before_cursor_execute", die)
    assert (list(seals()), sealed_ids()) == ([], [])
    assert seal_at(NOON) == 1
    assert found_at(NOON) == []


def test_a_seal_is_signed_with_the_first_key_and_known_by_any(
    database: LocalDatabase, environment: Callable[..., None]
) -> None:
    environment(audit_signing_key=SIGNING_KEY)
    add_sealed(2)
    [seal] = seals()
    assert seal.key_id == "s1"
    assert is_signed(seal.digest, seal.key_id, seal.signature)
    assert not is_signed(seal.previous_digest, seal.key_id, seal.signature)
    environment(audit_signing_key=f"s2:{SIGNING_KEY[3:]}")
    assert not is_signed(seal.digest, seal.key_id, seal.signature), "under another name it is another key"


def test_the_bytes_of_an_entry_are_these_for_ever() -> None:
    moment = datetime(2031, 3, 10, 10, 0, 0, 5, tzinfo=UTC).astimezone()
    told = canonical({"b": UUID(int=7), "a": moment, "z": None, "c": {"y": "ü", "x": ["1"]}, "d": b"\x01\xff", "e": 3})
    assert told == (
        b'{"a":"2031-03-10T10:00:00.000005+00:00","b":"00000000-0000-0000-0000-000000000007",'
        b'"c":{"x":["1"],"y":"\\u00fc"},"d":"01ff","e":3}'
    )
    assert json.loads(told)["c"]["y"] == "ü"
    with pytest.raises(TypeError):
        canonical({"a": 1.5j})


def test_a_column_that_comes_later_changes_no_earlier_entry_until_it_is_given_a_value() -> None:
    assert canonical({"a": 1, "later": None}) == canonical({"a": 1})
    assert canonical({"a": 1, "later": "x"}) != canonical({"a": 1})


@settings(max_examples=sized(8, 100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delays=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 840)), min_size=1, max_size=12),
    ticks=st.lists(st.integers(1, 2400), max_size=6),
    most=st.integers(1, 5),
)
def test_in_whatever_order_writers_commit_and_ticks_come_each_entry_is_sealed_once(
    database: LocalDatabase, delays: list[tuple[int, int]], ticks: list[int], most: int
) -> None:
    """A writer has its time and commits up to 14 minutes after it."""
    with as_superuser(database) as connection:
        for table in ("audit_seal_leaves", "audit_seal", "audit_event"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    commits = [(second + delay, "write", second) for second, delay in delays]
    for moment, deed, second in sorted([*commits, *((tick, "tick", 0) for tick in ticks)]):
        if deed == "write":
            add_entry(MORNING + second * SECOND)
        else:
            seal_at(MORNING + moment * SECOND, most)
            assert found_at(MORNING + moment * SECOND) == []
    seal_at(NOON, most)
    assert sorted(sealed_ids()) == sorted(entry.id for entry in entries())
    assert found_at(NOON) == []
