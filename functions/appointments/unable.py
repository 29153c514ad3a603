"""Appointments that come near and cannot be held: they are called off in good time, before anybody waits at a door."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, not_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared import access, appointments
from shared.database.models.accounts import User, UserStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, CancelReason
from shared.events import Event


def call_off_unable(db: Database, near: Collection[UUID], moment: datetime) -> tuple[Event, ...]:
    """Of these, cancel those whose therapist or patient cannot come in; what to hand over of it after the commit.

    Until they are near they stand, since a pause may end, and a licence be renewed.
    """
    if not near:
        return ()
    return tuple(
        event
        for reason, cannot_come in _REASONS.items()
        for event in appointments.call_off(
            db, and_(Appointment.id.in_(near), cannot_come()), actor_id=None, reason=reason, after=moment
        )
    )


def _therapist_cannot() -> ColumnElement[bool]:
    may_practise = exists().where(TherapistProfile.user_id == Appointment.therapist_id, access.licence_stands())
    return not_(and_(_is_in_use(Appointment.therapist_id), may_practise))


def _patient_cannot() -> ColumnElement[bool]:
    return not_(_is_in_use(Appointment.patient_id))


def _is_in_use(user_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return exists().where(User.id == user_id, User.status == UserStatus.ACTIVE)


_REASONS: Final = {CancelReason.THERAPIST_UNAVAILABLE: _therapist_cannot, CancelReason.OTHER: _patient_cannot}
