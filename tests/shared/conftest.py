"""A function made of the probe's routes, with and without the parts behind it."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from shared.http.app import create_app
from tests.doubles import forget
from tests.shared.http import probe
from tests.shared.redis_gate import RedisGate


@pytest.fixture
def client(product: LocalCloud) -> FlaskClient:
    """A client of the function, with a database and Redis behind it."""
    return create_app("probe", probe.routes).test_client()


@pytest.fixture
def offline(environment: Callable[..., None]) -> FlaskClient:
    """A client for what needs neither database nor Redis: starting those takes a quarter of a second a test."""
    return create_app("probe", probe.routes).test_client()


@pytest.fixture
def redis_away(product: LocalCloud, environment: Callable[..., None]) -> Callable[[], None]:
    """Call it, and from then on nothing listens where Redis should be."""

    def leave() -> None:
        environment(upstash_redis_rest_url="http://127.0.0.1:9")
        forget()

    return leave


@pytest.fixture
def gate(product: LocalCloud, environment: Callable[..., None]) -> Iterator[RedisGate]:
    """The way to Redis leads through a gate that can be shut."""
    with RedisGate(product.settings["UPSTASH_REDIS_REST_URL"]) as made:
        environment(upstash_redis_rest_url=made.url, redis_timeout_ms="10000")
        forget()
        yield made
        forget()
