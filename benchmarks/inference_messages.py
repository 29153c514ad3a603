"""Made-up messages of the lengths that people's messages have: how long they are is measured, what they say is not."""

import math
import random
from itertools import islice, product
from typing import Final

PIECES: Final = 250_002
"""As many as xlm-roberta-base's tokenizer knows, four marks among them."""
MARKS: Final = 4
GOLDEN: Final = (math.sqrt(5) - 1) / 2
"""Its multiples fall evenly between 0 and 1, however many are taken."""
TOKENS: Final = (
    *(1, 4, 5, 6, 6, 7, 8, 10, 11, 12, 14, 16, 17, 20, 22, 25, 28, 32, 36, 42, 49),
    *(58, 66, 72, 79, 86, 95, 104, 112, 123, 137, 151, 165, 185, 209, 237, 271, 316, 388, 535, 1628),
)
"""Tokens of a message at each fortieth, from the shortest to the longest: of posts about how people feel, 43 words at
the median, as the shipped model's tokenizer counts them."""


def words() -> list[str]:
    """One word for each piece that is no mark."""
    syllables = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
    return ["".join(parts) for parts in islice(product(syllables, repeat=3), PIECES - MARKS)]


def lengths(count: int, most: int) -> list[int]:
    """Tokens of so many messages, none longer than `most`; the first few are spread as all of them are."""
    return [min(most, _at((0.5 + number * GOLDEN) % 1)) for number in range(count)]


def texts(token_counts: list[int]) -> list[str]:
    """A text of so many tokens for each count: every word is one."""
    chance, known = random.Random(6), words()
    return [" ".join(chance.choices(known, k=count)) for count in token_counts]


def _at(share: float) -> int:
    place = share * (len(TOKENS) - 1)
    low = int(place)
    return round(TOKENS[low] + (TOKENS[low + 1] - TOKENS[low]) * (place - low))
