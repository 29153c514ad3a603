"""What is known of one language's words for wanting to die, and of the words around them that make them mean it.

All of it is written over text as `risk_text.plain` leaves it: lower case, no accents, no apostrophes, single blanks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

VOWELS: Final = "aeiou"
ALIKE: Final = {**dict.fromkeys(VOWELS, VOWELS), "c": "s", "s": "cz", "z": "s", "k": "c", "q": "k"}
"""Letters that are taken for one another."""
LONG: Final = 6
"""Letters from which on a word is known in spite of one slip of a finger."""


@dataclass(frozen=True)
class Phrase:
    """Words by which somebody says outright that they want to die, or to end their life.

    The id is stable: it is kept with the risk event. `needs` lists words of which a text must hold one before the
    pattern is tried at all. `is_own` says that the phrase names its author ("myself", "my life"), so that whoever else
    the sentence speaks of does not matter.
    """

    id: str
    needs: str
    pattern: str
    is_own: bool = False


@dataclass(frozen=True)
class Language:
    """One language: each member but the phrases is a pattern, or words in blanks."""

    phrases: tuple[Phrase, ...]
    denials: str
    """What says that it is not so."""
    leads: str
    """What may stand between a denial and the phrase; any other word may begin a thought of its own."""
    asks: str
    """What turns a denial after it into a question that denies nothing ("why not")."""
    turns: str
    """Conjunctions after which a new thought begins ("but")."""
    selves: str
    """The author as a subject."""
    others: str
    """Anybody else as a subject."""
    says: str
    """Verbs by which speech is reported."""
    works: str
    """What else may hold such words without anybody meaning them: a song, a headline."""
    keywords: str = ""
    """Long words that are known in spite of one slip."""
    not_slips: str = ""
    """Words of their own that a slip would make of a keyword."""


def slips(word: str) -> Iterator[str]:
    """What one slip makes of a word: a letter left out, doubled, swapped with the next, or taken for another."""
    for index, letter in enumerate(word):
        yield word[:index] + word[index + 1 :]
        yield word[: index + 1] + letter + word[index + 1 :]
        if index + 1 < len(word):
            yield word[:index] + word[index + 1] + letter + word[index + 2 :]
        yield from (word[:index] + other + word[index + 1 :] for other in ALIKE.get(letter, "") if other != letter)
