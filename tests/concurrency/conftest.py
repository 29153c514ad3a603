"""Two real processes of a function over one database and one Redis: messages, or appointments."""

import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.ports import free_ports
from dev.postgres import database_url
from infra.migrations.local import ways_into
from tests.concurrency.booking_crowd import FAILS_AT_RANDOM, Crowd, at_commit
from tests.concurrency.booking_crowd import LIMITS as BOOKING_LIMITS
from tests.concurrency.booking_crowd import PARTS as BOOKING_PARTS
from tests.functions.messages.inference_stand_in import running
from tests.inside import inside
from tests.waiting import until

PARTS = {"postgres", "database", "redis", "upstash", "messages"}
LIMITS = ",".join(
    f"{name}=100000/100"
    for name in ("send-message", "read-messages", "conversations", "edit-message", "delete-message")
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """The parts, with a classifier that says Stress to everything."""
    with (
        running() as stand_in,
        LocalCloud(
            parts=PARTS, settings={"INFERENCE_URL": stand_in.url, "LIMITS": LIMITS, "BCRYPT_COST": "4"}
        ) as cloud,
        inside(cloud),
    ):
        yield cloud


@pytest.fixture(scope="module")
def instances(cloud: LocalCloud) -> Iterator[list[str]]:
    """The base URLs of two instances."""
    port = free_ports(["second"])["second"]
    command = [str(port) if word == str(cloud.ports["messages"]) else word for word in _command(cloud)]
    second = subprocess.Popen(command, env=cloud.environment("messages"), stdout=subprocess.DEVNULL)
    urls = [cloud.url("messages"), f"http://127.0.0.1:{port}"]
    try:
        until(lambda: _is_up(urls[1]))
        yield urls
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(10)


def _command(cloud: LocalCloud) -> list[str]:
    return list(cloud.supervisor["messages"].part.command)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def booking_cloud() -> Iterator[LocalCloud]:
    """The appointments function and what is behind it."""
    with (
        LocalCloud(parts=BOOKING_PARTS, settings={"LIMITS": BOOKING_LIMITS, "BCRYPT_COST": "4"}) as cloud,
        inside(cloud),
    ):
        yield cloud


@pytest.fixture(scope="module")
def booking_instances(booking_cloud: LocalCloud) -> Iterator[list[str]]:
    """The base URLs of two instances."""
    port = free_ports(["second"])["second"]
    words = booking_cloud.supervisor["appointments"].part.command
    command = [str(port) if word == str(booking_cloud.ports["appointments"]) else word for word in words]
    second = subprocess.Popen(command, env=booking_cloud.environment("appointments"), stdout=subprocess.DEVNULL)
    urls = [booking_cloud.url("appointments"), f"http://127.0.0.1:{port}"]
    try:
        until(lambda: _is_up(urls[1]))
        yield urls
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(10)


@pytest.fixture(params=["as they come", "failing at random"])
def commits(request: pytest.FixtureRequest, booking_cloud: LocalCloud) -> Iterator[str]:
    """How the commits of appointments end: in three of ten cases by no fault of theirs with 40001, in the second."""
    ways = ways_into(database_url(booking_cloud.data_dir, "postgres", "postgres"), "bloom")
    with at_commit(ways, FAILS_AT_RANDOM) if request.param == "failing at random" else nullcontext():
        yield request.param


@pytest.fixture
async def crowd(booking_instances: list[str]) -> AsyncIterator[Crowd]:
    """People who ask both instances."""
    crowd = Crowd(booking_instances)
    yield crowd
    await crowd.close()
