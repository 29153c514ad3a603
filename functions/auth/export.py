"""GET /api/user/export: everything held about the caller as one JSON document, read and sent page by page."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic.alias_generators import to_camel
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.database.encryption import Undecipherable, unseal
from shared.database.models.accounts import User
from shared.database.models.care import CareRelationship
from shared.database.models.messaging import Conversation
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Document
from shared.roles import signed_in
from shared.session import Caller

if TYPE_CHECKING:
    from .table_policy import TablePolicy

routes = Routes()

PAGE: Final = 200
"""Rows that one transaction reads and one chunk carries."""

ABOUT: Final = (
    "This is everything that Bloom Health holds about you, one section for each kind of record. Times are UTC.",
    "Passwords, codes and other secrets are left out, and so is what would tell you about other people more than you "
    "were already shown.",
    "messageAnalysis and riskEvent are what a computer program guessed from the words of a message, so that your "
    "therapist would see sooner who needs them. It is often wrong, it knows nothing but those words, and it is no "
    "diagnosis. You may want to read these sections together with your therapist.",
    "fileAsset lists your files. As long as you have your account, the content of each is to be had, signed in, at "
    "/api/files/ followed by its id.",
    "If you are in distress or think of harming yourself, please call your local emergency number or a crisis line; "
    "in the United States and Canada call or text 988.",
)


@dataclass(frozen=True)
class _Begun:
    notice: AccountNotice
    conversations: list[UUID]
    therapists: list[dict[str, str]]


@routes.endpoint("GET /api/user/export", allow=signed_in, limit=Limit("export", 3, per=3600), fresh=True)
def export_everything(caller: Caller) -> Answer[Document]:
    """Everything held about the caller, as a file."""
    begun = begin(caller)
    outbox.hand_over(begun.notice)
    return Answer(Document(_document(caller.user_id, begun), "application/json", "bloom-health-data.json"))


@transaction
def begin(db: Database, caller: Caller) -> _Begun:
    """Keep that an export is made, and find whose conversations are whose."""
    audit.record(db, Action.EXPORT_MADE, subject_id=caller.user_id)
    own = select(Conversation.id).join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
    therapists = (
        select(User.id, User.name)
        .join(CareRelationship, CareRelationship.therapist_id == User.id)
        .where(CareRelationship.patient_id == caller.user_id)
        .distinct()
    )
    return _Begun(
        notice=notify(db, caller.user_id, Notice.EXPORT_MADE),
        conversations=list(db.scalars(own.where(CareRelationship.patient_id == caller.user_id))),
        therapists=[{"id": str(row.id), "name": row.name} for row in db.execute(therapists)],
    )


def _document(person_id: UUID, begun: _Begun) -> Iterator[bytes]:
    """The pieces of the document. Each page is a transaction of its own; none is open while a client reads."""
    from .data_policy import POLICIES  # with the models of every table, only where somebody asks for everything

    head = {"madeAt": now(), "about": ABOUT, "therapists": begun.therapists}
    yield f'{_json(head)[:-1]},"data":{{'.encode()
    for number, policy in enumerate(policy for policy in POLICIES if policy.is_exported):
        yield f"{',' if number else ''}{json.dumps(to_camel(policy.table.name))}:[".encode()
        yield from _section(person_id, policy, begun.conversations)
        yield b"]"
    yield b"}}"


def _section(person_id: UUID, policy: "TablePolicy", conversations: list[UUID]) -> Iterator[bytes]:
    conditions = [rows(person_id) for rows in policy.exports]
    if policy.by_conversation:
        conditions += [policy.table.c.conversation_id == conversation_id for conversation_id in conversations]
    first = True
    for condition in conditions:
        for page in _pages(policy, condition):
            lines = ",\n".join(_json(_shown(policy, row, person_id)) for row in page)
            yield ("" if first else ",\n").encode() + lines.encode()
            first = False


def _pages(policy: "TablePolicy", condition: ColumnElement[bool]) -> Iterator[list[dict[str, Any]]]:
    order = policy.order or tuple(column.name for column in policy.table.primary_key)
    after: tuple[Any, ...] | None = None
    while page := read_page(policy, condition, order, after):
        yield page
        if len(page) < PAGE:
            return
        after = tuple(page[-1][name] for name in order)


@transaction
def read_page(
    db: Database,
    policy: "TablePolicy",
    condition: ColumnElement[bool],
    order: tuple[str, ...],
    after: tuple[Any, ...] | None,
) -> list[dict[str, Any]]:
    """The next rows of a table, by the columns that an export gives."""
    given = [column for column in policy.table.c if column.name not in policy.withheld]
    key = [policy.table.c[name] for name in order]
    query = select(*given).where(condition).order_by(*key).limit(PAGE)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    return [dict(row) for row in db.execute(query).mappings()]


def _shown(policy: "TablePolicy", row: dict[str, Any], person_id: UUID) -> dict[str, Any]:
    """A row as the person is given it: opened, and without what is only another's."""
    return {
        _outside(name): _opened(policy, name, row) if name in policy.sealed else value
        for name, value in row.items()
        if name not in policy.private or row[policy.private[name]] == person_id
    }


def _opened(policy: "TablePolicy", name: str, row: dict[str, Any]) -> str | None:
    if row[name] is None:
        return None
    [key] = policy.table.primary_key
    try:
        return unseal(policy.sealed[name], row[name], policy.table.name, name, row[key.name])
    except Undecipherable:
        return None  # the key is gone, and with it what it said


@functools.cache
def _outside(name: str) -> str:
    return to_camel(name)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
