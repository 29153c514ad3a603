"""What the relay reads from the database, each in a transaction of its own; called in threads."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session as Database

from shared import access, audit, telemetry
from shared.access import Membership
from shared.audit_actions import Action
from shared.database.transaction import transaction
from shared.messages import ShownAnalysis, ShownMessage, analyses_of, changes_after, messages_after
from shared.preferences import Privacy
from shared.problems import NotFound
from shared.read_state import ReadState, advance_read
from shared.roles import Role
from shared.session import Caller

PAGE: Final = 100


class Place(NamedTuple):
    """How far somebody was told: the number of the last message, and of the last edit or deletion."""

    seq: int
    revision: int

    def or_at_most(self, there_is: "Place") -> "Place":
        """This one, where there is as much."""
        return Place(min(self.seq, there_is.seq), min(self.revision, there_is.revision))


@dataclass(frozen=True)
class Page:
    """What follows a place, and for clinicians what the model said of it."""

    messages: Sequence[ShownMessage] = ()
    changes: Sequence[ShownMessage] = ()
    """Messages that were edited or deleted, in their present state. Who was not told a message before may be spared its
    changes: it comes, or will, in the same state or a later one."""
    revision: int = 0
    """The last of those changes."""
    is_last: bool = True
    """Whether nothing followed it when it was read."""
    analyses: dict[UUID, ShownAnalysis] = field(default_factory=dict)


@dataclass(frozen=True)
class Entering:
    """Somebody on their way in: where to, from which place on, and for the audit trail from where."""

    conversation_id: UUID
    caller: Caller
    after: Place | None
    acting: audit.Acting
    trace: telemetry.RequestTrace | None

    @property
    def seat(self) -> tuple[UUID, UUID]:
        """Conversation and member."""
        return self.conversation_id, self.caller.user_id


@dataclass(frozen=True)
class Entered:
    """Somebody who was let in."""

    membership: Membership
    place: Place
    """How far the conversation had come."""
    page: Page

    def covers(self, caller: Caller) -> bool:
        """Whether they are a clinician who is let in for another."""
        return caller.role is Role.THERAPIST and caller.user_id != self.membership.clinician_id

    def other_than(self, user_id: UUID) -> UUID:
        """The other of the two people."""
        patient_id, clinician_id = self.membership.patient_id, self.membership.clinician_id
        return clinician_id if user_id == patient_id else patient_id


@transaction
def enter(db: Database, entering: Entering) -> Entered:
    """Let a member in and read what they missed. Raises NotFound, LicenceNotVerified."""
    caller, conversation_id = entering.caller, entering.conversation_id
    membership = access.conversation(db, caller, conversation_id, action=Action.CONVERSATION_JOINED)
    return _entered(db, entering, membership)


@transaction
def enter_all(db: Database, entering: Collection[Entering]) -> dict[Entering, Entered]:
    """Let members in, many at a time; whoever may not enter is left out, and is to ask by themselves."""
    members = access.members(db, {one.seat: one.caller.role for one in entering})
    found = {}
    for one in entering:
        if membership := members.get(one.seat):
            audit.acting.set(one.acting)
            telemetry.current.set(one.trace)
            access.note_entry(db, membership, action=Action.CONVERSATION_JOINED)
            found[one] = _entered(db, one, membership)
    return found


@transaction
def page_after(db: Database, conversation_id: UUID, after: Place, for_clinician: bool) -> Page:
    """What comes next, for those who were let in."""
    return _page(db, conversation_id, after, for_clinician)


@transaction
def page_on_the_way(db: Database, caller: Caller, conversation_id: UUID, after: Place) -> Page:
    """What comes next, for who is being let in. Raises NotFound where a clinician's care has ended meanwhile."""
    is_clinician = caller.role is Role.THERAPIST
    if is_clinician and not access.seats_that_stand(db, [(conversation_id, caller.user_id)]):
        raise NotFound
    return _page(db, conversation_id, after, is_clinician)


@transaction
def read(db: Database, caller: Caller, conversation_id: UUID, seq: int) -> ReadState:
    """Somebody has read so far. Raises NotFound, LicenceNotVerified, Unprocessable."""
    return advance_read(db, caller, conversation_id, seq)


@transaction
def seats_that_stand(db: Database, seats: Collection[tuple[UUID, UUID]]) -> frozenset[tuple[UUID, UUID]]:
    """Of conversations with a clinician in each, those that the clinician may still follow."""
    return access.seats_that_stand(db, seats)


@transaction
def name_of(db: Database, user_id: UUID) -> str:
    """What a member is called, for the others in the room."""
    return access.name_of(db, user_id)


@transaction
def privacy_of(db: Database, user_ids: Iterable[UUID]) -> dict[UUID, Privacy]:
    """What these people let the other person in a conversation see."""
    return access.privacy_of(db, user_ids)


@transaction
def reach(db: Database) -> None:
    """Raises Unavailable where the database cannot be reached."""
    db.execute(text("SELECT 1"))


def _entered(db: Database, entering: Entering, membership: Membership) -> Entered:
    place = Place(membership.last_seq, membership.last_revision)
    after = entering.after.or_at_most(place) if entering.after else place
    if after == place:
        return Entered(membership, place, Page(revision=place.revision))
    is_clinician = entering.caller.role is Role.THERAPIST
    return Entered(membership, place, _page(db, entering.conversation_id, after, is_clinician))


def _page(db: Database, conversation_id: UUID, after: Place, for_clinician: bool) -> Page:
    messages = messages_after(db, conversation_id, after.seq, PAGE)
    changes = changes_after(db, conversation_id, after.revision, PAGE)
    revision = changes[-1].revision if changes else None
    shown = [*messages, *changes]
    return Page(
        messages,
        changes,
        after.revision if revision is None else revision,
        max(len(messages), len(changes)) < PAGE,
        analyses_of(db, shown) if for_clinician and shown else {},
    )
