"""A cursor brings back the key it was made of, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shared.http import cursor
from shared.problems import Unprocessable


@given(st.lists(st.integers(-(2**53), 2**53) | st.text(), min_size=1, max_size=4))
@examples(max_examples=50, deadline=None)
def test_the_key_comes_back(key: list[int | str]) -> None:
    made = cursor.encode(*key)
    assert made.isascii()
    assert made.replace("-", "").replace("_", "").isalnum()
    assert cursor.decode(made, len(key)) == key


@pytest.mark.parametrize("given_cursor", ["", "a", "aaaa", "é", "%", "e30", "MQ", "bnVsbA", cursor.encode(1)])
def test_what_nobody_gave_is_refused_by_the_name_of_its_parameter(given_cursor: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        cursor.decode(given_cursor, 2)
    assert [fault.pointer for fault in refused.value.errors] == ["?cursor"]


def test_no_text_is_decoded_with_another_error() -> None:
    for number in range(0, 0x3000, 7):
        with pytest.raises(Unprocessable):
            cursor.decode(chr(number) * 3, 2)
