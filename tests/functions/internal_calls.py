"""Pub/Sub and Cloud Scheduler as a function sees them: their requests, with their tokens."""

import base64
import json
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.outbox_events import OutboxEvent
from tests.people import rows


class InternalCalls:
    """Calls internal routes with real ID tokens of the local issuer."""

    def __init__(self, client: FlaskClient, cloud: LocalCloud) -> None:
        self._client = client
        self._cloud = cloud

    def push(self, path: str, event_id: UUID) -> TestResponse:
        """Deliver an event as a push subscription does."""
        return self._call(path, pushed(event_id), "PUSH_SERVICE_ACCOUNT")

    def sweep(self) -> TestResponse:
        """The tick of the outbox's schedule."""
        return self.tick("/api/internal/outbox/sweep")

    def tick(self, path: str, account: str = "SCHEDULER_SERVICE_ACCOUNT", **body: object) -> TestResponse:
        """The tick of a schedule, with what its body says, if anything."""
        return self._call(path, body, account)

    def _call(self, path: str, body: object, account: str) -> TestResponse:
        settings = self._cloud.settings
        issued_at = now().timestamp()  # the test may hold the clock
        token = self._cloud.id_tokens.sign(settings[account], settings["OIDC_AUDIENCE"], issued_at=issued_at)
        return self._client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})


def pushed(event_id: UUID) -> dict[str, object]:
    """The body of a push."""
    data = base64.b64encode(json.dumps({"id": str(event_id)}).encode()).decode()
    return {"message": {"data": data, "messageId": "1", "attributes": {}}, "subscription": "projects/p/subscriptions/s"}


def outbox_events(event_type: str) -> list[OutboxEvent]:
    """The events of a type, the oldest first."""
    return list(rows(select(OutboxEvent).where(OutboxEvent.type == event_type).order_by(OutboxEvent.created_at)))
