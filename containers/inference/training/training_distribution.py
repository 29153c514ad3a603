"""What a model was taught and what it says of unseen texts of that kind, in shares: what drift is measured against."""

import random
from collections.abc import Sequence
from typing import Any, Final

from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.windows import Probabilities
from shared import text_shape

KEPT_AS: Final = "trainingDistribution"
"""Its place in a version's report and in `model_version.metrics`."""
LANGUAGES_TOLD: Final = 2_000
"""Of the taught texts, how many are looked at for their language."""


def training_distribution(
    taught: Sequence[LabelledText], unseen: Sequence[LabelledText], found: Probabilities
) -> dict[str, Any]:
    """Shares that add up to 1, counted by `shared.text_shape` as what patients write is, as JSON.

    ```
    {"label":      {"Anxiety": 0.11, ...},        what was said of the texts held apart
     "confidence": {"0.3": 0.01, ..., "0.9": 0.6}, how surely
     "words":      {"0-10": 0.2, ...},            how long the taught texts are
     "language":   {"en": 0.7, ...},              what they are written in, where it can be told
     "texts":      {"taught": 29000, "unseen": 3600}}
    ```

    Predictions are those of texts that were not taught: of its lessons a model is surer than it will ever be again.
    """
    some = random.Random(31).sample(list(taught), min(LANGUAGES_TOLD, len(taught)))  # noqa: S311 - repeatable, not secret
    languages = [text_shape.language(_as_written(text)) for text in some]
    return {
        "label": text_shape.shares(LABELS[index] for index in found.argmax(axis=1).tolist()),
        "confidence": text_shape.shares(map(text_shape.confidence_bin, found.max(axis=1).tolist())),
        "words": text_shape.shares(text_shape.word_band(_as_written(text)) for text in taught),
        "language": text_shape.shares(told for told in languages if told != text_shape.TOO_SHORT),
        "texts": {"taught": len(taught), "unseen": len(unseen)},
    }


def _as_written(text: LabelledText) -> str:
    return text.written or text.text
