"""A revision of the classifier for tests of Cloud Run's double: its MODEL_PATH is JSON that says what it answers."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LABELS = ("Anxiety", "Bipolar", "Depression", "Normal", "Personality disorder", "Stress", "Suicidal")


def answer(path: str, told: dict[str, Any]) -> dict[str, Any] | None:
    """What it says at a path; None for none of its own."""
    label, confidence = told.get("label", "Stress"), told.get("confidence", 0.9)
    scores = {name: confidence if name == label else (1 - confidence) / 6 for name in LABELS}
    version, limits = told["version"], {"Suicidal": {"raised": 0.4, "high": 0.8}}
    return {
        "/ready": {},
        "/model": {"modelVersion": version, "labels": told.get("labels", LABELS), "riskThresholds": limits},
        "/predict": {"label": label, "confidence": confidence, "allScores": scores, "modelVersion": version},
    }.get(path)


def handler(told: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    """Answers GET and POST alike."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            body = json.dumps(answer(self.path, told)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


if __name__ == "__main__":
    model = json.loads(os.environ.get("MODEL_PATH") or '{"version": "of the image"}')
    if model.get("broken"):
        sys.exit("unusable")
    server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), handler(model))
    server.daemon_threads = True
    server.serve_forever()
