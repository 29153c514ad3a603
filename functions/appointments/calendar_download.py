"""GET /api/appointments/{id}/calendar.ics: one of the caller's appointments as a file for their calendar."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Document
from shared.roles import patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .calendar_entries import calendar_of
from .calendar_file import Method
from .mail_times import Clock

routes = Routes()


@routes.endpoint(
    "GET /api/appointments/{id}/calendar.ics", allow=patients_and_therapists, limit=Limit("calendar-file", 60, per=60)
)
def download_calendar_file(caller: Caller, id: UUID) -> Answer[Document]:
    """The appointment as it is now, in the caller's language; a calendar that has it already takes the newer one."""
    return Answer(Document([file_of(caller, id)], "text/calendar", "appointment.ics"))


@transaction
def file_of(db: Database, caller: Caller, appointment_id: UUID) -> bytes:
    """Check, read, and leave the audit entry."""
    meeting = own_appointments.appointment(db, caller, appointment_id, action=Action.CALENDAR_FILE_READ)
    reader = db.get_one(User, caller.user_id)
    clock = Clock(reader.time_zone, reader.language)
    return calendar_of(Method.PUBLISH, [meeting.appointment], reader.email, clock)
