"""What worries opens an alert or makes one grow: listed for who may know, in full or as metadata, and never lowered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.analysis import RiskEvent, RiskLevel, RiskStatus
from shared.database.models.audit_trail import AuditOutcome
from shared.database.models.profiles import CredentialsStatus
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import outbox_events
from tests.functions.listening import listening
from tests.functions.messages.alerting import (
    LONG_SESSIONS,
    SAID,
    add_on_call,
    alert_of,
    entries,
    later,
    listed,
    on_call_therapists,
    raise_alert,
    resolve,
    step,
)
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, Person, add_care, add_pair, add_person, change_licence, end_care, rows


def test_the_patients_therapist_sees_the_whole_alert(messages: FlaskClient, pair: Pair) -> None:
    alert = raise_alert(messages, pair)
    [shown] = listed(messages, pair.therapist)
    assert (shown["id"], shown["status"], shown["escalationStep"]) == (str(alert.id), "open", "own")
    assert shown["therapist"]["name"] == pair.therapist.name
    details = shown["details"]
    assert details["patient"] == {"id": str(pair.patient.id), "name": pair.patient.name}
    assert (details["level"], details["conversationId"]) == ("high", str(pair.conversation_id))
    [cause] = details["messages"]
    assert (cause["messageId"], cause["level"], cause["source"]) == (str(alert.message_id), "high", "phrase")
    assert cause["body"] is None
    [entry] = entries("alerts.list")
    assert (entry.subject_id, entry.resource_id, entry.details) == (pair.patient.id, alert.id, {})


def test_one_alert_is_shown_with_what_was_said_whatever_became_of_the_message(
    messages: FlaskClient, pair: Pair
) -> None:
    alert = raise_alert(messages, pair)
    deleted = As(messages, pair.patient).delete(f"/api/messages/{alert.message_id}")
    assert deleted.status_code == 200
    shown = As(messages, pair.therapist).get(f"/api/alerts/{alert.id}").get_json()
    assert [cause["body"] for cause in shown["details"]["messages"]] == [SAID]
    assert [entry.resource_id for entry in entries("alert.read")] == [alert.id]


def test_neither_edit_nor_deletion_lowers_or_removes_an_alert(messages: FlaskClient, pair: Pair) -> None:
    alert = raise_alert(messages, pair)
    patient = As(messages, pair.patient)
    edit = {"body": "Sorry, I am fine", "version": 1}
    assert patient.patch(f"/api/messages/{alert.message_id}", edit).status_code == 200
    assert patient.delete(f"/api/messages/{alert.message_id}").status_code == 200
    [event] = rows(select(RiskEvent))
    assert (event.id, event.level, event.status) == (alert.id, RiskLevel.HIGH, RiskStatus.OPEN)
    assert event.next_escalation_at is not None


def test_administrators_see_that_it_is_there_and_nothing_of_whose_or_what(messages: FlaskClient, pair: Pair) -> None:
    alert, administrator = raise_alert(messages, pair), add_person(Role.ADMINISTRATOR)
    answer = As(messages, administrator).get("/api/alerts")
    [shown] = answer.get_json()["items"]
    assert (shown["id"], shown["details"]) == (str(alert.id), None)
    said = answer.get_data(as_text=True)
    for secret in (pair.patient.name, str(pair.patient.id), str(pair.conversation_id), SAID, "high", "phrase"):
        assert secret not in said
    [entry] = entries("alerts.list")
    assert entry.details == {"view": "metadata"}
    assert As(messages, administrator).get(f"/api/alerts/{alert.id}").status_code == 403


def test_who_is_on_call_sees_that_it_waits_until_it_is_escalated_to_them(messages: FlaskClient, pair: Pair) -> None:
    [colleague] = on_call_therapists(1)
    stranger = add_person(Role.THERAPIST)
    alert = raise_alert(messages, pair)
    [shown] = listed(messages, colleague)
    assert (shown["id"], shown["details"]) == (str(alert.id), None)
    assert listed(messages, stranger) == []
    refused = step(messages, colleague, alert, "acknowledge")
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:bloom:problem:not-escalated-to-you")
    assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    assert listed(messages, colleague) == []
    assert step(messages, colleague, alert, "start").status_code == 404


@pytest.mark.parametrize("relation", ["another's", "ended", "no licence"])
def test_other_therapists_know_nothing_of_it(messages: FlaskClient, pair: Pair, relation: str) -> None:
    alert, asking = raise_alert(messages, pair), pair.therapist
    if relation == "another's":
        asking = add_pair().therapist
    elif relation == "ended":
        end_care(pair)
    else:
        change_licence(pair.therapist, CredentialsStatus.PENDING)
    expected = 403 if relation == "no licence" else 404
    for answer in (
        step(messages, asking, alert, "acknowledge"),
        step(messages, asking, alert, "start"),
        step(messages, asking, alert, "escalate"),
        step(messages, asking, alert, "resolve", outcome="referred", note="x"),
        As(messages, asking).get(f"/api/alerts/{alert.id}"),
    ):
        assert answer.status_code == expected
    assert As(messages, asking).get("/api/alerts").status_code == (403 if relation == "no licence" else 200)
    assert {entry.outcome for entry in entries("alert.acknowledge")} == {AuditOutcome.DENIED}
    if relation != "no licence":
        assert listed(messages, asking) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/alerts"),
        ("get", "/api/alerts/{id}"),
        ("post", "/api/alerts/{id}/acknowledge"),
        ("post", "/api/alerts/{id}/start"),
        ("post", "/api/alerts/{id}/escalate"),
        ("post", "/api/alerts/{id}/resolve"),
        ("get", "/api/alerts/on-call"),
        ("put", "/api/alerts/on-call"),
        ("get", "/api/alerts/status"),
    ],
)
def test_patients_and_whoever_is_not_signed_in_have_no_part_in_alerts(
    messages: FlaskClient, pair: Pair, method: str, path: str
) -> None:
    where = path.format(id=raise_alert(messages, pair).id)
    assert getattr(As(messages, pair.patient), method)(where).status_code == 403
    assert getattr(As(messages, None), method)(where).status_code == 401


def test_a_list_is_of_one_status_and_comes_in_pages(
    messages: FlaskClient, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(alert_group_minutes="0")
    made = [raise_alert(messages, pair) for _ in range(3)]
    assert resolve(messages, pair.therapist, made[0]).status_code == 200
    assert [shown["id"] for shown in listed(messages, pair.therapist)] == [str(alert.id) for alert in made[::-1]]
    assert [shown["id"] for shown in listed(messages, pair.therapist, status="resolved")] == [str(made[0].id)]
    first = As(messages, pair.therapist).get("/api/alerts", limit=2).get_json()
    rest = As(messages, pair.therapist).get("/api/alerts", limit=2, cursor=first["nextCursor"]).get_json()
    assert [shown["id"] for shown in first["items"] + rest["items"]] == [str(alert.id) for alert in made[::-1]]
    assert rest["nextCursor"] is None


@pytest.mark.parametrize("query", [{"status": "closed"}, {"cursor": "bm8"}, {"limit": 0}, {"limit": 201}])
def test_a_query_that_makes_no_sense_is_refused_by_name(
    messages: FlaskClient, pair: Pair, query: dict[str, object]
) -> None:
    answer = As(messages, pair.therapist).get("/api/alerts", **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"?{next(iter(query))}"]


def test_ten_messages_make_one_alert_that_grows(messages: FlaskClient, pair: Pair, product: LocalCloud) -> None:
    raise_alert(messages, pair)
    with listening(product) as relay:
        for _ in range(9):
            raise_alert(messages, pair)
        told = [payload for channel, payload in relay.all() if channel == f"alert:{pair.therapist.id}"]
    [shown] = listed(messages, pair.therapist)
    assert len(shown["details"]["messages"]) == 10
    assert shown["version"] == 10
    assert len(outbox_events("risk-raised")) == 1
    changes = [payload for payload in told if payload["type"] == "risk-alert-changed"]
    assert [change["version"] for change in changes] == list(range(2, 11))
    assert all(event.delivered_at for event in outbox_events("risk-alert-changed"))
    assert (len(entries("risk.raised")), len(entries("risk.added"))) == (1, 9)


def test_ten_messages_at_once_make_one_alert(messages: FlaskClient, inference: InferenceStandIn, pair: Pair) -> None:
    inference.says("Suicidal", 0.95)
    clients = [As(function_client("messages"), pair.patient) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda client: send(client, pair, "so dark"), clients))
    assert {answer.status_code for answer in answers} == {200}
    found = rows(select(RiskEvent))
    assert (len(found), len([event for event in found if event.alert_id is None])) == (6, 1)
    assert len(outbox_events("risk-raised")) == 1


def test_a_rise_is_never_hidden_in_an_alert_that_somebody_sees_to(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    inference.says("Suicidal", 0.5)
    send(As(messages, pair.patient), pair, "hm")
    alert = alert_of(pair)
    assert (alert.level, alert.next_escalation_at, outbox_events("risk-raised")) == (RiskLevel.RAISED, None, [])
    assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    assert step(messages, pair.therapist, alert, "start").status_code == 200
    with listening(product) as relay:
        raise_alert(messages, pair)
        kinds = [payload.get("type") for _, payload in relay.all()]
    assert "risk-raised" in kinds
    risen = alert_of(pair)
    assert (risen.id, risen.status, risen.acknowledged_at) == (alert.id, RiskStatus.OPEN, None)
    assert risen.next_escalation_at is not None
    assert len(outbox_events("risk-raised")) == 1
    assert listed(messages, pair.therapist)[0]["details"]["level"] == "high"


def test_the_model_may_raise_what_a_phrase_did_not(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Suicidal", 0.5)
    send(As(messages, pair.patient), pair, "hm")
    assert [event.type for event in outbox_events("risk-alert-changed")] == ["risk-alert-changed"]
    inference.says("Suicidal", 0.95)
    send(As(messages, pair.patient), pair, "hm again")
    [alert] = listed(messages, pair.therapist)
    assert [cause["level"] for cause in alert["details"]["messages"]] == ["raised", "high"]


def test_after_the_window_another_alert_is_opened(
    messages: FlaskClient, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(**LONG_SESSIONS, alert_group_minutes="15")
    first = raise_alert(messages, pair)
    with later(minutes=14):
        assert raise_alert(messages, pair).id == first.id
    with later(minutes=16):
        assert raise_alert(messages, pair).id != first.id
    assert len(outbox_events("risk-raised")) == 2


def test_after_its_end_another_alert_is_opened(messages: FlaskClient, pair: Pair) -> None:
    first = raise_alert(messages, pair)
    assert resolve(messages, pair.therapist, first).status_code == 200
    assert raise_alert(messages, pair).id != first.id


def test_each_of_a_patients_therapists_has_an_alert_of_their_own(messages: FlaskClient, pair: Pair) -> None:
    another = add_person(Role.THERAPIST)
    other = Pair(pair.patient, another, add_care(pair.patient, another))
    assert raise_alert(messages, pair).id != raise_alert(messages, other).id
    assert [len(listed(messages, who)) for who in (pair.therapist, another)] == [1, 1]


def test_steps_are_taken_one_after_the_other_and_each_is_audited(
    messages: FlaskClient, pair: Pair, product: LocalCloud
) -> None:
    alert = raise_alert(messages, pair)
    with listening(product) as relay:
        answer = resolve(messages, pair.therapist, alert)
        told = [payload["status"] for channel, payload in relay.all() if channel == f"alert:{pair.therapist.id}"]
    assert answer.status_code == 200
    assert told == ["acknowledged", "in_progress", "resolved"]
    shown = answer.get_json()
    assert (shown["status"], shown["details"]["outcome"]) == ("resolved", "safety_plan")
    assert shown["details"]["note"] == "We spoke, and made a plan."
    assert shown["answeredBy"]["id"] == str(pair.therapist.id)
    kept = alert_of(pair)
    assert kept.outcome_note is not None
    assert b"made a plan" not in bytes(kept.outcome_note)
    assert kept.next_escalation_at is None
    for action in ("alert.acknowledge", "alert.start", "alert.resolve"):
        [entry] = entries(action)
        assert (entry.actor_id, entry.subject_id, entry.resource_id) == (
            pair.therapist.id,
            pair.patient.id,
            alert.id,
        )


@pytest.mark.parametrize(
    ("done", "wanted", "allowed"),
    [
        ([], "start", False),
        ([], "resolve", False),
        (["acknowledge"], "resolve", False),
        (["acknowledge", "start"], "acknowledge", False),
        (["acknowledge", "start", "resolve"], "start", False),
        (["acknowledge", "start", "resolve"], "escalate", False),
        (["acknowledge"], "acknowledge", True),
        (["acknowledge", "start"], "start", True),
        (["acknowledge", "start", "resolve"], "resolve", True),
    ],
)
def test_no_step_is_left_out_and_a_repeat_is_harmless(
    messages: FlaskClient, pair: Pair, done: list[str], wanted: str, allowed: bool
) -> None:
    alert = raise_alert(messages, pair)

    def take(name: str) -> int:
        body = {"outcome": "referred", "note": "x"} if name == "resolve" else {}
        return step(messages, pair.therapist, alert, name, **body).status_code

    assert [take(name) for name in done] == [200] * len(done)
    before = alert_of(pair)
    assert take(wanted) == (200 if allowed else 409)
    assert (alert_of(pair).version, alert_of(pair).status) == (before.version, before.status)


def test_of_two_at_once_one_takes_the_step_and_the_other_is_told(messages: FlaskClient, pair: Pair) -> None:
    [colleague] = on_call_therapists(1)
    alert = raise_alert(messages, pair)
    assert step(messages, pair.therapist, alert, "escalate").status_code == 200
    clients = [As(function_client("messages"), who) for who in (pair.therapist, colleague) * 3]
    version = {"version": alert_of(pair).version}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda client: client.post(f"/api/alerts/{alert.id}/acknowledge", version), clients))
    kept = alert_of(pair)
    losers = [answer for answer in answers if answer.status_code == 409]
    assert {answer.status_code for answer in answers} == {200, 409}
    assert len(losers) == 3
    assert {loser.get_json()["type"] for loser in losers} == {"urn:bloom:problem:alert-stands-elsewhere"}
    assert {loser.get_json()["detail"] for loser in losers} == {"Somebody has acknowledged it."}
    assert kept.version == version["version"] + 1


def test_what_has_grown_meanwhile_is_not_resolved_unseen(messages: FlaskClient, pair: Pair) -> None:
    alert = raise_alert(messages, pair)
    assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    assert step(messages, pair.therapist, alert, "start").status_code == 200
    seen = alert_of(pair).version
    raise_alert(messages, pair)
    refused = step(messages, pair.therapist, alert, "resolve", version=seen, outcome="referred", note="x")
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:bloom:problem:alert-changed")
    assert alert_of(pair).status is RiskStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"note": ""}, "/note"),
        ({"note": "  "}, "/note"),
        ({"note": None}, "/note"),
        ({"note": "x" * 4001}, "/note"),
        ({"note": "nul\0"}, "/note"),
        ({"outcome": "fine"}, "/outcome"),
        ({"outcome": None}, "/outcome"),
        ({"version": 0}, "/version"),
        ({"version": "1"}, "/version"),
        ({"more": 1}, "/more"),
    ],
)
def test_an_end_needs_a_coded_outcome_and_a_note(
    messages: FlaskClient, pair: Pair, body: dict[str, object], pointer: str
) -> None:
    alert = raise_alert(messages, pair)
    answer = step(messages, pair.therapist, alert, "resolve", **({"outcome": "referred", "note": "x"} | body))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_an_alert_that_is_not_there_is_not_found(messages: FlaskClient, pair: Pair, product: LocalCloud) -> None:
    missing = "/api/alerts/00000000-0000-4000-8000-000000000000"
    therapist = As(messages, pair.therapist)
    assert therapist.get(missing).status_code == 404
    assert therapist.post(f"{missing}/acknowledge", {"version": 1}).status_code == 404
    administrator = As(messages, add_person(Role.ADMINISTRATOR))
    assert administrator.post(f"{missing}/escalate", {"version": 1}).status_code == 404
    assert therapist.post("/api/alerts/none/acknowledge", {"version": 1}).status_code == 404


def test_a_message_that_made_an_alert_grow_is_no_alert_itself(messages: FlaskClient, pair: Pair) -> None:
    raise_alert(messages, pair)
    raise_alert(messages, pair)
    [grown] = rows(select(RiskEvent.id).where(RiskEvent.alert_id.is_not(None)))
    assert step(messages, pair.therapist, grown, "acknowledge").status_code == 404


def test_word_that_an_alert_has_changed_is_told_later_where_redis_is_away(
    messages: FlaskClient, pair: Pair, product: LocalCloud
) -> None:
    alert = raise_alert(messages, pair)
    product.stop_part("redis")
    try:
        assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    finally:
        product.start_part("redis")
    [event] = outbox_events("risk-alert-changed")
    assert event.delivered_at is None


def test_who_is_on_call_only_later_sees_nothing_yet(messages: FlaskClient, pair: Pair) -> None:
    colleague: Person = add_person(Role.THERAPIST)
    add_on_call(colleague, starts_at=now() + timedelta(hours=1))
    raise_alert(messages, pair)
    assert listed(messages, colleague) == []
