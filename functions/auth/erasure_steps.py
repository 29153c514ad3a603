"""The steps of an erasure, each of which may run again: it finds what is left to do, and stops under a legal hold."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.appointments import hand_over
from shared.audit_actions import Action
from shared.care_end import spread_word
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.files import FileAsset, FileStatus
from shared.database.models.scheduling import Appointment, WaitlistEntry, WaitlistStatus
from shared.database.models.trust import ErasureStatus
from shared.database.transaction import transaction
from shared.events import AccountErased, CareEnded, Event, SessionsRevoked

from . import closing
from .data_policy import policies_of
from .erasure import record_kept_until, sign_out_everywhere
from .erasure_claims import TRIES, Claimed, note_step, running
from .erasure_receipt import receipt_for, receipt_in_words
from .notices import mails_for
from .table_policy import Fate, TablePolicy

BATCH: Final = 500
"""Rows that one transaction removes."""


def erase(claimed: Claimed) -> None:
    """Everything that goes at once; the identity goes last, since the receipt is mailed to it. Raises Halted."""
    for step in AT_ONCE:
        step(claimed)


def close_account(claimed: Claimed) -> None:
    """Nobody signs in any more, and nobody reads the record: both ask for an account that is not erased."""
    session.tell_revocation(shut(claimed))


def end_ties(claimed: Claimed) -> None:
    """Appointments, places in queues, and care end."""
    called_off, ended = leave(claimed)
    for event in ended:
        spread_word(event)
    hand_over(*called_off)


def stop_training(claimed: Claimed) -> None:
    """No training uses what the person wrote; what therapists answered to the model about it goes with the rows."""
    _repeat(forbid_training_batch, claimed)


def forget_loose_files(claimed: Claimed) -> None:
    """Files that were uploaded and never given to anybody are no part of a record; the bucket is told by their rows."""
    _repeat(empty_loose_files_batch, claimed)


def remove_rows(claimed: Claimed) -> None:
    """Every row of the tables that go at once."""
    _repeat(remove_batch, claimed, *policies_of(Fate.ERASED))


def remove_identity(claimed: Claimed) -> None:
    """The name and the address go; the receipt that carries them to the mail server goes once it is sent."""
    receipt = forget_person(claimed)
    if receipt:
        outbox.hand_over(receipt)


AT_ONCE: Final[tuple[Callable[[Claimed], None], ...]] = (
    close_account,
    end_ties,
    stop_training,
    forget_loose_files,
    remove_rows,
    remove_identity,
)


def remove_record(claimed: Claimed) -> None:
    """Retention has ended: the record goes, and what cannot go is emptied. Raises Halted."""
    release_appointments(claimed)
    for policy in policies_of(Fate.REMOVED_LATER):
        _repeat(remove_batch, claimed, policy)
    for policy in policies_of(Fate.EMPTIED_LATER):
        _repeat(empty_batch, claimed, policy)
    complete(claimed)


@transaction(tries=TRIES)
def shut(db: Database, claimed: Claimed) -> SessionsRevoked | None:
    """Mark the account as erased, and until when its record stays, while the date of birth is still there."""
    request, moment = running(db, claimed), now()
    if "closed" in request.steps:
        return None
    until = record_kept_until(db, claimed.user_id, moment)
    db.execute(
        update(User)
        .where(User.id == claimed.user_id)
        .values(status=UserStatus.ERASED, erased_at=moment, password_hash=None)
    )
    note_step(request, "closed")
    request.steps = {**request.steps, "recordKeptUntil": until.isoformat()}
    return sign_out_everywhere(db, claimed.user_id)


@transaction(tries=TRIES)
def leave(db: Database, claimed: Claimed) -> tuple[tuple[Event, ...], tuple[CareEnded, ...]]:
    """End what others would wait for; what to hand over, and what to tell sockets."""
    request = running(db, claimed)
    called_off = closing.cancel_appointments(db, claimed.user_id, after=now())
    closing.leave_queues(db, claimed.user_id)
    ended = closing.end_care(db, claimed.user_id)
    note_step(request, "ties")
    return called_off, ended


@transaction(tries=TRIES)
def forbid_training_batch(db: Database, claimed: Claimed) -> int:
    """Take some analyses out of training; how many."""
    running(db, claimed)
    mine = (MessageAnalysis.patient_id == claimed.user_id, MessageAnalysis.may_train)
    some = select(MessageAnalysis.id).where(*mine).limit(BATCH)
    changed = update(MessageAnalysis).where(MessageAnalysis.id.in_(some)).values(may_train=False)
    return len(db.execute(changed.returning(MessageAnalysis.id)).all())


@transaction(tries=TRIES)
def empty_loose_files_batch(db: Database, claimed: Claimed) -> int:
    """Empty some files that belong to no conversation; how many."""
    running(db, claimed)
    [policy] = [policy for policy in policies_of(Fate.EMPTIED_LATER) if policy.model is FileAsset]
    loose = (FileAsset.owner_id == claimed.user_id, FileAsset.conversation_id.is_(None))
    some = select(FileAsset.id).where(*loose, FileAsset.status != FileStatus.DELETED).limit(BATCH)
    emptied = update(FileAsset).where(FileAsset.id.in_(some)).values(**policy.empties, deleted_at=now())
    return len(db.execute(emptied.returning(FileAsset.id)).all())


@transaction(tries=TRIES)
def remove_batch(db: Database, claimed: Claimed, *policies: TablePolicy) -> int:
    """Remove some rows of tables that do not name one another; how many of that with the most."""
    running(db, claimed)
    return max(_remove_some(db, policy, claimed.user_id) for policy in policies)


@transaction(tries=TRIES)
def empty_batch(db: Database, claimed: Claimed, policy: TablePolicy) -> int:
    """Empty some rows of a table that are not yet empty; how many."""
    running(db, claimed)
    columns = policy.table.c
    not_empty = or_(*(columns[name].is_distinct_from(value) for name, value in policy.empties.items()))
    values: dict[str, Any] = dict(policy.empties)
    if policy.emptied_at:
        values[policy.emptied_at] = func.coalesce(columns[policy.emptied_at], now())
    emptied = update(policy.table).where(_some(policy, claimed.user_id, not_empty)).values(values)
    return len(db.execute(emptied.returning(*policy.table.primary_key)).all())


@transaction(tries=TRIES)
def forget_person(db: Database, claimed: Claimed) -> AccountErased | None:
    """Empty the account's row, and keep the receipt and its mail, in one step that is never done twice."""
    request = running(db, claimed)
    if "identity" in request.steps:
        return None
    user, moment = db.get_one(User, claimed.user_id), now()
    until = datetime.fromisoformat(request.steps["recordKeptUntil"])
    receipt = receipt_for(user, request, erased_at=moment, until=until)
    mailed = AccountErased(
        occurred_at=moment,
        user_id=user.id,
        email=user.email,
        name=user.name,
        words=receipt_in_words(receipt, mails_for(user.language).receipt),
        language=user.language,
    )
    outbox.record(db, mailed)
    _empty_account(user)
    request.receipt = receipt.model_dump(mode="json", by_alias=True)
    request.due_at = until
    note_step(request, "identity")
    audit.record(db, Action.ERASURE_COMPLETED, subject_id=user.id, resource=("erasure_request", request.id))
    return mailed


@transaction(tries=TRIES)
def release_appointments(db: Database, claimed: Claimed) -> None:
    """Let places on waiting lists no longer name appointments that are about to go."""
    running(db, claimed)
    mine = select(Appointment.id).where(Appointment.patient_id == claimed.user_id)
    db.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.offered_appointment_id.in_(mine), WaitlistEntry.status != WaitlistStatus.OFFERED)
        .values(offered_appointment_id=None)
    )


@transaction(tries=TRIES)
def complete(db: Database, claimed: Claimed) -> None:
    """Nothing is left to do."""
    request = running(db, claimed)
    request.status, request.completed_at = ErasureStatus.COMPLETED, now()
    note_step(request, "record")
    audit.record(db, Action.RETENTION_ENDED, subject_id=claimed.user_id, resource=("erasure_request", claimed.id))


def _empty_account(user: User) -> None:
    [policy] = policies_of(Fate.EMPTIED)
    for name, value in policy.empties.items():
        setattr(user, name, value)
    user.email = f"erased-{user.id}@erased.invalid"


def _remove_some(db: Database, policy: TablePolicy, person_id: UUID) -> int:
    removed = delete(policy.table).where(_some(policy, person_id))
    return len(db.execute(removed.returning(*policy.table.primary_key)).all())


def _some(policy: TablePolicy, person_id: UUID, *further: ColumnElement[bool]) -> ColumnElement[bool]:
    """Some of the person's rows: a condition on the primary key."""
    assert policy.erases is not None
    key = list(policy.table.primary_key)
    some = select(*key).where(policy.erases(person_id), *further).limit(BATCH)
    return tuple_(*key).in_(some)


def _repeat(batch: Callable[..., int], *given: object) -> None:
    while batch(*given) == BATCH:
        pass
