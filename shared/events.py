"""What happened, as frozen data: kept with the change in the outbox, told to sockets and to other functions."""

import json
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID, uuid4

from pydantic import Field

from shared.contract import Schema
from shared.telemetry import traceparent


class Event(Schema):
    """Something that happened. Consumers may see it more than once and know it by its `id`."""

    type: ClassVar[str]

    id: UUID = Field(default_factory=uuid4)
    occurred_at: datetime
    """UTC."""
    traceparent: str | None = Field(default_factory=traceparent, exclude_if=lambda given: given is None)
    """The span that it happened in, where that is recorded: whoever acts upon it goes on from there."""

    @property
    def aggregate_id(self) -> UUID:
        """The row it is about."""
        raise NotImplementedError

    def tagged_json(self) -> str:
        """JSON that says which event it is, for a channel that carries several."""
        return json.dumps({"type": self.type} | self.model_dump(mode="json"))


class AttachedFile(Schema):
    """A file that a message carries; its name travels sealed, exactly as its column holds it."""

    file_id: UUID
    sealed_name: str
    """Base64 of `file_asset.file_name`; empty where it has none."""
    content_type: str
    size: int
    """Bytes."""
    status: str
    """`file_asset.status`."""


class MessageWritten(Event):
    """A version of a message was kept. The body travels sealed, exactly as its column holds it."""

    message_id: UUID
    conversation_id: UUID
    seq: int
    version: int
    sender_id: UUID
    client_id: str | None
    sealed_body: str
    """Base64 of `message.body`."""
    attachments: tuple[AttachedFile, ...] = ()

    @property
    def channel(self) -> str:
        """The Redis channel that the relay's room follows."""
        return message_channel(self.conversation_id)

    @property
    def aggregate_id(self) -> UUID:
        """The message."""
        return self.message_id


class MessageSent(MessageWritten):
    """A message was kept: its first version, at `occurred_at`. On its channel it is the JSON that has no `type`."""

    type: ClassVar[str] = "message-sent"


class MessageUpdated(MessageWritten):
    """Its author edited a message at `occurred_at`; on the channel of the conversation's messages, as tagged JSON.

    Changes are numbered without a gap per conversation (`revision`), as messages are by `seq`. A room that missed a
    change, or has not told the message itself yet, reads what it misses from the database (`shared.messages`).
    """

    type: ClassVar[str] = "message-updated"

    revision: int
    sent_at: datetime


class MessageDeleted(Event):
    """Its author deleted a message at `occurred_at`: a tombstone, on the same channel and as numbered as an edit."""

    type: ClassVar[str] = "message-deleted"

    message_id: UUID
    conversation_id: UUID
    seq: int
    version: int
    revision: int
    sender_id: UUID
    client_id: str | None
    sent_at: datetime
    edited_at: datetime | None

    @property
    def channel(self) -> str:
        """The Redis channel that the relay's room follows."""
        return message_channel(self.conversation_id)

    @property
    def aggregate_id(self) -> UUID:
        """The message."""
        return self.message_id


class ReadAdvanced(Event):
    """A member has read up to `seq`, at `occurred_at`; published on the conversation's channel as tagged JSON.

    It is in no outbox: whoever missed it sees the place at the next look at the conversation.
    """

    type: ClassVar[str] = "read"

    conversation_id: UUID
    user_id: UUID
    seq: int
    for_everyone: bool
    """Whether the other member is told. The reader's own sockets are in any case, so that their devices agree."""

    @property
    def channel(self) -> str:
        """The Redis channel that the relay's room follows."""
        return message_channel(self.conversation_id)

    @property
    def aggregate_id(self) -> UUID:
        """The conversation."""
        return self.conversation_id


class UnreadWaiting(Event):
    """Somebody has left messages of a conversation unread for a while, and is told so by mail."""

    type: ClassVar[str] = "unread-waiting"

    conversation_id: UUID
    user_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The conversation."""
        return self.conversation_id


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
    """A patient's message carries high risk, or an alert over it reaches somebody new; for who may see the patient's
    record alone, on their sockets and by a mail that says nothing of it."""

    type: ClassVar[str] = "risk-raised"

    risk_event_id: UUID
    """The alert."""
    message_id: UUID
    conversation_id: UUID
    patient_id: UUID
    clinician_ids: tuple[UUID, ...]
    level: str

    @property
    def aggregate_id(self) -> UUID:
        """The risk event."""
        return self.risk_event_id


class RiskAlertChanged(Event):
    """An alert stands elsewhere than before, or has grown: for the sockets of `user_ids`, whose pages follow it.

    Where there is a `notice`, those in `mail_ids` are told by mail that there is something to look at.
    """

    type: ClassVar[str] = "risk-alert-changed"

    risk_event_id: UUID
    status: str
    version: int
    escalation_step: int
    user_ids: tuple[UUID, ...]
    notice: str = ""
    mail_ids: tuple[UUID, ...] = ()

    @property
    def aggregate_id(self) -> UUID:
        """The alert."""
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


class AppointmentChange(StrEnum):
    """What an appointment's people are told of."""

    BOOKED = "booked"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    VIDEO_UNAVAILABLE = "video-unavailable"


class AppointmentChanged(Event):
    """An appointment became this version of itself; its people are told by mail."""

    type: ClassVar[str] = "appointment-changed"

    appointment_id: UUID
    version: int
    change: AppointmentChange

    @property
    def aggregate_id(self) -> UUID:
        """The appointment."""
        return self.appointment_id


class SeriesBooked(Event):
    """A whole series was booked; its people are told of all its times by one mail."""

    type: ClassVar[str] = "series-booked"

    series_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The series."""
        return self.series_id


class MeetingWanted(Event):
    """The meeting at Zoom is to become what the appointment is now: made, moved, or removed."""

    type: ClassVar[str] = "meeting-wanted"

    appointment_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The appointment."""
        return self.appointment_id


class ReminderDue(Event):
    """Somebody is to be reminded of an appointment, if it is still this version of itself."""

    type: ClassVar[str] = "reminder-due"

    appointment_id: UUID
    version: int
    user_id: UUID
    reminder: str
    """`day-before` or `hour-before`."""

    @property
    def aggregate_id(self) -> UUID:
        """The appointment."""
        return self.appointment_id


class TimeFreed(Event):
    """Some of a therapist's time can be booked again while people wait for it: it is offered to them."""

    type: ClassVar[str] = "time-freed"

    therapist_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The therapist."""
        return self.therapist_id


class TimeOffered(Event):
    """A time that became free is held for somebody on the waiting list, who is told by mail."""

    type: ClassVar[str] = "time-offered"

    waitlist_entry_id: UUID
    appointment_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The place on the waiting list."""
        return self.waitlist_entry_id


class ZoomNoticed(Event):
    """Zoom told something about a meeting; what it said is kept in the receipt."""

    type: ClassVar[str] = "zoom-noticed"

    receipt_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The receipt."""
        return self.receipt_id


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


class PrivacyNotice(Event):
    """Something about emergency access to records that the privacy officer is told by mail: `notice` says what.

    `facts` are ids, codes and times by what they are called; no names, and no reason in words.
    """

    type: ClassVar[str] = "privacy-notice"

    notice: str
    grant_ids: tuple[UUID, ...]
    facts: dict[str, str] = Field(default_factory=dict)

    @property
    def aggregate_id(self) -> UUID:
        """The grant, or the first of several."""
        return self.grant_ids[0]


class AccountUnlocked(Event):
    """An administrator ended the pause after wrong guesses at an account's secrets."""

    type: ClassVar[str] = "account-unlocked"

    user_id: UUID

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
    language: str = "en"
    """The tag of BCP 47 that the receipt was written for."""

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
        MessageUpdated,
        MessageDeleted,
        ReadAdvanced,
        UnreadWaiting,
        MessageAnalysed,
        RiskRaised,
        RiskAlertChanged,
        CareEnded,
        AppointmentChanged,
        SeriesBooked,
        MeetingWanted,
        ReminderDue,
        TimeFreed,
        TimeOffered,
        ZoomNoticed,
        VerificationRequested,
        SignUpRepeated,
        AccountNotice,
        AccountErased,
        AccountUnlocked,
        PrivacyNotice,
        SessionsRevoked,
    )
}


def message_channel(conversation_id: UUID) -> str:
    """Redis channel of a conversation's messages."""
    return f"message:{conversation_id}"


def typing_channel(conversation_id: UUID) -> str:
    """Redis channel of a conversation's typing notices."""
    return f"typing:{conversation_id}"


def presence_channel(user_id: UUID) -> str:
    """Redis channel that says that something changed about whether somebody is there."""
    return f"presence:{user_id}"


def session_channel(user_id: UUID) -> str:
    """Redis channel on which a user's sessions are ended."""
    return f"session:{user_id}"


def alert_channel(user_id: UUID) -> str:
    """Redis channel of what only this clinician may see: analyses, risk alerts, and conversations that are over."""
    return f"alert:{user_id}"
