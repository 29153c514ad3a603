"""Events kept with the change that caused them, and handed to Pub/Sub after the commit: at least once, never lost."""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import EVENT_TYPES, Event
from shared.problems import Unavailable
from shared.settings import settings
from shared.telemetry import adopt, asking, log

SECONDS_TO_ACCEPT: Final = 2.0
# Younger rows are still in the hands of the request that wrote them.
LEFT_BEHIND_AFTER: Final = timedelta(seconds=5)
SWEEP_AT_MOST: Final = 100


class PubSubAway(Exception):
    """Pub/Sub did not accept an event in time."""


def record(db: Database, event: Event) -> None:
    """Keep an event in the caller's transaction, its content sealed."""
    db.add(
        OutboxEvent(
            id=event.id,
            type=event.type,
            aggregate_id=event.aggregate_id,
            payload=seal(KeyRing.EVENT, event.model_dump_json(), "outbox_event", "payload", event.id),
            created_at=event.occurred_at,
        )
    )


def delivered(db: Database, event_ids: Iterable[UUID]) -> None:
    """Note in the caller's transaction that these events need nothing more."""
    db.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_(list(event_ids)), OutboxEvent.delivered_at.is_(None))
        .values(delivered_at=now())
    )


def mark_delivered(*event_ids: UUID) -> None:
    """Note in a transaction of its own, after the one that did the work, that these events need nothing more.

    What was done stays done and is answered so: where the database does not take the note, the sweeper hands the
    events over once more, which consumers allow for.
    """
    _noted(lambda: _mark_delivered(event_ids))


@transaction
def _mark_delivered(db: Database, event_ids: Sequence[UUID]) -> None:
    delivered(db, event_ids)


def _noted(note: Callable[[], None]) -> None:
    try:
        note()
    except Unavailable:
        log("outbox-not-noted", severity="WARNING")


def hand_over(*events: Event, within: float = SECONDS_TO_ACCEPT) -> None:
    """Hand events to Pub/Sub right after the commit; where it is away, the sweeper does it later.

    `within` is in seconds: who has to answer sooner than Pub/Sub may take leaves it to the sweeper sooner.
    """
    if not events:
        return
    try:
        _publish([(event.id, event.type) for event in events], within)
    except PubSubAway:
        log("pubsub-away", severity="WARNING", events=len(events))
        return
    _noted(lambda: mark_handed_over([(event.id, 0) for event in events]))


def sweep() -> int:
    """Hand over what was left behind, oldest first; how many were handed over. Raises PubSubAway."""
    claimed, left_since = 0, now() - LEFT_BEHIND_AFTER
    while batch := _sweep_batch(left_since):
        claimed += batch
        if batch < SWEEP_AT_MOST:
            break
    return claimed


@transaction
def _left_behind(db: Database, since: datetime) -> list[tuple[UUID, str, int]]:
    # Ids are not committed in order, so what is left is found by its mark, never by a cursor. Two sweepers at once
    # hand the same event over twice, which consumers allow for; the lock only makes that rare.
    rows = db.execute(
        select(OutboxEvent.id, OutboxEvent.type, OutboxEvent.attempts)
        .where(
            OutboxEvent.delivered_at.is_(None),
            OutboxEvent.created_at < since,
            # What a consumer puts back during this sweep waits for the next one.
            func.coalesce(OutboxEvent.last_attempt_at, OutboxEvent.created_at) < since,
        )
        .order_by(OutboxEvent.created_at)
        .limit(SWEEP_AT_MOST)
        .with_for_update(skip_locked=True)
    )
    return [(row.id, row.type, row.attempts) for row in rows]


def _sweep_batch(left_since: datetime) -> int:
    left = _left_behind(left_since)
    if left:
        _publish([(event_id, event_type) for event_id, event_type, _ in left])
        mark_handed_over([(event_id, attempts) for event_id, _, attempts in left])
    return len(left)


@transaction
def mark_handed_over(db: Database, events: list[tuple[UUID, int]]) -> None:
    """Note that Pub/Sub holds these, by id and attempts; not those that a quick consumer has put back since."""
    db.execute(
        update(OutboxEvent)
        .where(tuple_(OutboxEvent.id, OutboxEvent.attempts).in_(events), OutboxEvent.delivered_at.is_(None))
        .values(delivered_at=now())
    )


def open_event(event_id: UUID) -> Event | None:
    """The event that a Pub/Sub message names, or None where it is no longer kept."""
    row = _load(event_id)
    if row is None:
        return None
    event_type, payload = row
    content = unseal(KeyRing.EVENT, payload, "outbox_event", "payload", event_id)
    event = EVENT_TYPES[event_type].model_validate_json(content)
    adopt(f"consume {event_type}", event.traceparent)
    return event


@transaction
def _load(db: Database, event_id: UUID) -> tuple[str, bytes] | None:
    row = db.execute(select(OutboxEvent.type, OutboxEvent.payload).where(OutboxEvent.id == event_id)).one_or_none()
    return (row.type, row.payload) if row else None


@transaction
def put_back(db: Database, event_id: UUID) -> None:
    """A consumer could not do it yet: the sweeper hands the event over again, for as long as it takes."""
    db.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == event_id)
        .values(delivered_at=None, attempts=OutboxEvent.attempts + 1, last_attempt_at=now())
    )


def _publish(events: list[tuple[UUID, str]], within: float = SECONDS_TO_ACCEPT) -> None:
    """Wait until Pub/Sub holds them all: nothing runs after the response. Raises PubSubAway."""
    with asking("pubsub", PubSubAway):
        _publish_each(events, within)


def _publish_each(events: list[tuple[UUID, str]], within: float) -> None:
    try:
        client, topic = _publisher()
        patience = _patience(within)
        futures = [
            client.publish(topic, json.dumps({"id": str(event_id)}).encode(), type=event_type, **patience)
            for event_id, event_type in events
        ]
        for future in futures:
            future.result(timeout=within)
    except Exception as error:  # noqa: BLE001 - gRPC, retry and timeout errors share no class
        raise PubSubAway(type(error).__name__) from None


def _patience(within: float) -> dict[str, Any]:
    """Nothing is tried any longer than it is waited for."""
    from google.api_core.retry import Retry

    return {} if within == SECONDS_TO_ACCEPT else {"retry": Retry(initial=0.02, deadline=within), "timeout": within}


@functools.cache
def _publisher() -> tuple[Any, str]:
    from google.api_core.retry import Retry
    from google.cloud.pubsub_v1 import PublisherClient
    from google.cloud.pubsub_v1.types import BatchSettings, PublisherOptions

    client = PublisherClient(
        batch_settings=BatchSettings(max_latency=0.001),
        publisher_options=PublisherOptions(retry=Retry(initial=0.1, deadline=SECONDS_TO_ACCEPT)),
    )
    return client, client.topic_path(settings().google_cloud_project, settings().pubsub_topic)
