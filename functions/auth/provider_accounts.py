"""/api/auth/accounts: the accounts elsewhere that somebody can sign in with here; the last way in stays."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.credentials import Account, PasskeyCredential, Provider
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer
from shared.problems import Conflict, NotFound
from shared.roles import signed_in
from shared.session import Caller

from . import oauth_states
from .oauth_states import ReturnTo
from .provider_tokens import KeptTokens, end_at_provider, unsealed

routes = Routes()

LINKS_PAGE: Final = "/settings/security"


class LastWayIn(Conflict):
    """Without this link, nobody could sign in to the account any more."""

    title = "Please set a password or add a passkey first: this is your only way to sign in"


class LinkedAccount(Schema):
    """An account elsewhere, as its owner may see it."""

    provider: Provider
    email: str
    """Its address at the provider."""
    linked_at: datetime


class LinkedAccounts(Schema):
    """One of each provider at most."""

    items: tuple[LinkedAccount, ...]
    next_cursor: None = None


class NewLink(Schema):
    """Where to go once it is linked."""

    return_to: ReturnTo = LINKS_PAGE


class AtProvider(Schema):
    """Where the browser goes to be asked; it has to be this one, since it has the cookie."""

    url: str


@routes.endpoint("GET /api/auth/accounts", allow=signed_in, limit=Limit("linked-accounts", 60, per=60))
def list_accounts(caller: Caller) -> LinkedAccounts:
    """The caller's accounts elsewhere, the first linked first."""
    return LinkedAccounts(items=find_accounts(caller.user_id))


@routes.endpoint(
    "POST /api/auth/accounts/{provider}/link", allow=signed_in, limit=Limit("link-account", 10, per=60), fresh=True
)
def begin_link(caller: Caller, provider: Provider, new: NewLink) -> Answer[AtProvider]:
    """Begin to link an account elsewhere: the same session has to come back from the provider."""
    url, cookie = oauth_states.begin(provider, new.return_to, caller)
    return Answer(AtProvider(url=url), cookies=(cookie,))


@routes.endpoint(
    "DELETE /api/auth/accounts/{provider}", allow=signed_in, limit=Limit("unlink-account", 10, per=60), fresh=True
)
def unlink_account(caller: Caller, provider: Provider) -> None:
    """Remove a link, here at once and at the provider if it answers."""
    notice, ended = unlink(caller.user_id, provider)
    outbox.hand_over(notice)
    end_at_provider(ended)


@transaction
def find_accounts(db: Database, user_id: UUID) -> tuple[LinkedAccount, ...]:
    """What is linked to a user."""
    found = db.scalars(select(Account).where(Account.user_id == user_id).order_by(Account.created_at, Account.id))
    return tuple(LinkedAccount(provider=row.provider, email=row.email, linked_at=row.created_at) for row in found)


@transaction
def unlink(db: Database, user_id: UUID, provider: Provider) -> tuple[AccountNotice, KeptTokens]:
    """Remove the link; the notice, and the tokens to end. Raises NotFound, LastWayIn."""
    accounts = {row.provider: row for row in db.scalars(select(Account).where(Account.user_id == user_id))}
    account = accounts.pop(provider, None)
    if account is None:
        raise NotFound
    if not accounts and not _has_own_way_in(db, user_id):
        raise LastWayIn
    ended = unsealed(account)
    resource, details = ("account", account.id), {"provider": provider}
    audit.record(db, Action.PROVIDER_UNLINKED, subject_id=user_id, resource=resource, details=details)
    db.delete(account)
    return notify(db, user_id, Notice.PROVIDER_UNLINKED), ended


def _has_own_way_in(db: Database, user_id: UUID) -> bool:
    """Whether there is a password or a passkey."""
    passkey = exists().where(PasskeyCredential.user_id == User.id)
    return bool(db.scalar(select(User.password_hash.is_not(None) | passkey).where(User.id == user_id)))
