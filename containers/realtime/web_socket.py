"""One WebSocket: little kept for it, what waits for a slow reader bounded, and an end whatever its peer does."""

import asyncio
import json
import socket
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from containers.realtime.observed import end_of
from shared.problems import Problem
from shared.telemetry import count
from shared.telemetry.metrics import FRAMES_DROPPED

if TYPE_CHECKING:
    from containers.realtime.connection import Connection

FRAME_BYTES: Final = 64 * 1024
FRAMES_WAITING: Final = 256
BYTES_WAITING: Final = 1024 * 1024
BYTES_IN_KERNEL: Final = 128 * 1024
"""Asked for; Linux keeps double. What lies there is out of our sight, so slowness would be seen late with more."""
BYTES_IN_TRANSPORT: Final = 64 * 1024
BYTES_A_STEP: Final = 4096
"""What is read of one socket before it may be found to be sending junk, and before others have their turn."""
SECONDS_TO_CLOSE: Final = 1.0
NORMAL, NOT_ACCEPTABLE, POLICY_VIOLATION, TOO_SLOW = 1000, 1003, 1008, 4008


class Listener(Protocol):
    """Who hears of every socket's life."""

    def check(self, request: Request) -> None:
        """Before the handshake. Raises a Problem, which refuses it."""

    def opened(self, web_socket: "WebSocket") -> None:
        """The handshake went well."""

    def received(self, web_socket: "WebSocket", text: str) -> None:
        """A message came."""

    def too_slow(self, web_socket: "WebSocket") -> None:
        """It is about to be closed, because its peer does not read."""

    def gone(self, web_socket: "WebSocket") -> None:
        """It has ended, however; told once, of sockets that were opened."""


class WebSocket(asyncio.Protocol):
    """An asyncio protocol that takes over from the HTTP server's at an upgrade, as uvicorn does it."""

    __slots__ = (
        "_alive",
        "_conn",
        "_drained",
        "_listener",
        "_parts",
        "_transport",
        "_waiting",
        "_waiting_bytes",
        "_was_opened",
        "comes_back",
        "connection",
        "ended_by",
        "ends_at",
        "frames_left",
        "frames_left_at",
        "is_open",
        "is_signing_in",
        "peer",
        "ping_at",
        "pong_by",
        "request",
    )

    def __init__(self, listener: Listener, alive: set[Any]) -> None:
        """`alive` is the server's set of what it has to end when it ends."""
        self._listener = listener
        self._alive = alive
        self._conn = ServerProtocol(max_size=FRAME_BYTES)
        self._waiting: deque[bytes] | None = None
        self._waiting_bytes = 0
        self._drained: asyncio.Future[None] | None = None
        self._parts: list[bytes] | None = None
        self._was_opened = False
        self.request: Request | None = None
        """Until it is signed in."""
        self.connection: Connection | None = None
        self.is_signing_in = False
        self.comes_back = False
        """Whether it was closed for its client to connect again."""
        self.ended_by = "lost"
        """Why it ended, in the words of the metric."""
        self.is_open = False
        self.peer: str | None = None
        self.ends_at = self.ping_at = self.pong_by = float("inf")
        """When it is to be closed, asked whether it lives, and given up; seconds of the loop's clock."""
        self.frames_left = self.frames_left_at = 0.0

    @property
    def is_lagging(self) -> bool:
        """Whether what was sent waits for its reader."""
        return self._waiting is not None

    def send(self, frame: bytes) -> None:
        """Send a frame, or keep it for a reader who lags; one who lags too far is closed, and resumes by number."""
        if not self.is_open:
            return
        if self._waiting is None:
            self._transport.write(frame)
        elif len(self._waiting) >= FRAMES_WAITING or self._waiting_bytes + len(frame) > BYTES_WAITING:
            self.give_up()
        else:
            self._waiting.append(frame)
            self._waiting_bytes += len(frame)

    async def until_drained(self) -> None:
        """Returns once its reader no longer lags, or it has ended."""
        while self.is_open and self._waiting is not None:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close it after what was sent, and cut it where its peer does not read or answer."""
        if not self.is_open:
            return
        self.is_open = False
        self.ended_by = end_of(code, reason)
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
        self._let_go_of_waiting()
        self._conn.send_close(code, reason)
        self._flush()
        asyncio.get_running_loop().call_later(SECONDS_TO_CLOSE, self._transport.abort)

    def abort(self) -> None:
        """Cut it now, without a closing handshake: nothing is heard of its peer."""
        self.is_open, self.ended_by = False, "silent"
        self._transport.abort()

    def shutdown(self) -> None:
        """The server ends (uvicorn calls it): clients connect elsewhere."""
        self.comes_back = True
        self.close(1012)
        self._transport.close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Before the handshake."""
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._alive.add(self)
        transport.set_write_buffer_limits(high=BYTES_IN_TRANSPORT)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else None
        if (held := transport.get_extra_info("socket")) is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BYTES_IN_KERNEL)

    def data_received(self, data: bytes) -> None:
        """Bytes came; after the end they are read no more than the closing handshake needs."""
        for start in range(0, len(data), BYTES_A_STEP):
            self._conn.receive_data(data[start : start + BYTES_A_STEP])
            for event in self._conn.events_received():
                self._take(event)
            self._flush()
            if self._transport.is_closing():
                return

    def eof_received(self) -> None:
        """Its peer is done; the transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """It has ended."""
        self.is_open = False
        self._let_go_of_waiting()
        self._alive.discard(self)
        if self._was_opened:
            self._listener.gone(self)

    def pause_writing(self) -> None:
        """Its peer does not read what lies in the transport's buffer."""
        if self.is_open and self._waiting is None:
            self._waiting = deque()

    def resume_writing(self) -> None:
        """It reads again."""
        while self.is_open and self._waiting:
            frame = self._waiting.popleft()
            self._waiting_bytes -= len(frame)
            self._transport.write(frame)
            if self._transport.get_write_buffer_size() > BYTES_IN_TRANSPORT:
                return  # paused again
        self._let_go_of_waiting()

    # What the peer sent.

    def _take(self, event: object) -> None:
        if isinstance(event, Request):
            self._shake_hands(event)
        elif isinstance(event, Frame) and self.is_open:
            if event.opcode is Opcode.BINARY:
                self.close(NOT_ACCEPTABLE, "text only")
            elif event.opcode in (Opcode.TEXT, Opcode.CONT):
                self._take_part(event)
            elif event.opcode is Opcode.CLOSE:
                self.is_open, self.ended_by = False, "left"

    def _take_part(self, part: Frame) -> None:
        if not part.fin or self._parts:
            self._parts = [*(self._parts or ()), bytes(part.data)]
            if not part.fin:
                return
        whole, self._parts = b"".join(self._parts) if self._parts else part.data, None
        try:
            text = bytes(whole).decode()
        except UnicodeDecodeError:
            self.close(1007)
            return
        self._listener.received(self, text)

    def _shake_hands(self, request: Request) -> None:
        response = self._conn.accept(request)
        try:
            self._listener.check(request)
        except Problem as problem:
            response = _refusal(problem)
        self._conn.send_response(response)
        self._flush()
        if response.status_code == 101:
            self.is_open = self._was_opened = True
            self.request = request
            self._listener.opened(self)

    def _flush(self) -> None:
        for data in self._conn.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    def give_up(self) -> None:
        """Nothing more is kept for it; the word why reaches it only if it reads on within a second."""
        count(FRAMES_DROPPED, "gave-up", by=len(self._waiting or ()))
        self._let_go_of_waiting()
        self._listener.too_slow(self)
        self.close(TOO_SLOW, "too slow")

    def _let_go_of_waiting(self) -> None:
        self._waiting, self._waiting_bytes = None, 0
        if self._drained:
            self._drained.set_result(None)
            self._drained = None


def _refusal(problem: Problem) -> Response:
    """RFC 9457, instead of the handshake."""
    fields = {"type": problem.urn(), "title": problem.title, "status": problem.status, "detail": problem.detail}
    body = json.dumps(fields).encode()
    headers = Headers(
        {
            "Content-Type": "application/problem+json",
            "Cache-Control": "no-store",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    return Response(problem.status, "Refused", headers, body)
