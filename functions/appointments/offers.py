"""A time that became free is offered to who waits for it: to one after the other, each alone for some minutes.

First come, first offered: the earliest place on the list for which a time suits gets it. All is found and held in one
serializable transaction that takes the time as a booking does, so that whatever runs beside it, another offer or a
booking, has that time or another.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.scheduling import Appointment, AppointmentStatus, WaitlistEntry, WaitlistStatus
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged, TimeFreed, TimeOffered
from shared.problems import Unavailable
from shared.settings import settings
from shared.telemetry import log_exception
from shared.time_zones import zone

from . import own_appointments
from .schedules import schedules_of
from .slots import Slot, Span, free_slots
from .taking_time import TRIES, Wanted, book
from .wishes import Wish

OFFERS_OF_ONE_TIME: Final = 5
"""So many people are asked whether they want a time; then it is left to who finds it."""
OFFERS_AT_ONCE: Final = 50
PLACES_LOOKED_AT: Final = 100
THERAPISTS_A_TICK: Final = 100
FREES: Final = frozenset({AppointmentChange.CANCELLED, AppointmentChange.RESCHEDULED})


@dataclass(frozen=True)
class Place:
    """A place on a therapist's waiting list, and what would suit who has it."""

    id: UUID
    patient_id: UUID
    wish: Wish


def after_change(changed: AppointmentChanged) -> None:
    """Offer the time that an appointment gave up."""
    if changed.change in FREES:
        therapist_id = _therapist_of(changed.appointment_id)
        if therapist_id is not None:
            offer_free_time(therapist_id)


def after_freeing(freed: TimeFreed) -> None:
    """Offer what became free in another way."""
    offer_free_time(freed.therapist_id)


def offer_all() -> None:
    """For what was missed, and for time that is free because time passed: some therapists with people who wait.

    What cannot be offered of one holds up no other's; Unavailable is raised after all of them.
    """
    offered = [_is_offered(therapist_id) for therapist_id in _therapists_waited_for()]
    if not all(offered):
        raise Unavailable("not all could be offered")


def _is_offered(therapist_id: UUID) -> bool:
    try:
        offer_free_time(therapist_id)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, others wait for the others
        log_exception("time-not-offered", error)
        return False
    return True


def offer_free_time(therapist_id: UUID) -> None:
    """Offer a therapist's free times to those who wait for them, as far as they suit."""
    for _ in range(OFFERS_AT_ONCE):
        event = next_offer(therapist_id)
        if event is None:
            return
        outbox.hand_over(event)


@transaction(tries=TRIES)
def next_offer(db: Database, therapist_id: UUID) -> TimeOffered | None:
    """Hold a free time for the first who waits and whom one suits; None where that is nobody."""
    moment = now()
    waiting = _waiting(db, therapist_id, moment)
    if not waiting:
        return None
    between = _around(waiting, moment)
    schedule = schedules_of(db, [therapist_id], between)[therapist_id]
    free = free_slots(schedule.terms, schedule.spans, schedule.busy, moment, between)
    for place, slot in _matches(db, therapist_id, waiting, free, between):
        if own_appointments.may_book(db, place.patient_id, therapist_id):
            return _offer(db, therapist_id, place, slot, moment)
    return None


def _offer(db: Database, therapist_id: UUID, place: Place, slot: Slot, moment: datetime) -> TimeOffered:
    until = min(moment + timedelta(minutes=settings().offer_minutes), slot.start_at)
    wanted = Wanted(place.patient_id, therapist_id, slot.start_at, slot.end_at)
    held = book(db, wanted, status=AppointmentStatus.HELD, held_until=until, waitlist_entry_id=place.id)
    db.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.id == place.id)
        .values(
            status=WaitlistStatus.OFFERED, offered_appointment_id=held.id, offered_at=moment, offer_expires_at=until
        )
        .execution_options(synchronize_session=False)
    )
    audit.record(db, Action.WAITLIST_OFFERED, subject_id=place.patient_id, resource=("waitlist_entry", place.id))
    event = TimeOffered(occurred_at=moment, waitlist_entry_id=place.id, appointment_id=held.id)
    outbox.record(db, event)
    return event


def _waiting(db: Database, therapist_id: UUID, moment: datetime) -> list[Place]:
    rows = db.execute(
        select(WaitlistEntry, User.time_zone)
        .join(User, User.id == WaitlistEntry.patient_id)
        .where(
            WaitlistEntry.therapist_id == therapist_id,
            WaitlistEntry.status == WaitlistStatus.WAITING,
            WaitlistEntry.latest_at > moment,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
        .limit(PLACES_LOOKED_AT)
    )
    return [
        Place(
            entry.id,
            entry.patient_id,
            Wish.of(Span(entry.earliest_at, entry.latest_at), zone(time_zone), entry.preferences),
        )
        for entry, time_zone in rows
    ]


def _around(waiting: Sequence[Place], moment: datetime) -> Span:
    start_at = min(place.wish.between.start_at for place in waiting)
    return Span(max(moment, start_at), max(place.wish.between.end_at for place in waiting))


def _matches(
    db: Database, therapist_id: UUID, waiting: Sequence[Place], free: Sequence[Slot], between: Span
) -> Iterator[tuple[Place, Slot]]:
    """The first time that suits of each place, by their order.

    Nobody is offered a time that was theirs before, held, offered or booked: they let it go.
    """
    if not free:
        return
    had, offers = _history(db, therapist_id, [place.patient_id for place in waiting], between)
    still_offered = [slot for slot in free if offers[slot.start_at] < OFFERS_OF_ONE_TIME]
    for place in waiting:
        suiting = [
            slot for slot in still_offered if (place.patient_id, slot.start_at) not in had and place.wish.suits(slot)
        ]
        taken = own_appointments.occupied(db, place.patient_id, between)[0] if suiting else []
        for slot in suiting:
            if not own_appointments.meets(slot.start_at, slot.end_at, taken):
                yield place, slot
                break


def _history(
    db: Database, therapist_id: UUID, patient_ids: Sequence[UUID], between: Span
) -> tuple[set[tuple[UUID, datetime]], Counter[datetime]]:
    """Which times these people had with the therapist, and how often each time was offered, to whomever."""
    rows = db.execute(
        select(Appointment.patient_id, Appointment.start_at, Appointment.waitlist_entry_id).where(
            Appointment.therapist_id == therapist_id,
            Appointment.start_at >= between.start_at,
            Appointment.start_at < between.end_at,
            or_(Appointment.patient_id.in_(patient_ids), Appointment.waitlist_entry_id.is_not(None)),
        )
    ).all()
    had = {(row.patient_id, row.start_at) for row in rows}
    return had, Counter(row.start_at for row in rows if row.waitlist_entry_id is not None)


@transaction
def _therapist_of(db: Database, appointment_id: UUID) -> UUID | None:
    """The therapist, where somebody waits for them."""
    return db.scalar(
        select(Appointment.therapist_id)
        .join(WaitlistEntry, WaitlistEntry.therapist_id == Appointment.therapist_id)
        .where(Appointment.id == appointment_id, WaitlistEntry.status == WaitlistStatus.WAITING)
        .limit(1)
    )


@transaction
def _therapists_waited_for(db: Database) -> list[UUID]:
    # In any order: where there are more than one tick looks at, the next ones look at others.
    waited_for = (
        select(WaitlistEntry.therapist_id)
        .where(WaitlistEntry.status == WaitlistStatus.WAITING)
        .group_by(WaitlistEntry.therapist_id)
        .order_by(func.random())
    )
    return list(db.scalars(waited_for.limit(THERAPISTS_A_TICK)))
