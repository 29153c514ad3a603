"""Whether alerts arrive is found out across ticks, by accounts that are nobody's, and told loudly where they do not."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server

from dev.cloud import LocalCloud
from functions.messages.escalation import escalate_due
from shared.clock import held_at, now
from shared.database.models.accounts import Session, User
from shared.database.models.analysis import MessageAnalysis, ProbeRun, RiskEvent, RiskStatus
from shared.database.models.consents import Consent
from shared.database.models.delivery import EmailDelivery
from shared.database.models.messaging import Message
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.messages.alerting import (
    EVENTS,
    LONG_SESSIONS,
    TICK,
    covering,
    later,
    listed,
    on_call_therapists,
    raise_alert,
    tick,
)
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import send
from tests.people import As, add_pair, add_person, rows


@pytest.fixture
def front_door(messages: FlaskClient, environment: Callable[..., None]) -> Iterator[str]:
    """The messages function behind an address of its own, and a probe every five minutes."""
    server = make_server("127.0.0.1", 0, function_client("messages").application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    environment(base_url=url, probe_minutes="5", **LONG_SESSIONS)
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def runs() -> list[ProbeRun]:
    return list(rows(select(ProbeRun).order_by(ProbeRun.sent_at)))


def status(messages: FlaskClient) -> dict[str, Any]:
    answer = As(messages, add_person(Role.ADMINISTRATOR)).get("/api/alerts/status")
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.get_json()
    return shown


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "CRITICAL"]


def arrive(internal: InternalCalls) -> None:
    """Pub/Sub pushes the latest alert."""
    assert internal.push(EVENTS, outbox_events("risk-raised")[-1].id).status_code == 204


def test_what_one_tick_sends_a_later_one_finds_arrived(
    messages: FlaskClient, internal: InternalCalls, front_door: str, caplog: pytest.LogCaptureFixture
) -> None:
    tick(internal)
    assert status(messages)["probe"]["state"] == "waiting"
    [message] = rows(select(Message))
    [run] = runs()
    assert message.client_id == f"probe-{run.id}"
    arrive(internal)
    with later(minutes=2):
        tick(internal)
        assert status(messages)["probe"]["state"] == "arrived"
    [run] = runs()
    assert run.arrived_at is not None
    assert run.arrived_at - run.sent_at < timedelta(seconds=60)
    [alert] = rows(select(RiskEvent))
    assert (alert.status, alert.next_escalation_at) == (RiskStatus.RESOLVED, None)
    assert alarms(caplog) == []


def test_an_alert_that_does_not_arrive_is_an_alarm_once(
    messages: FlaskClient, internal: InternalCalls, front_door: str, caplog: pytest.LogCaptureFixture
) -> None:
    tick(internal)
    with later(seconds=50):
        tick(internal)
    assert alarms(caplog) == []
    for seconds in (61, 120, 180):
        with later(seconds=seconds):
            tick(internal)
    assert alarms(caplog) == ["probe-alert-missing"]
    shown = status(messages)["probe"]
    assert (shown["state"], shown["failure"], shown["arrivedAt"]) == ("alarm", "missing", None)


def test_an_alert_that_arrives_late_is_an_alarm(
    messages: FlaskClient, internal: InternalCalls, front_door: str, caplog: pytest.LogCaptureFixture
) -> None:
    tick(internal)
    with later(seconds=90):
        arrive(internal)
        tick(internal)
    assert alarms(caplog) == ["probe-alert-missing"]
    assert runs()[0].failure == "late"


def test_a_message_that_cannot_be_sent_is_an_alarm_at_once(
    messages: FlaskClient,
    internal: InternalCalls,
    front_door: str,
    environment: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment(base_url="http://127.0.0.1:9")
    tick(internal)
    assert alarms(caplog) == ["probe-not-sent"]
    assert status(messages)["probe"]["failure"] == "not sent: ConnectError"


def test_each_probe_raises_an_alert_of_its_own_and_uses_a_session_that_ends(
    messages: FlaskClient, internal: InternalCalls, front_door: str
) -> None:
    for minutes in (0, 6, 12):
        with later(minutes=minutes):
            tick(internal)
            arrive(internal)
    assert len(runs()) == 3
    assert len(outbox_events("risk-raised")) == 3
    assert None not in rows(select(Session.revoked_at).join(User, User.id == Session.user_id).where(User.is_synthetic))
    assert len(rows(select(User).where(User.is_synthetic))) == 2


def test_ticks_at_once_send_one(
    messages: FlaskClient, internal: InternalCalls, front_door: str, product: LocalCloud
) -> None:
    tick(internal)
    several = [InternalCalls(function_client("messages"), product) for _ in range(5)]
    moment = now() + timedelta(minutes=6)

    def at_that_moment(calls: InternalCalls) -> int:
        with held_at(lambda: moment):
            return calls.tick(TICK).status_code

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(at_that_moment, several)) == {204}
    assert len(runs()) == 2
    assert len(rows(select(Message))) == 2


def test_it_is_in_no_list_is_never_scored_mailed_or_escalated(
    messages: FlaskClient, internal: InternalCalls, inference: InferenceStandIn, front_door: str
) -> None:
    [colleague] = on_call_therapists(1)
    administrator = add_person(Role.ADMINISTRATOR)
    tick(internal)
    assert listed(messages, administrator) == []
    assert listed(messages, colleague) == []
    assert status(messages)["waiting"] == 0
    arrive(internal)
    with later(minutes=30):
        # The escalation alone, as though the probe's own step had not run for half an hour.
        assert escalate_due() == 0
    assert rows(select(EmailDelivery)) == []
    assert (inference.texts, rows(select(MessageAnalysis)), rows(select(Consent))) == ([], [], [])
    directory = function_client("appointments").get("/api/therapists/available", headers=administrator.bearer)
    assert "Probe" not in directory.get_data(as_text=True)


def test_without_the_setting_nothing_is_made(messages: FlaskClient, internal: InternalCalls) -> None:
    tick(internal)
    assert (runs(), rows(select(User))) == ([], [])
    assert status(messages)["probe"]["state"] == "off"


def test_messages_that_wait_for_their_analysis_are_an_alarm(
    messages: FlaskClient,
    internal: InternalCalls,
    inference: InferenceStandIn,
    caplog: pytest.LogCaptureFixture,
    environment: Callable[..., None],
) -> None:
    environment(**LONG_SESSIONS)
    pair = add_pair()
    inference.status = 503
    send(As(messages, pair.patient), pair, "hm")
    with later(seconds=50):
        tick(internal)
    assert alarms(caplog) == []
    with later(seconds=70):
        tick(internal)
        assert status(messages)["unscored"] == 1
    assert alarms(caplog) == ["messages-unscored"]


def test_a_step_that_fails_is_told_and_holds_up_no_other(
    messages: FlaskClient,
    internal: InternalCalls,
    front_door: str,
    environment: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the clinical keys the probe's alert cannot be closed; people's alerts go on all the same."""
    [colleague] = on_call_therapists(1)
    pair = add_pair()
    tick(internal)
    arrive(internal)
    raise_alert(messages, pair)
    environment(clinical_keys=None)
    with later(minutes=6):
        assert internal.tick(TICK).status_code == 503
    assert "probe-tick-failed" in [record.message for record in caplog.records]
    assert covering(pair) == [colleague.id]


def test_the_state_is_for_administrators_alone(messages: FlaskClient, internal: InternalCalls) -> None:
    therapist = add_person(Role.THERAPIST)
    assert As(messages, therapist).get("/api/alerts/status").status_code == 403
    on_call_therapists(2)
    shown = status(messages)
    assert shown["onCall"] == 2
    assert shown["crisisLinesCheckedOn"]
