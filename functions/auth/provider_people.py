"""Whose account an identity at a provider is here: a linked one, one with the same proven address, or a new one."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import Session, User
from shared.database.models.credentials import Account, Provider, Verification
from shared.database.transaction import expect_unique, transaction
from shared.events import AccountNotice, SessionsRevoked
from shared.http.schema import Visit
from shared.problems import Conflict, Denial, Forbidden
from shared.roles import Role
from shared.session import NewSession

from . import provider_tokens
from .oauth_providers import Identity, Tokens
from .sign_in import AccountSuspended
from .signed_in import open_for


class ProviderAddressNotVerified(Forbidden):
    """The provider has not verified the address that it names, so it proves nothing."""

    title = "Please verify your address at this provider first"


class ProviderAccountTaken(Conflict):
    """The account at the provider is linked to somebody else here."""

    title = "This account is already linked to another one here"


class ProviderAlreadyLinked(Conflict):
    """Another account at the same provider is linked to this one; unlink it first."""

    title = "Your account is already linked to another one at this provider"


class AddressNotProven(Conflict):
    """Here the address waits to be verified, though the account was in use: neither side can claim the other."""

    title = "Please verify your address here first"


@dataclass(frozen=True)
class Recognised:
    """Whose account it is, and what to hand over after the commit."""

    user: User
    notice: AccountNotice | None
    ended: SessionsRevoked | None = None


@transaction
def recognise(db: Database, provider: Provider, identity: Identity, tokens: Tokens) -> Recognised:
    """The user of this identity, linked or made where need be.

    Raises ProviderAddressNotVerified, ProviderAlreadyLinked, AddressNotProven, AccountSuspended.
    """
    account = _account(db, provider, identity)
    if account is not None:
        user = db.scalars(select(User).where(User.id == account.user_id)).one()
        found = Recognised(user, notice=None)
    else:
        found = _with_address(db, identity)
        account = _new_account(found.user, provider, identity)
    _require_active(found.user)
    _keep(db, account, identity, tokens)
    _record(db, Action.PROVIDER_SIGN_IN, account)
    if found.notice is not None:
        _record(db, Action.PROVIDER_LINKED, account)
    return found


@transaction
def link(db: Database, user_id: UUID, provider: Provider, identity: Identity, tokens: Tokens) -> AccountNotice | None:
    """Link an identity to a signed-in user; nothing to tell where it is already.

    Raises ProviderAddressNotVerified, ProviderAccountTaken, ProviderAlreadyLinked, AccountSuspended.
    """
    user = db.scalars(select(User).where(User.id == user_id)).one()
    _require_active(user)
    account = _account(db, provider, identity)
    if account is not None:
        if account.user_id != user_id:
            raise ProviderAccountTaken(denial=Denial(Action.PROVIDER_LINKED, user_id))
        _keep(db, account, identity, tokens)
        return None
    _require_verified(identity, user_id)
    account = _new_account(user, provider, identity)
    _keep(db, account, identity, tokens)
    _record(db, Action.PROVIDER_LINKED, account)
    return notify(db, user_id, Notice.PROVIDER_LINKED)


@transaction
def open_session(db: Database, user_id: UUID, visit: Visit, *, second_factor: bool) -> NewSession:
    """Open the session of whoever was just recognised. Raises AccountSuspended."""
    user = db.scalars(select(User).where(User.id == user_id)).one()
    _require_active(user)
    return open_for(db, user, visit, second_factor=second_factor)


def _account(db: Database, provider: Provider, identity: Identity) -> Account | None:
    return db.scalar(
        select(Account).where(Account.provider == provider, Account.provider_account_id == identity.account_id)
    )


def _with_address(db: Database, identity: Identity) -> Recognised:
    """The account with this address, proven on both sides, or a patient's new one."""
    user = db.scalar(select(User).where(User.email == identity.email))
    _require_verified(identity, user.id if user else None)
    if user is None:
        return Recognised(_sign_up(db, identity), notice=None)
    ended = _claim(db, user, identity) if user.email_verified_at is None else None
    return Recognised(user, notify(db, user.id, Notice.PROVIDER_LINKED), ended)


def _sign_up(db: Database, identity: Identity) -> User:
    moment = now()
    user = User(
        id=uuid4(),
        email=identity.email,
        name=identity.name,
        role=Role.PATIENT,
        email_verified_at=moment,
        created_at=moment,
    )
    db.add(user)
    db.flush()
    audit.record(db, Action.ACCOUNT_SIGNED_UP, subject_id=user.id, actor_id=user.id)
    return user


def _claim(db: Database, user: User, identity: Identity) -> SessionsRevoked | None:
    """Hand an account that nobody proved to whoever proves its address now.

    Whoever signed up may have been somebody else who waits for the owner to verify it: no password, session or mailed
    link of theirs survives. Only the role does, which by itself opens nothing.
    """
    if user.last_signed_in_at is not None:
        raise AddressNotProven(denial=Denial(Action.PROVIDER_SIGN_IN, user.id))
    moment = now()
    user.email_verified_at, user.password_hash, user.name = moment, None, identity.name
    db.execute(
        update(Verification)
        .where(Verification.user_id == user.id, Verification.consumed_at.is_(None))
        .values(consumed_at=moment)
    )
    audit.record(db, Action.ACCOUNT_EMAIL_VERIFIED, subject_id=user.id, actor_id=user.id)
    return session.revoke(db, user.id, db.scalars(select(Session.id).where(Session.user_id == user.id)))


def _new_account(user: User, provider: Provider, identity: Identity) -> Account:
    moment = now()
    return Account(
        id=uuid4(),
        user_id=user.id,
        provider=provider,
        provider_account_id=identity.account_id,
        email=identity.email,
        created_at=moment,
        updated_at=moment,
    )


def _keep(db: Database, account: Account, identity: Identity, tokens: Tokens) -> None:
    if identity.email_verified:
        account.email = identity.email
    provider_tokens.seal_into(account, tokens)
    with (
        expect_unique(db, "uq_account_provider_provider_account_id", ProviderAccountTaken),
        expect_unique(db, "uq_account_user_id_provider", ProviderAlreadyLinked),
    ):
        db.add(account)


def _require_active(user: User) -> None:
    if user.status != "active":
        raise AccountSuspended(denial=Denial(Action.PROVIDER_SIGN_IN, user.id))


def _require_verified(identity: Identity, user_id: UUID | None) -> None:
    if not identity.email_verified:
        raise ProviderAddressNotVerified(denial=Denial(Action.PROVIDER_SIGN_IN, user_id))


def _record(db: Database, action: Action, account: Account) -> None:
    who, resource = account.user_id, ("account", account.id)
    audit.record(db, action, subject_id=who, actor_id=who, resource=resource, details={"provider": account.provider})
