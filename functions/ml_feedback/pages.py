"""A page of what administrators list, the latest first, and the cursor of the next one."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.learning import DriftReport, ModelVersion, TrainingRun
from shared.http import cursor
from shared.http.cursor import PageSize

Listed = TypeVar("Listed", DriftReport, ModelVersion, TrainingRun)


class PageQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


def page_of(
    db: Database,
    kind: type[Listed],
    moment: InstrumentedAttribute[Any],
    asked: PageQuery,
    read: Callable[[str], date] = datetime.fromisoformat,
) -> tuple[list[Listed], str | None]:
    """The rows of a page by this column of theirs, which `read` reads, and the cursor of the next page.

    Raises Unprocessable for a cursor that is none of ours.
    """
    wanted = select(kind).order_by(moment.desc(), kind.id.desc()).limit(asked.limit + 1)
    found = list(db.scalars(_after(wanted, tuple_(moment, kind.id), asked.cursor, read)))
    page = found[: asked.limit]
    if len(found) == len(page):
        return page, None
    return page, cursor.encode(getattr(page[-1], moment.key).isoformat(), str(page[-1].id))


def _after(wanted: Select[Any], place: Any, given: str | None, read: Callable[[str], date]) -> Select[Any]:
    if not given:
        return wanted
    moment, last = cursor.decode(given, 2)
    try:
        return wanted.where(place < (read(moment), UUID(last)))
    except (TypeError, ValueError, AttributeError):
        raise cursor.unknown_cursor() from None
