"""One Redis connection that follows every channel wanted on this instance, and finds its way back by itself."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from shared.telemetry import log

SECONDS_BETWEEN_PINGS: Final = 1.0
SECONDS_OF_SILENCE: Final = 4.0
SECONDS_TO_CONNECT: Final = 3.0
SECONDS_TO_CONFIRM: Final = 2.0
FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 1.0
CHANNELS_A_COMMAND: Final = 500
MESSAGES_AT_ONCE: Final = 32


class Silence(Exception):
    """The connection stands, but nothing answers; caught here."""


class RedisSubscription:
    """Channels, by how many want each. What is published while Redis is away is lost: `on_return` is told then."""

    def __init__(self, url: str, on_message: Callable[[bytes, bytes], None], on_return: Callable[[], None]) -> None:
        """Both are called in the event loop and must not raise; `on_return` once every channel is followed again."""
        # Silence is found out by pings: a timeout of its own for each message would be a tenth of the relay's work.
        self._pool = ConnectionPool.from_url(url, protocol=2, socket_timeout=None)
        self._on_message = on_message
        self._on_return = on_return
        self._wanted: Counter[str] = Counter()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._unconfirmed: Counter[str] = Counter()
        self._commands: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
        self._is_connected = False
        self._heard_at = 0.0
        self.is_alive = False
        """Whether every channel wanted is followed at the moment."""
        self.returns = 0
        """How often it came (back): who reads the database compares it before and after."""

    async def follow(self, *channels: str) -> None:
        """Want channels; returns once nothing published on them is missed, or while Redis is away at once."""
        for channel in channels:
            self._wanted[channel] += 1
            if self._wanted[channel] == 1:
                self._confirmed[channel] = asyncio.Event()
                if self._is_connected:
                    self._subscribe(channel)
        if not self._is_connected:
            return
        try:
            async with asyncio.timeout(SECONDS_TO_CONFIRM):
                for confirmed in [self._confirmed[channel] for channel in channels]:
                    await confirmed.wait()
        except TimeoutError:
            return  # what silence means is decided where the connection is watched

    def leave(self, *channels: str) -> None:
        """Want channels once less."""
        for channel in channels:
            self._wanted[channel] -= 1
            if not self._wanted[channel]:
                del self._wanted[channel], self._confirmed[channel]
                if self._is_connected:
                    self._commands.put_nowait(("UNSUBSCRIBE", channel))

    async def run(self) -> None:
        """Until cancelled."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._run_once()
            except* (RedisError, OSError, TimeoutError, Silence) as errors:
                if self.is_alive or wait == FIRST_WAIT:
                    log("redis-away", severity="WARNING", error=type(errors.exceptions[0]).__name__)
            wait = FIRST_WAIT if self.is_alive else min(LONGEST_WAIT, wait * 2)
            self._lose()
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads instances, hides nothing

    async def _run_once(self) -> None:
        connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(SECONDS_TO_CONNECT):
                await connection.connect()
            self._start_over()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(connection))
                tasks.create_task(self._read(connection))
        finally:
            await connection.disconnect(nowait=True)

    def _lose(self) -> None:
        self._is_connected = self.is_alive = False
        for confirmed in self._confirmed.values():
            confirmed.set()  # whoever waits goes on without

    def _start_over(self) -> None:
        """Ask for every channel, and then for an answer that comes after all of theirs."""
        self._commands = asyncio.Queue()
        self._unconfirmed.clear()
        for confirmed in self._confirmed.values():
            confirmed.clear()
        channels = iter(self._wanted)
        while batch := list(itertools.islice(channels, CHANNELS_A_COMMAND)):
            self._subscribe(*batch)
        self._commands.put_nowait(("PING",))
        self._heard_at = asyncio.get_running_loop().time()
        self._is_connected = True

    def _subscribe(self, *channels: str) -> None:
        self._unconfirmed.update(channels)
        self._commands.put_nowait(("SUBSCRIBE", *channels))

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            command: tuple[str, ...] = ("PING",)
            try:
                async with asyncio.timeout(SECONDS_BETWEEN_PINGS):
                    command = await self._commands.get()
            except TimeoutError:
                if asyncio.get_running_loop().time() - self._heard_at > SECONDS_OF_SILENCE:
                    raise Silence from None
            await connection.send_command(*command, check_health=False)

    async def _read(self, connection: AbstractConnection) -> None:
        clock = asyncio.get_running_loop().time
        for number in itertools.count(1):
            response = await connection.read_response(disconnect_on_error=False)
            self._heard_at = clock()
            self._take(response if isinstance(response, list) else [response])
            if number % MESSAGES_AT_ONCE == 0:
                await asyncio.sleep(0)  # a burst leaves sockets room

    def _take(self, response: list[bytes]) -> None:
        kind = response[0].lower()
        if kind == b"message":
            self._on_message(response[1], response[2])
        elif kind == b"subscribe":
            self._confirm(response[1].decode())
        elif kind == b"pong" and not self.is_alive:
            self.is_alive = True
            self.returns += 1
            log("redis-back", channels=len(self._wanted))
            self._on_return()

    def _confirm(self, channel: str) -> None:
        # Left and wanted again in one breath, a channel is confirmed by the last of its answers.
        self._unconfirmed[channel] -= 1
        if not self._unconfirmed[channel]:
            del self._unconfirmed[channel]
            if channel in self._confirmed:
                self._confirmed[channel].set()
