"""Every kind of entry that the audit trail has, beside refused routes, which are told by method and path."""

from enum import StrEnum


class Action(StrEnum):
    """What was done or tried: subject, a dot, the deed."""

    # Accounts and their addresses.
    ACCOUNT_SIGNED_UP = "account.signed-up"
    ACCOUNT_SIGN_UP_REPEATED = "account.sign-up-repeated"
    ACCOUNT_EMAIL_VERIFIED = "account.email-verified"
    ACCOUNT_VERIFICATION_RESENT = "account.verification-resent"
    ACCOUNT_LOCKED = "account.locked"
    # Signing in and out.
    SESSION_SIGN_IN = "session.sign-in"
    SESSION_SIGNED_IN = "session.signed-in"
    SESSION_SIGNED_OUT = "session.signed-out"
    SESSION_REVOKED = "session.revoked"
    SESSION_OTHERS_REVOKED = "session.others-revoked"
    SESSION_STEP_UP = "session.step-up"
    SESSION_STEPPED_UP = "session.stepped-up"
    # Passwords.
    PASSWORD_RESET_REQUESTED = "password.reset-requested"  # noqa: S105 - a deed, not a password
    PASSWORD_RESET = "password.reset"  # noqa: S105
    PASSWORD_CHANGE = "password.change"  # noqa: S105
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_REHASHED = "password.rehashed"  # noqa: S105
    # Second factors.
    TWO_FACTOR_CHALLENGED = "two-factor.challenged"
    TWO_FACTOR_VERIFY = "two-factor.verify"
    TWO_FACTOR_VERIFIED = "two-factor.verified"
    TWO_FACTOR_LOCKED = "two-factor.locked"
    TWO_FACTOR_ENROLLED = "two-factor.enrolled"
    TWO_FACTOR_CONFIRM = "two-factor.confirm"
    TWO_FACTOR_CONFIRMED = "two-factor.confirmed"
    TWO_FACTOR_DISABLED = "two-factor.disabled"
    BACKUP_CODES_RENEWED = "backup-codes.renewed"
    BACKUP_CODE_USED = "backup-code.used"
    TRUSTED_DEVICE_ADDED = "trusted-device.added"
    TRUSTED_DEVICE_USED = "trusted-device.used"
    TRUSTED_DEVICE_REVOKED = "trusted-device.revoked"
    # Passkeys.
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_SIGN_IN = "passkey.sign-in"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_CLONED = "passkey.cloned"
    # Providers.
    PROVIDER_SIGN_IN = "provider.sign-in"
    PROVIDER_LINKED = "provider.linked"
    PROVIDER_UNLINKED = "provider.unlinked"
    # Profiles, settings, consents, licences.
    PROFILE_READ = "profile.read"
    PROFILE_CHANGED = "profile.changed"
    SETTINGS_CHANGED = "settings.changed"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    CREDENTIALS_SUBMITTED = "credentials.submitted"
    # Personal data.
    ACCESS_LOG_READ = "access-log.read"
    EXPORT_MADE = "export.made"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_CANCELLED = "erasure.cancelled"
    ERASURE_COMPLETED = "erasure.completed"
    RETENTION_ENDED = "retention.ended"
    AVAILABILITY_CHANGED = "availability.changed"
    SLOTS_READ = "slots.read"
    APPOINTMENT_BOOKED = "appointment.book"
    APPOINTMENT_READ = "appointment.read"
    APPOINTMENTS_LISTED = "appointments.list"
    APPOINTMENT_RESCHEDULED = "appointment.reschedule"
    APPOINTMENT_CANCELLED = "appointment.cancel"
    CARE_REQUESTED = "care.request"
    CARE_LISTED = "care.list"
    CARE_ACCEPTED = "care.accept"
    CARE_DECLINED = "care.decline"
    CARE_ENDED = "care.end"
    # Conversations and what is said in them.
    CONVERSATION_OPENED = "conversation.open"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_JOINED = "conversation.join"
    CONVERSATIONS_LISTED = "conversations.list"
    MESSAGES_READ = "messages.read"
    MESSAGE_SENT = "message.send"
    MESSAGE_SENT_AGAIN = "message.send-again"
    RISK_RAISED = "risk.raised"
