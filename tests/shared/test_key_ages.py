"""How old a key in use is can be seen where its id says when it began, and only by who has it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from shared import telemetry
from shared.clock import held_at
from shared.settings import settings
from shared.telemetry.key_ages import IN_USE, key_ages
from tests.environment import key

NOW = datetime(2027, 3, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "days"),
    [
        (f"2027-03:{key(1)},2026-03:{key(2)}", 10.5),
        (f"2026-12-after-the-move:{key(1)}", 100.5),
        (f"2026-011:{key(1)}", None),
        (f"2026-13:{key(1)}", None),
        (f"local:{key(1)}", None),
    ],
)
def test_the_age_is_that_of_the_key_that_seals(environment: Callable[..., None], keys: str, days: float | None) -> None:
    environment(message_keys=keys, event_keys=f"e1:{key(4)}")
    with held_at(lambda: NOW):
        assert key_ages(settings()) == ({("message_keys",): days} if days else {})


def test_every_key_that_seals_or_signs_is_looked_at(environment: Callable[..., None]) -> None:
    environment(**{name: f"2027-03:{key(1)}" for name in IN_USE})
    with held_at(lambda: NOW):
        assert set(key_ages(settings())) == {(name,) for name in IN_USE}
    assert set(IN_USE) == {name for name in type(settings()).model_fields if name.endswith("_keys")} - {
        "audit_public_keys",
    } | {"audit_signing_key"}


def test_the_page_shows_it(environment: Callable[..., None]) -> None:
    environment(metrics_enabled="true", message_keys=f"2027-03:{key(1)}")
    telemetry.start("test")
    try:
        with held_at(lambda: NOW):
            page = telemetry.page("")
    finally:
        telemetry.stop()
    assert page is not None
    assert 'bloom_key_age_days{key="message_keys"} 10.5' in page[0].decode()
