"""What texts are like, without saying what they say: how long, how sure, in which language; to compare then with now.

Training keeps the shares of what it learnt from under `metrics["trainingDistribution"]` of its version; what patients
write is counted in the same way, so that the two can be laid beside each other.
"""

import functools
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

WORD_BANDS: Final = {0: "0-10", 11: "11-40", 41: "41-110", 111: "111-"}
"""The fewest words of each band, and its name."""
CONFIDENCE_BINS: Final = 10
LANGUAGES: Final = ("en", "es", "pt", "fr", "de", "it")
OTHER_LANGUAGE: Final = "other"
TOO_SHORT: Final = "short"
FEWEST_WORDS: Final = 3
"""Below that nobody can tell a language."""


def word_band(text: str) -> str:
    """The band that a text's number of words lies in."""
    fewest = list(WORD_BANDS)
    return WORD_BANDS[fewest[bisect_right(fewest, len(text.split())) - 1]]


def confidence_bin(confidence: float) -> str:
    """The tenth that a probability lies in, by its lower edge: `0.9` holds 1 as well."""
    return f"{min(int(confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1) / CONFIDENCE_BINS:.1f}"


def language(text: str) -> str:
    """The most likely of LANGUAGES; `other` for another script than theirs, `short` where it cannot be told.

    By py3langid (naive Bayes over byte n-grams), loaded at the first call: about two seconds and 60 MB.
    """
    letters = [letter for letter in text if letter.isalpha()]
    if not letters or len(text.split()) < FEWEST_WORDS:
        return TOO_SHORT
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    if 2 * latin < len(letters):
        return OTHER_LANGUAGE
    said: str = _classify()(text)[0]
    return said


@functools.cache
def _classify() -> Callable[[str], tuple[str, float]]:
    import py3langid

    py3langid.set_languages(list(LANGUAGES))  # as long as many texts take
    classify: Callable[[str], tuple[str, float]] = py3langid.classify
    return classify


def shares(names: Iterable[str]) -> dict[str, float]:
    """The part of the whole that each name has; empty of nothing."""
    return as_shares(Counter(names))


def as_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """The same from counts."""
    total = sum(counts.values())
    return {name: count / total for name, count in sorted(counts.items())} if total else {}
