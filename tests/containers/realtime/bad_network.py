"""A network that is cut: a TCP proxy to several upstreams, whose connections can all be broken at once."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class BadNetwork:
    """`url` leads to any of the upstreams, while it is not cut."""

    def __init__(self, upstreams: list[str], choice: random.Random) -> None:
        self._upstreams = [(at.hostname, at.port) for at in map(urlsplit, upstreams)]
        self._choice = choice
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.url = ""

    def cut(self) -> None:
        """Every connection breaks without a word, and none comes about until `mend`."""
        self._is_cut = True
        self.drop()

    def drop(self) -> None:
        """Every connection breaks without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if not self._is_cut:
                host, port = self._choice.choice(self._upstreams)
                far_reader, far_writer = await asyncio.open_connection(host, port)
                self._writers |= {writer, far_writer}
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                while data := await source.read(65_536):
                    target.write(data)
                    await target.drain()
        finally:
            self._writers.discard(target)
            target.transport.abort()


@asynccontextmanager
async def bad_network(upstreams: list[str], choice: random.Random) -> AsyncIterator[BadNetwork]:
    network = BadNetwork(upstreams, choice)
    server = await asyncio.start_server(network.take, "127.0.0.1", 0)
    network.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield network
    finally:
        server.close()
        network.drop()
