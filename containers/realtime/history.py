"""What the relay reads from the database, each in a transaction of its own; called in threads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session as Database

from shared import access
from shared.access import Membership
from shared.audit_actions import Action
from shared.database.transaction import transaction
from shared.messages import ShownAnalysis, ShownMessage, analyses_of, messages_after
from shared.problems import NotFound
from shared.roles import Role
from shared.session import Caller

PAGE: Final = 100


@dataclass(frozen=True)
class Page:
    """Messages that follow a number, and for clinicians what the model said of them."""

    messages: Sequence[ShownMessage] = ()
    analyses: dict[UUID, ShownAnalysis] = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        """Whether nothing followed it when it was read."""
        return len(self.messages) < PAGE


@transaction
def enter(db: Database, caller: Caller, conversation_id: UUID, after_seq: int | None) -> tuple[Membership, Page]:
    """Let a member in and read what they missed after a number. Raises NotFound."""
    membership = access.conversation(db, caller, conversation_id, action=Action.CONVERSATION_JOINED)
    if after_seq is None:
        return membership, Page()
    return membership, _page(db, conversation_id, after_seq, caller.role is Role.THERAPIST)


@transaction
def page_after(db: Database, conversation_id: UUID, after_seq: int, for_clinician: bool) -> Page:
    """The next messages, for those who were let in."""
    return _page(db, conversation_id, after_seq, for_clinician)


@transaction
def page_on_the_way(db: Database, caller: Caller, conversation_id: UUID, after_seq: int) -> Page:
    """The next messages, for who is being let in. Raises NotFound where a clinician's care has ended meanwhile."""
    is_clinician = caller.role is Role.THERAPIST
    if is_clinician and not access.seats_that_stand(db, [(conversation_id, caller.user_id)]):
        raise NotFound
    return _page(db, conversation_id, after_seq, is_clinician)


@transaction
def seats_that_stand(db: Database, seats: Collection[tuple[UUID, UUID]]) -> frozenset[tuple[UUID, UUID]]:
    """Of conversations with a clinician in each, those that the clinician may still follow."""
    return access.seats_that_stand(db, seats)


@transaction
def name_of(db: Database, user_id: UUID) -> str:
    """What a member is called, for the others in the room."""
    return access.name_of(db, user_id)


@transaction
def reach(db: Database) -> None:
    """Raises Unavailable where the database cannot be reached."""
    db.execute(text("SELECT 1"))


def _page(db: Database, conversation_id: UUID, after_seq: int, for_clinician: bool) -> Page:
    messages = messages_after(db, conversation_id, after_seq, PAGE)
    return Page(messages, analyses_of(db, messages) if for_clinician and messages else {})
