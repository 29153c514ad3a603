"""A sealed column opens in its own row, under a key that is still there, and nowhere else."""

import base64
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as examples

from shared.database.encryption import KeyRing, Undecipherable, seal, unseal
from shared.settings import SettingsError
from tests.environment import key

ROW = uuid4()
PLACE = ("message", "body", ROW)


@given(text=strategies.text(strategies.characters(exclude_categories=["Cs"])))
@examples(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_sealed_opens_again(environment: Callable[..., None], text: str) -> None:
    sealed = seal(KeyRing.MESSAGE, text, *PLACE)
    assert unseal(KeyRing.MESSAGE, sealed, *PLACE) == text
    assert len(sealed) == 1 + 1 + len("m1") + 12 + len(text.encode()) + 16


def test_two_seals_of_one_text_differ(environment: Callable[..., None]) -> None:
    assert seal(KeyRing.MESSAGE, "hello", *PLACE) != seal(KeyRing.MESSAGE, "hello", *PLACE)


def test_the_text_is_not_in_what_is_kept(environment: Callable[..., None]) -> None:
    sealed = seal(KeyRing.MESSAGE, "I feel low", *PLACE)
    assert b"feel" not in sealed
    assert b"feel" not in base64.b64encode(sealed)


@pytest.mark.parametrize(
    "elsewhere", [("message", "body", uuid4()), ("message", "note", ROW), ("message_version", "body", ROW)]
)
def test_a_ciphertext_moved_to_another_place_does_not_open(
    environment: Callable[..., None], elsewhere: tuple[str, str, object]
) -> None:
    sealed = seal(KeyRing.MESSAGE, "hello", *PLACE)
    with pytest.raises(Undecipherable):
        unseal(KeyRing.MESSAGE, sealed, *elsewhere)  # type: ignore[arg-type]


def test_a_ciphertext_does_not_open_under_another_ring(environment: Callable[..., None]) -> None:
    with pytest.raises(Undecipherable):
        unseal(KeyRing.CLINICAL, seal(KeyRing.MESSAGE, "hello", *PLACE), *PLACE)


def test_no_bit_can_be_changed(environment: Callable[..., None]) -> None:
    sealed = seal(KeyRing.MESSAGE, "hello", *PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Undecipherable):
            unseal(KeyRing.MESSAGE, bytes(changed), *PLACE)


@pytest.mark.parametrize("rubbish", [b"", b"\x01", b"\x01\x02m1", b"\x01\x02m1" + b"0" * 12, b"hello"])
def test_rubbish_does_not_open(environment: Callable[..., None], rubbish: bytes) -> None:
    with pytest.raises(Undecipherable):
        unseal(KeyRing.MESSAGE, rubbish, *PLACE)


def test_what_does_not_open_is_named_and_not_shown(environment: Callable[..., None]) -> None:
    sealed = seal(KeyRing.MESSAGE, "hello", *PLACE)
    with pytest.raises(Undecipherable) as raised:
        unseal(KeyRing.MESSAGE, sealed[:-1], *PLACE)
    assert str(raised.value) == f"message.body of {ROW}"
    assert raised.value.__cause__ is None


def test_keys_rotate(environment: Callable[..., None]) -> None:
    old = seal(KeyRing.MESSAGE, "before", *PLACE)
    environment(message_keys=f"m2:{key(9)},m1:{key(1)}")
    new = seal(KeyRing.MESSAGE, "after", *PLACE)
    assert unseal(KeyRing.MESSAGE, old, *PLACE) == "before"
    assert new[2:4] == b"m2"

    environment(message_keys=f"m2:{key(9)}")
    assert unseal(KeyRing.MESSAGE, new, *PLACE) == "after"
    with pytest.raises(Undecipherable):
        unseal(KeyRing.MESSAGE, old, *PLACE)


def test_a_ring_that_is_not_set_is_named_and_the_others_still_work(environment: Callable[..., None]) -> None:
    environment(clinical_keys=None)
    with pytest.raises(SettingsError, match="CLINICAL_KEYS"):
        seal(KeyRing.CLINICAL, "hello", *PLACE)
    assert unseal(KeyRing.EVENT, seal(KeyRing.EVENT, "hello", *PLACE), *PLACE) == "hello"
