"""GET · PUT /api/alerts/on-call: who is told of alerts that others leave unanswered, in which order, and when."""

import hashlib
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema, UtcTime
from shared.database.models.accounts import User
from shared.database.models.analysis import OnCallEntry
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.preferences import preferences_of
from shared.problems import Conflict, FieldFault, Unprocessable
from shared.roles import administrators, therapists_and_administrators
from shared.session import Caller

from .on_call import eligible, on_call

routes = Routes()


class OnCallListChanged(Conflict):
    """Somebody else has changed the list."""

    title = "The list has changed since you looked at it"


class NewOnCallEntry(Schema):
    """Somebody on call: at any time, or from one moment to another."""

    therapist_id: UUID
    starts_at: UtcTime | None = None
    ends_at: UtcTime | None = None


class NewOnCallList(Schema):
    """The whole list, the first to be asked first, in place of the one of this revision."""

    revision: Annotated[str, Field(max_length=64)]
    entries: Annotated[list[NewOnCallEntry], Field(max_length=100)]


class ShownOnCallEntry(NewOnCallEntry):
    """Somebody on the list."""

    name: str
    is_on_call: bool
    """At this moment, and able to be let in: with an account and a licence in force."""
    by_mail: bool
    """Whether alerts reach them by mail as well; else they see them only while signed in."""


class OnCallList(Schema):
    """The list, the first to be asked first."""

    revision: str
    """Names this state of the list."""
    entries: list[ShownOnCallEntry]


@routes.endpoint("GET /api/alerts/on-call", allow=therapists_and_administrators, limit=Limit("on-call", 120, per=60))
def read_on_call(caller: Caller) -> OnCallList:  # noqa: ARG001 - every therapist may know whom a colleague can ask
    """The list."""
    return shown_list()


@routes.endpoint("PUT /api/alerts/on-call", allow=administrators, limit=Limit("change-on-call", 30, per=60))
def change_on_call(caller: Caller, new: NewOnCallList) -> OnCallList:
    """Replace the list. Everybody on it must be a therapist with an account and a licence in force."""
    faults = [
        FieldFault(f"/entries/{index}/endsAt", "must be later than startsAt")
        for index, entry in enumerate(new.entries)
        if entry.starts_at and entry.ends_at and entry.ends_at <= entry.starts_at
    ]
    if faults:
        raise Unprocessable(errors=faults)
    return replaced(caller, new)


@transaction
def shown_list(db: Database) -> OnCallList:
    """Read it."""
    audit.record(db, Action.ON_CALL_READ)
    return _shown(db)


@transaction(tries=8)
def replaced(db: Database, caller: Caller, new: NewOnCallList) -> OnCallList:
    """Put another list in its place, if it is still the one that the caller looked at. Of two at once one does."""
    if _revision(_entries(db)) != new.revision:
        raise OnCallListChanged
    known = set(db.scalars(eligible().where(User.id.in_({entry.therapist_id for entry in new.entries}))))
    faults = [
        FieldFault(f"/entries/{index}/therapistId", "is not a therapist who can be called")
        for index, entry in enumerate(new.entries)
        if entry.therapist_id not in known
    ]
    if faults:
        raise Unprocessable(errors=faults)
    db.execute(delete(OnCallEntry))
    moment = now()
    db.add_all(
        OnCallEntry(id=uuid4(), position=position, created_at=moment, created_by=caller.user_id, **dict(entry))
        for position, entry in enumerate(new.entries, start=1)
    )
    db.flush()
    told = {"therapists": [str(entry.therapist_id) for entry in new.entries]}
    audit.record(db, Action.ON_CALL_CHANGED, details=told)
    return _shown(db)


def _shown(db: Database) -> OnCallList:
    entries = _entries(db)
    people = {user.id: user for user in db.scalars(select(User).where(User.id.in_({e.therapist_id for e in entries})))}
    called = set(on_call(db, now()))
    return OnCallList(revision=_revision(entries), entries=[_entry(entry, people, called) for entry in entries])


def _entry(entry: OnCallEntry, people: dict[UUID, User], called: set[UUID]) -> ShownOnCallEntry:
    person, moment = people[entry.therapist_id], now()
    in_time = (entry.starts_at is None or entry.starts_at <= moment) and (
        entry.ends_at is None or entry.ends_at > moment
    )
    return ShownOnCallEntry(
        therapist_id=entry.therapist_id,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        name=person.name,
        is_on_call=in_time and entry.therapist_id in called,
        by_mail=preferences_of(person.preferences).alerts.email_risk_alerts,
    )


def _entries(db: Database) -> Sequence[OnCallEntry]:
    return db.scalars(select(OnCallEntry).order_by(OnCallEntry.position)).all()


def _revision(entries: Sequence[OnCallEntry]) -> str:
    """The same list saved again is another one: its rows are new."""
    return hashlib.sha256(b"".join(entry.id.bytes for entry in entries)).hexdigest()[:32]
