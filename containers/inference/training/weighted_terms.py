"""Texts as weighted counts of their words and word pairs: what linear models read."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import torch


class WeightedTerms:
    """Runs of one to `longest` words with the usual weights: 1 + log of the count, times rarity, to length 1.

    Which terms there are, and how rare each is, is learnt from the texts given here alone.
    """

    def __init__(self, texts: Sequence[str], longest: int = 1, seen_at_least: int = 2) -> None:
        self._longest = longest
        found = Counter(term for text in texts for term in set(self._terms(text)))
        kept = sorted(term for term, count in found.items() if count >= seen_at_least)
        self._columns = {term: column for column, term in enumerate(kept)}
        self._rarity = [math.log((len(texts) + 1) / (found[term] + 1)) + 1 for term in kept]

    @property
    def width(self) -> int:
        """Number of terms."""
        return len(self._columns)

    def features(self, texts: Sequence[str]) -> torch.Tensor:
        """A sparse row per text."""
        rows, columns, values = [0], list[int](), list[float]()
        for text in texts:
            counted = Counter(column for term in self._terms(text) if (column := self._columns.get(term)) is not None)
            weights = [(1 + math.log(count)) * self._rarity[column] for column, count in counted.items()]
            length = math.hypot(*weights) if weights else 1.0
            columns += counted
            values += [weight / length for weight in weights]
            rows.append(len(columns))
        shape = (len(texts), self.width)
        return torch.sparse_csr_tensor(torch.tensor(rows), torch.tensor(columns), torch.tensor(values), size=shape)

    def _terms(self, text: str) -> Iterable[str]:
        words = text.split()
        yield from words
        for length in range(2, self._longest + 1):
            for start in range(len(words) - length + 1):
                yield " ".join(words[start : start + length])
