"""Texts that differ by a few words only, found without comparing each with each."""

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

ALIKE: Final = 0.7
"""Share of all three-word runs of two texts that both hold, from which they are one text twice (Jaccard's index)."""
_RUN: Final = 3
_BANDS: Final = 14
_ROWS: Final = 3
"""With 14 bands of three, 99.7 % of pairs that are just alike enough are looked at, and all that are more so."""
_MIX: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)

Numbers = npt.NDArray[np.uint64]


class NearDuplicates:
    """Normalised texts by their runs of three words (Broder, 1997), hashed alike on every machine.

    A text of fewer words than a run holds is one run of its own. Short texts are alike only when they are the same:
    "I want to die" and "I do not want to die" share one run of five.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def originals(self) -> list[int | None]:
        """Of each text the place of the earlier one that it repeats; None for those that repeat none."""
        found: list[int | None] = []
        seen: list[dict[int, list[int]]] = [{} for _ in range(_BANDS)]
        for place, keys in enumerate(self._bands.tolist()):
            near = {other for band, key in zip(seen, keys, strict=True) for other in band.get(key, ())}
            found.append(next((other for other in sorted(near) if self._is_alike(place, other)), None))
            if found[-1] is None:
                for band, key in zip(seen, keys, strict=True):
                    band.setdefault(key, []).append(place)
        return found

    def _is_alike(self, place: int, other: int) -> bool:
        one, two = self._runs[place], self._runs[other]
        both = len(np.intersect1d(one, two, assume_unique=True))
        return both >= ALIKE * (len(one) + len(two) - both)

    @cached_property
    def _runs(self) -> list[Numbers]:
        return [np.unique(runs) for runs in self._hashed()]

    @cached_property
    def _bands(self) -> Numbers:
        """Shape (texts, bands): the smallest of differently mixed runs, four by four in one number."""
        if not self._texts:
            return np.zeros((0, _BANDS), dtype=np.uint64)
        starts = np.cumsum([0, *(len(runs) for runs in self._runs[:-1])])
        flat = np.concatenate(self._runs)
        keys = np.zeros((len(self._texts), _BANDS), dtype=np.uint64)
        odd = np.random.default_rng(11).integers(0, 2**63, size=(_BANDS, _ROWS, 2), dtype=np.uint64) | np.uint64(1)
        for band, rows in enumerate(odd):
            for multiplier, added in rows:
                least = np.minimum.reduceat((flat * multiplier + added) >> np.uint64(20), starts)
                keys[:, band] = keys[:, band] * _MIX[0] + least
        return keys

    def _hashed(self) -> Iterator[Numbers]:
        known: dict[str, int] = {}
        for text in self._texts:
            words = text.split(" ")
            numbers = np.array([_number(word, known) for word in words], dtype=np.uint64)
            if len(words) < _RUN:
                yield np.array([zlib.crc32(text.encode())], dtype=np.uint64)
                continue
            parts = [numbers[start : len(numbers) - _RUN + 1 + start] * _MIX[start] for start in range(_RUN)]
            mixed = parts[0] ^ parts[1] ^ parts[2]
            yield (mixed ^ (mixed >> np.uint64(29))) * _MIX[1]


def _number(word: str, known: dict[str, int]) -> int:
    found = known.get(word)
    if found is None:
        found = known[word] = zlib.crc32(word.encode()) + 1
    return found
