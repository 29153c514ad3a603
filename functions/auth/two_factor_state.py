"""GET /api/auth/two-factor: whether the caller signs in with two factors, and what that leaves them to do."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.credentials import BackupCode
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import signed_in
from shared.session import Caller
from shared.settings import settings

from . import codes

routes = Routes()


class TwoFactorState(Schema):
    """Where the second factor stands. `required` says that the account cannot be without it."""

    enabled: bool
    backup_codes_left: int
    """Of those that are shown when it is turned on; 0 while it is off."""
    required: bool
    has_password: bool
    """Whether there is a password to prove oneself with; turning two-factor sign-in off asks for it where there is."""


@routes.endpoint(
    "GET /api/auth/two-factor", allow=signed_in, limit=Limit("two-factor", 60, per=60), before_two_factor=True
)
def read_two_factor(caller: Caller) -> TwoFactorState:
    """Whether the caller's account signs in with two factors, and how many backup codes are left."""
    return state_of(caller)


@transaction
def state_of(db: Database, caller: Caller) -> TwoFactorState:
    """Read it; a secret that was never confirmed counts for nothing."""
    unused = select(func.count()).where(BackupCode.user_id == caller.user_id, BackupCode.used_at.is_(None))
    password = select(User.password_hash.is_not(None)).where(User.id == caller.user_id)
    return TwoFactorState(
        enabled=codes.is_on(db, caller.user_id),
        backup_codes_left=db.scalar(unused) or 0,
        required=caller.role.is_staff and settings().two_factor_for_staff,
        has_password=bool(db.scalar(password)),
    )
