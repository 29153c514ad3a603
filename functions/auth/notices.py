"""Where each mail about an account leads, and its words in the reader's language."""

from typing import Final

from shared.account_notices import Notice
from shared.languages import nearest

from .notice_words import AccountMails
from .notices_en import ENGLISH
from .notices_es import SPANISH

LANGUAGES: Final = {mails.language: mails for mails in (ENGLISH, SPANISH)}
VERIFY, SIGN_IN = "/verify-email", "/sign-in"
_SECURITY, _PRIVACY, _CREDENTIALS = "/settings/security", "/settings/privacy", "/settings/credentials"
PATHS: Final = {
    Notice.PASSWORD_RESET_REQUESTED: "/reset-password",
    Notice.PASSWORD_CHANGED: "/forgot-password",
    Notice.ACCOUNT_LOCKED: "/forgot-password",
    Notice.TWO_FACTOR_ENABLED: _SECURITY,
    Notice.TWO_FACTOR_DISABLED: _SECURITY,
    Notice.BACKUP_CODES_RENEWED: _SECURITY,
    Notice.BACKUP_CODE_USED: _SECURITY,
    Notice.PASSKEY_ADDED: _SECURITY,
    Notice.PASSKEY_REMOVED: _SECURITY,
    Notice.PASSKEY_REFUSED: _SECURITY,
    Notice.PROVIDER_LINKED: _SECURITY,
    Notice.PROVIDER_UNLINKED: _SECURITY,
    Notice.CREDENTIALS_SUBMITTED: _CREDENTIALS,
    Notice.EXPORT_MADE: _SECURITY,
    Notice.ERASURE_REQUESTED: _PRIVACY,
    Notice.CREDENTIALS_VERIFIED: "/dashboard",
    Notice.CREDENTIALS_REJECTED: _CREDENTIALS,
    Notice.ACCOUNT_SUSPENDED: "",
    Notice.ACCOUNT_RESTORED: SIGN_IN,
    Notice.ACCOUNT_UNLOCKED: SIGN_IN,
    Notice.ROLE_CHANGED: SIGN_IN,
    Notice.LOOKED_ON: _PRIVACY,
    Notice.RECORD_OPENED: _PRIVACY,
    Notice.ERASURE_CANCELLED: _PRIVACY,
}
"""Pages on our origin; a token follows in the fragment."""


def mails_for(tag: str) -> AccountMails:
    """The mails in the language nearest to a tag of BCP 47."""
    return nearest(tag, LANGUAGES)
