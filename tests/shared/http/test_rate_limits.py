"""A limit lets through exactly what it says, in whichever thread and process, and refills as time passes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dev.cloud import LocalCloud
from shared import clock
from shared.http import rate_limit
from shared.http.rate_limit import Limit, take, take_locally
from shared.redis import ask
from tests.people import add_person
from tests.shared.http.probe import FEW

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_the_headers_count_down_and_say_when_it_is_full_again(client: FlaskClient) -> None:
    with clock.held_at(at(NOON)):
        answers = [client.get("/api/few") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    assert [answer.headers["RateLimit-Limit"] for answer in answers] == ["3"] * 4
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.headers["RateLimit-Reset"] for answer in answers] == ["20", "40", "60", "60"]
    assert answers[3].headers["Retry-After"] == "20"
    assert answers[3].get_json()["type"] == "urn:bloom:problem:too-many-requests"


def test_a_route_without_a_limit_says_nothing_of_one(offline: FlaskClient) -> None:
    assert "RateLimit-Limit" not in offline.get("/api/things").headers


def test_it_refills_one_by_one(client: FlaskClient) -> None:
    def statuses(seconds: float, times: int) -> list[int]:
        with clock.held_at(at(NOON + timedelta(seconds=seconds))):
            return [client.get("/api/few").status_code for _ in range(times)]

    assert statuses(0, 4) == [204, 204, 204, 429]
    assert statuses(19.999, 1) == [429]
    assert statuses(20, 2) == [204, 429]
    assert statuses(80, 4) == [204, 204, 204, 429]


def test_users_are_limited_each_for_themselves_wherever_they_are(client: FlaskClient) -> None:
    one, other = add_person().bearer, add_person().bearer

    def status(bearer: dict[str, str], address: str) -> int:
        return client.get("/api/few-each", headers=bearer | {"X-Forwarded-For": address}).status_code

    # The first finds the session in the database, the others in the cache: they count as one.
    assert [status(one, f"203.0.113.{number}") for number in range(4)] == [200, 200, 200, 429]
    assert status(other, "203.0.113.0") == 200


def test_two_sessions_of_a_user_share_the_limit_and_two_limits_do_not(client: FlaskClient) -> None:
    headers = add_person().bearer
    for _ in range(3):
        client.get("/api/few-each", headers=headers)
    assert client.get("/api/few-each", headers=headers).status_code == 429
    assert client.get("/api/few", headers=headers).status_code == 204


@pytest.mark.parametrize("count", [1, 3, 7, 10])
def test_of_many_at_once_exactly_the_count_is_let_through(product: LocalCloud, count: int) -> None:
    limit = Limit("parallel", count, per=3600)
    with ThreadPoolExecutor(8) as threads:
        granted = list(threads.map(lambda _: take(limit, "somebody").granted, range(24)))
    assert sum(granted) == count


def test_a_limit_is_overridden_by_its_name(client: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="other=9/9,few=1/3600")
    answers = [client.get("/api/few") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 429]
    assert answers[0].headers["RateLimit-Limit"] == "1"
    assert int(answers[1].headers["Retry-After"]) > 3500


def test_the_address_is_not_in_redis(client: FlaskClient) -> None:
    client.get("/api/few", headers={"X-Forwarded-For": "203.0.113.7"})
    [key] = ask(lambda redis: redis.keys("*"))
    assert key.startswith("limit:few:")
    assert "203.0.113.7" not in key


def test_what_is_full_again_is_forgotten(client: FlaskClient) -> None:
    client.get("/api/few")
    [key] = ask(lambda redis: redis.keys("*"))
    assert 0 < ask(lambda redis: redis.pttl(key)) <= 20_000


def test_without_redis_the_limit_still_stands(redis_away: Callable[[], None], client: FlaskClient) -> None:
    redis_away()
    with clock.held_at(at(NOON)):
        answers = [client.get("/api/few") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    assert answers[3].headers["Retry-After"] == "20"


def test_without_redis_a_user_is_limited_too(redis_away: Callable[[], None], client: FlaskClient) -> None:
    headers = add_person().bearer
    redis_away()
    statuses = [client.get("/api/few-each", headers=headers).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_many_addresses_do_not_fill_the_memory(environment: Callable[..., None]) -> None:
    for number in range(rate_limit.LOCAL_KEYS_AT_MOST + 10):
        take_locally(FEW, str(number))
    assert len(rate_limit._local_arrivals) <= rate_limit.LOCAL_KEYS_AT_MOST


@given(
    count=st.integers(1, 20),
    per=st.integers(1, 100),
    pauses=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=8),
)
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_the_local_step_agree_to_the_microsecond(
    product: LocalCloud, count: int, per: int, pauses: list[int]
) -> None:
    ask(lambda redis: redis.flushall())
    rate_limit._local_arrivals.clear()
    limit, moment = Limit("agree", count, per), NOON
    for pause in pauses:
        moment += timedelta(microseconds=pause)
        with clock.held_at(at(moment)):
            assert take(limit, "somebody") == take_locally(limit, "somebody")


@given(count=st.integers(1, 500), per=st.integers(1, 100_000))
@examples(max_examples=100, deadline=None)
def test_at_one_moment_the_whole_count_is_let_through_and_no_more(count: int, per: int) -> None:
    rate_limit._local_arrivals.clear()
    limit = Limit("whole", count, per)
    with clock.held_at(at(NOON)):
        taken = [take_locally(limit, "somebody") for _ in range(count + 1)]
    assert [allowance.granted for allowance in taken] == [True] * count + [False]
    assert [allowance.remaining for allowance in taken[:count]] == list(range(count - 1, -1, -1))
