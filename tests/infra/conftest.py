"""Stacks as the program makes them, each made once."""

import asyncio
import functools
import os
from pathlib import Path

import pytest

from tests.infra.gcloud_double import Gcloud
from tests.infra.provisioned import Provisioned, provisioned


def ensure_event_loop() -> None:
    """Pulumi asks for the thread's event loop, which an `asyncio.run` of an earlier test has taken away."""
    try:
        asyncio.get_event_loop()
    except (RuntimeError, DeprecationWarning):
        asyncio.set_event_loop(asyncio.new_event_loop())


@functools.cache
def make(stack: str, **settings: str) -> Provisioned:
    """A stack as the program makes it, made once."""
    ensure_event_loop()
    return provisioned(stack, **settings)


@pytest.fixture(autouse=True)
def _event_loop() -> None:
    """For the tests that run the program themselves."""
    ensure_event_loop()


@pytest.fixture(scope="session")
def prod() -> Provisioned:
    return make("prod", database="cloud-sql")


@pytest.fixture(scope="session")
def dev() -> Provisioned:
    return make("dev")


@pytest.fixture(scope="session", params=["dev", "qa", "prod", "pr-7"])
def stack(request: pytest.FixtureRequest) -> Provisioned:
    """Each stack; production with Cloud SQL, so that its resources are looked at too."""
    return make(request.param, database="cloud-sql") if request.param == "prod" else make(request.param)


@pytest.fixture
def gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gcloud:
    """The command line's double, first on the path."""
    double = Gcloud(tmp_path)
    for name, value in double.environment(os.environ["PATH"]).items():
        monkeypatch.setenv(name, value)
    return double
