"""The words of mails: every language says everything, fills in the same, and keeps to what a screen may show."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.appointments.mail_languages import LANGUAGES, words_for
from functions.appointments.mail_words import Cause, Letter, Words
from functions.appointments.mail_words_en import ENGLISH
from shared.languages import shortened

WITH_AFTER = {letter for letter, text in ENGLISH.letters.items() if text.after}
each = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)


def sentences(words: Words) -> list[str]:
    """Everything that a language says."""
    texts = [part for text in words.letters.values() for part in (text.subject, text.lead, text.label, text.after)]
    alone = [words.greeting, words.hours, words.another_time, words.offered_until, words.reminder_settings]
    calendars = [words.no_replies, words.calendar_title, words.calendar_join]
    return [*texts, *words.causes.values(), *alone, *calendars]


def filled(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_there_are_five_languages() -> None:
    assert sorted(LANGUAGES) == ["de", "en", "es", "fr", "pt"]


@each
def test_a_language_says_everything(words: Words) -> None:
    assert set(words.letters) == set(Letter)
    assert set(words.causes) == set(Cause)
    assert {letter for letter, text in words.letters.items() if text.after} == WITH_AFTER
    for text in words.letters.values():
        assert min(map(len, (text.subject, text.lead, text.label))) > 3


@each
def test_a_language_fills_in_what_english_does(words: Words) -> None:
    assert [filled(sentence) for sentence in sentences(words)] == [filled(one) for one in sentences(ENGLISH)]


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_translation_leaves_nothing_in_english(language: str) -> None:
    own, english = sentences(LANGUAGES[language]), sentences(ENGLISH)
    same = {sentence for sentence, other in zip(own, english, strict=True) if sentence and sentence == other}
    assert same <= {"{start} \N{EN DASH} {end}"}


@each
def test_subjects_are_short_and_all_different(words: Words) -> None:
    subjects = [text.subject for text in words.letters.values()]
    assert len(set(subjects)) == len(subjects)
    assert max(map(len, subjects)) <= 45


@each
def test_nobody_is_alarmed(words: Words) -> None:
    assert not [sentence for sentence in sentences(words) if re.search(r"[A-ZÄÖÜ]{4,}|!!|https?:", sentence)]


def test_english_subjects_are_the_agreed_ones() -> None:
    subjects = {letter: text.subject for letter, text in ENGLISH.letters.items()}
    assert (subjects[Letter.CONFIRMED], subjects[Letter.NEW]) == ("Appointment Confirmed", "New Appointment")


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("pt-BR", "pt"),
        ("pt", "pt"),
        ("es-419", "es"),
        ("de-CH-1996", "de"),
        ("fr-Latn-CA", "fr"),
        ("en-GB-oed", "en"),
        ("it", "en"),
        ("gsw-CH", "en"),
        ("", "en"),
        ("ptx", "en"),
    ],
)
def test_the_nearest_language_is_found_by_taking_subtags_away(tag: str, language: str) -> None:
    assert words_for(tag).language == language


@given(st.from_regex(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?(-[a-z0-9]{5,8})*", fullmatch=True))
def test_every_tag_has_words(tag: str) -> None:
    assert words_for(tag).language in {*shortened(tag), "en"}
