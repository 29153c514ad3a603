"""A lean HTTP/1.1 server for the local doubles: whole requests in, whole answers out, no framework's start-up time."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httptools

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Request:
    """What came in; header names are in lower case, the body is complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> "Answer":
        """An answer whose body is the value as compact JSON."""
        return cls(status, json.dumps(value, separators=(",", ":")).encode())


Handler = Callable[[Request], Awaitable[Answer]]


class _Connection(asyncio.Protocol):
    """One client's connection: answers leave in the order of the requests."""

    def __init__(self, handler: Handler, live: "set[_Connection]") -> None:
        self._handler = handler
        self._live = live
        self._parser: Any = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._transport: Any = None
        self._new_request()

    def _new_request(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # asyncio sets TCP_NODELAY on it by itself
        self._live.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._live.discard(self)
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Drop the client."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._send(Answer.of_json({"error": "not a request that can be read"}, 400), keep_alive=False)

    # What httptools calls.
    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MAX_BODY_BYTES:
            self._send(Answer.of_json({"error": "request too large"}, 413), keep_alive=False)

    def on_message_complete(self) -> None:
        path = self._url.decode("latin-1").partition("?")[0]
        request = Request(self._parser.get_method().decode(), path, self._headers, bytes(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._new_request()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer_waiting())

    async def _answer_waiting(self) -> None:
        while self._waiting:
            request, keep_alive = self._waiting.popleft()
            try:
                answer = await self._handler(request)
            except Exception as error:  # noqa: BLE001 - whatever it was, the client must not wait for ever
                answer = Answer.of_json({"error": repr(error)}, 500)
            self._send(answer, keep_alive)
        self._task = None

    def _send(self, answer: Answer, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if not keep_alive:
            headers["Connection"] = "close"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        phrase = HTTPStatus(answer.status).phrase
        self._transport.write(f"HTTP/1.1 {answer.status} {phrase}\r\n{lines}\r\n".encode("latin-1") + answer.body)
        if not keep_alive:
            self._transport.close()


class HttpListener:
    """The listening socket and its connections."""

    def __init__(self, server: asyncio.Server, live: set[_Connection]) -> None:
        self._server = server
        self._live = live

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every client."""
        self._server.close()
        for connection in list(self._live):
            connection.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # the loop closes sockets in its next turn


async def listen(handler: Handler, port: int, host: str = "127.0.0.1") -> HttpListener:
    """Serve the handler; port 0 takes a free one."""
    live: set[_Connection] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(handler, live), host, port)
    return HttpListener(server, live)
