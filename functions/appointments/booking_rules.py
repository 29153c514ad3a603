"""Why a time cannot be booked or an appointment not be changed: each its own problem, in plain words."""

from datetime import datetime, timedelta
from typing import Final

from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.problems import Conflict, FieldFault, Problem, Unprocessable
from shared.settings import settings

from .slots import Refusal


class TimePast(Unprocessable):
    """It began before now."""

    title = "This time has already passed"


class TimeTooSoon(Unprocessable):
    """It begins within the therapist's minimum notice."""

    title = "This time is too soon; the therapist needs more notice"


class TimeTooFar(Unprocessable):
    """It begins beyond the therapist's horizon."""

    title = "This time is further ahead than can be booked yet"


class WrongLength(Unprocessable):
    """It is not as long as the therapist's sessions."""

    title = "This is not as long as a session with this therapist"


class OutsideHours(Unprocessable):
    """The therapist does not work then, at least not for all of it."""

    title = "This time is outside the therapist's hours"


class TimeMisaligned(Unprocessable):
    """It begins between two of the times that are offered."""

    title = "Sessions with this therapist do not begin at this minute"


class SlotTaken(Conflict):
    """The therapist's time, with the buffers around it, is taken."""

    title = "This time has just been taken; please choose another"


class DayFull(Conflict):
    """The therapist sees no more people that day."""

    title = "The therapist has no more appointments on this day"


class OwnTimeTaken(Conflict):
    """The patient has another appointment then."""

    title = "There is another appointment of yours at this time"


class TherapistNotAvailable(Conflict):
    """An appointment that stands cannot be moved: care has ended, or the licence is not in force."""

    title = "This therapist offers no times to you any more"


class StaleVersion(Conflict):
    """It was changed since the caller looked."""

    title = "This appointment was changed meanwhile; please look at it again"


class AppointmentSettled(Conflict):
    """It has begun, is over, or was called off."""

    title = "This appointment can no longer be changed"


REFUSED: Final[dict[Refusal, type[Problem]]] = {
    Refusal.PAST: TimePast,
    Refusal.TOO_SOON: TimeTooSoon,
    Refusal.TOO_FAR: TimeTooFar,
    Refusal.WRONG_LENGTH: WrongLength,
    Refusal.OUTSIDE_HOURS: OutsideHours,
    Refusal.MISALIGNED: TimeMisaligned,
    Refusal.TAKEN: SlotTaken,
    Refusal.OVER_DAILY_MAXIMUM: DayFull,
}
CHANGEABLE: Final = frozenset({AppointmentStatus.PENDING, AppointmentStatus.BOOKED})


def problem_of(refusal: Refusal) -> Problem:
    """The problem that a caller is told of, with the field at fault where another value could be accepted for good."""
    kind = REFUSED[refusal]
    if not issubclass(kind, Unprocessable):
        return kind()
    pointer = "/endAt" if refusal is Refusal.WRONG_LENGTH else "/startAt"
    return kind(errors=[FieldFault(pointer, f"is {refusal.value}")])


def require_changeable(found: Appointment) -> None:
    """Before an appointment is moved or called off. Raises AppointmentSettled."""
    if found.status not in CHANGEABLE or found.start_at <= now():
        raise AppointmentSettled


def require_version(found: Appointment, version: int | None) -> None:
    """Before a change by somebody who says which version they looked at. Raises StaleVersion."""
    if version is not None and version != found.version:
        raise StaleVersion


def late_from(found: Appointment) -> datetime:
    """After which moment a patient who calls it off does so late."""
    return found.start_at - timedelta(hours=settings().late_cancel_hours)


def is_late(found: Appointment) -> bool:
    """Whether the patient called it off within the hours before its start that count as late."""
    if found.cancelled_at is None or found.cancelled_by != found.patient_id:
        return False
    return found.cancelled_at > late_from(found)
