"""POST /api/appointments/{id}/attendance: the therapist says whether the patient came, and that stands for good."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.scheduling import Attendance
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict
from shared.roles import therapists
from shared.session import Caller

from . import own_appointments
from .appointments import ShownAppointment, shown
from .settling import TAKES_PLACE, attendees_of, settle
from .taking_time import TRIES
from .zoom_notices import notices_of

routes = Routes()


class NotBegun(Conflict):
    """Nobody can have come to it, or stayed away, before it begins."""

    title = "This appointment has not begun yet"


class DoesNotTakePlace(Conflict):
    """It was called off, or was never booked."""

    title = "This appointment does not take place"


class MarkedAttendance(Schema):
    """Whether the patient came; `unknown` where that is to stay open."""

    patient: Attendance


@routes.endpoint("POST /api/appointments/{id}/attendance", allow=therapists, limit=Limit("mark-attendance", 60, per=60))
def mark_attendance(caller: Caller, id: UUID, marked: MarkedAttendance) -> ShownAppointment:
    """Say whether the patient came, from the start on; no notice of Zoom's changes it again, and another mark does."""
    return marked_by(caller, id, marked.patient)


@transaction(tries=TRIES)
def marked_by(db: Database, caller: Caller, appointment_id: UUID, attendance: Attendance) -> ShownAppointment:
    """Keep the mark, what it makes of the appointment, and its audit entry."""
    meeting = own_appointments.to_change(db, caller, appointment_id, action=Action.ATTENDANCE_MARKED)
    found = meeting.appointment
    if found.status not in TAKES_PLACE:
        raise DoesNotTakePlace
    if now() < found.start_at:
        raise NotBegun
    patient, _ = attendees_of(db, found)
    before = patient.attendance
    patient.attendance, patient.marked_by, patient.marked_at = attendance, caller.user_id, now()
    settle(db, found, notices_of(db, found), now())
    audit.record(
        db,
        Action.ATTENDANCE_MARKED,
        subject_id=found.patient_id,
        resource=("appointment", found.id),
        details={"before": before, "after": attendance},
    )
    return shown(meeting)
