"""POST /api/appointments/{id}/join: the way into the meeting, from ten minutes before the start until the end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import transaction
from shared.events import MeetingWanted
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, Gone, Unavailable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller
from shared.settings import settings

from . import kept_meetings, own_appointments, sdk_signature
from .attendance import Slot
from .settling import TAKES_PLACE
from .zoom import Budget, Room, ZoomAway, ZoomRefused, zoom

routes = Routes()

SECONDS_UNTIL_VIDEO: Final = 10


class TooEarlyToJoin(Conflict):
    """It opens ten minutes before the start; `detail` says when."""

    title = "This appointment cannot be joined yet"


class MeetingOver(Gone):
    """Its end has passed, and nobody is in it any more."""

    title = "This appointment is over"


class MeetingCalledOff(Gone):
    """It was cancelled, or was never confirmed."""

    title = "This appointment is not booked, or was called off"


class CareNotStanding(Conflict):
    """Care has ended, or the therapist's licence is not in force."""

    title = "This appointment cannot be held any more"


class VideoPending(Conflict):
    """The meeting is still being made."""

    title = "The video room is being prepared; please try again in a moment"


class VideoUnavailable(Conflict):
    """There is no meeting, and none is being made."""

    title = "There is no video for this appointment; please write to each other"


class ZoomNotReached(Unavailable):
    """Zoom does not answer right now."""

    title = "The video service does not answer right now; please try again in a moment"


class Joining(Schema):
    """Nothing has to be said."""


class SdkAccess(Schema):
    """What Zoom's Meeting SDK is given so that a page of ours holds this one meeting; it does not last long."""

    signature: str
    sdk_key: str
    meeting_number: str
    role: int
    """0: takes part; 1: hosts."""
    customer_key: str
    registrant_token: str | None
    """The patient's own, `tk` of the SDK."""
    zak: str | None
    """The host's own."""


class PatientsWay(Schema):
    """Where the patient goes."""

    join_url: str
    sdk: SdkAccess | None


class TherapistsWay(Schema):
    """Where the therapist goes, as host; the URL works for two hours and for nobody else."""

    start_url: str
    sdk: SdkAccess | None


@dataclass(frozen=True)
class Admitted:
    """A meeting that the caller may enter now."""

    appointment_id: UUID
    meeting_id: str
    end_at: datetime
    join_url: str = field(repr=False)


@routes.endpoint(
    "POST /api/appointments/{id}/join", allow=patients_and_therapists, limit=Limit("join-appointment", 30, per=60)
)
def join_appointment(caller: Caller, id: UUID, joining: Joining) -> PatientsWay | TherapistsWay:  # noqa: ARG001
    """Where the caller enters the meeting: the patient as themselves, the therapist as its host."""
    admitted = admit(caller, id)
    if caller.role is Role.PATIENT:
        token = _parameter(admitted.join_url, "tk")
        return PatientsWay(join_url=admitted.join_url, sdk=_sdk(caller, admitted, registrant_token=token))
    start_url = start_url_of(admitted)
    return TherapistsWay(start_url=start_url, sdk=_sdk(caller, admitted, zak=_parameter(start_url, "zak")))


@transaction
def admit(db: Database, caller: Caller, appointment_id: UUID) -> Admitted:
    """Check that the caller may enter now, and leave the audit entry."""
    meeting = own_appointments.to_change(db, caller, appointment_id, action=Action.APPOINTMENT_JOINED)
    found = meeting.appointment
    _require_time(found, now())
    if not own_appointments.may_move(db, found):
        raise CareNotStanding(denial=Denial(Action.APPOINTMENT_JOINED, found.patient_id, found.id))
    join_url = _require_video(found)
    own_appointments.note(db, meeting, Action.APPOINTMENT_JOINED)
    assert found.zoom_meeting_id is not None
    return Admitted(found.id, found.zoom_meeting_id, found.end_at, join_url)


def start_url_of(admitted: Admitted) -> str:
    """The host's way in, fresh from Zoom. Raises ZoomNotReached, VideoPending, VideoUnavailable."""
    at = zoom()
    if at is None:
        raise VideoUnavailable
    try:
        room = at.room(admitted.meeting_id, Budget(settings().zoom_timeout_ms / 1000))
    except ZoomAway:
        raise ZoomNotReached(retry_after=SECONDS_UNTIL_VIDEO) from None
    except ZoomRefused:
        raise VideoUnavailable from None
    if room is None:
        outbox.hand_over(want_another(admitted.appointment_id))
        raise VideoPending(retry_after=SECONDS_UNTIL_VIDEO)
    return _start_url(room)


@transaction
def want_another(db: Database, appointment_id: UUID) -> MeetingWanted:
    """The meeting is gone at Zoom: what follows makes another."""
    event = MeetingWanted(occurred_at=now(), appointment_id=appointment_id)
    outbox.record(db, event)
    return event


def _start_url(room: Room) -> str:
    if not room.start_url:
        raise VideoUnavailable
    return room.start_url


def _require_time(found: Appointment, moment: datetime) -> None:
    """An appointment that still runs when its time is over can be entered until it ends."""
    if found.status not in TAKES_PLACE:
        raise MeetingCalledOff
    slot = Slot(found.start_at, found.end_at)
    if moment < slot.opens_at:
        wait = int((slot.opens_at - moment).total_seconds()) + 1
        raise TooEarlyToJoin(f"It can be joined from {slot.opens_at:%Y-%m-%dT%H:%M:%SZ} on.", retry_after=wait)
    if moment >= (slot.closes_at if found.status is AppointmentStatus.IN_SESSION else slot.end_at):
        raise MeetingOver


def _require_video(found: Appointment) -> str:
    if found.zoom_status is ZoomStatus.WANTED:
        raise VideoPending(retry_after=SECONDS_UNTIL_VIDEO)
    join_url = kept_meetings.opened(found.id, found.zoom_join_url)
    if found.zoom_status is not ZoomStatus.CREATED or join_url is None:
        raise VideoUnavailable
    return join_url


def _sdk(
    caller: Caller, admitted: Admitted, *, registrant_token: str | None = None, zak: str | None = None
) -> SdkAccess | None:
    if not sdk_signature.is_offered():
        return None
    role = sdk_signature.HOST if caller.role is Role.THERAPIST else sdk_signature.PARTICIPANT
    return SdkAccess(
        signature=sdk_signature.signature(admitted.meeting_id, role, now(), admitted.end_at),
        sdk_key=settings().zoom_sdk_key,
        meeting_number=admitted.meeting_id,
        role=role,
        customer_key=sdk_signature.customer_key(admitted.appointment_id, caller.user_id),
        registrant_token=registrant_token,
        zak=zak,
    )


def _parameter(url: str, name: str) -> str | None:
    return next(iter(parse_qs(urlsplit(url).query).get(name, ())), None)
