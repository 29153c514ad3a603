"""What happened, as frozen data: kept with the change in the outbox, told to sockets and to other functions."""

import json
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from pydantic import Field

from shared.contract import Schema


class Event(Schema):
    """Something that happened. Consumers may see it more than once and know it by its `id`."""

    type: ClassVar[str]

    id: UUID = Field(default_factory=uuid4)
    occurred_at: datetime
    """UTC."""

    @property
    def aggregate_id(self) -> UUID:
        """The row it is about."""
        raise NotImplementedError

    def tagged_json(self) -> str:
        """JSON that says which event it is, for a channel that carries several."""
        return json.dumps({"type": self.type} | self.model_dump(mode="json"))


class MessageSent(Event):
    """A message was kept. The body travels sealed, exactly as its column holds it."""

    type: ClassVar[str] = "message-sent"

    message_id: UUID
    conversation_id: UUID
    seq: int
    version: int
    sender_id: UUID
    client_id: str | None
    sealed_body: str
    """Base64 of `message.body`."""

    @property
    def channel(self) -> str:
        """The Redis channel that the relay's room follows."""
        return message_channel(self.conversation_id)

    @property
    def aggregate_id(self) -> UUID:
        """The message."""
        return self.message_id


class MessageAnalysed(Event):
    """A patient's message was scored; for clinicians alone."""

    type: ClassVar[str] = "message-analysed"

    message_id: UUID
    conversation_id: UUID
    clinician_ids: tuple[UUID, ...]
    analysis: dict[str, object]
    """A `ShownAnalysis` as JSON."""

    @property
    def aggregate_id(self) -> UUID:
        """The message."""
        return self.message_id


class RiskRaised(Event):
    """A patient's message carries risk; for the patient's own clinicians alone."""

    type: ClassVar[str] = "risk-raised"

    risk_event_id: UUID
    message_id: UUID
    conversation_id: UUID
    patient_id: UUID
    clinician_ids: tuple[UUID, ...]
    level: str

    @property
    def aggregate_id(self) -> UUID:
        """The risk event."""
        return self.risk_event_id


class CareEnded(Event):
    """A therapist is no longer to see a conversation: for the therapist's sockets alone."""

    type: ClassVar[str] = "care-ended"

    care_relationship_id: UUID
    conversation_id: UUID
    therapist_id: UUID

    @property
    def channel(self) -> str:
        """The Redis channel that the therapist's sockets follow."""
        return alert_channel(self.therapist_id)

    @property
    def aggregate_id(self) -> UUID:
        """The care relationship."""
        return self.care_relationship_id


class VerificationRequested(Event):
    """Somebody asked to prove an e-mail address; the token goes into the mail and nowhere else."""

    type: ClassVar[str] = "verification-requested"

    user_id: UUID
    token: str

    @property
    def aggregate_id(self) -> UUID:
        """The account."""
        return self.user_id


class AccountNotice(Event):
    """Something happened to an account that its owner is told by mail: `notice` says what, in the words of auth."""

    type: ClassVar[str] = "account-notice"

    user_id: UUID
    notice: str
    token: str | None = None
    """Where the mail carries a link that works once; it is kept nowhere else."""

    @property
    def aggregate_id(self) -> UUID:
        """The account."""
        return self.user_id


class AccountErased(Event):
    """An account was erased; this carries the receipt to the address it had, and is removed once it is mailed."""

    type: ClassVar[str] = "account-erased"

    user_id: UUID
    email: str
    name: str
    words: str

    @property
    def aggregate_id(self) -> UUID:
        """The account."""
        return self.user_id


class SignUpRepeated(Event):
    """Somebody signed up with an address that has an account; its owner is told by mail."""

    type: ClassVar[str] = "sign-up-repeated"

    user_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The account."""
        return self.user_id


class SessionsRevoked(Event):
    """Sessions of a user ended before their time."""

    type: ClassVar[str] = "sessions-revoked"

    user_id: UUID
    session_ids: tuple[UUID, ...]
    token_hashes: tuple[str, ...]
    """Hexadecimal SHA-256 of each token: the names of the cache's entries."""

    @property
    def aggregate_id(self) -> UUID:
        """The account."""
        return self.user_id


class TypingNoticed(Schema):
    """Somebody types, or stopped; passes through Redis and is kept nowhere."""

    conversation_id: UUID
    user_id: UUID
    typing: bool
    origin: str
    """The socket it came from, which is not told again."""


EVENT_TYPES: dict[str, type[Event]] = {
    event.type: event
    for event in (
        MessageSent,
        MessageAnalysed,
        RiskRaised,
        CareEnded,
        VerificationRequested,
        SignUpRepeated,
        AccountNotice,
        AccountErased,
        SessionsRevoked,
    )
}


def message_channel(conversation_id: UUID) -> str:
    """Redis channel of a conversation's messages."""
    return f"message:{conversation_id}"


def typing_channel(conversation_id: UUID) -> str:
    """Redis channel of a conversation's typing notices."""
    return f"typing:{conversation_id}"


def session_channel(user_id: UUID) -> str:
    """Redis channel on which a user's sessions are ended."""
    return f"session:{user_id}"


def alert_channel(user_id: UUID) -> str:
    """Redis channel of what only this clinician may see: analyses, risk alerts, and conversations that are over."""
    return f"alert:{user_id}"
