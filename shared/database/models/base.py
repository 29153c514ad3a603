"""What every table shares: names of constraints, ids made by us, times in UTC, and closed sets of words."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, Index, LargeBinary, MetaData, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.clock import now

Word = TypeVar("Word", bound=StrEnum)

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class OneOf(TypeDecorator[Word], Generic[Word]):
    """TEXT that holds a member of a StrEnum; the table's CHECK is made from the same enum."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[Word]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Word | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The word as the column keeps it; ValueError for one that is not in the set."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Word | None:  # noqa: ARG002
        """The member of the enum that the column holds."""
        return None if value is None else self.words(value)


class JsonDocument(TypeDecorator[Any]):
    """JSONB; the dialects' package, a fifth of a function's start, is loaded when there is a dialect to ask."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB, which both databases have; nothing is NULL and not JSON's own null."""
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))


class Base(DeclarativeBase):
    """The declarative base of every model; relationships are left out so that no query hides behind an attribute."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        uuid.UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JsonDocument(),
        list[Any]: JsonDocument(),
        list[str]: JsonDocument(),
    }

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for column in cls.__table__.columns:
            if isinstance(column.type, OneOf):
                words = ", ".join(f"'{word.value}'" for word in column.type.words)
                cls.__table__.append_constraint(  # type: ignore[attr-defined]
                    CheckConstraint(f"{column.name} IN ({words})", name=column.name)
                )


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows that satisfy a condition; a violation names it as it names a constraint."""
    return Index(name, *columns, unique=True, postgresql_where=text(where))


def index_where(name: str, *columns: str, where: str) -> Index:
    """An index over the rows that satisfy a condition."""
    return Index(name, *columns, postgresql_where=text(where))


Id = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid.uuid4)]
"""A random UUIDv4 made in Python: spread over CockroachDB's ranges, and known before the row is written."""

CreatedAt = Annotated[datetime, mapped_column(default=now)]
UpdatedAt = Annotated[datetime, mapped_column(default=now, onupdate=now)]

Sealed = Annotated[bytes, mapped_column(LargeBinary)]
"""Ciphertext of `shared.database.encryption.seal`, bound to its table, column and row."""

Digest = Annotated[bytes, mapped_column(LargeBinary)]
"""A SHA-256 or HMAC-SHA-256 of something that is not kept itself: 32 bytes."""
