"""After six years entries go, whole seals at a time, and the chain still holds."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from infra.migrations import __main__ as migrations
from infra.migrations import retire_audit
from infra.migrations.local import LocalDatabase
from shared.audit.findings import Finding, Kind
from shared.audit.retention import retention_ends
from shared.clock import held_at
from shared.database.faults import sqlstate
from tests.shared.trail import (
    MORNING,
    SECOND,
    add_entries,
    add_entry,
    add_sealed,
    entries,
    found_at,
    seal_at,
    seals,
)

SIX_YEARS = MORNING.replace(year=MORNING.year + 6)
LATER = timedelta(days=3)


@pytest.fixture
def two_mornings(database: LocalDatabase) -> LocalDatabase:
    """Three seals of one morning, and one of three days later."""
    add_sealed(9, most=3)
    add_entries(3, since=MORNING + LATER)
    seal_at(MORNING + LATER + timedelta(hours=1))
    return database


def test_what_is_old_enough_goes_and_the_seals_stay(two_mornings: LocalDatabase) -> None:
    moment, chain = SIX_YEARS + timedelta(days=2), [seal.digest for seal in seals()]
    with held_at(lambda: moment):
        last = retire_audit(two_mornings.migrator_url, retention_ends(moment, 6))
    assert last >= 3
    left = entries()
    assert [entry.occurred_at for entry in left if entry.action == "profile.read"] == [
        MORNING + LATER + number * SECOND for number in range(3)
    ]
    [told] = [entry for entry in left if entry.action == "audit.retire"]
    assert told.details == {"first": "1", "last": str(last), "entries": "9"}
    assert [seal.digest for seal in seals()] == chain
    assert found_at(moment) == []


def test_nothing_goes_a_moment_too_early_or_twice(two_mornings: LocalDatabase) -> None:
    first = seals()[0]
    assert retire_audit(two_mornings.migrator_url, first.until_at - timedelta(microseconds=1)) == 0
    assert retire_audit(two_mornings.migrator_url, first.until_at) == 1
    assert retire_audit(two_mornings.migrator_url, first.until_at) == 0
    assert len(entries()) == 9 + 3 - 3 + 1


def test_who_removes_too_early_is_found(two_mornings: LocalDatabase) -> None:
    retire_audit(two_mornings.migrator_url, MORNING + timedelta(hours=1))
    assert Finding(Kind.SEAL_CHANGED, 1) in found_at(MORNING + 2 * LATER)


def test_an_entry_that_is_put_where_all_are_gone_is_found(two_mornings: LocalDatabase) -> None:
    moment = SIX_YEARS + timedelta(days=2)
    with held_at(lambda: moment):
        retire_audit(two_mornings.migrator_url, retention_ends(moment, 6))
    add_entry(MORNING + SECOND)
    assert [finding.kind for finding in found_at(moment)] == [Kind.EVENT_INSERTED]


def test_the_products_own_login_can_retire_nothing(two_mornings: LocalDatabase) -> None:
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as refused:
        retire_audit(two_mornings.app_url, SIX_YEARS)
    assert sqlstate(refused.value) == "42501"
    assert len(entries()) == 12


def test_the_job_takes_six_years_or_more(
    two_mornings: LocalDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["migrations", "--database-url", two_mornings.migrator_url, "retire-audit"]
    monkeypatch.setattr(sys, "argv", command)
    with held_at(lambda: SIX_YEARS - timedelta(days=1)):
        migrations.main()
    with held_at(lambda: SIX_YEARS + timedelta(days=2)):
        migrations.main()
    assert capsys.readouterr().out.splitlines()[0] == "nothing is old enough"
    assert len([entry for entry in entries() if entry.action == "profile.read"]) == 3
    monkeypatch.setattr(sys, "argv", [*command, "--years", "5"])
    with pytest.raises(SystemExit):
        migrations.main()
    assert "--years" in capsys.readouterr().err


def test_six_years_before_a_leap_day_is_a_day_that_there_is() -> None:
    assert retention_ends(datetime(2032, 2, 29, 12, tzinfo=UTC), 6) == datetime(2026, 2, 28, 12, tzinfo=UTC)
