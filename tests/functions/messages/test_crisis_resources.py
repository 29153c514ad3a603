"""Help at any hour, in the patient's own country, shown whatever is away and where the operator has it shown."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from shared.crisis_lines import ANYWHERE, BY_COUNTRY
from tests.functions.internal_calls import outbox_events
from tests.functions.messages.alerting import alert_of
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, add_pair

EMERGENCIES = {"911", "112", "999", "000", "111", "192", "995", "101"}


@pytest.mark.parametrize("country", [*BY_COUNTRY, None, "XX"])
def test_help_is_of_the_patients_own_country(messages: FlaskClient, product: object, country: str | None) -> None:
    pair = add_pair(country=country)
    shown = send(As(messages, pair.patient), pair, "I want to die").get_json()["analysis"]["resources"]
    known = BY_COUNTRY.get(country or "", ANYWHERE)
    assert [resource["name"] for resource in shown] == [resource.name for resource in known]
    assert all(resource["call"] or resource["text"] or resource["url"] for resource in shown)
    assert set(shown[0]) == {"name", "call", "text", "url"}


def test_every_country_has_a_line_for_crises_and_one_for_emergencies() -> None:
    for resources in (*BY_COUNTRY.values(), ANYWHERE):
        assert len(resources) >= 2
        assert any(resource.call in EMERGENCIES for resource in resources)
        assert any(resource.call not in EMERGENCIES for resource in resources)
        assert all((resource.url or "https://").startswith("https://") for resource in resources)


def test_in_the_united_states_it_is_988_by_call_and_by_text() -> None:
    [lifeline, *_] = BY_COUNTRY["US"]
    assert (lifeline.call, lifeline.text) == ("988", "988")


def test_help_is_shown_at_once_though_everything_else_is_away(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    """No classifier, no Redis to tell the relay by, no Pub/Sub to mail by: the message is kept and answered."""
    inference.status = 503
    for part in ("redis", "pubsub", "smtp"):
        product.stop_part(part)
    try:
        answer = send(As(messages, pair.patient), pair, "I want to die")
    finally:
        for part in ("redis", "pubsub", "smtp"):
            product.start_part(part)
    assert answer.status_code == 200
    assert answer.get_json()["analysis"]["resources"]
    assert alert_of(pair).next_escalation_at is not None
    assert [event.delivered_at for event in outbox_events("risk-raised")] == [None]


def test_the_operator_may_have_nothing_shown(
    messages: FlaskClient, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(patient_sees_resources="false")
    assert send(As(messages, pair.patient), pair, "I want to die").get_json()["analysis"] is None


def test_a_text_without_risk_is_answered_without_help(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Normal", 0.99)
    assert send(As(messages, pair.patient), pair, "a good week").get_json()["analysis"] is None
