"""Traces of how the posts were gathered cannot speak."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.inference.normalisation import normalise


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I can't go on", "i cant go on"),
        ("I can\u2019t go on", "i cant go on"),
        ("i can t go on", "i cant go on"),
        ("I cant go on", "i cant go on"),
        ("i m fine and it s late, you ve won", "im fine and its late youve won"),
        ('She said, "Hello"; then left...', "she said hello then left"),
        ("\u201cHello\u201d \u00abbonjour\u00bb", "hello bonjour"),
        ("see https://example.org/a?b=c now", "see now"),
        ("write to ann.b@example.org or @ann_b", "write to or"),
        ("call <phone> or 555 123 4567", "call or"),
        ("NOOOO waaaay", "noo waay"),
        ("\uff28\uff45\uff4c\uff4c\uff4f", "hello"),
        ("J\u2019ai peur", "jai peur"),
        ("cafe\u0301", "caf\u00e9"),
        ("su\u00adici\u200bdal", "suicidal"),
        ("line one\nline two\ttab", "line one line two tab"),
        ("👍 123 ?!", ""),
        ("vitamin d and e", "vitamin d and e"),
        ("i d rather not", "id rather not"),
        ("مش قادر", "مش قادر"),
        ("我想死", "我想死"),
    ],
)
def test_a_text_is_read_as_its_words_alone(written: str, read: str) -> None:
    assert normalise(written) == read


@given(st.text())
def test_what_is_read_is_read_the_same_again(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
