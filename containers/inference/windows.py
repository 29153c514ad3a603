"""Long texts as overlapping windows of tokens, and the windows' probabilities as one answer."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]


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
    """Capacity and overlap of the narrow windows of a long text: a few sentences, a third of them seen twice."""
    return max(2, capacity * 3 // 8), capacity // 8


def combine(windows: Probabilities, weights: Sequence[float], risk_classes: Sequence[int]) -> Probabilities:
    """One distribution from those of the windows (rows: windows, columns: classes).

    The mean over the windows, by their weights (0: the window counts for risk alone); then each risk class is raised to
    its highest window and the other classes share what is left in their proportion. A sentence of danger in a long
    everyday message is thus never averaged away.
    """
    mean: Probabilities = np.average(windows, axis=0, weights=weights)
    raised = mean.copy()
    for risk in risk_classes:
        raised[risk] = windows[:, risk].max()
    others = [index for index in range(len(mean)) if index not in risk_classes]
    left = max(0.0, 1.0 - raised[list(risk_classes)].sum())
    raised[others] = mean[others] * (left / max(mean[others].sum(), 1e-12))
    total: float = raised.sum()
    return np.asarray(raised / total)
