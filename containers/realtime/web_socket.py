"""One WebSocket: what comes in is checked before the library sees it, and it can be ended whatever its peer does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from containers.realtime.problems import Send

if TYPE_CHECKING:
    from containers.realtime.connection import Connection

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Scope = MutableMapping[str, Any]

POLICY_VIOLATION: Final = 1008
# CLOSE, PING, PONG, MESSAGE: https://socket.io/docs/v4/engine-io-protocol/#packet-types
PACKETS_FROM_CLIENTS: Final = frozenset("1234")


class AbortableProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose application may also cut the connection: a close waits for a peer that reads."""

    def handle_connect(self, event: Any) -> None:
        """The scope gets the transport's `abort` before the application starts."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["state"]["abort"] = self.transport.abort


class WebSocket:
    """Lives as long as its handshake's ASGI call."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`scope["state"]` comes to know this object."""
        self._receive, self._send = receive, send
        self._abort: Callable[[], None] = scope["state"]["abort"]
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self.connection: Connection | None = None
        self.is_open = True
        scope["state"]["web_socket"] = self

    async def receive(self) -> MutableMapping[str, Any]:
        """The next event; a frame that is no packet of Engine.IO ends the socket here, not in the library."""
        event = await self._receive()
        if event["type"] == "websocket.receive" and (event.get("text") or " ")[0] not in PACKETS_FROM_CLIENTS:
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return event

    def close_after(self, seconds: float) -> None:
        """Close it unless `keep` is called in time."""
        self._set_timer(seconds, self._close)

    def abort_after(self, seconds: float) -> None:
        """Cut it, unless it has ended by itself in time."""
        self._set_timer(seconds, self._abort)

    def keep(self) -> None:
        """It is no longer to be closed."""
        if self._timer:
            self._timer.cancel()

    def abort(self) -> None:
        """Cut it now, without a closing handshake."""
        self._abort()

    def ended(self) -> None:
        """The ASGI call is over."""
        self.is_open = False
        self.keep()

    def _set_timer(self, seconds: float, action: Callable[[], None]) -> None:
        self.keep()
        if self.is_open:
            self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _close(self) -> None:
        self._closing = asyncio.create_task(self._say_close())

    async def _say_close(self) -> None:
        closing: Mapping[str, Any] = {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "not signed in"}
        try:
            async with asyncio.timeout(1):
                await self._send(closing)
        except (OSError, RuntimeError):
            self._abort()
