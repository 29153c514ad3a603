"""Logistic regressions over weighted words, whose out-of-fold opinions teach the network."""

import math
import zlib
from collections import Counter
from collections.abc import Sequence

import torch

from containers.inference.training.labelled_texts import LABELS, LabelledText

_PENALTY = 0.1
"""Inverse of the usual C, per whole training set."""
_STEPS = 60


def fold_of(text: str, folds: int) -> int:
    """The fold whose model has never seen this text."""
    return zlib.crc32(b"fold:" + text.encode()) % folds


class LinearTeacher:
    """One logistic regression per fold, each fitted without that fold's texts."""

    def __init__(self, texts: Sequence[LabelledText], folds: int) -> None:
        found = Counter(word for text in texts for word in set(text.text.split()))
        kept = sorted(word for word, count in found.items() if count > 1)
        self._columns = {word: column for column, word in enumerate(kept)}
        self._rarity = [math.log((len(texts) + 1) / (found[word] + 1)) + 1 for word in kept]
        self._models = [
            self._fitted([text for text in texts if fold_of(text.text, folds) != number]) for number in range(folds)
        ]

    def probabilities(self, texts: Sequence[str], folds: Sequence[int]) -> torch.Tensor:
        """Shape (texts, labels); each text is judged by the model of the fold named beside it."""
        features = self._features(texts)
        opinions = torch.stack([(features @ weights + bias).softmax(dim=1) for weights, bias in self._models])
        return opinions[torch.tensor(folds), torch.arange(len(texts))]

    def _features(self, texts: Sequence[str]) -> torch.Tensor:
        rows, columns, values = [0], [], []
        for text in texts:
            counted = Counter(word for word in text.split() if word in self._columns)
            weights = [(1 + math.log(n)) * self._rarity[self._columns[word]] for word, n in counted.items()]
            length = math.hypot(*weights) if weights else 1.0
            columns += [self._columns[word] for word in counted]
            values += [weight / length for weight in weights]
            rows.append(len(columns))
        shape = (len(texts), len(self._columns))
        return torch.sparse_csr_tensor(torch.tensor(rows), torch.tensor(columns), torch.tensor(values), size=shape)

    def _fitted(self, texts: Sequence[LabelledText]) -> tuple[torch.Tensor, torch.Tensor]:
        features = self._features([text.text for text in texts])
        targets = torch.tensor([LABELS.index(text.label) for text in texts])
        weights = torch.zeros(len(self._columns), len(LABELS), requires_grad=True)
        bias = torch.zeros(len(LABELS), requires_grad=True)
        optimiser = torch.optim.LBFGS([weights, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            fit = torch.nn.functional.cross_entropy(features @ weights + bias, targets)
            total = fit + _PENALTY * weights.square().sum() / (2 * len(texts))
            total.backward()
            return total

        optimiser.step(loss)
        return weights.detach(), bias.detach()
