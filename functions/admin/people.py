"""Who somebody is, by name, wherever administrators are shown whom something is about."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.accounts import User


class NamedPerson(Schema):
    """Somebody, by name."""

    id: UUID
    name: str


def named(db: Database, ids: Iterable[UUID | None]) -> dict[UUID, NamedPerson]:
    """By id, in one query; somebody whose account is erased has an empty name."""
    wanted = {one for one in ids if one is not None}
    rows = db.execute(select(User.id, User.name).where(User.id.in_(wanted))) if wanted else ()
    return {row.id: NamedPerson(id=row.id, name=row.name) for row in rows}
