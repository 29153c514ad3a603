"""Which of the languages that mails are written in is the nearest to somebody's."""

from typing import Final

from shared.languages import nearest

from .mail_words import Words
from .mail_words_de import GERMAN
from .mail_words_en import ENGLISH
from .mail_words_es import SPANISH
from .mail_words_fr import FRENCH
from .mail_words_pt import PORTUGUESE

LANGUAGES: Final = {words.language: words for words in (ENGLISH, SPANISH, PORTUGUESE, FRENCH, GERMAN)}


def words_for(tag: str) -> Words:
    """The words for a tag of BCP 47: of the longest part of it that there are words for (RFC 4647, 3.4), or English."""
    return nearest(tag, LANGUAGES)
