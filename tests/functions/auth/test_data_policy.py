"""The data policy says of every table what becomes of a person's rows, and the page about it says the same."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, UniqueConstraint

from functions.auth.data_policy import POLICIES
from functions.auth.retention import kept_after, retention_ends
from functions.auth.table_policy import Fate, TablePolicy
from infra.migrations.tables import metadata
from shared.roles import Role

PAGE = Path(__file__).resolve().parents[3] / "docs" / "personal-data.md"
GOES = {Fate.ERASED, Fate.EMPTIED, Fate.REMOVED_LATER, Fate.EMPTIED_LATER}
ERASED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def name_of(policy: TablePolicy) -> str:
    return policy.table.name


each = pytest.mark.parametrize("policy", POLICIES, ids=name_of)


def test_every_table_has_a_policy_and_only_one() -> None:
    assert sorted(name_of(policy) for policy in POLICIES) == sorted(metadata.tables)


@each
def test_a_policy_says_why_and_whose_rows_go(policy: TablePolicy) -> None:
    assert len(policy.why) > 10
    assert (policy.erases is not None) == (policy.fate in GOES)
    assert bool(policy.empties) == (policy.fate in {Fate.EMPTIED, Fate.EMPTIED_LATER})


@each
def test_what_names_a_person_is_exported_unless_it_is_no_ones_or_expires(policy: TablePolicy) -> None:
    elsewhere = {"training_run", "rollout", "message_search_pack"}  # the work of staff; words that messages hold
    exempt = policy.fate in {Fate.NOBODYS, Fate.EXPIRES} or name_of(policy) in elsewhere
    assert policy.is_exported != exempt


@each
def test_a_policy_speaks_of_columns_that_exist(policy: TablePolicy) -> None:
    named = {*policy.withheld, *policy.private, *policy.private.values(), *policy.sealed, *policy.order}
    assert named | {*policy.empties} <= {column.name for column in policy.table.c}


@each
def test_no_export_gives_bytes_that_are_neither_opened_nor_withheld(policy: TablePolicy) -> None:
    raw = {column.name for column in policy.table.c if isinstance(column.type, LargeBinary)}
    assert not policy.is_exported or raw <= {*policy.sealed, *policy.withheld}


@each
def test_pages_go_by_columns_that_are_never_empty_and_together_unique(policy: TablePolicy) -> None:
    unique = [set(policy.table.primary_key.columns.keys())]
    unique += [
        {column.name for column in constraint.columns}
        for constraint in policy.table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    if policy.order:
        assert any(columns <= set(policy.order) for columns in unique)
        assert not any(policy.table.c[name].nullable for name in policy.order)


def test_rows_go_before_those_that_they_name() -> None:
    """A row cannot go while another that stays names it; what the database removes or empties by itself may come."""
    going = [policy.table for policy in POLICIES if policy.fate is Fate.REMOVED_LATER]
    for earlier, table in enumerate(going):
        for key in table.foreign_keys:
            if not key.ondelete:
                assert key.column.table not in going[:earlier], f"{table.name} names {key.column.table.name}"


def table_of_the_page() -> list[str]:
    return [
        f"| `{name_of(policy)}` | {policy.fate} | {policy.why} | {in_export(policy)} |"
        for policy in sorted(POLICIES, key=name_of)
    ]


def in_export(policy: TablePolicy) -> str:
    if not policy.is_exported:
        return "no"
    without = f"without {listed(policy.withheld)}" if policy.withheld else ""
    private = f"{listed(policy.private)} only to {listed(set(policy.private.values()))}" if policy.private else ""
    return "; ".join(part for part in (without, private) if part) or "yes"


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def test_the_page_about_personal_data_says_what_the_code_does() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == table_of_the_page(), "\n".join(table_of_the_page())


@pytest.mark.parametrize(
    ("born", "ends"),
    [
        (None, (2033, 3, 1)),
        (date(1990, 5, 1), (2033, 3, 1)),
        (date(2015, 6, 30), (2040, 6, 30)),
        (date(2008, 3, 1), (2033, 3, 1)),
        (date(2012, 2, 29), (2037, 3, 1)),
    ],
    ids=["unknown", "of age", "a minor", "of age today", "born on 29 February"],
)
def test_a_record_stays_for_years_and_a_minors_for_years_after_they_are_of_age(
    born: date | None, ends: tuple[int, int, int]
) -> None:
    until = retention_ends(ERASED, born, years=7, of_age=18)
    assert (until.year, until.month, until.day) == ends


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.dates(date(1900, 1, 1)), st.integers(0, 120))
def test_no_record_goes_before_its_time(erased_on: date, born: date, years: int) -> None:
    moment = datetime.combine(erased_on, ERASED.time(), UTC)
    if born.year < 2100:
        until = retention_ends(moment, born, years=years, of_age=18)
        assert until.year >= moment.year + years
        assert until >= moment
        assert until.year >= born.year + 18 + years


@pytest.mark.parametrize("role", list(Role))
def test_what_stays_is_told_with_a_reason(role: Role) -> None:
    kept = kept_after(role, ERASED)
    assert len({item.what for item in kept}) == 3
    assert all(item.why for item in kept)
    assert kept[0].until == ERASED
