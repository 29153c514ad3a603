"""Events are for Pub/Sub alone, ticks for Cloud Scheduler alone, and both are harmless when repeated."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from functions.appointments import tick
from functions.appointments.events import FOLLOWED_BY
from infra.subscriptions import SUBSCRIPTIONS
from shared.problems import Unavailable
from tests.functions.internal_calls import InternalCalls, pushed
from tests.shared.logs import logged

EVENTS = "/api/internal/appointments/events"
TICK = "/api/internal/appointments/tick"
ACCOUNTS = {EVENTS: "PUSH_SERVICE_ACCOUNT", TICK: "SCHEDULER_SERVICE_ACCOUNT"}
OTHERS = {EVENTS: "SCHEDULER_SERVICE_ACCOUNT", TICK: "PUSH_SERVICE_ACCOUNT"}
each = pytest.mark.parametrize("path", ACCOUNTS)


def call(client: FlaskClient, cloud: LocalCloud, path: str, account: str, **token: object) -> int:
    given = {"audience": cloud.settings["OIDC_AUDIENCE"], **token}
    signed = cloud.id_tokens.sign(cloud.settings[account], **given)  # type: ignore[arg-type]
    return client.post(path, json=pushed(uuid4()), headers={"Authorization": f"Bearer {signed}"}).status_code


@each
def test_the_right_account_is_let_in_again_and_again(appointments: FlaskClient, product: LocalCloud, path: str) -> None:
    assert [call(appointments, product, path, ACCOUNTS[path]) for _ in range(2)] == [204, 204]


@each
@pytest.mark.parametrize(
    ("token", "status"),
    [({"audience": "https://elsewhere.test"}, 401), ({"issued_at": 0.0}, 401), ({"email_verified": False}, 403)],
)
def test_a_token_for_elsewhere_expired_or_unverified_is_refused(
    appointments: FlaskClient, product: LocalCloud, path: str, token: dict[str, object], status: int
) -> None:
    assert call(appointments, product, path, ACCOUNTS[path], **token) == status


@each
def test_another_of_our_accounts_is_refused(appointments: FlaskClient, product: LocalCloud, path: str) -> None:
    assert call(appointments, product, path, OTHERS[path]) == 403


@each
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}])
def test_without_a_token_nothing_is_done(appointments: FlaskClient, path: str, header: dict[str, str]) -> None:
    assert appointments.post(path, json={}, headers=header).status_code == 401


def test_every_event_that_is_pushed_here_is_followed_by_something() -> None:
    followed = {event.type for event in FOLLOWED_BY}
    assert followed == set(SUBSCRIPTIONS["appointments-events"].event_types)


def test_an_event_that_is_no_longer_kept_is_done(internal: InternalCalls) -> None:
    assert internal.push(EVENTS, uuid4()).status_code == 204


def test_a_step_that_fails_holds_up_no_other_and_says_no_more_than_what_it_was(
    product: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("what somebody wrote")

    steps: dict[str, Callable[[], object]] = {"first": fail, "second": lambda: done.append("second")}
    monkeypatch.setattr(tick, "STEPS", steps)
    with logged() as lines, pytest.raises(Unavailable):
        tick.tick()
    assert done == ["second"]
    [line] = lines.read()
    assert (line["message"], line["error"]) == ("first-tick-failed", "ValueError")
    assert "what somebody wrote" not in lines.text
