"""GET /api/admin/patients/{id}/…: what an administrator reads in a patient's record that they have opened."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access, appointments
from shared.access import Membership
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.scheduling import AppointmentStatus, CancelReason
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownMessage, messages_before
from shared.problems import Denial, NotFound
from shared.roles import administrators
from shared.session import Caller

from . import alerts_access
from .alerts_shown import NamedPerson, ShownAlert, shown_alerts

routes = Routes()


class OpenedConversation(Schema):
    """A conversation of the patient's, and with whom."""

    id: UUID
    therapist: NamedPerson
    last_seq: int
    """How many messages it has had."""
    last_active_at: datetime
    is_open: bool
    """Whether the care relationship stands."""


class OpenedConversations(Schema):
    """All of them, the latest activity first."""

    items: list[OpenedConversation]
    next_cursor: None = None


class OpenedMessagesQuery(Schema):
    """Of which conversation, and which page: what precedes `beforeSeq`, or the latest."""

    conversation_id: UUID
    before_seq: Annotated[int, Field(ge=1, le=2**62)] | None = None
    limit: PageSize = 50


class OpenedMessages(Schema):
    """A page, the oldest first; `nextCursor` is the next `beforeSeq`."""

    items: list[ShownMessage]
    next_cursor: str | None


class OpenedAppointment(Schema):
    """An appointment of the patient's: when, with whom, and what became of it."""

    id: UUID
    therapist: NamedPerson
    start_at: datetime
    end_at: datetime
    status: AppointmentStatus
    cancelled_at: datetime | None
    cancel_reason: CancelReason | None


class OpenedPageQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


class OpenedAppointments(Schema):
    """A page, the latest first."""

    items: list[OpenedAppointment]
    next_cursor: str | None


class OpenedAlerts(Schema):
    """A page, the latest first."""

    items: list[ShownAlert]
    next_cursor: str | None


@routes.endpoint(
    "GET /api/admin/patients/{id}/conversations", allow=administrators, limit=Limit("opened-conversations", 60, per=60)
)
def list_opened_conversations(caller: Caller, id: UUID) -> OpenedConversations:
    """The patient's conversations."""
    return OpenedConversations(items=conversations_of(caller, id))


@routes.endpoint(
    "GET /api/admin/patients/{id}/messages", allow=administrators, limit=Limit("opened-messages", 60, per=60)
)
def read_opened_messages(caller: Caller, id: UUID, query: OpenedMessagesQuery) -> OpenedMessages:
    """What was written in one of them; nobody is told that it was read, but the patient's list of who looked is."""
    return messages_of(caller, id, query)


@routes.endpoint(
    "GET /api/admin/patients/{id}/appointments", allow=administrators, limit=Limit("opened-appointments", 60, per=60)
)
def list_opened_appointments(caller: Caller, id: UUID, query: OpenedPageQuery) -> OpenedAppointments:
    """The patient's appointments."""
    return appointments_of(caller, id, query)


@routes.endpoint("GET /api/admin/patients/{id}/alerts", allow=administrators, limit=Limit("opened-alerts", 60, per=60))
def list_opened_alerts(caller: Caller, id: UUID, query: OpenedPageQuery) -> OpenedAlerts:
    """The patient's alerts in full, with what worried and what became of it."""
    return alerts_of(caller, id, query)


@transaction
def conversations_of(db: Database, caller: Caller, patient_id: UUID) -> list[OpenedConversation]:
    """Check and read. Raises RecordNotOpen."""
    access.require_opened_record(db, caller, patient_id, part="conversations")
    found = access.conversations_of(db, patient_id)
    people = _people(db, {one.clinician_id for one in found})
    return [_conversation(one, people) for one in found]


@transaction
def messages_of(db: Database, caller: Caller, patient_id: UUID, query: OpenedMessagesQuery) -> OpenedMessages:
    """Check and read a page. Raises RecordNotOpen, and NotFound for a conversation that is not the patient's."""
    access.require_opened_record(db, caller, patient_id, part="messages", conversation_id=query.conversation_id)
    if access.patient_of(db, query.conversation_id) != patient_id:
        raise NotFound(denial=Denial(Action.RECORD_READ, patient_id, query.conversation_id))
    before = 2**62 if query.before_seq is None else query.before_seq
    found = messages_before(db, query.conversation_id, before, query.limit)
    more = bool(found) and found[0].seq > 1
    return OpenedMessages(items=found, next_cursor=str(found[0].seq) if more else None)


@transaction
def appointments_of(db: Database, caller: Caller, patient_id: UUID, query: OpenedPageQuery) -> OpenedAppointments:
    """Check and read a page. Raises RecordNotOpen."""
    access.require_opened_record(db, caller, patient_id, part="appointments")
    found = appointments.of_patient(db, patient_id, before=_before(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    people = _people(db, {one.therapist_id for one in page})
    last = page[-1] if len(found) > query.limit else None
    items = [
        OpenedAppointment(
            id=one.id,
            therapist=people[one.therapist_id],
            start_at=one.start_at,
            end_at=one.end_at,
            status=one.status,
            cancelled_at=one.cancelled_at,
            cancel_reason=one.cancel_reason,
        )
        for one in page
    ]
    return OpenedAppointments(items=items, next_cursor=_cursor(last.start_at, last.id) if last else None)


@transaction
def alerts_of(db: Database, caller: Caller, patient_id: UUID, query: OpenedPageQuery) -> OpenedAlerts:
    """Check and read a page. Raises RecordNotOpen."""
    access.require_opened_record(db, caller, patient_id, part="alerts")
    found = alerts_access.of_patient(db, patient_id, before=_before(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    last = page[-1].alert if len(found) > query.limit else None
    return OpenedAlerts(items=shown_alerts(db, page), next_cursor=_cursor(last.opened_at, last.id) if last else None)


def _conversation(found: Membership, people: dict[UUID, NamedPerson]) -> OpenedConversation:
    return OpenedConversation(
        id=found.conversation_id,
        therapist=people[found.clinician_id],
        last_seq=found.last_seq,
        last_active_at=found.active_at,
        is_open=found.is_open,
    )


def _people(db: Database, ids: set[UUID]) -> dict[UUID, NamedPerson]:
    rows = db.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: NamedPerson(id=row.id, name=row.name) for row in rows}


def _cursor(moment: datetime, row_id: UUID) -> str:
    return cursor.encode(moment.isoformat(), str(row_id))


def _before(given: str | None) -> tuple[datetime, UUID] | None:
    if given is None:
        return None
    try:
        moment, row_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
