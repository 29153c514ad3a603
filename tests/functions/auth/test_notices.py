"""The words of mails about an account: each language has all of them, and fills in the same."""

import dataclasses
from string import Formatter

import pytest

from functions.auth.notice_words import AccountMails, Words
from functions.auth.notices import LANGUAGES, PATHS, mails_for
from functions.auth.notices_en import ENGLISH
from functions.auth.retention import KeptKind
from shared.account_notices import Notice

each = pytest.mark.parametrize("mails", LANGUAGES.values(), ids=LANGUAGES)


def mails_of(mails: AccountMails) -> list[Words]:
    """Every mail, in the order of English."""
    return [*(mails.notices[one] for one in Notice), mails.verification, mails.sign_up_repeated, mails.erased]


def sentences(mails: AccountMails) -> list[str]:
    """Everything that a language says."""
    texts = [part for one in mails_of(mails) for part in dataclasses.astuple(one)]
    receipt = mails.receipt
    return [*texts, mails.hello, mails.was_it_you, receipt.words, receipt.until, *(receipt.kept[k] for k in KeptKind)]


def filled(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name)


def test_every_notice_leads_somewhere() -> None:
    assert set(PATHS) == set(Notice)


@each
def test_a_language_says_everything_and_fills_in_what_english_does(mails: AccountMails) -> None:
    assert [filled(one) for one in sentences(mails)] == [filled(one) for one in sentences(ENGLISH)]
    assert [bool(one) for one in sentences(mails)] == [bool(one) for one in sentences(ENGLISH)]
    subjects = [one.subject for one in mails_of(mails)]
    assert len(set(subjects)) == len(subjects)
    assert max(map(len, subjects)) <= 50


def test_a_translation_leaves_nothing_in_english() -> None:
    own, english = sentences(mails_for("es")), sentences(ENGLISH)
    same = {sentence for sentence, other in zip(own, english, strict=True) if sentence == other}
    assert same <= {"", "Bloom Health"}


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es", "es"), ("es-MX", "es"), ("es-Latn-AR", "es"), ("en-GB", "en"), ("de", "en")],
)
def test_a_reader_gets_the_nearest_language(tag: str, language: str) -> None:
    assert mails_for(tag).language == language
