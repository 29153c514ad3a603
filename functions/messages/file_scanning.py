"""Whether a scanner finds something harmful in a file: ClamAV's daemon over its own protocol, or nobody."""

import functools
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from shared.redis import Breaker
from shared.settings import SettingsError, settings

SECONDS_TO_CONNECT: Final = 2.0
SECONDS_TO_ANSWER: Final = 20.0
"""Between two answers of the socket; a large file takes the scanner a few seconds."""
FAILURES_BEFORE_OPEN: Final = 3
SECONDS_OPEN: Final = 30.0
CHUNK: Final = 256 * 1024
LONGEST_REPLY: Final = 4096


class ScannerAway(Exception):
    """The scanner could not be reached, did not answer in time, or could not look at the file: try again later."""


@dataclass(frozen=True)
class Verdict:
    """What a scanner says; `signature` is the name of what it found, or None where it found nothing."""

    signature: str | None


class FileScanner(Protocol):
    """Whatever looks into files."""

    def scan(self, content: bytes) -> Verdict:
        """Look. Raises ScannerAway."""


@dataclass(frozen=True)
class ClamScanner:
    """ClamAV's daemon, which is sent the bytes by INSTREAM (clamd(8), COMMANDS), over TCP or a Unix socket."""

    url: SplitResult

    def scan(self, content: bytes) -> Verdict:
        """Raises ScannerAway."""
        breaker = _breaker(self.url.geturl())
        if breaker.is_open():
            raise ScannerAway("left alone")
        try:
            with self._connection() as connection:
                _send(connection, content)
                reply = _reply(connection)
        except OSError as error:
            if isinstance(error, TimeoutError):
                breaker.failed()
            raise ScannerAway(type(error).__name__) from None
        breaker.succeeded()
        return _verdict(reply)

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        if self.url.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            address: str | tuple[str, int] = self.url.path
        else:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            address = (self.url.hostname or "localhost", self.url.port or 3310)
        with connection:
            connection.settimeout(SECONDS_TO_CONNECT)
            connection.connect(address)
            connection.settimeout(SECONDS_TO_ANSWER)
            yield connection


@functools.cache
def _breaker(url: str) -> Breaker:  # noqa: ARG001 - one for each
    """A scanner that hangs would hold as many threads as files come, and messages would have none left."""
    return Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)


def _send(connection: socket.socket, content: bytes) -> None:
    """The command, the pieces each behind its length, and a length of nothing.

    A scanner that has seen enough says so and closes while we still send; its answer is there to be read.
    """
    view = memoryview(content)
    try:
        connection.sendall(b"zINSTREAM\0")
        for start in range(0, len(view), CHUNK):
            piece = view[start : start + CHUNK]
            connection.sendall(len(piece).to_bytes(4))
            connection.sendall(piece)
        connection.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        return


def _reply(connection: socket.socket) -> str:
    received = b""
    while b"\0" not in received and len(received) < LONGEST_REPLY and (more := connection.recv(LONGEST_REPLY)):
        received += more
    said, end, _ = received.partition(b"\0")
    return said.decode("ascii", "replace").strip() if end else ""


def _verdict(reply: str) -> Verdict:
    if reply == "stream: OK":
        return Verdict(None)
    found = re.fullmatch(r"stream: (.+) FOUND", reply)
    if found is None:
        raise ScannerAway(reply.rpartition(" ")[2] or "no answer")  # ERROR, the file being too large for it, say
    return Verdict(re.sub(r"[^\w.\-()]", "_", found[1])[:120])


def file_scanner() -> FileScanner | None:
    """The scanner that CLAMD_URL names; None where files are not scanned."""
    if not settings().clamd_url:
        return None
    url = urlsplit(settings().clamd_url)
    if url.scheme not in {"tcp", "unix"}:
        raise SettingsError("CLAMD_URL: wants tcp://host:port or unix:///path")
    return ClamScanner(url)
