"""Whether a password is among the commonest there are, by a filter that `python -m dev.common_passwords` builds."""

import functools
import hashlib
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("common_passwords.bloom")
AS_LETTERS: Final = str.maketrans("@4031!5$7", "aaoeiisst")
HEADER: Final = struct.Struct(">IB")


@dataclass(frozen=True)
class Filter:
    """A Bloom filter: what was put into it is always found, anything else once in 100,000 times."""

    size: int
    """Bits."""
    hashes: int
    bits: bytes

    def __contains__(self, word: str) -> bool:
        """Whether the word was put in, or happens to look like it."""
        first, step = struct.unpack(">QQ", hashlib.sha256(word.encode()).digest()[:16])
        places = ((first + number * (step | 1)) % self.size for number in range(self.hashes))
        return all(self.bits[place // 8] >> place % 8 & 1 for place in places)


def is_common(password: str) -> bool:
    """Whether it is a common password, or at least half of it is one with only digits and signs behind.

    Case does not count, nor do signs in place of letters: `P@ssw0rd2024!` is `password`.
    """
    whole = unicodedata.normalize("NFKC", password).casefold()
    stem = whole.rstrip("".join({character for character in whole if not character.isalpha()}))
    looked_up = {whole}
    if len(stem) * 2 >= len(whole):
        looked_up |= {stem, stem.translate(AS_LETTERS)}
    return any(word in commonest() for word in looked_up)


@functools.cache
def commonest() -> Filter:
    """The filter, read when it is first needed."""
    content = FILE.read_bytes()
    size, hashes = HEADER.unpack_from(content)
    return Filter(size, hashes, content[HEADER.size :])
