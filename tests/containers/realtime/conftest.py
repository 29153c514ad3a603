"""Two real relays with their database and Redis, shared by all tests of this folder; each brings its own people."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis

from dev.cloud import LocalCloud
from tests.containers.realtime.clients import Clients
from tests.containers.realtime.people import Care, in_care
from tests.inside import inside

PARTS = ("postgres", "database", "redis", "upstash", "realtime_1", "realtime_2")
SHORTER = {"BCRYPT_COST": "4", "TYPING_EXPIRES_SECONDS": "1"}


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(parts=PARTS, settings=SHORTER) as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def _settings_of_the_cloud(cloud: LocalCloud) -> Iterator[None]:
    with inside(cloud):
        yield


@pytest.fixture
def redis(cloud: LocalCloud) -> Iterator[Redis]:
    with Redis.from_url(cloud.settings["REDIS_URL"]) as client:
        yield client


@pytest.fixture
def care() -> Care:
    """A patient and their therapist, with a conversation."""
    return in_care()


@pytest.fixture
async def clients(cloud: LocalCloud) -> AsyncIterator[Clients]:
    opened = Clients(cloud.url("realtime_1"))
    yield opened
    await opened.close()
