"""What an account's owner is told by mail when something changed, and the words for it."""

from dataclasses import dataclass
from typing import Final

from shared.account_notices import Notice


@dataclass(frozen=True)
class Words:
    """A mail's words. `path` is where its button leads, on our origin; a token follows it in the fragment."""

    subject: str
    words: str
    path: str
    label: str
    after: str = "If this was you, you need not do anything. If it was not, please reset your password at once."


NOTICES: Final[dict[Notice, Words]] = {
    Notice.PASSWORD_RESET_REQUESTED: Words(
        "Set a new password",
        "somebody, perhaps you, asked to set a new password. This link works once, for 30 minutes.",
        "/reset-password",
        "Set a new password",
        "If you did not ask for this, nothing has changed and you need not do anything.",
    ),
    Notice.PASSWORD_CHANGED: Words(
        "Your password was changed",
        "the password of your account was changed, and every other device was signed out.",
        "/forgot-password",
        "Reset my password",
    ),
    Notice.ACCOUNT_LOCKED: Words(
        "Sign-in is paused for 15 minutes",
        "there were many attempts to sign in to your account that did not succeed. To keep it safe, nobody can sign in "
        "to it for 15 minutes; after that you can go on as usual.",
        "/forgot-password",
        "Reset my password",
        "If these were your own attempts, you need not do anything but wait a little.",
    ),
    Notice.TWO_FACTOR_ENABLED: Words(
        "Two-factor sign-in is on",
        "from now on your account asks for a code besides your password. Please keep your backup codes somewhere safe.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.TWO_FACTOR_DISABLED: Words(
        "Two-factor sign-in is off",
        "your account no longer asks for a code besides your password.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.BACKUP_CODES_RENEWED: Words(
        "You have new backup codes",
        "new backup codes were made for your account; the ones before no longer work.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.BACKUP_CODE_USED: Words(
        "A backup code was used",
        "one of your backup codes was used to prove that it is you. Each works once.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.PASSKEY_ADDED: Words(
        "A passkey was added",
        "a passkey was added to your account; it can be used to sign in without your password.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.PASSKEY_REMOVED: Words(
        "A passkey was removed",
        "a passkey was removed from your account and can no longer be used to sign in.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.PASSKEY_REFUSED: Words(
        "A passkey was refused",
        "a passkey of your account was used in a way that suggests there is a copy of it, so it was not let in. Please "
        "sign in another way, remove that passkey and add a new one.",
        "/settings/security",
        "Look at my passkeys",
        "If it happens only once, it may have been a slow connection that sent the same thing twice.",
    ),
    Notice.PROVIDER_LINKED: Words(
        "Another way to sign in was added",
        "your account can now also be signed in to through an account of yours elsewhere.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.PROVIDER_UNLINKED: Words(
        "A way to sign in was removed",
        "your account can no longer be signed in to through an account elsewhere that was linked to it.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.CREDENTIALS_SUBMITTED: Words(
        "We have your licence details",
        "thank you for sending us your licence details. They will be checked; we will write to you when that is done.",
        "/settings/credentials",
        "Look at my details",
        "You need not do anything for now.",
    ),
    Notice.EXPORT_MADE: Words(
        "A copy of your data was made",
        "somebody signed in to your account downloaded a copy of everything we hold about you.",
        "/settings/security",
        "Look at my settings",
    ),
    Notice.ERASURE_REQUESTED: Words(
        "Your account will be erased",
        "as you asked, your account will be erased after a time in which you can still change your mind.",
        "/settings/privacy",
        "Keep my account",
    ),
    Notice.CREDENTIALS_VERIFIED: Words(
        "Your licence is verified",
        "thank you for your patience: your licence was checked and is verified. You can set your hours and accept "
        "patients now.",
        "/dashboard",
        "Go to my dashboard",
        "You need not do anything else.",
    ),
    Notice.CREDENTIALS_REJECTED: Words(
        "Your licence could not be verified",
        "we could not verify the licence details you sent us. You will find the reason in your settings, where you can "
        "send them again.",
        "/settings/credentials",
        "Look at my details",
        "If you think this is a mistake, please write to us.",
    ),
    Notice.ACCOUNT_SUSPENDED: Words(
        "Your account is paused",
        "your account was paused by an administrator, and you were signed out everywhere. Nothing was deleted.",
        "",
        "Bloom Health",
        "If you need help now, please call the emergency number where you are. If you think this is a mistake, please "
        "write to us.",
    ),
    Notice.ACCOUNT_RESTORED: Words(
        "Your account is open again",
        "your account is open again, and everything is where it was. You can sign in as usual.",
        "/sign-in",
        "Sign in",
        "You need not do anything else.",
    ),
    Notice.ACCOUNT_UNLOCKED: Words(
        "You can sign in again",
        "an administrator ended the pause after attempts to sign in that did not succeed.",
        "/sign-in",
        "Sign in",
        "If you did not ask for this, please reset your password.",
    ),
    Notice.ROLE_CHANGED: Words(
        "Your account has another role",
        "an administrator changed what your account may do. Please sign in again.",
        "/sign-in",
        "Sign in",
        "If you think this is a mistake, please write to us.",
    ),
    Notice.LOOKED_ON: Words(
        "An administrator looked at your account",
        "an administrator looked at Bloom Health as you see it, to help with a problem. They could change nothing and "
        "read none of your messages, and it ended by itself after 30 minutes at the latest. You see each look, and can "
        "end one that goes on, in your settings.",
        "/settings/privacy",
        "See who looked at my record",
        "If you did not ask for help, please write to us.",
    ),
    Notice.RECORD_OPENED: Words(
        "Your record was opened",
        "an administrator opened your record, for 60 minutes at the most, for a reason that had to be given. Somebody "
        "else reviews that reason within 72 hours. Each look is in the list of who looked at your record.",
        "/settings/privacy",
        "See who looked at my record",
        "If you have questions about this, please write to us.",
    ),
    Notice.ERASURE_CANCELLED: Words(
        "Your account stays",
        "the erasure of your account was called off, and nothing was erased. Appointments that were called off "
        "meanwhile stay so; please book them anew.",
        "/settings/privacy",
        "Look at my settings",
    ),
}

VERIFICATION: Final = Words(
    "Please verify your address",
    "welcome to Bloom Health. Please verify your address with this link; it works once, for 24 hours.",
    "/verify-email",
    "Verify my address",
    "If you did not sign up, you need not do anything.",
)
SIGN_UP_REPEATED: Final = Words(
    "You already have an account",
    "somebody, perhaps you, signed up with this address. It already has an account: you can simply sign in.",
    "/sign-in",
    "Sign in",
    "If this was not you, nothing has changed and you need not do anything.",
)
ERASED: Final = Words(
    "Your account was erased",
    "",
    "",
    "Bloom Health",
    "Thank you for having been with us. Take good care of yourself.",
)
"""What was erased and what stays until when is said by the event."""
