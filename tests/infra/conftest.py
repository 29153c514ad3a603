"""Stacks as the program makes them, each made once."""

import functools

import pytest

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
