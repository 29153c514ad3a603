"""An appointment's status and attendance become what is known of it; what a person decided stays as they decided."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.appointments import touch_schedule
from shared.audit_actions import Action
from shared.database.models.scheduling import (
    OCCUPYING,
    Appointment,
    AppointmentAttendee,
    AppointmentStatus,
    Attendance,
    ZoomStatus,
)
from shared.settings import settings

from .attendance import Course, Notice, Presence, Slot, Stage, course_of, is_missed, stage_of

LOOKED_AT: Final = timedelta(days=7)
"""How long after an appointment its notices say something of it; in time they are removed, one after another."""
TAKES_PLACE: Final = frozenset(
    {
        AppointmentStatus.BOOKED,
        AppointmentStatus.IN_SESSION,
        AppointmentStatus.COMPLETED,
        AppointmentStatus.NO_SHOW,
    }
)
"""The statuses of what was booked and not called off."""
_BY_STAGE: Final = {
    Stage.AHEAD: AppointmentStatus.BOOKED,
    Stage.RUNS: AppointmentStatus.IN_SESSION,
    Stage.OVER: AppointmentStatus.COMPLETED,
}


def attendees_of(db: Database, found: Appointment) -> tuple[AppointmentAttendee, AppointmentAttendee]:
    """The patient's row and the therapist's."""
    rows = select(AppointmentAttendee).where(AppointmentAttendee.appointment_id == found.id)
    by_id = {row.user_id: row for row in db.scalars(rows)}
    return by_id[found.patient_id], by_id[found.therapist_id]


def settle(db: Database, found: Appointment, notices: Iterable[Notice], moment: datetime) -> None:
    """Make of an appointment what its notices say at this moment; of one that does not take place, nothing."""
    if found.status not in TAKES_PLACE:
        return
    slot = Slot(found.start_at, found.end_at)
    told = list(notices) if moment < slot.closes_at + LOOKED_AT else []
    course = course_of(told, slot, moment)
    patient, therapist = attendees_of(db, found)
    if told:
        _keep_presence(found, course, patient, therapist)
    if told and patient.marked_at is None:
        _keep_verdict(db, found, patient, _verdict(found, course, slot))
    _keep_status(db, found, _status(patient, stage_of(course, slot, moment), moment >= found.end_at))


def _keep_presence(
    found: Appointment, course: Course, patient: AppointmentAttendee, therapist: AppointmentAttendee
) -> None:
    found.started_at, found.ended_at = course.started_at, course.ended_at
    for row, presence in ((patient, course.patient), (therapist, course.therapist)):
        row.first_joined_at, row.present_since = presence.first_joined_at, presence.present_since
        row.last_left_at, row.attended_seconds = presence.last_left_at, int(presence.attended.total_seconds())
    therapist.attendance = _came(course.therapist)


def _came(presence: Presence) -> Attendance:
    return Attendance.ATTENDED if presence.came else Attendance.UNKNOWN


def _verdict(found: Appointment, course: Course, slot: Slot) -> Attendance:
    """Nobody is said to have stayed away where they may have had no way in, or may have been there."""
    patience = timedelta(minutes=settings().no_show_minutes)
    if found.zoom_status is ZoomStatus.CREATED and is_missed(course, slot, patience):
        return Attendance.NO_SHOW
    return _came(course.patient)


def _keep_verdict(db: Database, found: Appointment, patient: AppointmentAttendee, verdict: Attendance) -> None:
    if verdict is Attendance.NO_SHOW and patient.attendance is not Attendance.NO_SHOW:
        audit.record(db, Action.NO_SHOW_NOTED, subject_id=found.patient_id, resource=("appointment", found.id))
    patient.attendance = verdict


def _status(patient: AppointmentAttendee, stage: Stage, is_past: bool) -> AppointmentStatus:
    if patient.attendance is Attendance.NO_SHOW:
        return AppointmentStatus.NO_SHOW
    if stage is Stage.AHEAD and patient.marked_at is not None and patient.attendance is Attendance.ATTENDED:
        # Zoom told nothing, the therapist did.
        return AppointmentStatus.COMPLETED if is_past else AppointmentStatus.IN_SESSION
    return _BY_STAGE[stage]


def _keep_status(db: Database, found: Appointment, status: AppointmentStatus) -> None:
    """Whatever gives time back, or takes it again, is the latest that happened to the therapist's schedule."""
    took, takes = _takes_time(found.status), _takes_time(status)
    if takes and not took and _is_taken(db, found):
        status, takes = AppointmentStatus.COMPLETED, False
    if takes is not took:
        touch_schedule(db, found.therapist_id)
    found.status = status


def _takes_time(status: AppointmentStatus) -> bool:
    return status in (AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION)


def _is_taken(db: Database, found: Appointment) -> bool:
    """Whether the rest of its time was booked by others after it was over."""
    others = select(Appointment.id).where(
        Appointment.id != found.id,
        (Appointment.therapist_id == found.therapist_id) | (Appointment.patient_id == found.patient_id),
        text(OCCUPYING),
        Appointment.blocked_until > found.blocked_from,
        Appointment.blocked_from < found.blocked_until,
    )
    return db.scalar(others.limit(1)) is not None
