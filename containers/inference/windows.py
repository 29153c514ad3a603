"""Long texts as overlapping windows of tokens, and the windows' probabilities as one answer."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
_CLOSE_UP: Final = 30
"""Pieces: what the wide part says of so few is little."""
_AHEAD: Final = 1e-4
"""By how much the class that a text is named by leads, where a window's risk is higher than it: enough to be seen."""


def window_spans(token_count: int, capacity: int, overlap: int) -> list[tuple[int, int]]:
    """Start and end of each window over `token_count` tokens, none longer than `capacity`.

    Neighbours share at least `overlap` tokens, so that no sentence of that length is cut in every window; the last one
    is moved back to be full. There is always one window, be it empty.
    """
    if token_count <= capacity:
        return [(0, token_count)]
    starts = chain(range(0, token_count - capacity, capacity - overlap), [token_count - capacity])
    return [(start, start + capacity) for start in starts]


def close_up(capacity: int) -> tuple[int, int]:
    """Capacity and overlap of the narrow windows of a long text: a sentence or two, most of them seen three times."""
    narrow = max(2, min(_CLOSE_UP, capacity * 3 // 8))
    return narrow, narrow * 2 // 3


def combine(
    windows: Probabilities, weights: Sequence[float], risk_classes: Sequence[int], calm: int | None = None
) -> Probabilities:
    """One distribution from those of the windows (rows: windows, columns: classes).

    The mean over the windows, by their weights (0: the window counts for risk alone), says which class the text is of:
    that one stays the highest. Each risk class is raised to its highest window and the other classes share what is left
    in their proportion, so that a sentence of danger is never averaged away; where it would overtake the class that the
    whole is of, both get about the same. Only of a text of the class `calm` such a sentence takes the name as well.
    """
    mean: Probabilities = np.average(windows, axis=0, weights=weights)
    raised = mean.copy()
    for risk in risk_classes:
        raised[risk] = windows[:, risk].max()
    others = [index for index in range(len(mean)) if index not in risk_classes]
    left = max(0.0, 1.0 - raised[list(risk_classes)].sum())
    raised[others] = mean[others] * (left / max(mean[others].sum(), 1e-12))
    named = int(mean.argmax())
    if named in others and named != calm:
        raised = _named_first(raised, named, risk_classes)
    total: float = raised.sum()
    return np.asarray(raised / total)


def _named_first(scores: Probabilities, named: int, risk_classes: Sequence[int]) -> Probabilities:
    """The same, with no risk class above the class that the text is named by."""
    risks = list(risk_classes)
    if scores.argmax() == named:
        return scores
    held = scores.copy()
    held[risks] = np.minimum(scores[risks], 0.5 - _AHEAD)
    held[named] = held[risks].max() + _AHEAD
    rest = [index for index in range(len(scores)) if index != named and index not in risks]
    left = max(0.0, 1.0 - held[risks].sum() - held[named])
    held[rest] = scores[rest] * (left / max(scores[rest].sum(), 1e-12))
    return held
