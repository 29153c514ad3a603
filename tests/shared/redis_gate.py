"""A way to Redis on which chosen commands wait until they are let through, for tests of what happens in between."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self

import httpx

FORWARDED = ("Authorization", "Content-Type", "Upstash-Encoding")


class RedisGate:
    """Forwards every command to Redis; while `held_word` is set, those that contain it wait for `let_through`."""

    def __init__(self, redis_url: str) -> None:
        self.held_word = ""
        self.arrived = Event()
        self._open = Event()
        self._redis = httpx.Client(base_url=redis_url)
        gate = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gate._wait(body)
                headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
                answer = gate._redis.post(self.path, content=body, headers=headers)
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_through()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._redis.close()

    def hold(self, word: str) -> None:
        """From now on a command that contains the word waits."""
        self.held_word = word
        self.arrived.clear()
        self._open.clear()

    def let_through(self) -> None:
        """Whatever waits goes on."""
        self.held_word = ""
        self._open.set()

    def _wait(self, body: bytes) -> None:
        if self.held_word and self.held_word.encode() in body:
            self.arrived.set()
            assert self._open.wait(10)
