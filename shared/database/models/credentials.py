"""How people prove who they are: providers, second factors, passkeys, and tokens that work once."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import accounts as _accounts  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    Digest,
    Id,
    OneOf,
    Sealed,
    UpdatedAt,
    index_where,
)


class Provider(StrEnum):
    """Who else may vouch for a person."""

    GOOGLE = "google"
    ZOOM = "zoom"


class VerificationPurpose(StrEnum):
    """What a single-use token is good for."""

    EMAIL_VERIFICATION = "email_verification"
    EMAIL_CHANGE = "email_change"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password
    TWO_FACTOR_CHALLENGE = "two_factor_challenge"
    PASSKEY_CHALLENGE = "passkey_challenge"
    OAUTH_STATE = "oauth_state"
    EXPORT_DOWNLOAD = "export_download"


class Account(Base):
    """A link between a person and their account at a provider; its tokens are sealed with the credential keys."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("provider", "provider_account_id"), UniqueConstraint("user_id", "provider"))

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    provider: Mapped[Provider] = mapped_column(OneOf(Provider))
    provider_account_id: Mapped[str]
    email: Mapped[str]
    access_token: Mapped[Sealed | None]
    refresh_token: Mapped[Sealed | None]
    access_token_expires_at: Mapped[datetime | None]
    scope: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class TwoFactor(Base):
    """A person's TOTP secret; `last_used_step` is claimed by UPDATE … WHERE it is smaller, so a code counts once."""

    __tablename__ = "two_factor"
    __table_args__ = (UniqueConstraint("user_id"),)

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    secret: Mapped[Sealed]
    confirmed_at: Mapped[datetime | None]
    last_used_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[CreatedAt]


class BackupCode(Base):
    """A second factor for the day the phone is gone; used once, by UPDATE … WHERE used_at IS NULL."""

    __tablename__ = "backup_code"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    code_hash: Mapped[Digest]
    used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class TrustedDevice(Base):
    """A device that skips the second factor until `expires_at`; the token rotates at each use."""

    __tablename__ = "trusted_device"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
        index_where("ix_trusted_device_user_id_live", "user_id", where="revoked_at IS NULL"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    token_hash: Mapped[Digest]
    user_agent: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PasskeyCredential(Base):
    """A WebAuthn credential: its public key (COSE), and the counter that must not run backwards."""

    __tablename__ = "passkey_credential"
    __table_args__ = (
        UniqueConstraint("credential_id"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
        Index("ix_passkey_credential_user_id", "user_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    transports: Mapped[list[str]] = mapped_column(default=list)
    backed_up: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]


class Verification(Base):
    """A single-use token by its digest; consumed by UPDATE … WHERE consumed_at IS NULL.

    `user_id` is missing where nobody is known yet (an OAuth state); `payload` is sealed with the credential keys.
    """

    __tablename__ = "verification"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_verification_user_id_purpose", "user_id", "purpose"),
        Index("ix_verification_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    purpose: Mapped[VerificationPurpose] = mapped_column(OneOf(VerificationPurpose))
    token_hash: Mapped[Digest]
    payload: Mapped[Sealed | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
