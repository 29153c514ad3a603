"""What the data policy can say of one table: what an erasure does to its rows, and what an export gives of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, or_
from sqlalchemy.orm import InstrumentedAttribute

from shared.database.encryption import KeyRing
from shared.database.models.base import Base

Rows = Callable[[UUID], ColumnElement[bool]]
"""A person's rows, as a condition that an index answers."""

SECRET: Final = "a secret, or the digest of one"  # noqa: S105 - a reason, not a password
ANOTHER: Final = "of somebody else"
INTERNAL: Final = "says nothing about the person"


class Fate(StrEnum):
    """What becomes of a person's rows."""

    ERASED = "erased at once"
    EMPTIED = "emptied at once"
    REMOVED_LATER = "sealed, then removed when retention ends"
    EMPTIED_LATER = "sealed, then emptied when retention ends"
    KEPT = "kept"
    EXPIRES = "expires"
    NOBODYS = "about nobody"


@dataclass(frozen=True, kw_only=True)
class TablePolicy:
    """One table's line of the policy."""

    model: type[Base]
    fate: Fate
    why: str
    erases: Rows | None = None
    """The rows that an erasure, at once or later, removes or empties."""
    empties: Mapping[str, Any] = field(default_factory=dict)
    """What the columns of an emptied row hold afterwards."""
    emptied_at: str | None = None
    """The column that says since when, where there is one."""
    exports: tuple[Rows, ...] = ()
    """The rows that an export gives, each of which it reads page by page."""
    by_conversation: bool = False
    """Whether an export reads the person's own conversations besides, one after the other."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Columns that an export leaves out, and why."""
    private: Mapping[str, str] = field(default_factory=dict)
    """Columns that only whoever another column of the row names is given."""
    sealed: Mapping[str, KeyRing] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    """The columns that pages go by, together unique; the primary key where nothing is said."""

    @property
    def table(self) -> Table:
        """The table."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @property
    def is_exported(self) -> bool:
        """Whether an export has a section of this table."""
        return bool(self.exports) or self.by_conversation


def where(*columns: InstrumentedAttribute[Any]) -> Rows:
    """The rows in which one of these columns names the person."""
    return lambda person_id: or_(*(column == person_id for column in columns))
