"""ClamAV's daemon as it talks over its socket (clamd(8)), which finds EICAR's test file and nothing else."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
"""What every scanner finds and nobody is harmed by (https://www.eicar.org/download-anti-malware-testfile/)."""


@dataclass
class ClamdStandIn:
    """What it says, and what it was given."""

    url: str = ""
    reply: bytes | None = None
    """Said instead of a verdict; nothing at all where it is empty."""
    most: int = 30_000_000
    """Bytes that it takes (StreamMaxLength)."""
    given: list[bytes] = field(default_factory=list)

    def verdict(self, content: bytes) -> bytes:
        """What clamd answers."""
        if self.reply is not None:
            return self.reply
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@contextmanager
def running(unix_socket: str = "") -> Iterator[ClamdStandIn]:
    """A stand-in that takes calls within the block, over TCP or a Unix socket."""
    stand_in = ClamdStandIn()
    server: socketserver.BaseServer
    if unix_socket:
        server = socketserver.ThreadingUnixStreamServer(unix_socket, _handler(stand_in))
        stand_in.url = f"unix://{unix_socket}"
    else:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(stand_in))
        stand_in.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(stand_in: ClamdStandIn) -> Any:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(10) == b"zINSTREAM\0"
            content = b""
            while size := int.from_bytes(self.rfile.read(4)):
                content += self.rfile.read(size)
                if len(content) > stand_in.most:
                    self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            stand_in.given.append(content)
            self.wfile.write(stand_in.verdict(content))

    return Handler
