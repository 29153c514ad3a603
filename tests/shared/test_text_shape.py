"""A text's length, certainty and language in names that training and serving share."""

import pytest

from shared.text_shape import as_shares, confidence_bin, language, shares, word_band


@pytest.mark.parametrize(
    ("words", "band"), [(0, "0-10"), (10, "0-10"), (11, "11-40"), (40, "11-40"), (41, "41-110"), (111, "111-")]
)
def test_bands_begin_where_they_say(words: int, band: str) -> None:
    assert word_band("word " * words) == band


@pytest.mark.parametrize(("confidence", "tenth"), [(0.0, "0.0"), (0.199, "0.1"), (0.9, "0.9"), (1.0, "0.9")])
def test_a_probability_has_its_tenth(confidence: float, tenth: str) -> None:
    assert confidence_bin(confidence) == tenth


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I slept a little better this week", "en"),
        ("Esta semana dormí un poco mejor", "es"),
        ("Esta semana eu dormi um pouco melhor", "pt"),
        ("Cette semaine j'ai un peu mieux dormi", "fr"),
        ("Diese Woche habe ich etwas besser geschlafen", "de"),
        ("Questa settimana ho dormito un po' meglio", "it"),
        ("我 这 周 睡得 好 一点", "other"),
        ("نمت أفضل قليلا هذا الأسبوع", "other"),
        ("thanks", "short"),
        ("", "short"),
        ("1 2 3 4", "short"),
    ],
)
def test_a_language_is_told_where_it_can_be(text: str, told: str) -> None:
    assert language(text) == told


def test_shares_add_up() -> None:
    assert shares(["b", "a", "b", "b"]) == {"a": 0.25, "b": 0.75}
    assert as_shares({}) == {}
