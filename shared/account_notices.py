"""What an account's owner is told by mail when something changed, whoever changed it; the auth function mails it."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.events import AccountNotice


class Notice(StrEnum):
    """What happened."""

    PASSWORD_RESET_REQUESTED = "password-reset-requested"  # noqa: S105 - a kind of mail, not a password
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    ACCOUNT_LOCKED = "account-locked"
    TWO_FACTOR_ENABLED = "two-factor-enabled"
    TWO_FACTOR_DISABLED = "two-factor-disabled"
    BACKUP_CODES_RENEWED = "backup-codes-renewed"
    BACKUP_CODE_USED = "backup-code-used"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    PASSKEY_REFUSED = "passkey-refused"
    PROVIDER_LINKED = "provider-linked"
    PROVIDER_UNLINKED = "provider-unlinked"
    CREDENTIALS_SUBMITTED = "credentials-submitted"
    EXPORT_MADE = "export-made"
    ERASURE_REQUESTED = "erasure-requested"
    ERASURE_CANCELLED = "erasure-cancelled"
    CREDENTIALS_VERIFIED = "credentials-verified"
    CREDENTIALS_REJECTED = "credentials-rejected"
    ACCOUNT_SUSPENDED = "account-suspended"
    ACCOUNT_RESTORED = "account-restored"
    ACCOUNT_UNLOCKED = "account-unlocked"
    ROLE_CHANGED = "role-changed"
    LOOKED_ON = "looked-on"
    RECORD_OPENED = "record-opened"


def notify(db: Database, user_id: UUID, notice: Notice, *, token: str | None = None) -> AccountNotice:
    """Keep a notice in the caller's transaction; hand it over (`outbox.hand_over`) after it."""
    event = AccountNotice(occurred_at=now(), user_id=user_id, notice=notice, token=token)
    outbox.record(db, event)
    return event
