"""Zoom's webhooks as it sends them: signed over the raw body, answered within three seconds or sent again, thrice."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

SECONDS_TO_ANSWER: Final = 3.0
RETRY_DELAYS: Final = (300.0, 1200.0, 3600.0)
"""Seconds after which what was not answered is sent again, each counted from the try before
(https://developers.zoom.us/docs/api/webhooks/#notification-delivery)."""
TIME_OF: Final = {
    "meeting.participant_joined": "join_time",
    "meeting.participant_left": "leave_time",
    "meeting.participant_joined_waiting_room": "date_time",
    "meeting.participant_left_waiting_room": "date_time",
}
"""The member of the participant that says when it happened."""


@dataclass
class ZoomWebhooks:
    """Sends events to one endpoint as an app's event subscription does; `meeting` and `participant` are what Zoom's
    events carry under `payload.object` and `payload.object.participant`, times filled in where they are missing.
    """

    url: str
    secret: str
    account_id: str = "local-account"
    delays: Sequence[float] = RETRY_DELAYS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=SECONDS_TO_ANSWER))

    def send(self, event: str, meeting: Mapping[str, Any], participant: Mapping[str, Any] | None = None) -> bool:
        """Tell of something that happened now; whether it was taken, at once or at a later try."""
        return self._send(self.event(event, meeting, participant))

    def send_aside(self, event: str, meeting: Mapping[str, Any], participant: Mapping[str, Any] | None = None) -> None:
        """The same without waiting for it: who joins a meeting does not wait for those who are told of it."""
        happened = self.event(event, meeting, participant)
        threading.Thread(target=self._send, args=(happened,), daemon=True).start()

    def validate(self, plain_token: str) -> dict[str, str]:
        """Ask the endpoint to prove that it holds the secret, as Zoom does when it is set up and every 72 hours."""
        event = {"event": "endpoint.url_validation", "event_ts": self._ms(), "payload": {"plainToken": plain_token}}
        proof: dict[str, str] = self.deliver(json.dumps(event).encode()).raise_for_status().json()
        return proof

    def event(
        self, event: str, meeting: Mapping[str, Any], participant: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body of an event."""
        about = dict(meeting)
        moment = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if event == "meeting.ended":
            about.setdefault("end_time", moment)
        if event in ("meeting.started", "meeting.ended"):
            about.setdefault("start_time", moment)
        if participant is not None:
            times = {TIME_OF[event]: moment} if event in TIME_OF else {}
            about["participant"] = times | dict(participant)
        return {
            "event": event,
            "event_ts": self._ms(),
            "payload": {"account_id": self.account_id, "object": about},
        }

    def deliver(self, body: bytes, **headers: str) -> httpx.Response:
        """One try to deliver these bytes, signed at this moment."""
        return self.client.post(self.url, content=body, headers=self.signed(body) | headers)

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a delivery (https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header)."""
        timestamp = str(int(self.clock()))
        digest = hmac.new(self.secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-zm-request-timestamp": timestamp,
            "x-zm-signature": f"v0={digest}",
        }

    def _send(self, happened: Mapping[str, Any]) -> bool:
        body = json.dumps(happened).encode()
        return any(self._is_taken(body, delay) for delay in (0.0, *self.delays))

    def _is_taken(self, body: bytes, delay: float) -> bool:
        if delay:
            self.sleep(delay)
        try:
            return self.deliver(body).status_code in (200, 204)
        except httpx.HTTPError:
            return False

    def _ms(self) -> int:
        return int(self.clock() * 1000)
