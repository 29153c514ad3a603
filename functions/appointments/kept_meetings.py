"""What our rows hold of the meetings at Zoom: each change is made only to what is still as it was seen."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import look_up, transaction
from shared.events import AppointmentChange, AppointmentChanged

from .meeting_hosts import is_anothers
from .zoom import Room


@dataclass(frozen=True)
class Seen:
    """An appointment and its meeting, as they were at one moment."""

    id: UUID
    version: int
    status: AppointmentStatus
    start_at: datetime
    end_at: datetime
    therapist_id: UUID
    zoom_status: ZoomStatus
    meeting_id: str | None
    host_id: str | None


@dataclass(frozen=True)
class WayIn:
    """Where a meeting stands, and the patient's join URL where there is one."""

    status: ZoomStatus
    join_url: str | None = field(default=None, repr=False)


PENDING: Final = WayIn(ZoomStatus.WANTED)

_SEEN: Final = (
    Appointment.id,
    Appointment.version,
    Appointment.status,
    Appointment.start_at,
    Appointment.end_at,
    Appointment.therapist_id,
    Appointment.zoom_status,
    Appointment.zoom_meeting_id,
    Appointment.zoom_host_id,
)


def look(appointment_id: UUID) -> Seen | None:
    """The appointment as it is."""
    return next(iter(look_where(Appointment.id == appointment_id)), None)


def look_where(*conditions: ColumnElement[bool]) -> list[Seen]:
    """Those that the conditions name."""
    return [Seen(*row) for row in look_up(select(*_SEEN).where(*conditions), {})]


def is_still(seen: Seen) -> bool:
    """Whether the appointment is the version that was seen."""
    [version] = look_up(select(Appointment.version).where(Appointment.id == seen.id), {})[0]
    return bool(version == seen.version)


def way_in(appointment_id: UUID) -> WayIn:
    """Where the meeting stands, and the patient's own way into it."""
    columns = select(Appointment.zoom_status, Appointment.zoom_join_url).where(Appointment.id == appointment_id)
    [(status, sealed)] = look_up(columns, {})
    return WayIn(status, opened(appointment_id, sealed))


def opened(appointment_id: UUID, sealed: bytes | None) -> str | None:
    """A join URL as its column holds it, opened."""
    return unseal(KeyRing.CREDENTIAL, sealed, "appointment", "zoom_join_url", appointment_id) if sealed else None


@transaction
def keep(db: Database, seen: Seen, room: Room, host_id: str) -> str | None:
    """Make a meeting the appointment's, if it has none; the id of the one that it has now.

    Also where it was called off meanwhile: what is known here is removed with it, whoever dies before.
    """
    if not is_anothers(db, host_id, seen.therapist_id):
        kept = _set(
            db,
            seen.id,
            Appointment.zoom_meeting_id.is_(None),
            zoom_status=ZoomStatus.WANTED,
            zoom_meeting_id=str(room.id),
            zoom_meeting_uuid=room.uuid or None,
            zoom_host_id=host_id,
        )
        _note(db, kept, Action.MEETING_MADE)
    return db.scalar(select(Appointment.zoom_meeting_id).where(Appointment.id == seen.id))


@transaction
def open_door(db: Database, appointment_id: UUID, meeting_id: str, join_url: str, registrant_id: str | None) -> None:
    """The meeting can be joined, if it is still the appointment's."""
    _set(
        db,
        appointment_id,
        Appointment.zoom_meeting_id == meeting_id,
        Appointment.status == AppointmentStatus.BOOKED,
        zoom_status=ZoomStatus.CREATED,
        zoom_join_url=seal(KeyRing.CREDENTIAL, join_url, "appointment", "zoom_join_url", appointment_id),
        zoom_registrant_id=registrant_id,
    )


@transaction
def lose(db: Database, appointment_id: UUID, meeting_id: str) -> None:
    """The meeting is not there any more: another one is wanted."""
    _set(db, appointment_id, Appointment.zoom_meeting_id == meeting_id, zoom_status=ZoomStatus.WANTED, **_NOTHING)


@transaction
def note_removed(db: Database, appointment_id: UUID, meeting_id: str | None) -> None:
    """The meeting that was seen is gone, and none is wanted; which one it was stays, for what Zoom tells of it."""
    same = Appointment.zoom_meeting_id == meeting_id if meeting_id else Appointment.zoom_meeting_id.is_(None)
    removed = _set(
        db,
        appointment_id,
        same,
        Appointment.zoom_status != ZoomStatus.DELETED,
        zoom_status=ZoomStatus.DELETED,
        zoom_join_url=None,
    )
    if meeting_id is not None:
        _note(db, removed, Action.MEETING_REMOVED)


@transaction
def give_up(db: Database, appointment_id: UUID, *, tell: bool = False) -> AppointmentChanged | None:
    """There is to be no meeting; the event that tells the therapist, where they are to be told and were not yet."""
    given_up = _set(
        db,
        appointment_id,
        Appointment.zoom_status == ZoomStatus.WANTED,
        Appointment.status == AppointmentStatus.BOOKED,
        zoom_status=ZoomStatus.FAILED,
    )
    _note(db, given_up, Action.MEETING_NOT_TO_BE_HAD)
    if given_up is None or not tell:
        return None
    event = AppointmentChanged(
        id=uuid5(appointment_id, AppointmentChange.VIDEO_UNAVAILABLE),  # once for each appointment
        occurred_at=now(),
        appointment_id=appointment_id,
        version=given_up.version,
        change=AppointmentChange.VIDEO_UNAVAILABLE,
    )
    if db.get(OutboxEvent, event.id) is not None:
        return None
    outbox.record(db, event)
    return event


_NOTHING: Final[dict[str, Any]] = {
    "zoom_meeting_id": None,
    "zoom_meeting_uuid": None,
    "zoom_host_id": None,
    "zoom_registrant_id": None,
    "zoom_join_url": None,
}


def _set(db: Database, appointment_id: UUID, *conditions: ColumnElement[bool], **columns: Any) -> Row[Any] | None:
    """What was changed, if it was as the conditions say; the version stays, since to its people nothing changed."""
    changed = (
        update(Appointment)
        .where(Appointment.id == appointment_id, *conditions)
        .values(**columns)
        .returning(Appointment.id, Appointment.version, Appointment.patient_id)
        .execution_options(synchronize_session=False)
    )
    return db.execute(changed).one_or_none()


def _note(db: Database, changed: Row[Any] | None, action: Action) -> None:
    """Leave the audit entry of what was changed."""
    if changed is not None:
        audit.record(db, action, subject_id=changed.patient_id, resource=("appointment", changed.id))
