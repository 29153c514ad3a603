"""Settings for the tests: every required one is set, and a test names those that it changes."""

import base64
import os
from collections.abc import Callable

import pytest

from shared.settings import Settings, settings


def key(byte: int) -> str:
    """A data key that is recognisably not a secret."""
    return base64.b64encode(bytes([byte]) * 32).decode()


REQUIRED = {
    "base_url": "http://localhost:3000",
    "database_url": "postgresql+pg8000://nobody@/nowhere?unix_sock=/nonexistent/.s.PGSQL.5432",
    "upstash_redis_rest_url": "http://127.0.0.1:9",
    "upstash_redis_rest_token": "test",
    "oidc_audience": "http://localhost:3000",
    "push_service_account": "push@bloom-local.iam.gserviceaccount.com",
    "scheduler_service_account": "scheduler@bloom-local.iam.gserviceaccount.com",
    "message_keys": f"m1:{key(1)}",
    "credential_keys": f"c1:{key(2)}",
    "clinical_keys": f"k1:{key(3)}",
    "event_keys": f"e1:{key(4)}",
    "bcrypt_cost": "4",
    "two_factor_for_staff": "false",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets settings for one test: `environment(database_url=…)`, None unsets; the machine's own are not seen."""
    for name in Settings.model_fields:
        if name.upper() in os.environ:
            monkeypatch.delenv(name.upper())

    def change(**values: str | None) -> None:
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name.upper())
            else:
                monkeypatch.setenv(name.upper(), value)
        settings.cache_clear()

    change(**REQUIRED)
    return change
