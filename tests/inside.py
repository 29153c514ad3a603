"""A look behind the contract of a running local cloud: its database from this process, its parts' files and logs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.cloud import LocalCloud
from shared.settings import Settings, settings
from tests.doubles import forget as forget_clients
from tests.postgres import forget_engine

LONG = os.environ.get("BLOOM_TEST_LONG") == "1"
"""Whether chaos and concurrency run at their full size (`make test-long`)."""


def sized(short: int, long: int) -> int:
    """How many of something: `long` in a long run."""
    return long if LONG else short


@contextmanager
def inside(cloud: LocalCloud) -> Iterator[None]:
    """Within the block, `engine()` and the settings of this process are those of the cloud's parts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        for name, value in cloud.settings.items():
            if name.lower() in Settings.model_fields:
                patch.setenv(name, value)
        _forget()
        yield
    _forget()


def _forget() -> None:
    forget_engine()
    forget_clients()
    settings.cache_clear()
