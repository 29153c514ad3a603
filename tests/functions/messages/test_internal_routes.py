"""Sweeping and redelivering are for Cloud Scheduler and Pub/Sub alone, and harmless when repeated."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from infra.subscriptions import SUBSCRIPTIONS
from shared.clock import held_at, now
from shared.database.models.outbox_events import OutboxEvent
from shared.events import EVENT_TYPES
from shared.roles import Role
from tests.functions.internal_calls import InternalCalls, pushed
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, add_person, rows
from tests.waiting import until

ROUTES = {
    "/api/internal/outbox/sweep": ("SCHEDULER_SERVICE_ACCOUNT", "PUSH_SERVICE_ACCOUNT"),
    "/api/internal/messages/search-packs": ("SCHEDULER_SERVICE_ACCOUNT", "PUSH_SERVICE_ACCOUNT"),
    "/api/internal/messages/tick": ("SCHEDULER_SERVICE_ACCOUNT", "PUSH_SERVICE_ACCOUNT"),
    "/api/internal/messages/events": ("PUSH_SERVICE_ACCOUNT", "SCHEDULER_SERVICE_ACCOUNT"),
}


def call(client: FlaskClient, cloud: LocalCloud, path: str, setting: str, **token: object) -> int:
    audience = str(token.pop("audience", cloud.settings["OIDC_AUDIENCE"]))
    signed = cloud.id_tokens.sign(cloud.settings[setting], audience, **token)  # type: ignore[arg-type]
    body = pushed(uuid4()) if path.endswith("/events") else {}
    return client.post(path, json=body, headers={"Authorization": f"Bearer {signed}"}).status_code


@pytest.mark.parametrize("path", ROUTES)
def test_only_the_right_account_with_a_good_token_is_let_in(
    messages: FlaskClient, product: LocalCloud, path: str
) -> None:
    right, wrong = ROUTES[path]
    assert call(messages, product, path, right) in {200, 204}
    assert call(messages, product, path, wrong) == 403
    assert call(messages, product, path, right, email_verified=False) == 403
    assert call(messages, product, path, right, audience="https://elsewhere.test") == 401
    assert call(messages, product, path, right, issued_at=0.0) == 401
    assert messages.post(path, json={}).status_code == 401


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", ROUTES)
def test_no_person_is_let_in(messages: FlaskClient, path: str, role: Role) -> None:
    assert As(messages, add_person(role)).post(path, pushed(uuid4())).status_code == 401


@pytest.mark.parametrize("body", [{}, {"message": {}}, {"message": {"data": "bm8gSlNPTg=="}}, {"message": {"data": 7}}])
def test_a_push_that_names_no_event_is_refused(
    messages: FlaskClient, product: LocalCloud, body: dict[str, object]
) -> None:
    token = product.id_tokens.bearer(product.settings["PUSH_SERVICE_ACCOUNT"], product.settings["OIDC_AUDIENCE"])
    headers = {"Authorization": f"Bearer {token}"}
    assert messages.post("/api/internal/messages/events", json=body, headers=headers).status_code in {400, 422}


def test_without_pubsub_a_sweep_says_so_and_loses_nothing(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls, product: LocalCloud
) -> None:
    inference.status = 503
    send(As(messages, pair.patient), pair, "hm")
    later = now() + timedelta(seconds=10)
    product.stop_part("pubsub")
    try:
        with held_at(lambda: later):
            answer = internal.sweep()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    finally:
        product.start_part("pubsub")
    assert [event.delivered_at for event in rows(select(OutboxEvent))] == [None]
    with held_at(lambda: later):
        # The client looks for it again only after a while, as does the scheduler.
        swept = until(lambda: (answer := internal.sweep()).status_code == 200 and answer.get_json())
    assert swept == {"handedOver": 1}


def test_a_young_event_is_left_to_the_request_that_wrote_it(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls
) -> None:
    inference.status = 503
    send(As(messages, pair.patient), pair, "hm")
    assert internal.sweep().get_json() == {"handedOver": 0}


def test_every_event_that_is_recorded_reaches_a_subscription() -> None:
    never_recorded = {"message-analysed", "read"}  # to sockets alone: the next look at the conversation shows it
    wanted = [event_type for subscription in SUBSCRIPTIONS.values() for event_type in subscription.event_types]
    assert sorted(wanted) == sorted(set(EVENT_TYPES) - never_recorded)
