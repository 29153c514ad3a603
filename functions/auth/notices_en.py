"""The mails about an account, in English."""

from datetime import datetime
from typing import Final

from shared.account_notices import Notice

from .notice_words import AccountMails, ReceiptWords, Words
from .retention import KeptKind


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"


_NOTICES: Final = {
    Notice.PASSWORD_RESET_REQUESTED: Words(
        "Set a new password",
        "somebody, perhaps you, asked to set a new password. This link works once, for 30 minutes.",
        "Set a new password",
        "If you did not ask for this, nothing has changed and you need not do anything.",
    ),
    Notice.PASSWORD_CHANGED: Words(
        "Your password was changed",
        "the password of your account was changed, and every other device was signed out.",
        "Reset my password",
    ),
    Notice.ACCOUNT_LOCKED: Words(
        "Sign-in is paused for 15 minutes",
        "there were many attempts to sign in to your account that did not succeed. To keep it safe, nobody can sign in "
        "to it for 15 minutes; after that you can go on as usual.",
        "Reset my password",
        "If these were your own attempts, you need not do anything but wait a little.",
    ),
    Notice.TWO_FACTOR_ENABLED: Words(
        "Two-factor sign-in is on",
        "from now on your account asks for a code besides your password. Please keep your backup codes somewhere safe.",
        "Look at my settings",
    ),
    Notice.TWO_FACTOR_DISABLED: Words(
        "Two-factor sign-in is off",
        "your account no longer asks for a code besides your password.",
        "Look at my settings",
    ),
    Notice.BACKUP_CODES_RENEWED: Words(
        "You have new backup codes",
        "new backup codes were made for your account; the ones before no longer work.",
        "Look at my settings",
    ),
    Notice.BACKUP_CODE_USED: Words(
        "A backup code was used",
        "one of your backup codes was used to prove that it is you. Each works once.",
        "Look at my settings",
    ),
    Notice.PASSKEY_ADDED: Words(
        "A passkey was added",
        "a passkey was added to your account; it can be used to sign in without your password.",
        "Look at my settings",
    ),
    Notice.PASSKEY_REMOVED: Words(
        "A passkey was removed",
        "a passkey was removed from your account and can no longer be used to sign in.",
        "Look at my settings",
    ),
    Notice.PASSKEY_REFUSED: Words(
        "A passkey was refused",
        "a passkey of your account was used in a way that suggests there is a copy of it, so it was not let in. Please "
        "sign in another way, remove that passkey and add a new one.",
        "Look at my passkeys",
        "If it happens only once, it may have been a slow connection that sent the same thing twice.",
    ),
    Notice.PROVIDER_LINKED: Words(
        "Another way to sign in was added",
        "your account can now also be signed in to through an account of yours elsewhere.",
        "Look at my settings",
    ),
    Notice.PROVIDER_UNLINKED: Words(
        "A way to sign in was removed",
        "your account can no longer be signed in to through an account elsewhere that was linked to it.",
        "Look at my settings",
    ),
    Notice.CREDENTIALS_SUBMITTED: Words(
        "We have your licence details",
        "thank you for sending us your licence details. They will be checked; we will write to you when that is done.",
        "Look at my details",
        "You need not do anything for now.",
    ),
    Notice.EXPORT_MADE: Words(
        "A copy of your data was made",
        "somebody signed in to your account downloaded a copy of everything we hold about you.",
        "Look at my settings",
    ),
    Notice.ERASURE_REQUESTED: Words(
        "Your account will be erased",
        "as you asked, your account will be erased after a time in which you can still change your mind.",
        "Keep my account",
    ),
    Notice.CREDENTIALS_VERIFIED: Words(
        "Your licence is verified",
        "thank you for your patience: your licence was checked and is verified. You can set your hours and accept "
        "patients now.",
        "Go to my dashboard",
        "You need not do anything else.",
    ),
    Notice.CREDENTIALS_REJECTED: Words(
        "Your licence could not be verified",
        "we could not verify the licence details you sent us. You will find the reason in your settings, where you can "
        "send them again.",
        "Look at my details",
        "If you think this is a mistake, please write to us.",
    ),
    Notice.ACCOUNT_SUSPENDED: Words(
        "Your account is paused",
        "your account was paused by an administrator, and you were signed out everywhere. Nothing was deleted.",
        "Bloom Health",
        "If you need help now, please call the emergency number where you are. If you think this is a mistake, please "
        "write to us.",
    ),
    Notice.ACCOUNT_RESTORED: Words(
        "Your account is open again",
        "your account is open again, and everything is where it was. You can sign in as usual.",
        "Sign in",
        "You need not do anything else.",
    ),
    Notice.ACCOUNT_UNLOCKED: Words(
        "You can sign in again",
        "an administrator ended the pause after attempts to sign in that did not succeed.",
        "Sign in",
        "If you did not ask for this, please reset your password.",
    ),
    Notice.ROLE_CHANGED: Words(
        "Your account has another role",
        "an administrator changed what your account may do. Please sign in again.",
        "Sign in",
        "If you think this is a mistake, please write to us.",
    ),
    Notice.LOOKED_ON: Words(
        "An administrator looked at your account",
        "an administrator looked at Bloom Health as you see it, to help with a problem. They could change nothing and "
        "read none of your messages, and it ended by itself after 30 minutes at the latest. You see each look, and can "
        "end one that goes on, in your settings.",
        "See who looked at my record",
        "If you did not ask for help, please write to us.",
    ),
    Notice.RECORD_OPENED: Words(
        "Your record was opened",
        "an administrator opened your record, for 60 minutes at the most, for a reason that had to be given. Somebody "
        "else reviews that reason within 72 hours. Each look is in the list of who looked at your record.",
        "See who looked at my record",
        "If you have questions about this, please write to us.",
    ),
    Notice.ERASURE_CANCELLED: Words(
        "Your account stays",
        "the erasure of your account was called off, and nothing was erased. Appointments that were called off "
        "meanwhile stay so; please book them anew.",
        "Look at my settings",
    ),
}

ENGLISH: Final = AccountMails(
    language="en",
    hello="Hello {name},",
    was_it_you="If this was you, you need not do anything. If it was not, please reset your password at once.",
    notices=_NOTICES,
    verification=Words(
        "Please verify your address",
        "welcome to Bloom Health. Please verify your address with this link; it works once, for 24 hours.",
        "Verify my address",
        "If you did not sign up, you need not do anything.",
    ),
    sign_up_repeated=Words(
        "You already have an account",
        "somebody, perhaps you, signed up with this address. It already has an account: you can simply sign in.",
        "Sign in",
        "If this was not you, nothing has changed and you need not do anything.",
    ),
    erased=Words(
        "Your account was erased",
        "",
        "Bloom Health",
        "Thank you for having been with us. Take good care of yourself.",
    ),
    receipt=ReceiptWords(
        "as you asked on {asked}, your account was erased on {erased}: your name, your address, your profile, and "
        "every way to sign in are gone. This is the last mail you get from us.\n\nWhat stays:\n\n{kept}\n\nYour "
        "record's number is {number}. Please keep it: without your name, it is the only way to find your record.",
        kept={
            KeptKind.PATIENTS_RECORD: "Your record of treatment: messages, files, appointments, their analysis and "
            "alerts, your consents{until}. Health law asks for records of treatment to be kept. Nobody can read yours "
            "in the application.",
            KeptKind.THERAPISTS_PART: "What you wrote to patients, your appointments with them, and your consents"
            "{until}. It belongs to the patients' records, each of which is kept as long as that record.",
            KeptKind.TERMS: "What you agreed to{until}. It shows that we were allowed to do what we did.",
            KeptKind.TRAIL: "The audit trail: who did what and when, by numbers and network addresses, without names; "
            "and, for six years, why an administrator looked on as you or opened your record. It has to be provable "
            "who looked at whose record.",
            KeptKind.REQUEST: "That and when you asked to be erased. It proves that it was done.",
        },
        until=", until {day}",
        day=_day,
    ),
)
