"""Logistic regressions over weighted words and word pairs, whose out-of-fold opinions teach the network."""

import zlib
from collections.abc import Sequence

import torch

from containers.inference.training.labelled_texts import LabelledText
from containers.inference.training.linear_models import fitted
from containers.inference.training.weighted_terms import WeightedTerms

_STRENGTH = 10.0
_LONGEST = 2


def fold_of(text: str, folds: int) -> int:
    """The fold whose model has never seen this text."""
    return zlib.crc32(b"fold:" + text.encode()) % folds


class LinearTeacher:
    """One logistic regression per fold, each fitted without that fold's texts."""

    def __init__(self, texts: Sequence[LabelledText], folds: int) -> None:
        self._terms = WeightedTerms([text.text for text in texts], _LONGEST)
        features = self._terms.features([text.text for text in texts])
        wanted = torch.tensor([text.target for text in texts])
        own = torch.tensor([fold_of(text.text, folds) for text in texts])
        self._models = [fitted(features, wanted, _STRENGTH, counts=(own != number).float()) for number in range(folds)]

    def probabilities(self, texts: Sequence[str], folds: Sequence[int]) -> torch.Tensor:
        """Shape (texts, labels); each text is judged by the model of the fold named beside it."""
        features = self._terms.features(texts)
        opinions = torch.stack([model.scores(features).softmax(dim=1) for model in self._models])
        return opinions[torch.tensor(folds), torch.arange(len(texts))]
