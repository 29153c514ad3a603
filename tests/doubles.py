"""Real Redis behind the Upstash double, Pub/Sub, SMTP and the OpenID issuer, for functions that run in the test."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from functions_framework import create_app

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from shared import inference, mail, outbox, redis, rollout, telemetry
from shared.http import internal_caller, rate_limit
from shared.telemetry import metrics
from shared.telemetry.metrics import Metric, Readings

ROOT = Path(__file__).resolve().parent.parent
PARTS = {"redis", "upstash", "smtp", "oidc", "pubsub"}


@pytest.fixture(scope="session")
def doubles() -> Iterator[LocalCloud]:
    """The worker's doubles, without a function to push to."""
    with LocalCloud(parts=PARTS) as cloud:
        yield cloud


@pytest.fixture
def product(doubles: LocalCloud, database: LocalDatabase, environment: Callable[..., None]) -> Iterator[LocalCloud]:
    """Settings that point at the doubles and an empty database and Redis, with no memory of an earlier test."""
    names = ("upstash_redis_rest_url", "upstash_redis_rest_token", "redis_url", "smtp_url", "pubsub_emulator_host")
    issuer = ("oidc_issuer", "oidc_jwks_url", "oidc_audience", "push_service_account", "scheduler_service_account")
    environment(**{name: doubles.settings[name.upper()] for name in (*names, *issuer)})
    forget()
    redis.ask(lambda client: client.flushall())
    yield doubles
    forget()


def forget() -> None:
    """Close every client and drop every cache and breaker state that this process keeps."""
    if redis._client.cache_info().currsize:
        redis._client().close()  # type: ignore[no-untyped-call]
        redis._client.cache_clear()
    inference.forget()
    rollout.forget()
    if outbox._publisher.cache_info().currsize:
        outbox._publisher()[0].stop()
        outbox._publisher()[0].transport.close()
        outbox._publisher.cache_clear()
    mail.mailer.cache_clear()
    internal_caller._fetch_keys.cache_clear()
    rate_limit._local_arrivals.clear()
    redis._breaker.succeeded()


def function_client(name: str) -> FlaskClient:
    """A client of a function as Cloud Functions would load it, in this process; it is loaded once. Threads may ask."""
    with _loading:
        if _in_place[-1] != name:
            _put_in_place(name)
        if name not in _apps:
            before = list(metrics.watched)
            _apps[name] = create_app("handle", str(ROOT / "functions" / name / "main.py"))  # type: ignore[no-untyped-call]
            _gauges[name] = [gauge for gauge in metrics.watched if gauge not in before]
        for metric, read in _gauges[name]:
            metrics.watch(metric, read)  # whoever loaded the same function under another name had its own read them
        telemetry.start_logging()  # to where the present test looks
    return _apps[name].test_client()


def _put_in_place(name: str) -> None:
    """Let `main` be this function: each is a package of that name, and must not be given another's parts."""
    for module in list(sys.modules):
        if module == "main" or module.startswith("main."):
            _loaded.setdefault(_in_place[-1], {})[module] = sys.modules.pop(module)
    sys.modules.update(_loaded.get(name, {}))
    _in_place.append(name)


_loading = threading.Lock()
_apps: dict[str, Flask] = {}
_gauges: dict[str, list[tuple[Metric, Callable[[], Readings]]]] = {}
_loaded: dict[str, dict[str, ModuleType]] = {}
_in_place: list[str] = [""]
