"""What a search takes for the same word, and what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.messages.search_words import folded, is_found, terms_of

FOUND = [
    # words, by how they begin, in any order
    ("sleep", "I sleep badly"),
    ("sleep", "sleeping badly"),
    ("badly sleep", "I sleep badly"),
    ("sle bad", "I sleep badly"),
    ("7", "at 7 o'clock"),
    # case, accents, points, width, ligatures
    ("strasse", "in der Straße"),
    ("STRASSE", "in der straße"),
    ("uber", "über alles"),
    ("über", "uber alles"),
    ("cafe\u0301", "un café"),
    ("café", "un CAFE\u0301"),
    ("\uff53\uff4c\uff45\uff45\uff50", "sleep"),
    ("fine", "ﬁne"),
    ("istanbul", "İstanbul"),
    ("ψυχη", "Ψυχή"),
    ("שלום", "שָׁלוֹם"),
    ("محمد", "مُحَمَّد"),
    ("ёлка", "елка"),
    # apostrophes and other signs
    ("dont", "I don't know"),
    ("don't", "I don\u2019t know"),
    ("don't", "I dont know"),
    ("e-mail", "an e-mail"),
    ("e-mail", "an e mail"),
    ("e mail", "an e-mail"),
    ("well", "well-known"),
    ("known", "well-known"),
    ("a_b", "the a_b test"),
    # quotation marks: whole words one after the other
    ('"sleep badly"', "I sleep badly."),
    ('"sleep badly"', "I SLEEP,\nbadly"),
    ("„gut geschlafen“", "Ich habe gut geschlafen"),
    ("«bien dormi»", "j'ai bien dormi"),
    ('i "sleep badly" oft', "I often sleep badly"),
    ('"sleep', "sleep well"),
    # scripts without blanks between words, and emoji
    ("睡眠", "我的睡眠不好"),
    ("眠不", "我的睡眠不好"),
    ("ねむ", "よくねむれない"),
    ("หลับ", "ฉันนอนไม่หลับ"),
    ("한국", "한국어를"),
    ("नींद", "मुझे नींद नहीं आती"),
    ("❤️", "thank you ❤"),
    ("👍", "👍🏽 fine"),
]
NOT_FOUND = [
    ("leep", "I sleep badly"),
    ("sleep well", "I sleep badly"),
    ('"sleep bad"', "I sleep badly"),
    ('"badly sleep"', "I sleep badly"),
    ('"sleep"', "sleeping"),
    ("眠睡", "我的睡眠不好"),
    ("कुल", "कल"),
    ("1", "at 21 o'clock"),
]


@pytest.mark.parametrize(("query", "text"), FOUND)
def test_it_is_found(query: str, text: str) -> None:
    assert is_found(terms_of(query), folded(text))


@pytest.mark.parametrize(("query", "text"), NOT_FOUND)
def test_it_is_not_found(query: str, text: str) -> None:
    assert not is_found(terms_of(query), folded(text))


@pytest.mark.parametrize("query", ["", " ", '"', '""', "!?", "--- …", '" "', "\u0301", "\u200b"])
def test_a_query_without_words_looks_for_nothing(query: str) -> None:
    assert terms_of(query) == ()


@given(st.text(max_size=200))
def test_every_text_is_found_by_itself_and_by_each_of_its_words(text: str) -> None:
    words = folded(text)
    for query in (text.replace('"', " "), *text.split()):
        assert is_found(terms_of(query), words)


@given(st.text(max_size=200))
def test_a_text_is_brought_into_shape_once(text: str) -> None:
    words = folded(text)
    assert words == folded(words)
    assert words.startswith(" ")
    assert words.endswith(" ")
    assert "  " not in words
    assert not {"\n", "\r", "\0"} & set(words)


def test_a_word_is_looked_for_once() -> None:
    assert terms_of('so so "so" so') == (" so", " so ")
