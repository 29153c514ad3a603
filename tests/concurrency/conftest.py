"""Two real processes of the messages function over one database and one Redis."""

import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.ports import free_ports
from tests.functions.messages.inference_stand_in import running
from tests.inside import inside
from tests.waiting import until

PARTS = {"postgres", "database", "redis", "upstash", "messages"}
LIMITS = "send-message=100000/1,read-messages=100000/1,conversations=100000/1"


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
