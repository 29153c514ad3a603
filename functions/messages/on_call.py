"""Who is told of an alert that others leave unanswered: the list as it holds at one moment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import OnCallEntry
from shared.database.models.profiles import TherapistProfile
from shared.roles import Role


def on_call(db: Database, moment: datetime) -> list[UUID]:
    """The therapists on call at a moment (UTC) who can be let in: active, licensed, each once, in the list's order."""
    query = eligible().join(OnCallEntry, OnCallEntry.therapist_id == User.id).order_by(OnCallEntry.position)
    found = query.where(
        or_(OnCallEntry.starts_at.is_(None), OnCallEntry.starts_at <= moment),
        or_(OnCallEntry.ends_at.is_(None), OnCallEntry.ends_at > moment),
    )
    return list(dict.fromkeys(db.scalars(found)))


def is_on_call(db: Database, therapist_id: UUID, moment: datetime) -> bool:
    """Whether somebody is among them."""
    return therapist_id in on_call(db, moment)


def eligible() -> Select[tuple[UUID]]:
    """The therapists who can be put on the list."""
    return (
        select(User.id)
        .join(TherapistProfile, TherapistProfile.user_id == User.id)
        .where(User.role == Role.THERAPIST, User.status == UserStatus.ACTIVE, access.licence_stands())
    )


def administrators(db: Database) -> list[UUID]:
    """Who is told when nobody on the list has answered."""
    query = select(User.id).where(User.role == Role.ADMINISTRATOR, User.status == UserStatus.ACTIVE)
    return list(db.scalars(query.order_by(User.created_at, User.id)))
