"""The use of a passkey, whatever it is for: it answers a challenge once, is counted, and is told where it is refused.

A counter that does not advance says that there is a copy of the key. That use is refused and its owner told by mail;
the passkey stays, since whoever holds a copy could set the counter as they like, and two uses that overtook each other
look the same. Its owner can remove it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.credentials import PasskeyCredential
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.problems import Forbidden, Problem

from .passkey_ceremonies import Ceremony, ChallengeOver, KeyUse, NotVerified, take_challenge


class PasskeyCopied(Forbidden):
    """Its counter did not advance."""

    title = "This passkey seems to have been copied; please sign in another way and remove it"


class CounterStoodStill(Exception):
    """A key was used at a count that is not above the last; caught here."""

    def __init__(self, passkey: PasskeyCredential) -> None:
        """Which passkey."""
        super().__init__()
        self.passkey = passkey


@transaction
def answer_challenge(
    db: Database, ceremony: Ceremony, challenge: bytes, credential_id: bytes, user_id: UUID | None = None
) -> PasskeyCredential | None:
    """Consume the challenge, whatever comes of it; the passkey that is said to answer it. Raises ChallengeOver."""
    take_challenge(db, ceremony, challenge, user_id)
    return db.scalar(select(PasskeyCredential).where(PasskeyCredential.credential_id == credential_id))


def count_use(db: Database, passkey: PasskeyCredential, use: KeyUse) -> None:
    """Note a use at a count above the last, or at none where the authenticator does not count.

    Raises CounterStoodStill, and NotVerified for a passkey that was removed meanwhile.
    """
    count = PasskeyCredential.sign_count
    counted = db.scalar(
        update(PasskeyCredential)
        .where(PasskeyCredential.id == passkey.id, count < use.sign_count if use.sign_count else count == 0)
        .values(sign_count=use.sign_count, backed_up=use.backed_up, last_used_at=now())
        .returning(PasskeyCredential.id)
    )
    if counted is not None:
        return
    if db.scalar(select(PasskeyCredential.id).where(PasskeyCredential.id == passkey.id)) is None:
        raise NotVerified
    raise CounterStoodStill(passkey)


@contextmanager
def refusals_told(action: Action, subject_id: UUID | None, problem: type[Problem]) -> Iterator[None]:
    """What is refused within the block goes to the audit trail, and to the caller in words that tell no reason."""
    try:
        yield
    except NotVerified:
        audit.record_failure(action, subject_id=subject_id)
        raise problem from None
    except ChallengeOver:
        audit.record_failure(action, subject_id=subject_id)
        raise
    except CounterStoodStill as still:
        outbox.hand_over(note_copy(still.passkey))
        raise PasskeyCopied from None


@transaction
def note_copy(db: Database, passkey: PasskeyCredential) -> AccountNotice:
    """Keep that there seems to be a copy of this passkey, and the mail that tells its owner."""
    audit.record(
        db, Action.PASSKEY_CLONED, subject_id=passkey.user_id, resource=("passkey", passkey.id), outcome="failure"
    )
    return notify(db, passkey.user_id, Notice.PASSKEY_REFUSED)
