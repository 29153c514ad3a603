"""Stacks as the program makes them, each made once."""

import functools
import os
from pathlib import Path

import pytest

from tests.infra.gcloud_double import Gcloud
from tests.infra.provisioned import Provisioned, provisioned

make = functools.cache(provisioned)


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
