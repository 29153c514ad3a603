"""WebAuthn's ceremonies: what a browser is asked for, and what is made of its answer.

Challenges and signatures are checked as https://www.w3.org/TR/webauthn-3/#sctn-rp-operations says.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.credentials import PasskeyCredential, Verification, VerificationPurpose
from shared.problems import Gone
from shared.settings import settings

from .webauthn_json import (
    MILLISECONDS_TO_ANSWER,
    CreationOptions,
    KnownPasskey,
    NewCredential,
    PasskeyUser,
    RelyingParty,
    UsedCredential,
    check_base64url,
    decode,
    encode,
)

CHALLENGE_LASTS: Final = timedelta(milliseconds=MILLISECONDS_TO_ANSWER)
TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "internal", "hybrid", "smart-card"})


class ChallengeOver(Gone):
    """The challenge was used, has expired, was somebody else's, or never was."""

    title = "This took too long, or was used already; please start again"


class NotVerified(Exception):
    """The answer does not belong to the question, or was not signed by the key."""


class Ceremony(StrEnum):
    """What a challenge may be answered for."""

    REGISTER = "register"
    SIGN_IN = "sign-in"
    STEP_UP = "step-up"


@dataclass(frozen=True)
class NewKey:
    """A key that an authenticator made and proved to hold."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool
    transports: list[str]


@dataclass(frozen=True)
class KeyUse:
    """A use of a key, counted by its authenticator (0 where that does not count)."""

    sign_count: int
    backed_up: bool


def creation_options(user: User, passkeys: Sequence[PasskeyCredential], challenge: bytes) -> CreationOptions:
    """Ask for a passkey that the user does not have yet."""
    return CreationOptions(
        rp=RelyingParty(id=relying_party_id()),
        user=PasskeyUser(id=encode(user.id.bytes), name=user.email, display_name=user.name),
        challenge=encode(challenge),
        exclude_credentials=known(passkeys),
    )


def known(passkeys: Sequence[PasskeyCredential]) -> tuple[KnownPasskey, ...]:
    """The passkeys as options name them."""
    return tuple(KnownPasskey(id=encode(row.credential_id), transports=tuple(row.transports)) for row in passkeys)


def relying_party_id() -> str:
    """The host of our one origin: a passkey made for it is of no use elsewhere."""
    return urlsplit(settings().base_url).hostname or ""


def keep_challenge(db: Database, ceremony: Ceremony, challenge: bytes, user_id: UUID | None = None) -> None:
    """Keep a challenge's digest for five minutes, bound to the ceremony and, where one is known, to the user."""
    moment = now()
    db.add(
        Verification(
            user_id=user_id,
            purpose=VerificationPurpose.PASSKEY_CHALLENGE,
            token_hash=_digest(ceremony, challenge),
            created_at=moment,
            expires_at=moment + CHALLENGE_LASTS,
        )
    )


def take_challenge(db: Database, ceremony: Ceremony, challenge: bytes, user_id: UUID | None = None) -> None:
    """Consume a challenge, which works once. Raises ChallengeOver."""
    moment = now()
    taken = db.scalar(
        update(Verification)
        .where(
            Verification.token_hash == _digest(ceremony, challenge),
            Verification.purpose == VerificationPurpose.PASSKEY_CHALLENGE,
            Verification.user_id == user_id if user_id else Verification.user_id.is_(None),
            Verification.consumed_at.is_(None),
            Verification.expires_at > moment,
        )
        .values(consumed_at=moment)
        .returning(Verification.id)
    )
    if taken is None:
        raise ChallengeOver


def _digest(ceremony: Ceremony, challenge: bytes) -> bytes:
    return hashlib.sha256(f"{ceremony}:".encode() + challenge).digest()


def challenge_in(client_data: str) -> bytes:
    """The challenge that an answer says it is for. Raises NotVerified."""
    with _bad_input_is_not_verified():
        fields = json.loads(decode(client_data))
        return decode(check_base64url(fields["challenge"]))


def verify_new(given: NewCredential, challenge: bytes) -> NewKey:
    """Check the answer to `create`, and that its key is one that can be checked with. Raises NotVerified."""
    import webauthn
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    with _bad_input_is_not_verified():
        _refuse_foreign_frame(given.response.client_data_json)
        made = webauthn.verify_registration_response(
            credential=given.model_dump(by_alias=True, mode="json"),
            expected_challenge=challenge,
            expected_rp_id=relying_party_id(),
            expected_origin=settings().base_url,
            require_user_verification=True,
        )
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
        if made.credential_id != decode(given.raw_id):
            raise NotVerified
    transports = sorted(TRANSPORTS.intersection(given.response.transports))
    return NewKey(
        made.credential_id, made.credential_public_key, made.sign_count, made.credential_backed_up, transports
    )


def verify_use(given: UsedCredential, challenge: bytes, passkey: PasskeyCredential) -> KeyUse:
    """Check the answer to `get` by the passkey's key; the counter is not compared yet. Raises NotVerified."""
    import webauthn

    handle = given.response.user_handle
    if handle is not None and decode(handle) != passkey.user_id.bytes:
        raise NotVerified
    with _bad_input_is_not_verified():
        _refuse_foreign_frame(given.response.client_data_json)
        used = webauthn.verify_authentication_response(
            credential=given.model_dump(by_alias=True, mode="json"),
            expected_challenge=challenge,
            expected_rp_id=relying_party_id(),
            expected_origin=settings().base_url,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return KeyUse(used.new_sign_count, used.credential_backed_up)


def _refuse_foreign_frame(client_data: str) -> None:
    """Our pages never ask from within a page of somebody else's."""
    if json.loads(decode(client_data)).get("crossOrigin"):
        raise NotVerified


@contextmanager
def _bad_input_is_not_verified() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 - bytes of a stranger: JSON, CBOR, keys and signatures fail in classes of their own
        raise NotVerified from None
