"""Two-factor sign-in is set up in two steps, so that nobody locks themselves out, and ended with both factors."""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal
from shared.database.models.accounts import User
from shared.database.models.credentials import TwoFactor
from shared.database.transaction import transaction
from shared.events import Event, SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
from shared.problems import Conflict, FieldFault, Forbidden, NotSignedIn, Unprocessable
from shared.roles import signed_in
from shared.session import Caller, NewSession
from shared.settings import settings

from . import backup_codes, challenges, codes, trusted_devices
from .backup_codes import BackupCodes
from .codes import GivenCode, Match
from .fields import GivenPassword
from .signed_in import session_cookie
from .step_up import CodeNotRight, as_before, find_user, require_code, require_password

routes = Routes()

ISSUER: Final = "Bloom Health"


class TwoFactorAlreadyOn(Conflict):
    """The account has a confirmed second factor; it is replaced by ending it first."""

    title = "Two-factor sign-in is already on"


class NothingToConfirm(Conflict):
    """No secret was asked for, or another request has replaced it."""

    title = "Please start setting up two-factor sign-in first"


class TwoFactorMandatory(Forbidden):
    """Therapists and administrators must have a second factor."""

    title = "Two-factor sign-in cannot be turned off for this account"


class Enrolment(Schema):
    """A secret for an authenticator app, in three forms, shown this once; it counts once it is confirmed."""

    otpauth_uri: str
    """https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    qr_code_svg: str
    """The same as an image without script or reference."""
    secret: str
    """Base 32, to type in by hand."""


class FirstCode(Schema):
    """What the app shows."""

    code: GivenCode


class BothFactors(Schema):
    """The password, left out only where the account has none, and a code of the app's or a backup code."""

    password: GivenPassword | None = None
    code: GivenCode


class BackupCodesWithToken(BackupCodes):
    """Ten codes, and the session's new token for a client that uses one."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class TurnedOn:
    """What followed from a confirmation."""

    backup_codes: tuple[str, ...]
    opened: NewSession
    ended: SessionsRevoked
    told: Event


@routes.endpoint(
    "POST /api/auth/two-factor/enroll",
    allow=signed_in,
    limit=Limit("enroll", 10, per=60),
    fresh=True,
    before_two_factor=True,
)
def enroll_two_factor(caller: Caller) -> Enrolment:
    """A new secret for an authenticator app; it replaces one that was never confirmed."""
    from pyotp import TOTP, random_base32

    secret = random_base32()
    email = keep_secret(caller.user_id, secret)
    uri = TOTP(secret, interval=codes.STEP_SECONDS).provisioning_uri(name=email, issuer_name=ISSUER)
    return Enrolment(otpauth_uri=uri, qr_code_svg=_qr_code(uri), secret=secret)


@routes.endpoint(
    "POST /api/auth/two-factor/confirm",
    allow=signed_in,
    limit=Limit("confirm-two-factor", 10, per=60),
    before_two_factor=True,
)
def confirm_two_factor(caller: Caller, given: FirstCode, visit: Visit) -> Answer[BackupCodes | BackupCodesWithToken]:
    """Turn it on with the app's first code; this session has its second factor from now on, and a new token."""
    done = turn_on(caller, given.code)
    if done is None:
        audit.record_failure(Action.TWO_FACTOR_CONFIRM, subject_id=caller.user_id)
        raise CodeNotRight
    session.tell_revocation(done.ended)
    outbox.hand_over(done.told)
    if not as_before(visit).wants_bearer:
        return Answer(BackupCodes(backup_codes=done.backup_codes), cookies=(session_cookie(done.opened),))
    opened = done.opened
    return Answer(
        BackupCodesWithToken(backup_codes=done.backup_codes, token=opened.token, expires_at=opened.expires_at)
    )


@routes.endpoint(
    "POST /api/auth/two-factor/disable", allow=signed_in, limit=Limit("disable-two-factor", 10, per=60), fresh=True
)
def disable_two_factor(caller: Caller, given: BothFactors) -> None:
    """Turn it off with both factors: backup codes and trusted browsers end with it."""
    if caller.role.is_staff and settings().two_factor_for_staff:
        raise TwoFactorMandatory
    user = find_user(caller.user_id)
    if user.password_hash is not None:
        if given.password is None:
            raise Unprocessable(errors=[FieldFault("/password", "is required")])
        require_password(user, given.password, tried=Action.TWO_FACTOR_DISABLED)
    told = turn_off(user.id, require_code(user.id, given.code))
    if told is None:
        codes.count_wrong(user.id)
        raise CodeNotRight(codes.PAUSES)
    outbox.hand_over(*told)


@transaction
def keep_secret(db: Database, user_id: UUID, secret: str) -> str:
    """Keep a secret that is not confirmed yet, in place of one that never was; the account's address.

    Raises TwoFactorAlreadyOn.
    """
    from sqlalchemy.dialects.postgresql import insert

    if codes.is_on(db, user_id):
        raise TwoFactorAlreadyOn
    row_id = uuid4()
    sealed = seal(KeyRing.CREDENTIAL, secret, "two_factor", "secret", row_id)
    values = {"id": row_id, "secret": sealed, "last_used_step": 0, "created_at": now()}
    added = insert(TwoFactor).values(user_id=user_id, **values)
    db.execute(added.on_conflict_do_update(index_elements=[TwoFactor.user_id], set_=values))
    audit.record(db, Action.TWO_FACTOR_ENROLLED, subject_id=user_id, resource=("two_factor", row_id))
    return db.scalars(select(User.email).where(User.id == user_id)).one()


@transaction
def turn_on(db: Database, caller: Caller, code: str) -> TurnedOn | None:
    """Confirm the secret, make backup codes and renew the session's token, all or nothing; None for a wrong code.

    Raises NothingToConfirm, TwoFactorAlreadyOn, and NotSignedIn where the session has ended.
    """
    row = db.scalar(select(TwoFactor).where(TwoFactor.user_id == caller.user_id))
    if row is None:
        raise NothingToConfirm
    if row.confirmed_at is not None:
        raise TwoFactorAlreadyOn
    step = codes.matching_step(row, code)
    if step is None:
        return None
    row.confirmed_at, row.last_used_step = now(), step  # the code was used: it signs nobody in any more
    renewed = session.renew_token(db, caller, second_factor=True)
    if renewed is None:
        raise NotSignedIn
    audit.record(db, Action.TWO_FACTOR_CONFIRMED, subject_id=caller.user_id, resource=("two_factor", row.id))
    told = notify(db, caller.user_id, Notice.TWO_FACTOR_ENABLED)
    return TurnedOn(backup_codes.make(db, caller.user_id), *renewed, told)


@transaction
def turn_off(db: Database, user_id: UUID, match: Match) -> tuple[Event, ...] | None:
    """Forget secret and backup codes, and trust no browser any more; None where the code was used meanwhile."""
    claimed = codes.claim(db, user_id, match)
    if claimed is None:
        return None
    db.execute(delete(TwoFactor).where(TwoFactor.user_id == user_id))
    backup_codes.drop(db, user_id)
    trusted_devices.revoke_all(db, user_id)
    challenges.end_all(db, user_id)
    audit.record(db, Action.TWO_FACTOR_DISABLED, subject_id=user_id, resource=("two_factor", match.two_factor_id))
    return (*claimed.told, notify(db, user_id, Notice.TWO_FACTOR_DISABLED))


def _qr_code(uri: str) -> str:
    import segno

    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        svgclass=None,
        lineclass=None,
        dark="#000",
        light="#fff",
        title="QR code for your authenticator app",
    )
    return drawn.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)
