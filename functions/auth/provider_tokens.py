"""A provider's tokens: sealed where they are kept, renewed when they have run out, ended with the link."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.encryption import KeyRing, Undecipherable, seal, unseal
from shared.database.models.credentials import Account, Provider
from shared.database.transaction import transaction
from shared.problems import Conflict
from shared.telemetry import log

from .oauth_providers import ProviderAway, ProviderNotOffered, ProviderSignInFailed, Tokens, provider_for

RENEWED_BEFORE: Final = timedelta(minutes=1)


class ProviderLinkBroken(Conflict):
    """There is no link to this provider, or it no longer honours it."""

    title = "Please link your account at this provider again"


@dataclass(frozen=True)
class KeptTokens:
    """Tokens out of their seals, for as long as a request needs them."""

    account_id: UUID
    provider: Provider
    access_token: str | None
    refresh_token: str | None
    expires_at: datetime | None

    @property
    def is_usable(self) -> bool:
        """Whether the access token is good for what follows now."""
        return self.access_token is not None and (self.expires_at is None or now() + RENEWED_BEFORE < self.expires_at)


def seal_into(account: Account, tokens: Tokens) -> None:
    """Keep tokens in their account's row; where no new refresh token came, the one before stays (RFC 6749, 6)."""
    account.access_token = seal(KeyRing.CREDENTIAL, tokens.access_token, "account", "access_token", account.id)
    if tokens.refresh_token:
        account.refresh_token = seal(KeyRing.CREDENTIAL, tokens.refresh_token, "account", "refresh_token", account.id)
    account.access_token_expires_at = tokens.expires_at
    account.scope = tokens.scope


def unsealed(account: Account) -> KeptTokens:
    """The tokens of an account's row."""
    return KeptTokens(
        account.id,
        account.provider,
        _opened(account.access_token, "access_token", account.id),
        _opened(account.refresh_token, "refresh_token", account.id),
        account.access_token_expires_at,
    )


def access_token_of(user_id: UUID, provider: Provider) -> str:
    """An access token of a person, good for a minute at least; renewed where it is not. Not within a transaction.

    Raises ProviderLinkBroken, ProviderAway, ProviderNotOffered.
    """
    kept = find_tokens(user_id, provider)
    if kept is None:
        raise ProviderLinkBroken
    if not kept.is_usable:
        kept = _renewed(user_id, kept)
    assert kept.access_token is not None
    return kept.access_token


def _renewed(user_id: UUID, old: KeptTokens) -> KeptTokens:
    if old.refresh_token is None:
        raise ProviderLinkBroken
    try:
        tokens = provider_for(old.provider).refresh(old.refresh_token)
    except ProviderSignInFailed:
        # Refresh tokens work once: somebody else may have been quicker, and what they got is as good.
        newer = find_tokens(user_id, old.provider)
        if newer is None or not newer.is_usable:
            raise ProviderLinkBroken from None
        return newer
    return keep_renewed(old, tokens)


def end_at_provider(ended: KeptTokens) -> None:
    """Tell the provider that its tokens are no longer wanted; what it makes of that holds nobody up."""
    token = ended.refresh_token or ended.access_token
    if token is None:
        return
    try:
        provider_for(ended.provider).revoke(token)
    except (ProviderAway, ProviderNotOffered, ProviderSignInFailed) as problem:
        log("provider-revocation-failed", severity="WARNING", provider=ended.provider, problem=problem.urn())


@transaction
def find_tokens(db: Database, user_id: UUID, provider: Provider) -> KeptTokens | None:
    """What is kept for a person at a provider."""
    account = db.scalar(select(Account).where(Account.user_id == user_id, Account.provider == provider))
    return unsealed(account) if account else None


@transaction
def keep_renewed(db: Database, old: KeptTokens, tokens: Tokens) -> KeptTokens:
    """Keep renewed tokens in place of the old ones. Raises ProviderLinkBroken where the link has ended meanwhile."""
    account = db.scalar(select(Account).where(Account.id == old.account_id))
    if account is None:
        raise ProviderLinkBroken
    seal_into(account, tokens)
    return unsealed(account)


def _opened(sealed: bytes | None, column: str, account_id: UUID) -> str | None:
    if sealed is None:
        return None
    try:
        return unseal(KeyRing.CREDENTIAL, sealed, "account", column, account_id)
    except Undecipherable:  # its key is gone: a new link helps, and an old one can still be removed
        return None
