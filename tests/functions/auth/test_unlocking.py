"""What an administrator unlocks can be signed in to at once, also where Redis was away when they did."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import outbox
from shared.clock import now
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import AccountUnlocked
from tests.doubles import forget
from tests.functions.internal_calls import InternalCalls
from tests.people import PASSWORD, Person, add_person, rows

NOBODY_LISTENS = "http://127.0.0.1:9"


def sign_in(auth: FlaskClient, person: Person, password: str = PASSWORD) -> int:
    return auth.post("/api/auth/sign-in", json={"email": person.email, "password": password}).status_code


@transaction
def unlocked(db: Database, person: Person) -> AccountUnlocked:
    event = AccountUnlocked(occurred_at=now(), user_id=person.id)
    outbox.record(db, event)
    return event


def locked_person(auth: FlaskClient) -> Person:
    person = add_person()
    for _ in range(10):
        sign_in(auth, person, "not the password")
    assert sign_in(auth, person) == 401
    return person


def test_the_pause_ends_with_the_event(auth: FlaskClient, internal: InternalCalls) -> None:
    person = locked_person(auth)
    assert internal.push("/api/internal/auth/events", unlocked(person).id).status_code == 204
    assert sign_in(auth, person) == 200


def test_without_redis_it_is_tried_again(
    auth: FlaskClient, internal: InternalCalls, environment: Callable[..., None], product: LocalCloud
) -> None:
    person = locked_person(auth)
    event = unlocked(person)
    environment(upstash_redis_rest_url=NOBODY_LISTENS)
    forget()
    assert internal.push("/api/internal/auth/events", event.id).status_code == 204
    [kept] = rows(select(OutboxEvent).where(OutboxEvent.id == event.id))
    assert (kept.delivered_at, kept.attempts) == (None, 1)
    environment(upstash_redis_rest_url=product.settings["UPSTASH_REDIS_REST_URL"])
    forget()
    assert internal.push("/api/internal/auth/events", event.id).status_code == 204
    assert sign_in(auth, person) == 200
