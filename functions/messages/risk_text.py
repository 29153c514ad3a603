"""A text in one shape, however it was typed: case, accents, apostrophes, lengthened and masked letters, quotations."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_APOSTROPHES: Final = "'`\u00b4\u2018\u2019\u02bc\u2032"
_QUOTES: Final = '"\u201c\u201d\u201e\u00ab\u00bb\u2033'
_MARKS: Final = str.maketrans("", "", f"{_APOSTROPHES}*_~")
"""Apostrophes, and what stands around words for emphasis."""
_TO_QUOTE: Final = str.maketrans(dict.fromkeys(_QUOTES, '"'))
# Single marks that open or close a quotation rather than stand for a letter: nothing of a word on their outer side.
_SINGLE: Final = re.compile(r"(?<!\w)['\u2018](?=\w)|(?<=[\w.!?\u2026])['\u2019](?!\w)")
_INVISIBLE: Final = {"Mn", "Me", "Cf"}
"""Accents, and what has no width: joiners, soft hyphens, marks of direction."""
_LENGTHENED: Final = re.compile(r"([a-z])\1{2,}")
_SPELT_OUT: Final = re.compile(r"\b[a-z](?: [a-z]){2,}\b")
_MASKED: Final = re.compile(
    r"(?<=[a-z])[!1|](?=[a-z])|(?<=[a-z])3(?=[a-z])|(?<=[a-z])0(?=[a-z])|@(?=[a-z])|\$(?=[a-z])"
)
_UNMASKED: Final = {"!": "i", "1": "i", "|": "i", "3": "e", "0": "o", "@": "a", "$": "s"}
_LOST_APOSTROPHE: Final = re.compile(
    r"\b(don|didn|doesn|won|isn|aren|wasn|wouldn|haven|hadn|can|couldn) t\b|\b(i) (m|ve|ll)\b"
)
_WORD: Final = re.compile(r"[a-z]{5,}")
MOST_GROWTH: Final = 2
"""How much longer a text may become by writing out what stands for several letters."""
QUOTED_WORDS: Final = 3
"""A quotation of fewer words is emphasis."""
NEARBY: Final = 90
"""Characters around a quotation in which it is said whose words it holds."""


def plain(text: str, known: Mapping[str, str]) -> str:
    """Lower case, no accents, no apostrophes, single blanks; `known` gives the word that a slip of a finger meant.

    Double quotes are left in, for `without_quotations`.
    """
    # The acute accent on its own goes first: NFKC would make a blank and a combining mark of it.
    marked = _SINGLE.sub('"', text.translate(_TO_QUOTE)) if _has_apostrophe(text) else text.translate(_TO_QUOTE)
    bare = marked.translate(_MARKS)
    if not bare.isascii():
        composed = unicodedata.normalize("NFKC", bare)
        if len(composed) > MOST_GROWTH * len(bare):  # ligatures of whole phrases, of which nobody needs thousands
            composed = bare
        composed = composed.casefold().translate(_TO_QUOTE).translate(_MARKS)
        letters = unicodedata.normalize("NFD", composed)
        bare = "".join(letter for letter in letters if unicodedata.category(letter) not in _INVISIBLE)
    low = " ".join(bare.casefold().split())
    low = _MASKED.sub(lambda hit: _UNMASKED[hit[0]], low)
    low = _LENGTHENED.sub(r"\1", low)
    low = _SPELT_OUT.sub(lambda hit: hit[0].replace(" ", ""), low)
    low = _LOST_APOSTROPHE.sub(lambda hit: hit[0].replace(" ", ""), low)
    if known.keys().isdisjoint(_WORD.findall(low)):
        return low
    return _WORD.sub(lambda hit: known.get(hit[0], hit[0]), low)


def without_quotations(low: str, is_anothers: Callable[[str, str], bool]) -> str:
    """The text without what it quotes of others: `is_anothers` is asked with what stands before and after each."""
    if '"' not in low:
        return low
    parts = low.split('"')
    if len(parts) % 2 == 0:  # the last one opens and never closes
        parts[-2:] = [f"{parts[-2]} {parts[-1]}"]
    for index in range(1, len(parts), 2):
        around = parts[index - 1][-NEARBY:], parts[index + 1][:NEARBY]
        if parts[index].strip().count(" ") >= QUOTED_WORDS - 1:
            parts[index] = " . " if is_anothers(*around) else f" . {parts[index]}"
    return " ".join("".join(parts).split())


def _has_apostrophe(text: str) -> bool:
    return "'" in text or "\u2018" in text or "\u2019" in text
