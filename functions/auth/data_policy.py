"""The written policy: for each table, what becomes of a person's rows and whether an export gives them."""

from typing import Final

from .account_tables import ACCOUNT_TABLES
from .record_tables import RECORD_TABLES
from .table_policy import Fate, TablePolicy

POLICIES: Final[tuple[TablePolicy, ...]] = (*ACCOUNT_TABLES, *RECORD_TABLES)
"""In an order in which rows can go: none names a row of a table before it in this tuple."""


def policies_of(*fates: Fate) -> list[TablePolicy]:
    """Those tables, in an order in which rows can go."""
    return [policy for policy in POLICIES if policy.fate in fates]
