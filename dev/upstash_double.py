"""Upstash's REST interface over a local Redis, on its real wire protocol (https://upstash.com/docs/redis/features/restapi)."""

import argparse
import asyncio
import base64
import hmac
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import hiredis

from dev.environment import environment_variable
from dev.event_loop import run, run_until_stopped
from dev.http_listener import Answer, HttpListener, Request, listen

COMMAND_DEADLINE_SECONDS = 2.0
# They would hold, or change the mode of, the one connection that all requests share.
REFUSED_COMMANDS = frozenset(
    {"AUTH", "CLIENT", "HELLO", "QUIT", "RESET", "SELECT", "SHUTDOWN", "SYNC", "WAIT"}
    | {"BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN"}
    | {"DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"}
    | {"MONITOR", "PSUBSCRIBE", "PUNSUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE"}
)


class RedisAway(Exception):
    """Redis does not answer."""


class BadCommand(Exception):
    """The body is not a command that may be sent."""


class _Link(asyncio.Protocol):
    """One pipelined connection to Redis: replies come in the order of the commands."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.Future[list[Any]], list[Any], int]] = deque()
        self._transport: Any = None

    @property
    def open(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        while self._waiting:
            future, _, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(RedisAway("the connection broke"))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            future, replies, expected = self._waiting[0]
            replies.append(reply)
            if len(replies) == expected:
                self._waiting.popleft()
                if not future.done():
                    future.set_result(replies)

    def send(self, commands: Sequence[Sequence[str]]) -> asyncio.Future[list[Any]]:
        """Write the commands in one piece, so that no other request's comes between them."""
        packed = b"".join(_packed(command) for command in commands)
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, [], len(commands)))
        self._transport.write(packed)
        return future

    def close(self) -> None:
        """Break the connection; what waits on it fails."""
        if self._transport is not None:
            self._transport.abort()


class LocalRedis:
    """The way to Redis: connects when asked, again after it was away, and never waits long."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._link = _Link()
        self._connecting = asyncio.Lock()

    async def run(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """The replies to commands sent in one piece; an error reply is a hiredis.ReplyError among them.

        Raises RedisAway after two seconds at most, and while Redis still reads its file.
        """
        try:
            async with asyncio.timeout(COMMAND_DEADLINE_SECONDS):
                replies = await (await self._open_link()).send(commands)
        except TimeoutError:
            self._link.close()
            raise RedisAway("no answer in time") from None
        if any(isinstance(reply, Exception) and str(reply).startswith("LOADING ") for reply in replies):
            raise RedisAway("it still reads its file")
        return replies

    async def _open_link(self) -> _Link:
        if self._link.open:
            return self._link
        async with self._connecting:
            if not self._link.open:
                try:
                    _, self._link = await asyncio.get_running_loop().create_connection(_Link, *self._address)
                except OSError as error:
                    raise RedisAway(str(error)) from error
        return self._link

    def close(self) -> None:
        """Hang up."""
        self._link.close()


class UpstashDouble:
    """Answers `POST /`, `/pipeline` and `/multi-exec` as Upstash does."""

    def __init__(self, redis: LocalRedis, token: str) -> None:
        self._redis = redis
        self._authorization = f"Bearer {token}".encode()
        self._routes = {"/": self._command, "/pipeline": self._pipeline, "/multi-exec": self._transaction}

    async def handle(self, request: Request) -> Answer:
        """The answer to one request."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._authorization):
            return Answer.of_json({"error": "Unauthorized"}, 401)
        route = self._routes.get(request.path)
        if route is None or request.method != "POST":
            return Answer.of_json({"error": "ERR only POST /, /pipeline and /multi-exec are served here"}, 404)
        try:
            return await route(request.body, request.headers.get("upstash-encoding") == "base64")
        except BadCommand as error:
            return Answer.of_json({"error": f"ERR {error}"}, 400)
        except RedisAway as error:
            return Answer.of_json({"error": f"ERR Redis is away: {error}"}, 503)

    async def _command(self, body: bytes, encode: bool) -> Answer:
        [reply] = await self._redis.run([_command_of(_json_of(body))])
        return _answer_of(reply, encode)

    async def _pipeline(self, body: bytes, encode: bool) -> Answer:
        replies = await self._redis.run(_commands_of(body))
        return Answer.of_json([_result_of(reply, encode) for reply in replies])

    async def _transaction(self, body: bytes, encode: bool) -> Answer:
        *_, outcome = await self._redis.run([["MULTI"], *_commands_of(body), ["EXEC"]])
        if isinstance(outcome, Exception):
            return _answer_of(outcome, encode)
        return Answer.of_json([_result_of(reply, encode) for reply in outcome])


def _packed(command: Sequence[str]) -> bytes:
    packed: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]  # its stub means tuple[str, ...]
    return packed


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise BadCommand("failed to parse the body as JSON") from None


def _commands_of(body: bytes) -> list[list[str]]:
    commands = _json_of(body)
    if not isinstance(commands, list) or not commands:
        raise BadCommand("the body must be an array of commands")
    return [_command_of(command) for command in commands]


def _command_of(command: Any) -> list[str]:
    if not isinstance(command, list) or not command:
        raise BadCommand("a command must be an array")
    words = [word if isinstance(word, str) else json.dumps(word) for word in command]
    if words[0].upper() in REFUSED_COMMANDS:
        raise BadCommand(f"Command is not available: '{words[0]}'")
    return words


def _answer_of(reply: Any, encode: bool) -> Answer:
    return Answer.of_json(_result_of(reply, encode), 400 if isinstance(reply, Exception) else 200)


def _result_of(reply: Any, encode: bool) -> dict[str, Any]:
    if isinstance(reply, Exception):
        return {"error": str(reply)}
    return {"result": _json_value(reply, encode)}


def _json_value(reply: Any, encode: bool) -> Any:
    if isinstance(reply, list):
        return [_json_value(item, encode) for item in reply]
    if isinstance(reply, Exception):  # a script may put one into its table
        return str(reply)
    if isinstance(reply, bytes):
        return base64.b64encode(reply).decode() if encode and reply != b"OK" else reply.decode(errors="replace")
    return reply


@dataclass(frozen=True)
class Listening:
    """A double that takes calls."""

    listener: HttpListener
    redis: LocalRedis

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return self.listener.port

    async def close(self) -> None:
        """Stop, and hang up on Redis."""
        self.redis.close()
        await self.listener.close()


async def serve(port: int, redis_port: int, token: str, redis_host: str = "127.0.0.1") -> Listening:
    """Listen for REST calls; port 0 takes a free one."""
    redis = LocalRedis(redis_port, redis_host)
    return Listening(await listen(UpstashDouble(redis, token).handle, port), redis)


async def _main(port: int, redis: SplitResult) -> None:
    token = environment_variable("UPSTASH_REDIS_REST_TOKEN")
    double = await serve(port, redis.port or 6379, token, redis.hostname or "127.0.0.1")
    await run_until_stopped()
    await double.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3030)
    parser.add_argument("--redis", type=urlsplit, default=urlsplit("redis://127.0.0.1:3031"))
    arguments = parser.parse_args()
    run(_main(arguments.port, arguments.redis))
