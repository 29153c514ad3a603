"""Long texts as overlapping windows of tokens, and the windows' probabilities as one answer."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
_CLOSE_UP: Final = 30
"""Pieces: what the wide part says of so few is little."""
_BY_THE_EDGE: Final = 6
"""Pieces by which the first windows grow and the last shrink."""
_AHEAD: Final = 1e-4
"""By how much the class that a text is named by leads, where a window's risk is higher than it: enough to be seen."""
_EQUAL: Final = 1e-9
"""What two scores may differ by in rounding."""
_FOUND: Final = 0.1
"""From which risk on a close-up has found something, where its neighbour has too;"""
_FOUND_ALONE: Final = 0.4
"""and where it has not: of hundreds in a long text some cut a harmless sentence so that it seems to be another."""
_KEPT, _MOST = 0.3, 0.499
"""Up to where such a risk is told as it is, and what the highest comes out as."""


def window_spans(token_count: int, capacity: int, overlap: int) -> list[tuple[int, int]]:
    """Start and end of each window over `token_count` tokens, none longer than `capacity`.

    Neighbours share at least `overlap` tokens, so that no sentence of that length is cut in every window; the last one
    is moved back to be full. There is always one window, be it empty.
    """
    if token_count <= capacity:
        return [(0, token_count)]
    starts = chain(range(0, token_count - capacity, capacity - overlap), [token_count - capacity])
    return [(start, start + capacity) for start in starts]


def close_ups(token_count: int, capacity: int) -> list[tuple[int, int]]:
    """Start and end of the narrow windows of a long text: a sentence or two each, most of them seen three times.

    So are its first and its last: there they begin narrower still, as if they slid in over the edge; the narrowest at
    the end is left out, since it would hold the rest of some sentence and nothing else.
    """
    narrow = max(2, min(_CLOSE_UP, capacity * 3 // 8))
    step = narrow - narrow * 2 // 3
    edges = range(_BY_THE_EDGE, min(narrow, token_count), _BY_THE_EDGE)
    first = [(0, end) for end in edges]
    last = [(token_count - length, token_count) for length in edges[1:]]
    return first + window_spans(token_count, narrow, narrow - step) + last


def combine(
    windows: Probabilities, weights: Sequence[float], risk_classes: Sequence[int], calm: int | None = None
) -> Probabilities:
    """One distribution from those of the windows (rows: windows, columns: classes).

    The mean over the windows, by their weights, says which class the text is of: that one stays the highest. Close-ups,
    of weight 0 and in the text's order, count for risk alone, and where they found it. Each risk class is raised to its
    highest window and the other classes share what is left in their proportion, so that a sentence of danger is never
    averaged away; where it would overtake the class that the whole is of, both get about the same, less than a half.
    Only of a `calm` text it takes the name as well.
    """
    mean: Probabilities = np.average(windows, axis=0, weights=weights)
    raised = mean.copy()
    for risk in risk_classes:
        counts = (np.asarray(weights) > 0) | _found(windows[:, risk])
        raised[risk] = windows[counts, risk].max()
    others = [index for index in range(len(mean)) if index not in risk_classes]
    left = max(0.0, 1.0 - raised[list(risk_classes)].sum())
    raised[others] = mean[others] * (left / max(mean[others].sum(), 1e-12))
    named = int(mean.argmax())
    if named in others and named != calm:
        raised = _named_first(raised, named, risk_classes)
    total: float = raised.sum()
    return np.asarray(raised / total)


def _found(risks: Probabilities) -> npt.NDArray[np.bool_]:
    """Which close-ups have found something: what stands in a text is in two that overlap, unless it is long."""
    at_all = risks >= _FOUND
    beside = np.zeros_like(at_all)
    beside[1:] |= at_all[:-1]
    beside[:-1] |= at_all[1:]
    return np.asarray(at_all & (beside | (risks >= _FOUND_ALONE)))


def _named_first(scores: Probabilities, named: int, risk_classes: Sequence[int]) -> Probabilities:
    """The same, with no risk class above the class that the text is named by; riskier texts stay riskier."""
    risks = list(risk_classes)
    held = scores.copy()
    if scores[named] >= scores[risks].max() - _EQUAL:
        held[named] = max(scores[named], scores[risks].max() + _EQUAL)
        return held
    held[risks] = _below_half(scores[risks])
    others = [index for index in range(len(scores)) if index not in risks]
    rest = [index for index in others if index != named]
    left = 1.0 - held[risks].sum()
    # What the risk gave up is shared as before, or a third class could come out ahead of both.
    held[named] = max(left * scores[named] / max(scores[others].sum(), 1e-12), held[risks].max() + _AHEAD)
    held[rest] = scores[rest] * (max(0.0, left - held[named]) / max(scores[rest].sum(), 1e-12))
    return held


def _below_half(risks: Probabilities) -> Probabilities:
    """Those above _KEPT closer together, in the same order: that a text is in danger may be doubted, not how much."""
    return np.where(risks <= _KEPT, risks, _KEPT + (risks - _KEPT) * (_MOST - _KEPT) / (1 - _KEPT))
