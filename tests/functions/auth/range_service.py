"""A small range service of breached passwords, which speaks the k-anonymity protocol with padding."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sha1(password: str) -> str:
    """As the protocol writes it."""
    return hashlib.sha1(password.encode()).hexdigest().upper()


class RangeService:
    """Knows how often each password was seen; `asked` are the paths, `broken` what it says instead."""

    def __init__(self, seen: dict[str, int]) -> None:
        self.seen = seen
        self.asked: list[str] = []
        self.broken: tuple[int, str] | None = None
        self.slow = threading.Event()
        self.slow.set()
        service = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                service.slow.wait(30)
                status, text = service.broken or service._known(self.path, self.headers.get("Add-Padding") == "true")
                with suppress(BrokenPipeError):  # whoever asked may have waited long enough
                    self.send_response(status)
                    self.send_header("Content-Type", "text/plain")
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _known(self, path: str, padded: bool) -> tuple[int, str]:
        prefix = path.removeprefix("/range/")
        if len(prefix) != 5 or not padded:
            return 400, "wants five digits, and padding"
        lines = [f"{sha1(password)[5:]}:{count}" for password, count in self.seen.items()]
        return 200, "\r\n".join([*lines, *(f"{number:035X}:0" for number in range(3))])

    def start(self) -> threading.Thread:
        """Serve in a thread, which is returned."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        return thread

    def stop(self) -> None:
        """Let whoever waits go, and close the door."""
        self.slow.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def range_service(seen: dict[str, int]) -> Iterator[RangeService]:
    """A service that runs within the block."""
    service = RangeService(seen)
    thread = service.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()
