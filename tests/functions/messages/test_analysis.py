"""A patient's message is scored with their consent: for their therapist alone, now or later, and never in its way."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from shared import outbox
from shared.clock import held_at, now
from shared.database.engine import build_engine
from shared.database.models.analysis import MessageAnalysis, RiskEvent, RiskLevel, RiskSource
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.learning import MLFeedback
from shared.database.transaction import transaction
from tests.doubles import forget
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.functions.messages.inference_stand_in import LABELS, InferenceStandIn
from tests.functions.messages.test_conversations import counted
from tests.functions.messages.test_messages import history, send
from tests.people import As, Pair, add_pair, rows

EVENTS = "/api/internal/messages/events"
NOBODY_ELSES = ("label", "confidence", "allScores", "riskLevel", "modelVersion", *LABELS, "raised", "high")


def test_the_therapist_sees_the_analysis_and_the_patient_never_does(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Depression", 0.7)
    sent = send(As(messages, pair.patient), pair, "it is all grey")
    assert sent.get_json()["analysis"] is None
    [shown] = history(As(messages, pair.therapist), pair)["items"]
    analysis = shown["analysis"]
    assert (analysis["label"], analysis["confidence"], analysis["modelVersion"]) == ("Depression", 0.7, "stand-in-1")
    assert set(analysis["allScores"]) == set(LABELS)
    assert (analysis["messageId"], analysis["riskLevel"]) == (shown["id"], "none")
    patient = As(messages, pair.patient)
    listed, one = patient.get("/api/conversations"), patient.get(f"/api/conversations/{pair.conversation_id}")
    read = patient.get("/api/messages", conversationId=pair.conversation_id)
    for answer in (sent, listed, one, read):
        assert not [word for word in NOBODY_ELSES if word in answer.get_data(as_text=True)]


@transaction
def judge(db: Database, pair: Pair) -> UUID:
    """The therapist corrects the one analysis that there is."""
    analysis = db.scalars(select(MessageAnalysis)).one()
    feedback = MLFeedback(
        id=uuid4(), analysis_id=analysis.id, therapist_id=pair.therapist.id, is_correct=False, corrected_label="Stress"
    )
    db.add(feedback)
    return feedback.id


def test_what_a_therapist_answered_stands_beside_the_analysis(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Depression", 0.7)
    send(As(messages, pair.patient), pair, "it is all grey")
    therapist = As(messages, pair.therapist)
    assert history(therapist, pair)["items"][0]["analysis"]["feedback"] is None
    feedback_id = judge(pair)
    assert history(therapist, pair)["items"][0]["analysis"]["feedback"] == {
        "id": str(feedback_id),
        "therapistId": str(pair.therapist.id),
        "isCorrect": False,
        "correctedLabel": "Stress",
        "revision": 1,
    }
    assert history(As(messages, pair.patient), pair)["items"][0]["analysis"] is None


@pytest.mark.parametrize(
    ("score", "level", "helped"),
    [(0.1, "none", False), (0.3, "low", False), (0.5, "raised", True), (0.9, "high", True)],
)
def test_the_scores_become_a_level_by_the_models_own_thresholds(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, score: float, level: str, helped: bool
) -> None:
    inference.says("Suicidal", score)
    answer = send(As(messages, pair.patient), pair, "hm").get_json()
    assert bool(answer["analysis"]) is helped
    if helped:
        assert set(answer["analysis"]) == {"resources"}
    assert history(As(messages, pair.therapist), pair)["items"][0]["analysis"]["riskLevel"] == level
    assert len(rows(select(RiskEvent))) == helped
    assert len(outbox_events("risk-raised")) == (level == "high")


@pytest.mark.parametrize(
    ("side", "body", "statements"),
    [("therapist", "hm", 6), ("patient", "hm", 8), ("patient", "I want to die", 19)],
    ids=["therapist", "patient", "alert"],
)
def test_a_message_costs_so_many_statements_and_no_more(
    messages: FlaskClient, pair: Pair, side: str, body: str, statements: int
) -> None:
    asking = As(messages, getattr(pair, side))
    send(asking, pair, body)  # the session is in the cache from here on, and an alert stands
    with counted() as sent:
        assert send(asking, pair, body).status_code == 200
    assert len(sent) <= statements, sent


def test_a_therapists_own_message_is_never_scored(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    answer = send(As(messages, pair.therapist), pair, "You said: I want to die. Let us talk about it.").get_json()
    assert answer["analysis"] is None
    assert inference.texts == []
    assert rows(select(RiskEvent)) == []
    [event] = outbox_events("message-sent")
    assert event.delivered_at is not None


def test_without_consent_nothing_is_scored(messages: FlaskClient, inference: InferenceStandIn, product: object) -> None:
    pair = add_pair(agrees=False)
    assert send(As(messages, pair.patient), pair, "hm").get_json()["analysis"] is None
    assert inference.texts == []
    assert outbox_events("message-sent")[0].delivered_at is not None


def test_without_consent_plain_words_are_still_heard(
    messages: FlaskClient, inference: InferenceStandIn, product: object
) -> None:
    pair = add_pair(agrees=False)
    assert send(As(messages, pair.patient), pair, "I want to die").get_json()["analysis"]["resources"]
    assert [event.source for event in rows(select(RiskEvent))] == [RiskSource.PHRASE]
    assert inference.texts == []


def test_plain_words_are_heard_at_once_though_inference_is_away(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    inference.status = 503
    with listening(product) as relay:
        answer = send(As(messages, pair.patient), pair, "I want to die").get_json()
        channels = dict(relay.all())
    assert answer["analysis"]["resources"]
    [event] = rows(select(RiskEvent))
    assert (event.level, event.source, event.phrase_ids) == (RiskLevel.HIGH, RiskSource.PHRASE, ["en-want-to-die"])
    alert = channels[f"alert:{pair.therapist.id}"]
    assert (alert["type"], alert["riskEventId"], alert["level"]) == ("risk-raised", str(event.id), "high")
    assert "body" not in str(alert)
    [kept] = outbox_events("risk-raised")
    assert kept.delivered_at is not None
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "risk.raised"))
    assert (entry.subject_id, entry.resource_id) == (pair.patient.id, event.id)


def test_the_model_never_lowers_what_was_said_outright(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Normal", 0.99)
    assert send(As(messages, pair.patient), pair, "I want to die").get_json()["analysis"]["resources"]
    [event] = rows(select(RiskEvent))
    [analysis] = rows(select(MessageAnalysis))
    assert (event.level, event.analysis_id, analysis.risk_level) == (RiskLevel.HIGH, analysis.id, RiskLevel.HIGH)
    assert len(outbox_events("risk-raised")) == 1


def test_sockets_are_told_what_each_may_know(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    inference.says("Suicidal", 0.95)
    with listening(product) as relay:
        sent = send(As(messages, pair.patient), pair, "so dark").get_json()["message"]
        heard = relay.all()
    room, alerts = f"message:{pair.conversation_id}", f"alert:{pair.therapist.id}"
    assert [channel for channel, _ in heard] == [room, alerts, alerts]
    (_, new), (_, alert), (_, analysed) = heard
    assert (new["messageId"], new["seq"]) == (sent["id"], 1)
    assert not [word for word in NOBODY_ELSES if word in str(new)]
    assert [alert["type"], analysed["type"]] == ["risk-raised", "message-analysed"]
    assert analysed["analysis"]["label"] == "Suicidal"
    assert all("so dark" not in str(payload) for _, payload in heard)


def test_a_slow_model_keeps_nobody_waiting_and_scores_later(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls, product: LocalCloud
) -> None:
    send(As(messages, pair.therapist), pair, "warm")
    inference.seconds = 2.0
    started = time.perf_counter()
    answer = send(As(messages, pair.patient), pair, "hm")
    assert time.perf_counter() - started < 1.2
    assert (answer.status_code, answer.get_json()["analysis"]) == (200, None)
    inference.seconds = 0.0
    _sweep_and_push(internal, product, pair)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 503},
        {"raw": b"not JSON"},
        {"raw": b"[]"},
        {"raw": b'{"label": "Stress"}'},
        {"raw": b'{"label": "Stress", "confidence": 7, "allScores": {}, "modelVersion": "stand-in-1"}'},
        {"raw": b'{"label": "Stress", "confidence": NaN, "allScores": {}, "modelVersion": "stand-in-1"}'},
        {"raw": b'{"label": "Stress", "confidence": 0.5, "allScores": null, "modelVersion": "stand-in-1"}'},
        {"raw": b'{"label": "Stress", "confidence": 0.5, "allScores": {}, "modelVersion": "another"}'},
        {"label": "Happiness"},
        {"thresholds": {"Suicidal": {"raised": 0.4}}},
        {"thresholds": None},
        {"thresholds": {"Suicidal": 0.5}},
    ],
    ids=str,
)
def test_whatever_the_model_says_the_message_is_kept_and_scored_later(
    messages: FlaskClient,
    inference: InferenceStandIn,
    pair: Pair,
    internal: InternalCalls,
    product: LocalCloud,
    trouble: dict[str, object],
) -> None:
    before = {name: getattr(inference, name) for name in trouble}
    for name, value in trouble.items():
        setattr(inference, name, value)
    answer = send(As(messages, pair.patient), pair, "hm")
    assert (answer.status_code, answer.get_json()["analysis"]) == (200, None)
    assert history(As(messages, pair.therapist), pair)["items"][0]["analysis"] is None
    for name, value in before.items():
        setattr(inference, name, value)
    _sweep_and_push(internal, product, pair)


def _sweep_and_push(internal: InternalCalls, product: LocalCloud, pair: Pair) -> None:
    """A later sweep hands the event over, and its push scores the message and tells the therapist's socket."""
    forget()
    later = now() + timedelta(seconds=10)
    with held_at(lambda: later):
        assert internal.sweep().get_json() == {"handedOver": 1}
    event = outbox_events("message-sent")[-1]
    with listening(product) as relay:
        assert internal.push(EVENTS, event.id).status_code == 204
        heard = [channel for channel, _ in relay.all()]
    assert heard == [f"message:{pair.conversation_id}", f"alert:{pair.therapist.id}"]
    assert len(rows(select(MessageAnalysis))) == 1


def test_what_cannot_be_scored_yet_is_put_back_until_it_can(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls
) -> None:
    inference.status = 503
    send(As(messages, pair.patient), pair, "hm")
    for _ in range(3):
        [event] = outbox_events("message-sent")
        assert event.delivered_at is None
        assert internal.push(EVENTS, event.id).status_code == 204
    inference.status = 200
    forget()
    later = now() + timedelta(seconds=10)
    with held_at(lambda: later):
        assert internal.sweep().get_json() == {"handedOver": 1}
    assert internal.push(EVENTS, event.id).status_code == 204
    assert outbox_events("message-sent")[0].delivered_at is not None
    assert len(rows(select(MessageAnalysis))) == 1


def test_one_sweep_does_not_chase_what_is_put_back_during_it(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls
) -> None:
    inference.status = 503
    send(As(messages, pair.patient), pair, "hm")
    [event] = outbox_events("message-sent")
    later = now() + timedelta(seconds=10)
    with held_at(lambda: later):
        outbox.put_back(event.id)
        assert internal.sweep().get_json() == {"handedOver": 0}
    later += timedelta(seconds=10)
    with held_at(lambda: later):
        assert internal.sweep().get_json() == {"handedOver": 1}


def test_an_event_delivered_twice_is_scored_once(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls
) -> None:
    inference.says("Suicidal", 0.95)
    send(As(messages, pair.patient), pair, "so dark")
    [event] = outbox_events("message-sent")
    for _ in range(2):
        assert internal.push(EVENTS, event.id).status_code == 204
    assert (len(rows(select(MessageAnalysis))), len(rows(select(RiskEvent)))) == (1, 1)
    assert len(outbox_events("risk-raised")) == 1
    assert inference.texts == ["so dark"]


def test_what_could_not_be_scored_does_not_wait_for_redis(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls, product: LocalCloud
) -> None:
    inference.status = 503
    send(As(messages, pair.patient), pair, "so dark")
    inference.status = 200
    inference.says("Suicidal", 0.95)
    [event] = outbox_events("message-sent")
    product.stop_part("redis")
    try:
        forget()
        for _ in range(2):
            assert internal.push(EVENTS, event.id).status_code == 204
    finally:
        product.start_part("redis")
    assert [found.level for found in rows(select(RiskEvent))] == [RiskLevel.HIGH]
    assert len(outbox_events("risk-raised")) == 1
    assert inference.texts == ["so dark"] * 2  # once in vain, once for good
    assert outbox_events("message-sent")[0].delivered_at is None  # the sockets have yet to be told
    forget()
    with listening(product) as relay:
        assert internal.push(EVENTS, event.id).status_code == 204
        assert [channel for channel, _ in relay.all()] == [f"message:{pair.conversation_id}"]


def test_an_alert_that_found_no_redis_is_told_later(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, internal: InternalCalls, product: LocalCloud
) -> None:
    product.stop_part("redis")
    try:
        send(As(messages, pair.patient), pair, "I want to die")
    finally:
        product.start_part("redis")
    [event] = outbox_events("risk-raised")
    assert event.delivered_at is not None  # Pub/Sub has it: the mail does not wait for Redis
    forget()
    with listening(product) as relay:
        assert internal.push(EVENTS, event.id).status_code == 204
        assert [channel for channel, _ in relay.all()] == [f"alert:{pair.therapist.id}"]


def test_a_new_version_of_the_model_brings_its_own_thresholds(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.says("Suicidal", 0.5)
    send(As(messages, pair.patient), pair, "hm")
    inference.version, inference.thresholds = "stand-in-2", {"Suicidal": {"raised": 0.2, "high": 0.45}}
    send(As(messages, pair.patient), pair, "hm")
    shown = [item["analysis"] for item in history(As(messages, pair.therapist), pair)["items"]]
    versions = [(analysis["modelVersion"], analysis["riskLevel"]) for analysis in shown]
    assert versions == [("stand-in-1", "raised"), ("stand-in-2", "high")]
    kept = rows(select(MessageAnalysis.thresholds_version).order_by(MessageAnalysis.created_at))
    assert kept == ["thresholds-of-stand-in-1", "thresholds-of-stand-in-2"]


def test_after_five_failures_the_model_is_left_alone_for_a_while(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair
) -> None:
    inference.status = 503
    for number in range(8):
        assert send(As(messages, pair.patient), pair, f"hm {number}").status_code == 200
    assert len(inference.texts) == 5


def test_a_kept_message_is_answered_though_the_database_goes_away_before_its_analysis(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, database: LocalDatabase
) -> None:
    inference.before_answer = lambda: _set_reachable(database, False)
    try:
        answer = send(As(messages, pair.patient), pair, "hm")
    finally:
        _set_reachable(database, True)
    assert (answer.status_code, answer.get_json()["analysis"]) == (200, None)
    inference.before_answer = lambda: None
    assert history(As(messages, pair.patient), pair)["lastSeq"] == 1
    assert outbox_events("message-sent")[0].delivered_at is None


def _set_reachable(database: LocalDatabase, reachable: bool) -> None:
    """Whether the database takes connections; those that it has are ended."""
    there = make_url(database.admin_url)
    admin = build_engine(there.set(database="postgres").render_as_string(False))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {there.database} ALLOW_CONNECTIONS {str(reachable).lower()}"))
        if not reachable:
            ended = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND usename = 'bloom_app'"
            )
            connection.execute(ended, {"name": there.database})
    admin.dispose()
