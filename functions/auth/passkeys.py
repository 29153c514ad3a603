"""Passkeys of an account: made with a browser, listed, and removed; signing in with one is `passkey_sign_in`."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.credentials import Account, PasskeyCredential
from shared.database.transaction import expect_unique, transaction
from shared.events import AccountNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Visit
from shared.problems import Conflict, FieldFault, NotFound, NotSignedIn, Unprocessable
from shared.roles import signed_in
from shared.session import Caller

from .devices import describe_device
from .fields import Name
from .passkey_ceremonies import (
    Ceremony,
    NewKey,
    NotVerified,
    challenge_in,
    creation_options,
    keep_challenge,
    take_challenge,
    verify_new,
)
from .webauthn_json import CreationOptions, NewCredential

routes = Routes()

PASSKEYS_AT_MOST: Final = 10


class TooManyPasskeys(Conflict):
    """An account has at most ten."""

    title = "There are ten passkeys already; please remove one first"


class PasskeyTaken(Conflict):
    """This credential is kept already, here or on another account."""

    title = "This passkey is in use already"


class OnlyWayIn(Conflict):
    """Without it nobody could sign in to the account: it has no password, no provider and no other passkey."""

    title = "This is the only way into the account; please add another one first"


class PasskeyNotAccepted(Unprocessable):
    """The new credential does not answer what was asked, or comes from elsewhere."""

    title = "This passkey could not be added"


class NewPasskey(Schema):
    """What the browser made, and what its owner calls it; the name of the device where they do not say."""

    credential: NewCredential
    name: Name | None = None


class Passkey(Schema):
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool
    """Whether it is kept in more than one place, such as a password manager."""

    @classmethod
    def of(cls, row: PasskeyCredential) -> "Passkey":
        """From the row."""
        return cls(
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            backed_up=row.backed_up,
        )


class Passkeys(Schema):
    """All of them, the oldest first."""

    items: tuple[Passkey, ...]
    next_cursor: None = None


@routes.endpoint(
    "POST /api/auth/passkeys/register/options",
    allow=signed_in,
    limit=Limit("passkey-register-options", 20, per=60),
    fresh=True,
)
def ask_for_passkey(caller: Caller) -> CreationOptions:
    """What a browser needs to make a passkey; its challenge is good for one answer within five minutes."""
    return begin_registration(caller, secrets.token_bytes(32))


@routes.endpoint(
    "POST /api/auth/passkeys/register",
    allow=signed_in,
    limit=Limit("passkey-register", 20, per=60),
    status=201,
    fresh=True,
)
def register_passkey(caller: Caller, new: NewPasskey, visit: Visit) -> Passkey:
    """Keep a passkey that a browser made, and tell the account's owner by mail."""
    key = verified(caller, new.credential)
    passkey, told = keep_passkey(caller, key, new.name or describe_device(visit.user_agent))
    outbox.hand_over(told)
    return passkey


@routes.endpoint("GET /api/auth/passkeys", allow=signed_in, limit=Limit("passkeys", 60, per=60))
def list_passkeys(caller: Caller) -> Passkeys:
    """The passkeys of the account."""
    return show_passkeys(caller)


@routes.endpoint(
    "DELETE /api/auth/passkeys/{id}", allow=signed_in, limit=Limit("passkey-remove", 20, per=60), fresh=True
)
def remove_passkey(caller: Caller, id: UUID) -> None:
    """Remove a passkey, unless it is the only way in, and tell the account's owner by mail."""
    outbox.hand_over(forget_passkey(caller, id))


@transaction
def begin_registration(db: Database, caller: Caller, challenge: bytes) -> CreationOptions:
    """Keep the challenge for this user. Raises TooManyPasskeys."""
    user = db.scalar(select(User).where(User.id == caller.user_id))
    if user is None:
        raise NotSignedIn
    keep_challenge(db, Ceremony.REGISTER, challenge, caller.user_id)
    return creation_options(user, _room_for_one_more(db, caller.user_id), challenge)


def verified(caller: Caller, given: NewCredential) -> NewKey:
    """The key in an answer to this user's challenge. Raises ChallengeOver, PasskeyNotAccepted."""
    try:
        challenge = challenge_in(given.response.client_data_json)
        use_challenge(caller, challenge)
        return verify_new(given, challenge)
    except NotVerified:
        raise PasskeyNotAccepted(errors=[FieldFault("/credential", "does not answer what was asked")]) from None


@transaction
def use_challenge(db: Database, caller: Caller, challenge: bytes) -> None:
    """Consume the challenge, whether or not it was answered well. Raises ChallengeOver."""
    take_challenge(db, Ceremony.REGISTER, challenge, caller.user_id)


@transaction
def keep_passkey(db: Database, caller: Caller, key: NewKey, name: str) -> tuple[Passkey, AccountNotice]:
    """Keep a verified key. Raises TooManyPasskeys, PasskeyTaken."""
    _room_for_one_more(db, caller.user_id)
    row = PasskeyCredential(
        user_id=caller.user_id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        transports=key.transports,
        backed_up=key.backed_up,
        name=name,
    )
    with expect_unique(db, "uq_passkey_credential_credential_id", PasskeyTaken):
        db.add(row)
    audit.record(db, Action.PASSKEY_ADDED, subject_id=caller.user_id, resource=("passkey", row.id))
    return Passkey.of(row), notify(db, caller.user_id, Notice.PASSKEY_ADDED)


@transaction
def show_passkeys(db: Database, caller: Caller) -> Passkeys:
    """The caller's passkeys."""
    return Passkeys(items=tuple(Passkey.of(row) for row in passkeys_of(db, caller.user_id)))


@transaction
def forget_passkey(db: Database, caller: Caller, passkey_id: UUID) -> AccountNotice:
    """Delete one of the caller's passkeys. Raises NotFound, OnlyWayIn."""
    passkeys = passkeys_of(db, caller.user_id)
    removed = next((row for row in passkeys if row.id == passkey_id), None)
    if removed is None:
        raise NotFound
    if len(passkeys) == 1 and not _has_another_way_in(db, caller.user_id):
        raise OnlyWayIn
    db.delete(removed)
    audit.record(db, Action.PASSKEY_REMOVED, subject_id=caller.user_id, resource=("passkey", passkey_id))
    return notify(db, caller.user_id, Notice.PASSKEY_REMOVED)


def passkeys_of(db: Database, user_id: UUID) -> Sequence[PasskeyCredential]:
    """A user's passkeys, the oldest first."""
    return db.scalars(
        select(PasskeyCredential)
        .where(PasskeyCredential.user_id == user_id)
        .order_by(PasskeyCredential.created_at, PasskeyCredential.id)
    ).all()


def _room_for_one_more(db: Database, user_id: UUID) -> Sequence[PasskeyCredential]:
    passkeys = passkeys_of(db, user_id)
    if len(passkeys) >= PASSKEYS_AT_MOST:
        raise TooManyPasskeys
    return passkeys


def _has_another_way_in(db: Database, user_id: UUID) -> bool:
    password = db.scalar(select(User.password_hash).where(User.id == user_id))
    return password is not None or db.scalar(select(Account.id).where(Account.user_id == user_id).limit(1)) is not None
