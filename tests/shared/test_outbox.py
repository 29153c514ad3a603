"""What happened is kept with the change, sealed, and reaches Pub/Sub at least once, as an id and nothing more."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import outbox
from shared.clock import now
from shared.database.encryption import Undecipherable
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import (
    EVENT_TYPES,
    AccountErased,
    AccountNotice,
    AccountUnlocked,
    AppointmentChange,
    AppointmentChanged,
    CareEnded,
    Event,
    MeetingWanted,
    MessageAnalysed,
    MessageDeleted,
    MessageSent,
    MessageUpdated,
    PrivacyNotice,
    ReadAdvanced,
    ReminderDue,
    RiskAlertChanged,
    RiskRaised,
    SeriesBooked,
    SessionsRevoked,
    SignUpRepeated,
    TimeFreed,
    TimeOffered,
    UnreadWaiting,
    VerificationRequested,
    ZoomNoticed,
)
from shared.http.schema import PushDelivery
from shared.outbox import PubSubAway
from shared.problems import Malformed, Unavailable
from tests.doubles import forget
from tests.people import rows
from tests.shared.pubsub_stand_in import PubSubStandIn

MARK = "I-feel-so-alone"
MOMENT = now()
SAMPLES: list[Event] = [
    MessageSent(
        occurred_at=MOMENT,
        message_id=uuid4(),
        conversation_id=uuid4(),
        seq=3,
        version=1,
        sender_id=uuid4(),
        client_id=MARK,
        sealed_body="c2VhbGVk",
    ),
    MessageUpdated(
        occurred_at=MOMENT,
        message_id=uuid4(),
        conversation_id=uuid4(),
        seq=3,
        version=2,
        revision=1,
        sender_id=uuid4(),
        client_id=MARK,
        sealed_body="c2VhbGVk",
        sent_at=MOMENT,
    ),
    MessageDeleted(
        occurred_at=MOMENT,
        message_id=uuid4(),
        conversation_id=uuid4(),
        seq=3,
        version=2,
        revision=2,
        sender_id=uuid4(),
        client_id=MARK,
        sent_at=MOMENT,
        edited_at=MOMENT,
    ),
    ReadAdvanced(occurred_at=MOMENT, conversation_id=uuid4(), user_id=uuid4(), seq=3, for_everyone=True),
    UnreadWaiting(occurred_at=MOMENT, conversation_id=uuid4(), user_id=uuid4()),
    MessageAnalysed(
        occurred_at=MOMENT,
        message_id=uuid4(),
        conversation_id=uuid4(),
        clinician_ids=(uuid4(), uuid4()),
        analysis={"label": MARK, "allScores": {"Stress": 0.5}},
    ),
    RiskRaised(
        occurred_at=MOMENT,
        risk_event_id=uuid4(),
        message_id=uuid4(),
        conversation_id=uuid4(),
        patient_id=uuid4(),
        clinician_ids=(uuid4(),),
        level=MARK,
    ),
    RiskAlertChanged(
        occurred_at=MOMENT,
        risk_event_id=uuid4(),
        status=MARK,
        version=2,
        escalation_step=1,
        user_ids=(uuid4(),),
        notice="coverage",
        mail_ids=(uuid4(),),
    ),
    CareEnded(occurred_at=MOMENT, care_relationship_id=uuid4(), conversation_id=uuid4(), therapist_id=uuid4()),
    AppointmentChanged(occurred_at=MOMENT, appointment_id=uuid4(), version=2, change=AppointmentChange.RESCHEDULED),
    SeriesBooked(occurred_at=MOMENT, series_id=uuid4()),
    MeetingWanted(occurred_at=MOMENT, appointment_id=uuid4()),
    ReminderDue(occurred_at=MOMENT, appointment_id=uuid4(), version=1, user_id=uuid4(), reminder=MARK),
    TimeFreed(occurred_at=MOMENT, therapist_id=uuid4()),
    TimeOffered(occurred_at=MOMENT, waitlist_entry_id=uuid4(), appointment_id=uuid4()),
    ZoomNoticed(occurred_at=MOMENT, receipt_id=uuid4()),
    VerificationRequested(occurred_at=MOMENT, user_id=uuid4(), token=MARK),
    SignUpRepeated(occurred_at=MOMENT, user_id=uuid4()),
    AccountErased(occurred_at=MOMENT, user_id=uuid4(), email="gone@people.test", name="Gone", words=MARK),
    AccountNotice(occurred_at=MOMENT, user_id=uuid4(), notice="password-changed", token="a token of one mail"),
    AccountUnlocked(occurred_at=MOMENT, user_id=uuid4()),
    PrivacyNotice(occurred_at=MOMENT, notice="record-opened", grant_ids=(uuid4(),), facts={"Reason": MARK}),
    SessionsRevoked(occurred_at=MOMENT, user_id=uuid4(), session_ids=(uuid4(),), token_hashes=(MARK,)),
]


@pytest.fixture
def pubsub(product: LocalCloud, environment: Callable[..., None]) -> Iterator[PubSubStandIn]:
    """Where events are handed to."""
    with PubSubStandIn() as made:
        environment(pubsub_emulator_host=made.address)
        yield made
        forget()


@transaction
def keep(db: Database, *events: Event) -> None:
    for event in events:
        outbox.record(db, event)


def happened(seconds_ago: float = 0) -> SignUpRepeated:
    return SignUpRepeated(occurred_at=now() - timedelta(seconds=seconds_ago), user_id=uuid4())


def left(count: int = 1) -> list[SignUpRepeated]:
    """Events that their requests did not deliver, the oldest first."""
    events = [happened(100 - number / 10) for number in range(count)]
    keep(*events)
    return events


def delivered_at(event: Event) -> datetime | None:
    [row] = rows(select(OutboxEvent).where(OutboxEvent.id == event.id))
    return row.delivered_at


def test_there_is_a_sample_of_every_event() -> None:
    assert {type(event) for event in SAMPLES} == set(EVENT_TYPES.values())
    assert all(name == event.type for name, event in EVENT_TYPES.items())


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_every_event_comes_out_as_it_went_in(product: LocalCloud, event: Event) -> None:
    keep(event)
    assert outbox.open_event(event.id) == event


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_its_content_is_sealed_and_its_aggregate_named(product: LocalCloud, event: Event) -> None:
    keep(event)
    [row] = rows(select(OutboxEvent))
    assert row.type == event.type
    assert row.aggregate_id == event.aggregate_id
    assert row.created_at == event.occurred_at
    assert MARK.encode() not in row.payload
    assert str(event.aggregate_id).encode() not in row.payload


def test_a_payload_moved_to_another_event_does_not_open(product: LocalCloud) -> None:
    event, other = happened(), happened()
    keep(event, other)

    @transaction
    def swap(db: Database) -> None:
        db.get_one(OutboxEvent, event.id).payload = db.get_one(OutboxEvent, other.id).payload

    swap()
    with pytest.raises(Undecipherable):
        outbox.open_event(event.id)


def test_nothing_is_left_of_a_transaction_that_failed(product: LocalCloud) -> None:
    @transaction
    def fail(db: Database) -> None:
        outbox.record(db, happened())
        db.flush()
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert rows(select(OutboxEvent)) == []


def test_an_event_that_nobody_kept_is_none(product: LocalCloud) -> None:
    assert outbox.open_event(uuid4()) is None


def test_pubsub_is_told_the_id_and_the_type_and_nothing_else(pubsub: PubSubStandIn) -> None:
    keep(*SAMPLES)
    outbox.hand_over(*SAMPLES)
    assert sorted(pubsub.event_ids) == sorted(event.id for event in SAMPLES)
    for message, event in zip(pubsub.published, SAMPLES, strict=True):
        assert message.data == f'{{"id": "{event.id}"}}'.encode()
        assert dict(message.attributes) == {"type": event.type}


def test_what_is_handed_over_is_not_swept(pubsub: PubSubStandIn) -> None:
    event = happened(seconds_ago=60)
    keep(event)
    outbox.hand_over(event)
    assert delivered_at(event) is not None
    assert outbox.sweep() == 0
    assert len(pubsub.published) == 1


def test_with_pubsub_away_the_event_waits_for_the_sweeper(
    pubsub: PubSubStandIn, environment: Callable[..., None]
) -> None:
    event = happened(seconds_ago=60)
    keep(event)
    environment(pubsub_emulator_host="127.0.0.1:9")
    outbox.hand_over(event)
    assert delivered_at(event) is None
    with pytest.raises(PubSubAway):
        outbox.sweep()
    assert delivered_at(event) is None
    forget()
    environment(pubsub_emulator_host=pubsub.address)
    assert outbox.sweep() == 1
    assert pubsub.event_ids == [event.id]
    assert delivered_at(event) is not None


def test_what_was_left_behind_is_swept_oldest_first(pubsub: PubSubStandIn) -> None:
    events = left(5)
    assert outbox.sweep() == 5
    assert pubsub.event_ids == [event.id for event in events]
    assert outbox.sweep() == 0


def test_a_young_event_is_left_to_the_request_that_wrote_it(pubsub: PubSubStandIn) -> None:
    keep(happened(seconds_ago=0))
    assert outbox.sweep() == 0


def test_a_sweep_goes_on_until_nothing_is_left(pubsub: PubSubStandIn) -> None:
    events = left(2 * outbox.SWEEP_AT_MOST + 1)
    assert outbox.sweep() == len(events)
    assert set(pubsub.event_ids) == {event.id for event in events}


def test_two_sweepers_at_once_lose_nothing(pubsub: PubSubStandIn) -> None:
    events = left(30)
    with ThreadPoolExecutor(2) as threads:
        swept = sum(threads.map(lambda _: outbox.sweep(), range(2)))
    assert swept >= len(events)
    assert set(pubsub.event_ids) == {event.id for event in events}
    assert all(delivered_at(event) for event in events)


def test_what_a_consumer_puts_back_is_swept_again(pubsub: PubSubStandIn) -> None:
    event = happened(seconds_ago=60)
    keep(event)
    outbox.hand_over(event)
    put_back_a_while_ago(event.id)
    assert outbox.sweep() == 1
    assert pubsub.event_ids == [event.id] * 2


@pytest.mark.parametrize("hand_over", [outbox.hand_over, lambda _: outbox.sweep()], ids=["request", "sweeper"])
def test_a_consumer_quicker_than_our_note_still_gets_it_again(
    pubsub: PubSubStandIn, hand_over: Callable[[Event], object]
) -> None:
    event = happened(seconds_ago=60)
    keep(event)
    pubsub.meanwhile = outbox.put_back
    hand_over(event)
    assert delivered_at(event) is None


def test_what_is_put_back_during_a_sweep_waits_for_the_next(pubsub: PubSubStandIn) -> None:
    left(outbox.SWEEP_AT_MOST)
    pubsub.meanwhile = outbox.put_back
    assert outbox.sweep() == outbox.SWEEP_AT_MOST


def test_what_needs_nothing_more_is_not_handed_over(pubsub: PubSubStandIn) -> None:
    first, second = left(2)
    outbox.mark_delivered(first.id)
    assert outbox.sweep() == 1
    assert pubsub.event_ids == [second.id]


def test_a_note_that_the_database_does_not_take_fails_nobody_and_leaves_the_event_to_the_sweeper(
    pubsub: PubSubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Unavailable("The database is busy")

    first, second = left(2)
    with monkeypatch.context() as failing:
        failing.setattr(outbox, "delivered", busy)
        failing.setattr(outbox, "mark_handed_over", busy)
        outbox.mark_delivered(first.id)
        outbox.hand_over(second)
    assert (delivered_at(first), delivered_at(second)) == (None, None)
    assert outbox.sweep() == 2


def test_a_push_names_its_event() -> None:
    event_id = uuid4()
    data = base64.b64encode(f'{{"id": "{event_id}"}}'.encode()).decode()
    push = PushDelivery.model_validate({"message": {"data": data, "messageId": "1"}, "subscription": "s"})
    assert push.event_id == event_id


@pytest.mark.parametrize("data", [None, 7, "", "é", "bm8=", "e30=", "W10=", base64.b64encode(b'{"id": "7"}').decode()])
def test_a_push_that_names_none_is_malformed(data: object) -> None:
    with pytest.raises(Malformed):
        _ = PushDelivery.model_validate({"message": {"data": data}}).event_id
    with pytest.raises(Malformed):
        _ = PushDelivery.model_validate({"message": {}}).event_id


def put_back_a_while_ago(event_id: UUID) -> None:
    outbox.put_back(event_id)

    @transaction
    def age(db: Database) -> None:
        db.get_one(OutboxEvent, event_id).last_attempt_at = now() - timedelta(minutes=1)

    age()
