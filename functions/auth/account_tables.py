"""The data policy of everything that says who somebody is, how they sign in, and what they agreed to."""

from typing import Final

from shared.database.encryption import KeyRing
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditSeal, AuditSealLeaves
from shared.database.models.consents import Consent
from shared.database.models.credentials import (
    Account,
    BackupCode,
    PasskeyCredential,
    TrustedDevice,
    TwoFactor,
    Verification,
)
from shared.database.models.delivery import EmailDelivery, IdempotencyRecord, WebhookReceipt
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.profiles import PatientProfile, TherapistProfile
from shared.database.models.trust import ErasureRequest

from .table_policy import ANOTHER, INTERNAL, SECRET, Fate, TablePolicy, where

NOBODY_KEEPS_IT: Final = "nothing asks for it to be kept"
SIGN_IN: Final = "an account that is gone needs no way in"

ACCOUNT_TABLES: Final = (
    TablePolicy(
        model=User,
        fate=Fate.EMPTIED,
        why="the id stays, since the record and the audit trail name people by it; all else goes",
        erases=where(User.id),
        empties={
            "name": "",
            "password_hash": None,
            "email_verified_at": None,
            "status": UserStatus.ERASED,
            "suspended_at": None,
            "suspension_reason": None,
            "time_zone": "UTC",
            "language": "en",
            "preferences": {},
            "last_signed_in_at": None,
            "password_changed_at": None,
        },
        exports=(where(User.id),),
        withheld={"password_hash": SECRET},
    ),
    TablePolicy(
        model=PatientProfile,
        fate=Fate.ERASED,
        why=NOBODY_KEEPS_IT,
        erases=where(PatientProfile.user_id),
        exports=(where(PatientProfile.user_id),),
        sealed=dict.fromkeys(("date_of_birth", "phone", "emergency_contact", "about"), KeyRing.CLINICAL),
    ),
    TablePolicy(
        model=TherapistProfile,
        fate=Fate.ERASED,
        why=NOBODY_KEEPS_IT,
        erases=where(TherapistProfile.user_id),
        exports=(where(TherapistProfile.user_id),),
        withheld={"reviewed_by": ANOTHER},
    ),
    TablePolicy(
        model=Session,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(Session.user_id),
        exports=(where(Session.user_id),),
        withheld={"token_hash": SECRET, "impersonated_by": ANOTHER},
    ),
    TablePolicy(
        model=Account,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(Account.user_id),
        exports=(where(Account.user_id),),
        withheld={"access_token": SECRET, "refresh_token": SECRET},
    ),
    TablePolicy(
        model=TwoFactor,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(TwoFactor.user_id),
        exports=(where(TwoFactor.user_id),),
        withheld={"secret": SECRET, "last_used_step": INTERNAL},
    ),
    TablePolicy(
        model=BackupCode,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(BackupCode.user_id),
        exports=(where(BackupCode.user_id),),
        withheld={"code_hash": SECRET},
    ),
    TablePolicy(
        model=TrustedDevice,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(TrustedDevice.user_id),
        exports=(where(TrustedDevice.user_id),),
        withheld={"token_hash": SECRET},
    ),
    TablePolicy(
        model=PasskeyCredential,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(PasskeyCredential.user_id),
        exports=(where(PasskeyCredential.user_id),),
        withheld={"credential_id": INTERNAL, "public_key": INTERNAL, "sign_count": INTERNAL},
    ),
    TablePolicy(
        model=Verification,
        fate=Fate.ERASED,
        why=SIGN_IN,
        erases=where(Verification.user_id),
        exports=(where(Verification.user_id),),
        withheld={"token_hash": SECRET, "payload": SECRET},
    ),
    TablePolicy(
        model=Consent,
        fate=Fate.REMOVED_LATER,
        why="shows that what was done with the record was agreed to (GDPR Art. 7(1))",
        erases=where(Consent.user_id),
        exports=(where(Consent.user_id),),
    ),
    TablePolicy(
        model=EmailDelivery,
        fate=Fate.ERASED,
        why=NOBODY_KEEPS_IT,
        erases=where(EmailDelivery.user_id),
        exports=(where(EmailDelivery.user_id),),
        order=("created_at", "id"),
    ),
    TablePolicy(
        model=ErasureRequest,
        fate=Fate.KEPT,
        why="the proof that the person was forgotten, and when; ids and dates only",
        exports=(where(ErasureRequest.user_id),),
        withheld={"hold_reason": "a legal matter of the operator"},
    ),
    TablePolicy(
        model=AuditEvent,
        fate=Fate.KEPT,
        why="who did what to whose record has to be provable for years (45 CFR 164.316(b)(2)); ids, addresses, times",
        exports=(where(AuditEvent.subject_id),),
        private=dict.fromkeys(("actor_id", "ip", "request_id", "details"), "actor_id"),
        withheld={"acting_as": ANOTHER},
        order=("occurred_at", "id"),
    ),
    TablePolicy(model=AuditSeal, fate=Fate.NOBODYS, why="digests over the audit trail"),
    TablePolicy(model=AuditSealLeaves, fate=Fate.NOBODYS, why="the digest of each entry of the audit trail"),
    TablePolicy(
        model=OutboxEvent,
        fate=Fate.EXPIRES,
        why="sealed copies of what other tables hold, removed 30 days after delivery; a receipt's once it is mailed",
    ),
    TablePolicy(model=IdempotencyRecord, fate=Fate.EXPIRES, why="sealed answers for repeats, removed after a day"),
    TablePolicy(
        model=WebhookReceipt, fate=Fate.EXPIRES, why="sealed notices, removed 30 days after they were dealt with"
    ),
)
