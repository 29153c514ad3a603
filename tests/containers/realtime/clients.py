"""Stock Socket.IO clients that remember what they were told."""

import asyncio
from typing import Any, cast
from uuid import UUID

import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.containers.realtime.people import Care, Someone
from tests.waiting import eventually


class Client:
    """One socket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[tuple[str, Any]] = []
        self.presence: list[dict[str, Any]] = []
        """What it was told of others' presence, which comes whenever it comes."""
        self.refusal: dict[str, Any] = {}
        self.disconnected = asyncio.Event()
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._client.on("*", self._hear)
        self._client.on("connect_error", self._hear_refusal)
        self._client.on("disconnect", self._hear_end)

    async def _hear(self, event: str, *arguments: Any) -> None:
        if event == "presence":
            self.presence.extend(arguments)
        else:
            self.told.append((event, *arguments))

    async def _hear_refusal(self, refusal: dict[str, Any]) -> None:
        self.refusal = refusal

    async def _hear_end(self, *_: Any) -> None:
        self.disconnected.set()

    async def connect(self, token: str | None = None, **headers: str) -> "Client":
        auth = {"token": token} if token else None
        await self._client.connect(self.url, headers, auth, transports=["websocket"], retry=False, wait_timeout=10)
        return self

    async def is_refused(self, token: str | None = None, **headers: str) -> str:
        """The type of the problem that the relay gave as its reason."""
        try:
            await self.connect(token, **headers)
        except NotConnected:
            return str(self.refusal["data"]["type"]).removeprefix("urn:bloom:problem:")
        raise AssertionError("it was let in")

    async def ask(self, event: str, payload: Any = None) -> Any:
        return await self._client.call(event, payload, timeout=10)

    async def join(self, conversation_id: UUID, after: int | None = None, revision: int | None = None) -> Any:
        asked = {"afterSeq": after, "afterRevision": revision}
        given = {name: number for name, number in asked.items() if number is not None}
        return await self.ask("join", {"conversationId": str(conversation_id), **given})

    def heard(self, event: str) -> list[Any]:
        return [arguments for name, arguments in self.told if name == event]

    @property
    def seqs(self) -> list[int]:
        return [message["seq"] for message in self.heard("new-message")]

    async def hears(self, event: str) -> None:
        """Wait until this is the last that it was told."""
        await eventually(lambda: self.told and self.told[-1][0] == event)

    async def hears_of(self, seq: int) -> None:
        """Wait until the last message that it was told has this number."""
        await eventually(lambda: self.seqs[-1:] == [seq])

    def pause_reading(self) -> asyncio.Transport:
        """Read nothing more, until the transport is told to."""
        transport = self._client.eio.ws._response.connection.transport
        transport.pause_reading()
        return cast("asyncio.Transport", transport)

    def drop(self) -> None:
        """Be gone without a word, if it is connected at all."""
        if (socket := self._client.eio.ws) and (connection := socket._response.connection) and connection.transport:
            connection.transport.abort()

    async def close(self) -> None:
        await self._client.disconnect()
        if (session := self._client.eio.http) and not session.closed:
            await session.close()


class Clients:
    """The sockets of one test."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: list[Client] = []

    def new(self, url: str = "") -> Client:
        self._opened.append(Client(url or self._url))
        return self._opened[-1]

    async def of(self, person: Someone, url: str = "") -> Client:
        return await self.new(url).connect(person.token)

    async def joined(self, person: Someone, care: Care, url: str = "") -> Client:
        client = await self.of(person, url)
        assert "lastSeq" in await client.join(care.conversation_id)
        return client

    async def close(self) -> None:
        for client in self._opened:
            await client.close()
