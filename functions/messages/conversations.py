"""The conversations that somebody may read: with their members, unread count and last message."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access, conversations
from shared.access import Membership
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownMessage, shown_messages
from shared.preferences import preferences_of
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

from .unread import unread_counts

routes = Routes()


class NewConversation(Schema):
    """With whom: the therapist who accepted the caller, or the caller's patient."""

    participant_id: UUID


class Member(Schema):
    """Somebody in a conversation, and how far they have read; null where they let nobody know."""

    user_id: UUID
    name: str
    role: Role
    is_covering: bool
    """Whether they stand in for the therapist whose patient writes here."""
    last_read_seq: int | None


class FormerMember(Schema):
    """Somebody who stood in for the therapist for a while: what they wrote stays, and is theirs."""

    user_id: UUID
    name: str
    role: Role


class ShownConversation(Schema):
    """A conversation as one of its members sees it."""

    id: UUID
    members: list[Member]
    former_members: list[FormerMember]
    """Who has left, so that whoever reads what they wrote is told who wrote it."""
    last_seq: int
    last_revision: int
    unread_count: int
    last_message: ShownMessage | None
    is_open: bool
    """Whether messages may be written, that is, whether the care relationship stands."""


class ConversationsQuery(Schema):
    """Which page."""

    limit: PageSize = 50
    cursor: str | None = None


class Conversations(Schema):
    """A page, the latest activity first."""

    items: list[ShownConversation]
    next_cursor: str | None


@routes.endpoint("GET /api/conversations", allow=patients_and_therapists, limit=Limit("conversations", 120, per=60))
def list_conversations(caller: Caller, query: ConversationsQuery) -> Conversations:
    """The caller's conversations."""
    return page_of(caller, query)


@routes.endpoint("POST /api/conversations", allow=patients_and_therapists, limit=Limit("open-conversation", 20, per=60))
def open_conversation(caller: Caller, new: NewConversation) -> ShownConversation:
    """The conversation with somebody the caller shares accepted care with, opened where there is none yet."""
    return opened(caller, new.participant_id)


@routes.endpoint("GET /api/conversations/{id}", allow=patients_and_therapists, limit=Limit("conversation", 120, per=60))
def read_conversation(caller: Caller, id: UUID) -> ShownConversation:
    """One of the caller's conversations."""
    return one(caller, id)


@transaction
def page_of(db: Database, caller: Caller, query: ConversationsQuery) -> Conversations:
    """Read a page, in as many queries for two hundred conversations as for one."""
    before = _before(query.cursor) if query.cursor else None
    found = access.conversations(db, caller, action=Action.CONVERSATIONS_LISTED, before=before, limit=query.limit + 1)
    page = found[: query.limit]
    more = len(found) > query.limit
    following = cursor.encode(page[-1].active_at.isoformat(), str(page[-1].conversation_id)) if more else None
    return Conversations(items=_shown(db, caller, page), next_cursor=following)


@transaction
def opened(db: Database, caller: Caller, participant_id: UUID) -> ShownConversation:
    """Find or make the one conversation of a care relationship."""
    care = access.accepted_care(db, caller, participant_id, action=Action.CONVERSATION_OPENED)
    found = conversations.open_for(db, care)
    return _shown(db, caller, [access.conversation(db, caller, found, action=Action.CONVERSATION_READ)])[0]


@transaction
def one(db: Database, caller: Caller, conversation_id: UUID) -> ShownConversation:
    """Check and read one."""
    return _shown(db, caller, [access.conversation(db, caller, conversation_id, action=Action.CONVERSATION_READ)])[0]


def _shown(db: Database, caller: Caller, memberships: list[Membership]) -> list[ShownConversation]:
    ids = [membership.conversation_id for membership in memberships]
    people, unread, last = _people(db, memberships), unread_counts(db, caller, ids), _last_messages(db, ids)
    return [
        ShownConversation(
            id=membership.conversation_id,
            members=[_member(one, caller, membership) for one in people[membership.conversation_id] if one.is_there],
            former_members=[_former(one) for one in people[membership.conversation_id] if not one.is_there],
            last_seq=membership.last_seq,
            last_revision=membership.last_revision,
            unread_count=unread.get(membership.conversation_id, 0),
            last_message=last.get(membership.conversation_id),
            is_open=membership.is_open,
        )
        for membership in memberships
    ]


@dataclass(frozen=True)
class _Person:
    user_id: UUID
    name: str
    role: Role
    read_to: int
    lets_know: bool
    is_there: bool


def _people(db: Database, memberships: list[Membership]) -> dict[UUID, list[_Person]]:
    """Who is or was a member of each conversation, whoever joined first before the others."""
    people: dict[UUID, list[_Person]] = {membership.conversation_id: [] for membership in memberships}
    found = db.execute(
        select(ConversationMember, User.name, User.role, User.preferences)
        .join(User, User.id == ConversationMember.user_id)
        .where(ConversationMember.conversation_id.in_(list(people)))
        .order_by(ConversationMember.joined_at, ConversationMember.user_id)
    )
    for member, name, role, chosen in found:
        lets_know = preferences_of(chosen).privacy.read_receipts_visible
        one = _Person(member.user_id, name, Role(role), member.last_read_seq, lets_know, member.left_at is None)
        people[member.conversation_id].append(one)
    return people


def _member(one: _Person, caller: Caller, membership: Membership) -> Member:
    return Member(
        user_id=one.user_id,
        name=one.name,
        role=one.role,
        is_covering=one.user_id not in (membership.patient_id, membership.clinician_id),
        last_read_seq=one.read_to if one.lets_know or one.user_id == caller.user_id else None,
    )


def _former(one: _Person) -> FormerMember:
    return FormerMember(user_id=one.user_id, name=one.name, role=one.role)


def _last_messages(db: Database, ids: list[UUID]) -> dict[UUID, ShownMessage]:
    rows = db.scalars(
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.conversation_id.in_(ids), Message.seq == Conversation.last_seq)
    )
    return {shown.conversation_id: shown for shown in shown_messages(db, rows)}


def _before(given: str) -> tuple[datetime, UUID]:
    try:
        moment, conversation_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(conversation_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None
