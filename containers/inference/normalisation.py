"""The one form of a text that training and serving both see: words in lower case, nothing else."""

import re
import unicodedata

NORMALISATION_VERSION = 2
"""Raised with every change below: a model trained under another version is refused at start."""

# Each is looked for in one way from where it can begin: 8,000 signs "@" would take minutes otherwise.
_MAIL_ADDRESS = r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]++)++"
_PLACEHOLDER = r"<(?:user|url|phone|e?mail|name|number|date)>"
_ADDRESS = re.compile(rf"(?:https?://|www\.)\S+|{_MAIL_ADDRESS}|{_PLACEHOLDER}|(?<!\w)@\w++", re.IGNORECASE)
_HASHTAG = re.compile(r"(?<!\w)#(?=\w)\S+")
_JOINER = re.compile(r"[\u200b-\u200d\u2060\ufeff\u00ad]")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2018\u2019\u02bc\u2032\u00b4`\uff07](?=\w)")
# Some sources of the labelled posts left "can t" for "can't": both become "cant".
_PARTED_NEGATION = re.compile(
    r"\b(don|can|won|didn|doesn|haven|isn|wasn|couldn|wouldn|shouldn|aren|hasn|weren|hadn|ain|mustn|needn) t\b"
)
_PARTED_PRONOUN = re.compile(r"\b(i|you|he|she|it|we|they|that|there|what|who|here|let) (m|s|ve|re|ll)\b")
_PARTED_I_WOULD = re.compile(r"\b(i|you|he|she|we|they) d\b")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")


class _Spoken(dict[int, int]):
    """A table for `str.translate` that keeps letters and marks and makes a space of the rest; it fills itself."""

    def __missing__(self, code: int) -> int:
        self[code] = code if unicodedata.category(chr(code))[0] in "LM" else ord(" ")
        return self[code]


_SPOKEN = _Spoken()


def _spelt_out(hashtag: re.Match[str]) -> str:
    """With a space before each word that begins with a capital, also behind one of a single letter."""
    tag = hashtag[0]
    begins = [
        here.isupper() and (before.islower() or (before.isupper() and after.islower()))
        for before, here, after in zip(" " + tag, tag, tag[1:] + " ", strict=False)
    ]
    return "".join(" " * begin + letter for begin, letter in zip(begins, tag, strict=True))


def normalise(text: str) -> str:
    """The text's words, folded to lower case and single spaces; empty when it holds no letter.

    Punctuation, quotes, digits, emoji, links, addresses and user names go: in the labelled posts they are traces of how
    each class was gathered, and a message must not be judged by them. What a hashtag says stays: "#WantToDie" is read
    as its three words.
    """
    text = unicodedata.normalize("NFKC", _JOINER.sub("", text))
    text = _HASHTAG.sub(_spelt_out, text)
    text = _APOSTROPHE.sub("", _ADDRESS.sub(" ", text)).lower()
    words = " ".join(text.translate(_SPOKEN).split())
    for parted in (_PARTED_NEGATION, _PARTED_PRONOUN, _PARTED_I_WOULD):
        words = parted.sub(lambda found: found[0].replace(" ", ""), words)
    return _STRETCHED.sub(r"\1\1", words)
