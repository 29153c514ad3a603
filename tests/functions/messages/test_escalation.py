"""What nobody answers goes on by a clock, each step once; who it goes to is let in for a day, and then out again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.analysis import RiskEvent, RiskStatus
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.functions.messages.alerting import (
    LONG_SESSIONS,
    TICK,
    add_on_call,
    alert_of,
    covering,
    entries,
    later,
    listed,
    on_call_therapists,
    raise_alert,
    step,
    tick,
)
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import history, send
from tests.people import As, Pair, Person, add_care, add_person, change_licence, end_care, rows


@pytest.fixture(autouse=True)
def lasting_sessions(environment: Callable[..., None], messages: FlaskClient) -> None:
    """Sessions that outlive what the tests are about."""
    environment(**LONG_SESSIONS)


def test_it_goes_to_a_second_clinician_then_to_all_on_call_then_to_administrators(
    messages: FlaskClient, internal: InternalCalls, pair: Pair
) -> None:
    first, second, third = on_call_therapists(3)
    administrator = add_person(Role.ADMINISTRATOR)
    raise_alert(messages, pair)
    expected = {
        4: ("own", []),
        5: ("second", [first]),
        9: ("second", [first]),
        10: ("on_call", [first, second, third]),
        14: ("on_call", [first, second, third]),
        15: ("administrators", [first, second, third]),
        60: ("administrators", [first, second, third]),
    }
    for minutes, (reached, people) in expected.items():
        with later(minutes=minutes, seconds=1):
            tick(internal)
            assert listed(messages, administrator)[0]["escalationStep"] == reached
            assert set(covering(pair)) == {person.id for person in people}, minutes
    steps = [(entry.details["step"], entry.details["told"]) for entry in entries("alert.escalate")]
    assert steps == [
        ("second", [str(first.id)]),
        ("on_call", [str(second.id), str(third.id)]),
        ("administrators", [str(administrator.id)]),
    ]
    assert {entry.subject_id for entry in entries("alert.escalate")} == {pair.patient.id}
    assert alert_of(pair).next_escalation_at is None


def test_the_minutes_are_the_operators(
    messages: FlaskClient, internal: InternalCalls, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(alert_second_minutes="2", alert_on_call_minutes="3", alert_administrators_minutes="30")
    on_call_therapists(2)
    raise_alert(messages, pair)
    for minutes, expected in {1: 0, 2: 1, 3: 2, 29: 2, 30: 3}.items():
        with later(minutes=minutes, seconds=1):
            tick(internal)
            assert alert_of(pair).escalation_step == expected


def test_an_answer_stops_the_clock(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    on_call_therapists(1)
    alert = raise_alert(messages, pair)
    assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    with later(minutes=30):
        tick(internal)
    assert (alert_of(pair).escalation_step, covering(pair)) == (0, [])


def test_what_is_only_raised_has_no_clock(
    messages: FlaskClient, internal: InternalCalls, inference: InferenceStandIn, pair: Pair
) -> None:
    on_call_therapists(1)
    inference.says("Suicidal", 0.5)
    send(As(messages, pair.patient), pair, "hm")
    with later(minutes=30):
        tick(internal)
    assert (alert_of(pair).escalation_step, covering(pair)) == (0, [])


def test_with_nobody_on_call_administrators_are_told_at_the_first_step(
    messages: FlaskClient, internal: InternalCalls, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    administrator = add_person(Role.ADMINISTRATOR)
    alert = raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
    assert alert_of(pair).escalation_step == 3
    [event] = outbox_events("risk-alert-changed")
    assert event.delivered_at is not None
    assert [entry.details["told"] for entry in entries("alert.escalate")] == [[str(administrator.id)]]
    [line] = [record for record in caplog.records if record.message == "alert-unanswered"]
    assert (line.levelname, vars(line)["facts"]["alertId"]) == ("CRITICAL", str(alert.id))


def test_nobody_is_asked_who_cannot_be_let_in(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    unlicensed, suspended, not_yet, no_longer, own = (
        add_person(Role.THERAPIST),
        add_person(Role.THERAPIST),
        add_person(Role.THERAPIST),
        add_person(Role.THERAPIST),
        pair.therapist,
    )
    add_on_call(unlicensed, suspended, own)
    add_on_call(not_yet, starts_at=now() + timedelta(hours=2))
    add_on_call(no_longer, ends_at=now() - timedelta(hours=2))
    change_licence(unlicensed, CredentialsStatus.PENDING)
    suspend(suspended)
    raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
    assert (alert_of(pair).escalation_step, covering(pair)) == (3, [])


@transaction
def suspend(db: Database, person: Person) -> None:
    user = db.get_one(User, person.id)
    user.status, user.suspended_at = "suspended", now()  # type: ignore[assignment]


def test_ticks_at_once_take_a_step_once(
    messages: FlaskClient, internal: InternalCalls, pair: Pair, product: LocalCloud
) -> None:
    [colleague] = on_call_therapists(1)
    raise_alert(messages, pair)
    several = [InternalCalls(function_client("messages"), product) for _ in range(6)]
    moment = now() + timedelta(minutes=6)

    def at_that_moment(calls: InternalCalls) -> int:
        with held_at(lambda: moment):
            return calls.tick(TICK).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(at_that_moment, several)) == {204}
    assert (alert_of(pair).escalation_step, covering(pair)) == (1, [colleague.id])
    assert len(outbox_events("risk-raised")) == 2
    assert (len(entries("alert.escalate")), len(entries("coverage.begin"))) == (1, 1)


def test_a_tick_that_comes_late_does_not_wait_anew(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    on_call_therapists(2)
    raise_alert(messages, pair)
    with later(minutes=60):
        for expected in (1, 2, 3, 3):
            tick(internal)
            assert alert_of(pair).escalation_step == expected


def test_a_step_that_fails_holds_up_no_other_alert(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    [colleague] = on_call_therapists(1)
    broken, well = raise_alert(messages, pair), None
    other = Pair(pair.patient, add_person(Role.THERAPIST), pair.conversation_id)
    other = Pair(pair.patient, other.therapist, add_care(pair.patient, other.therapist))
    well = raise_alert(messages, other)
    break_clock(broken)
    with later(minutes=6):
        tick(internal)
    found = {event.id: event.escalation_step for event in rows(select(RiskEvent))}
    assert (found[broken.id], found[well.id]) == (0, 1)
    assert covering(pair) == [colleague.id]


@transaction
def break_clock(db: Database, alert: RiskEvent) -> None:
    """There is nobody whose patient wrote."""
    db.get_one(Conversation, alert.conversation_id).care_relationship_id = None


def test_who_covers_reads_and_writes_in_the_conversation_as_if_it_were_theirs(
    messages: FlaskClient, internal: InternalCalls, pair: Pair
) -> None:
    [colleague] = on_call_therapists(1)
    alert = raise_alert(messages, pair)
    covered = Pair(pair.patient, colleague, pair.conversation_id)
    assert send(As(messages, colleague), covered).status_code == 404
    with later(minutes=6):
        tick(internal)
        [shown] = listed(messages, colleague)
        assert shown["details"]["patient"]["name"] == pair.patient.name
        assert [item["body"] for item in history(As(messages, colleague), covered)["items"]] == ["I want to die"]
        assert send(As(messages, colleague), covered, "I am here. May I call you?").status_code == 200
        [room] = As(messages, colleague).get("/api/conversations").get_json()["items"]
        assert (room["id"], room["isOpen"], room["unreadCount"]) == (str(pair.conversation_id), True, 1)
        assert {member["name"] for member in room["members"]} == {
            pair.patient.name,
            pair.therapist.name,
            colleague.name,
        }
        assert step(messages, colleague, alert, "acknowledge").status_code == 200
    [entry] = entries("coverage.begin")
    assert entry.details == {
        "alert": str(alert.id),
        "therapist": str(colleague.id),
        "until": entry.details["until"],
    }
    assert entry.subject_id == pair.patient.id


def test_who_covers_hears_of_what_the_patient_writes_next(
    messages: FlaskClient, internal: InternalCalls, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    [colleague] = on_call_therapists(1)
    raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
        with listening(product) as relay:
            send(As(messages, pair.patient), pair, "still here, I want to die")
            heard = [(channel, told["type"]) for channel, told in relay.all() if channel.startswith("alert:")]
    assert set(heard) == {
        (f"alert:{who.id}", kind)
        for who in (pair.therapist, colleague)
        for kind in ("risk-alert-changed", "message-analysed")
    }


def test_coverage_ends_by_itself_after_a_day_whether_or_not_a_tick_comes(
    messages: FlaskClient, internal: InternalCalls, pair: Pair, product: LocalCloud
) -> None:
    [colleague] = on_call_therapists(1)
    alert = raise_alert(messages, pair)
    covered = Pair(pair.patient, colleague, pair.conversation_id)
    with later(minutes=6):
        tick(internal)
        assert step(messages, colleague, alert, "acknowledge").status_code == 200
    with later(hours=24, minutes=5):
        assert len(history(As(messages, colleague), covered)["items"]) == 1
    with later(hours=24, minutes=7):
        path = "/api/messages"
        assert As(messages, colleague).get(path, conversationId=pair.conversation_id).status_code == 404
        assert As(messages, colleague).get("/api/conversations").get_json()["items"] == []
        assert send(As(messages, colleague), covered).status_code == 404
        with listening(product) as relay:
            tick(internal)
            tick(internal)
            [ended] = [told for channel, told in relay.all() if channel == f"alert:{colleague.id}"]
    assert (ended["type"], ended["conversationId"]) == ("care-ended", str(pair.conversation_id))
    [care] = rows(select(CareRelationship).where(CareRelationship.kind == CareKind.COVERAGE))
    assert (care.status, care.ended_by) == (CareStatus.ENDED, None)
    [entry] = entries("coverage.end")
    assert (entry.subject_id, entry.details) == (pair.patient.id, {"therapist": str(colleague.id)})
    left = select(ConversationMember.left_at).where(ConversationMember.user_id == colleague.id)
    assert rows(left) != [None]
    assert len(history(As(messages, pair.therapist), pair)["items"]) == 1


def test_a_second_escalation_prolongs_coverage(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    [colleague] = on_call_therapists(1)
    first = raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
        assert step(messages, colleague, first, "acknowledge").status_code == 200
    with later(hours=23):
        alert = raise_alert(messages, pair)
        assert step(messages, pair.therapist, alert, "escalate").status_code == 200
        assert step(messages, colleague, alert, "acknowledge").status_code == 200
    # Who covers already has been told of the new alert at once; there is nobody else to let in.
    assert covering(pair) == [colleague.id]
    with later(hours=46):
        tick(internal)
        assert all(shown["details"] for shown in listed(messages, colleague))
    with later(hours=48):
        tick(internal)
        assert listed(messages, colleague) == []
    with later(hours=48):
        again = raise_alert(messages, pair)
    with later(hours=48, minutes=6):
        tick(internal)
        assert next(shown["id"] for shown in listed(messages, colleague)) == str(again.id)
    assert covering(pair) == [colleague.id, colleague.id]


def test_coverage_is_no_care_of_ones_own(messages: FlaskClient, internal: InternalCalls, pair: Pair) -> None:
    """It is in nobody's list of patients or therapists, opens no other conversation, and is nobody's to end."""
    [colleague] = on_call_therapists(1)
    raise_alert(messages, pair)
    appointments = function_client("appointments")
    with later(minutes=6):
        tick(internal)
        for person in (colleague, pair.patient):
            answer = As(appointments, person).get("/api/care-relationships").get_json()["items"]
            assert [care["therapist"]["id"] for care in answer] == [str(pair.therapist.id)] * (person is pair.patient)
        opened = As(messages, colleague).post("/api/conversations", {"participantId": str(pair.patient.id)})
        assert opened.status_code == 404
        [care_id] = rows(select(CareRelationship.id).where(CareRelationship.kind == CareKind.COVERAGE))
        changed = As(appointments, colleague).patch(f"/api/care-relationships/{care_id}", {"status": "ended"})
        assert changed.status_code == 404


def test_coverage_outlives_the_care_that_it_stands_in_for(
    messages: FlaskClient, internal: InternalCalls, pair: Pair
) -> None:
    [colleague] = on_call_therapists(1)
    raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
        end_care(pair)
        [shown] = listed(messages, colleague)
        assert shown["details"]
        room = As(messages, colleague).get(f"/api/conversations/{pair.conversation_id}").get_json()
        assert room["isOpen"] is False


def test_a_patient_may_meanwhile_ask_who_covers_for_care_of_their_own(
    messages: FlaskClient, internal: InternalCalls, pair: Pair
) -> None:
    [colleague] = on_call_therapists(1)
    add_care(pair.patient, colleague, CareStatus.REQUESTED)
    raise_alert(messages, pair)
    with later(minutes=6):
        tick(internal)
    assert covering(pair) == [colleague.id]


@pytest.mark.parametrize("role", ["therapist", "administrator"])
def test_it_can_be_passed_on_by_hand(messages: FlaskClient, pair: Pair, role: str) -> None:
    first, second = on_call_therapists(2)
    administrator = add_person(Role.ADMINISTRATOR)
    asking = pair.therapist if role == "therapist" else administrator
    alert = raise_alert(messages, pair)
    for expected in ([first], [first, second], [first, second]):
        answer = step(messages, asking, alert, "escalate")
        assert answer.status_code == 200
        assert (answer.get_json()["details"] is None) is (role == "administrator")
        assert set(covering(pair)) == {person.id for person in expected}
    refused = step(messages, asking, alert, "escalate")
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:bloom:problem:nobody-left-to-ask")
    stale = As(messages, asking).post(f"/api/alerts/{alert.id}/escalate", {"version": 1})
    assert stale.status_code == 409


def test_passed_on_by_hand_once_acknowledged_the_clock_stays_still(
    messages: FlaskClient, internal: InternalCalls, pair: Pair
) -> None:
    [colleague, _] = on_call_therapists(2)
    alert = raise_alert(messages, pair)
    assert step(messages, pair.therapist, alert, "acknowledge").status_code == 200
    assert step(messages, pair.therapist, alert, "escalate").status_code == 200
    with later(hours=1):
        tick(internal)
    kept = alert_of(pair)
    assert (kept.status, kept.escalation_step, covering(pair)) == (RiskStatus.ACKNOWLEDGED, 1, [colleague.id])


def test_the_tick_is_for_cloud_scheduler_alone(internal: InternalCalls) -> None:
    assert internal.tick(TICK, "PUSH_SERVICE_ACCOUNT").status_code == 403
