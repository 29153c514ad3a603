"""In whose name an appointment is held at Zoom: the therapist's own user there, and nobody else's."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.credentials import Account, Provider
from shared.database.models.scheduling import Appointment
from shared.database.transaction import transaction
from shared.redis import RedisAway
from shared.redis import ask as ask_redis

from .own_appointments import LONGEST, OCCUPYING
from .zoom import Budget, Zoom

KNOWN_SECONDS: Final = 3600


@dataclass(frozen=True)
class Signs:
    """By what a therapist can be known at Zoom."""

    linked_id: str | None
    """Zoom's id of the account that they linked themselves."""
    email: str | None
    """Their address, where it is verified."""


def host_of(zoom: Zoom, therapist_id: UUID, budget: Budget) -> str | None:
    """Zoom's id of the therapist's user: the linked one if it is in our Zoom account, else the one of their address.

    None where there is none, or where it holds another therapist's meetings: a host runs one meeting at a time.
    Raises ZoomAway, ZoomRefused.
    """
    signs = signs_of(therapist_id)
    for sign in (signs.linked_id, signs.email):
        host_id = _user_by(zoom, sign, budget) if sign else None
        if host_id is not None and not belongs_to_another(host_id, therapist_id):
            return host_id
    return None


def forget_host(therapist_id: UUID) -> None:
    """Zoom does not know the user any more: ask it again the next time."""
    signs = signs_of(therapist_id)
    keys = [_key(sign) for sign in (signs.linked_id, signs.email) if sign]
    if keys:
        with suppress(RedisAway):
            ask_redis(lambda redis: redis.delete(*keys))


@transaction
def signs_of(db: Database, therapist_id: UUID) -> Signs:
    """By what a therapist can be known at Zoom."""
    user = db.get(User, therapist_id)
    linked = select(Account.provider_account_id).where(
        Account.user_id == therapist_id, Account.provider == Provider.ZOOM
    )
    return Signs(db.scalar(linked), user.email if user is not None and user.email_verified_at is not None else None)


@transaction
def belongs_to_another(db: Database, host_id: str, therapist_id: UUID) -> bool:
    """Whether a user of Zoom's is another therapist's."""
    return is_anothers(db, host_id, therapist_id)


def is_anothers(db: Database, host_id: str, therapist_id: UUID) -> bool:
    """As `belongs_to_another`, within a transaction: by a linked account, or by meetings that are not over."""
    linked = exists().where(
        Account.provider == Provider.ZOOM, Account.provider_account_id == host_id, Account.user_id != therapist_id
    )
    holds_meetings = exists().where(
        Appointment.zoom_host_id == host_id,
        Appointment.start_at > now() - LONGEST,
        Appointment.therapist_id != therapist_id,
        Appointment.status.in_(OCCUPYING),
    )
    return bool(db.scalar(select(or_(linked, holds_meetings))))


def _user_by(zoom: Zoom, sign: str, budget: Budget) -> str | None:
    """The user whom Zoom knows by this; who is found is remembered for a while, nobody is not."""
    key = _key(sign)
    with suppress(RedisAway):
        known = ask_redis(lambda redis: redis.get(key))
        if known:
            return known
    found = zoom.user(sign, budget)
    if found is None or found.status != "active":
        return None
    with suppress(RedisAway):
        ask_redis(lambda redis: redis.set(key, found.id, ex=KNOWN_SECONDS))
    return found.id


def _key(sign: str) -> str:
    """An address is nobody's to read in Redis."""
    return "zoom:host:" + hashlib.sha256(sign.encode()).hexdigest()
