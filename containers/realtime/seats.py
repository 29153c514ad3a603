"""A socket's place in a room: how far it was told, so that it is told everything once and in order."""

from uuid import UUID

from containers.realtime.connection import Connection
from containers.realtime.history import Page, Place
from containers.realtime.socket_io import frame
from shared.messages import ShownAnalysis, ShownMessage
from shared.roles import Role


class Seat:
    """A socket in a room, and how far it was told."""

    __slots__ = ("connection", "revision", "seq")

    def __init__(self, connection: Connection, place: Place) -> None:
        """`place` is the last that it was told."""
        self.connection = connection
        self.seq, self.revision = place

    @property
    def place(self) -> Place:
        """How far it was told."""
        return Place(self.seq, self.revision)

    @property
    def is_clinicians(self) -> bool:
        """Whether it may be told of analyses."""
        return self.connection.caller.role is Role.THERAPIST

    def tell(self, seq: int, packet: bytes) -> None:
        """A message, unless it was told already."""
        if seq > self.seq:
            self.seq = seq
            self.connection.send(packet)

    def tell_change(self, revision: int, packet: bytes) -> None:
        """An edit or a deletion, unless it was told already."""
        if revision > self.revision:
            self.revision = revision
            self.connection.send(packet)

    def tell_changes(self, page: Page, knew: int) -> None:
        """Of messages up to the number that it `knew` before this page: it has the others in this state."""
        for change in page.changes:
            if change.seq <= knew and change.revision:
                self.tell_change(change.revision, changed_frame(change))
        self.revision = max(self.revision, page.revision)

    async def tell_in_step(self, page: Page, conversation_id: UUID) -> None:
        """A page of what was missed, as fast as the client reads."""
        knew = self.seq
        for message in page.messages:
            if message.seq > self.seq:
                self.seq = message.seq
                await self.connection.send_in_step(frame("new-message", message.model_dump_json()))
        for change in page.changes:
            if change.seq <= knew and (change.revision or 0) > self.revision:
                await self.connection.send_in_step(changed_frame(change))
        self.revision = max(self.revision, page.revision)
        for analysis in page.analyses.values():
            await self.connection.send_in_step(analysed_frame(analysis, conversation_id))


def analysed_frame(analysis: ShownAnalysis, conversation_id: UUID) -> bytes:
    """What tells a clinician what the model said."""
    told = f'"messageId":"{analysis.message_id}","conversationId":"{conversation_id}"'
    return frame("message-analysed", f'{{{told},"analysis":{analysis.model_dump_json()}}}')


def changed_frame(message: ShownMessage) -> bytes:
    """What tells of an edit or a deletion: the message as it is now."""
    return frame("message-deleted" if message.deleted_at else "message-updated", message.model_dump_json())
