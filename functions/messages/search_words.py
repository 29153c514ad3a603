"""What a search compares: texts without what people write in different ways, and what a query looks for in them.

A word of the query is found where a word begins with it; words in quotation marks where they stand whole and one after
the other. All of them have to be in one message, in any order. Case, accents, points over letters, width and ligatures
make no difference, nor do apostrophes (`dont` finds "don't"); other signs part words. Each character of a script
without blanks between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) counts as a word, and so does each emoji.
"""

import re
import unicodedata
from typing import Final

FORM: Final = 1
"""Which rules brought words into shape; raised with every change of them, so that words kept in another are left."""

_APOSTROPHES: Final = str.maketrans("", "", "'`\u00b4\u2018\u2019\u02bc\u2032")
_QUOTED: Final = re.compile(r'["\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d]')
# Blocks of Unicode 15 whose marks are only put over or under letters, and can be left out in writing.
_OPTIONAL_MARKS: Final = (
    (0x0300, 0x036F),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
)
_WITHOUT_BLANKS: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0x20000, 0x3FFFF),
)
_TATWEEL: Final = 0x0640
"""Draws Arabic words out and says nothing."""


class _Shape(dict[int, str | None]):
    """What becomes of a code point, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = shape = _shape(code)
        return shape


def _shape(code: int) -> str | None:
    character = chr(code)
    category = unicodedata.category(character)
    if _is_in(code, _OPTIONAL_MARKS) or code == _TATWEEL or category in {"Cf", "Sk"}:
        return None
    if category == "So" or _is_in(code, _WITHOUT_BLANKS):
        return f" {character} "
    return character if category[0] in "LMN" else " "


def _is_in(code: int, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in blocks)


_SHAPES: Final = _Shape()


def folded(text: str) -> str:
    """The words of a text as they are compared, each with one blank before and after it; only a blank where none is."""
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    words = unicodedata.normalize("NFKD", plain).translate(_SHAPES).split()
    return f" {' '.join(words)} " if words else " "


def terms_of(query: str) -> tuple[str, ...]:
    """What has to be in a folded text, each as it stands; nothing where the query has no words."""
    terms: list[str] = []
    for number, part in enumerate(_QUOTED.split(query)):
        # Between the first and the second mark, the third and the fourth, and so on, it is quoted.
        found = [folded(part)] if number % 2 else [folded(word).rstrip() for word in part.split()]
        terms += [term for term in found if term.strip()]
    return tuple(dict.fromkeys(terms))


def is_found(terms: tuple[str, ...], words: str) -> bool:
    """Whether a folded text has all that a query looks for."""
    return all(term in words for term in terms)
