"""Browsers that skip the second factor for some weeks: each holds a token that changes at every use."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.credentials import TrustedDevice
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import NotFound
from shared.roles import signed_in
from shared.session import Caller
from shared.settings import settings

from .devices import describe_device

routes = Routes()

SHOWN_AT_MOST: Final = 200


class TrustedBrowser(Schema):
    """A browser that is trusted, as its owner may see it."""

    id: UUID
    device: str
    """Plain words, such as `Firefox on Linux`."""
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    current: bool
    """Whether it is the one that asks."""


class TrustedBrowsers(Schema):
    """An account's trusted browsers, the newest first; at most 200 are shown."""

    items: tuple[TrustedBrowser, ...]
    next_cursor: None = None


@routes.endpoint("GET /api/auth/trusted-devices", allow=signed_in, limit=Limit("trusted-devices", 60, per=60))
def list_trusted_devices(caller: Caller, visit: Visit) -> TrustedBrowsers:
    """Where this account signs in without its second factor."""
    return TrustedBrowsers(items=describe_devices(caller.user_id, visit))


@routes.endpoint(
    "DELETE /api/auth/trusted-devices/{id}", allow=signed_in, limit=Limit("revoke-trusted-device", 30, per=60)
)
def revoke_trusted_device(caller: Caller, visit: Visit, id: UUID) -> Answer[None]:
    """Ask this browser for the second factor again, from its next sign-in on."""
    revoke_one(caller.user_id, id)
    return Answer(None, cookies=(SetCookie(cookie_name(), "", max_age=0),) if id == _id_in(visit) else ())


def cookie_name() -> str:
    """What the cookie that holds a device's token is called."""
    return session.cookie_name("device")


def trust(db: Database, user_id: UUID, visit: Visit) -> SetCookie:
    """Trust the browser of this visit, within the caller's transaction; the cookie to set.

    What the browser held before, if it was this account's, ends: a browser is one device.
    """
    before = _id_in(visit)
    if before:
        _end(db, TrustedDevice.user_id == user_id, TrustedDevice.id == before)
    moment, device_id, secret = now(), uuid4(), secrets.token_urlsafe(32)
    device = TrustedDevice(
        id=device_id,
        user_id=user_id,
        token_hash=_digest(secret),
        user_agent=visit.user_agent,
        created_at=moment,
        expires_at=moment + timedelta(days=settings().trusted_device_days),
    )
    db.add(device)
    audit.record(
        db, Action.TRUSTED_DEVICE_ADDED, subject_id=user_id, actor_id=user_id, resource=("trusted_device", device_id)
    )
    return _cookie(device, secret)


def use(db: Database, user_id: UUID, visit: Visit) -> SetCookie | None:
    """The next cookie of the browser of this visit where the account trusts it, within the caller's transaction.

    A cookie that was used before ends the trust: somebody has a copy. So does the same cookie twice at once.
    """
    device_id = _id_in(visit)
    if device_id is None:
        return None
    secret = secrets.token_urlsafe(32)
    device = _rotate(db, user_id, device_id, _token_in(visit).partition(".")[2], secret)
    if device is None:
        _end(db, TrustedDevice.user_id == user_id, TrustedDevice.id == device_id)
        return None
    audit.record(
        db, Action.TRUSTED_DEVICE_USED, subject_id=user_id, actor_id=user_id, resource=("trusted_device", device_id)
    )
    return _cookie(device, secret)


def revoke_all(db: Database, user_id: UUID) -> int:
    """Trust none of an account's browsers any more, within the caller's transaction; how many there were.

    For whatever makes the first or the second factor another one: a password's reset and change, and the end of
    two-factor sign-in. The browsers keep a cookie that no longer says anything.
    """
    return _end(db, TrustedDevice.user_id == user_id)


@transaction
def describe_devices(db: Database, user_id: UUID, visit: Visit) -> tuple[TrustedBrowser, ...]:
    """The live devices of an account."""
    live = (
        select(TrustedDevice)
        .where(TrustedDevice.user_id == user_id, TrustedDevice.revoked_at.is_(None), TrustedDevice.expires_at > now())
        .order_by(TrustedDevice.created_at.desc(), TrustedDevice.id)
        .limit(SHOWN_AT_MOST)
    )
    return tuple(_shown(device, visit) for device in db.scalars(live))


@transaction
def revoke_one(db: Database, user_id: UUID, device_id: UUID) -> None:
    """End one device of an account. Raises NotFound, also where it is somebody else's."""
    if not _end(db, TrustedDevice.user_id == user_id, TrustedDevice.id == device_id):
        raise NotFound


def _shown(device: TrustedDevice, visit: Visit) -> TrustedBrowser:
    return TrustedBrowser(
        id=device.id,
        device=describe_device(device.user_agent),
        created_at=device.created_at,
        last_used_at=device.last_used_at,
        expires_at=device.expires_at,
        current=device.id == _id_in(visit),
    )


def _rotate(db: Database, user_id: UUID, device_id: UUID, presented: str, secret: str) -> TrustedDevice | None:
    """Swap the token that was presented for the next one, in one step; None where it is not the present one."""
    moment = now()
    return db.scalar(
        update(TrustedDevice)
        .where(
            TrustedDevice.id == device_id,
            TrustedDevice.user_id == user_id,
            TrustedDevice.token_hash == _digest(presented),
            TrustedDevice.revoked_at.is_(None),
            TrustedDevice.expires_at > moment,
        )
        .values(token_hash=_digest(secret), last_used_at=moment)
        .returning(TrustedDevice)
    )


def _end(db: Database, *which: ColumnElement[bool]) -> int:
    ended = db.execute(
        update(TrustedDevice)
        .where(*which, TrustedDevice.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(TrustedDevice.id, TrustedDevice.user_id)
    ).all()
    for device_id, user_id in ended:
        audit.record(db, Action.TRUSTED_DEVICE_REVOKED, subject_id=user_id, resource=("trusted_device", device_id))
    return len(ended)


def _token_in(visit: Visit) -> str:
    return visit.cookies.get(cookie_name(), "")


def _id_in(visit: Visit) -> UUID | None:
    """The device that the cookie names: its id precedes the secret, so that a used token still says whose it was."""
    try:
        return UUID(_token_in(visit).partition(".")[0])
    except ValueError:
        return None


def _cookie(device: TrustedDevice, secret: str) -> SetCookie:
    age = int((device.expires_at - now()).total_seconds())
    return SetCookie(cookie_name(), f"{device.id.hex}.{secret}", max_age=age)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
