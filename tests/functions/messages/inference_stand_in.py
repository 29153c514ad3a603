"""The classifier's HTTP contract with answers that a test chooses, on a port of its own."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LABELS = ("Anxiety", "Bipolar", "Depression", "Normal", "Personality disorder", "Stress", "Suicidal")
THRESHOLDS = {"Suicidal": {"raised": 0.4, "high": 0.8}}


@dataclass
class InferenceStandIn:
    """What it answers, and which texts it was asked about."""

    url: str = ""
    label: str = "Stress"
    confidence: float = 0.9
    version: str = "stand-in-1"
    thresholds: dict[str, Any] = field(default_factory=lambda: dict(THRESHOLDS))
    seconds: float = 0.0
    """How long a prediction takes."""
    status: int = 200
    raw: bytes | None = None
    """A body to send instead of a prediction."""
    before_answer: Callable[[], None] = lambda: None
    texts: list[str] = field(default_factory=list)
    metrics: dict[str, object] = field(default_factory=dict)
    """What the model tells of its training."""

    def says(self, label: str, confidence: float) -> None:
        """From now on, texts are of this class."""
        self.label, self.confidence = label, confidence

    def predict(self, text: str) -> bytes:
        """The answer to POST /predict."""
        self.texts.append(text)
        self.before_answer()
        time.sleep(self.seconds)
        rest = (1 - self.confidence) / (len(LABELS) - 1)
        scores = {name: self.confidence if name == self.label else rest for name in LABELS}
        answer = {"label": self.label, "confidence": self.confidence, "allScores": scores, "modelVersion": self.version}
        return json.dumps(answer).encode() if self.raw is None else self.raw

    def model(self) -> bytes:
        """The answer to GET /model."""
        told = {"modelVersion": self.version, "riskThresholds": self.thresholds, "metrics": self.metrics}
        return json.dumps({**told, "thresholdsVersion": f"thresholds-of-{self.version}"}).encode()


@contextmanager
def running() -> Iterator[InferenceStandIn]:
    """A stand-in that takes calls within the block."""
    stand_in = InferenceStandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(stand_in: InferenceStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            assert self.path == "/predict"
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert set(given) == {"text"}
            self._answer(stand_in.predict(given["text"]), stand_in.status)

        def do_GET(self) -> None:
            assert self.path == "/model"
            self._answer(stand_in.model(), 200)

        def _answer(self, body: bytes, status: int) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            except OSError:
                self.close_connection = True  # the caller did not wait

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
