"""The wide part's table, fitted on windows of the training texts as it will see them, and its share of the say."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.engines import padded
from containers.inference.training.intervals import f1_scores
from containers.inference.training.labelled_texts import LABELS, LabelledText, class_counts
from containers.inference.training.linear_models import fitted, margin
from containers.inference.training.network import TorchEngine
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID
from containers.inference.wide_part import FIRST_PIECE, WidePart, WideShape, say
from containers.inference.windows import window_spans

_WINDOWS_A_STEP = 32
_STRENGTH = 0.3
_SEEN_AT_LEAST = 4
"""Times that a pair has to be found in the training windows to be known."""
_KNOWN_FROM = 10
"""Windows that a piece has to be in to be known: names, slips and foreign words are in fewer."""
_LEANING = 15.0
"""How much more a row weighs that leans to one class than one that does not."""
_SHARES = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 10.0)
_HALF_SAYS = (40.0, 60.0, 90.0)
_WARMTHS = tuple(1 + 0.25 * number for number in range(17))
_POSTS = ("post", "feedback")
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WidthChosen:
    """How much say the wide part has, and what that did on validation."""

    share: float
    """What its scores are multiplied by;"""
    half_say: float
    """the pieces of a window at which half of that is left;"""
    warmth: float
    """and how much milder long windows are."""
    surprise: float
    """The mean of that of posts and that of clinic phrases, in nats."""
    macro_f1: float
    clinic_accuracy: float


def add_wide_part(
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    taught: Sequence[LabelledText],
    validation: Sequence[LabelledText],
    window_tokens: int,
) -> WidthChosen:
    """Gives the network a wide part, weighed so that the labels of validation's posts and phrases surprise it least.

    Not by the figures that a model is judged by: of a few thousand texts macro-F1 tells mixtures apart by chance, and
    a leaning to single classes chosen by it was seen to lose on other texts what it had won on these.
    """
    network.wide = network.config.wide = None
    posts = [text for text in taught if text.kind in _POSTS]
    shape = WideShape(tokenizer.get_vocab_size())
    part = fit_wide_part(tokenizer, posts, counts(posts), shape, window_tokens)
    watched = [text for text in validation if text.kind != "foreign"]
    windows, owners = _windows(tokenizer, watched, window_tokens)
    judge = _Judge(watched, windows, owners, _deep(network, windows), _wide(part, windows))
    tried = itertools.product(_SHARES, _HALF_SAYS, _WARMTHS)
    chosen = min((judge.judged(*one) for one in tried), key=lambda one: one.surprise)
    part.shape = replace(part.shape, half_say=chosen.half_say, warmth=chosen.warmth)
    part.table *= chosen.share
    part.bias *= chosen.share
    network.wide, network.config.wide = part, part.shape.as_config()
    return chosen


def counts(posts: Sequence[LabelledText]) -> list[float]:
    """What each post counts: those of rare classes more."""
    of = dict(zip(LABELS, class_counts(posts), strict=True))
    return [(len(posts) / len(LABELS) / of[post.label]) ** 0.5 for post in posts]


def fit_wide_part(
    tokenizer: Tokenizer,
    texts: Sequence[LabelledText],
    counts: Sequence[float],
    shape: WideShape,
    window_tokens: int,
    seen_at_least: int = _SEEN_AT_LEAST,
    known_from: int = _KNOWN_FROM,
) -> WidePart:
    """A linear support vector machine over the texts' windows, without regard to their length.

    A text's windows share what it counts. Its scores come out between about -1 and 1, to be weighed.
    """
    windows, owners = _windows(tokenizer, texts, window_tokens)
    share = np.asarray(counts)[owners] / np.bincount(owners)[owners]
    wanted = torch.tensor([texts[owner].target for owner in owners])
    part = WidePart(replace(shape, half_say=0.0), len(LABELS))
    _give_rows(part, windows, seen_at_least)
    found = _found(part, windows)
    part.salience.copy_(_weights(part, found, wanted, known_from))
    features = found.features(part.salience, len(windows))
    model = fitted(features, wanted, _STRENGTH, margin, torch.from_numpy(share).float())
    part.table.copy_(model.weights)
    part.bias.copy_(model.bias)
    return part


def _give_rows(part: WidePart, windows: Sequence[Sequence[int]], seen_at_least: int) -> None:
    """Each row for pairs to the one that was seen most often of all that fall on it."""
    stream = torch.tensor([piece for window in windows for piece in window])
    pairs = torch.stack([stream[:-1], stream[1:]])
    pairs = pairs[:, (pairs >= FIRST_PIECE).all(dim=0)]
    names, count = torch.unique(part.name(*pairs), return_counts=True)
    names, count = names[count >= seen_at_least], count[count >= seen_at_least]
    names = names[torch.argsort(count, stable=True)]
    buckets = part.bucket(names // part.shape.pieces, names % part.shape.pieces)
    # Told one by one: of several assignments to one place torch does not promise that the last one holds.
    for bucket, name in zip(buckets.tolist(), names.tolist(), strict=True):
        part.owners[bucket] = name


def _windows(
    tokenizer: Tokenizer, texts: Sequence[LabelledText], window_tokens: int
) -> tuple[list[list[int]], list[int]]:
    """The windows of all texts, and which text each is of."""
    windows, owners = list[list[int]](), list[int]()
    for number, found in enumerate(tokenizer.encode_batch([text.text for text in texts], add_special_tokens=False)):
        for start, end in window_spans(len(found.ids), window_tokens - 2, 0):
            windows.append([START_ID, *found.ids[start:end], END_ID])
            owners.append(number)
    return windows, owners


def _deep(network: XLMRobertaForSequenceClassification, windows: Sequence[Sequence[int]]) -> Scores:
    """The network's own rows, those of like length together."""
    order = sorted(range(len(windows)), key=lambda place: len(windows[place]))
    found, engine = np.zeros((len(windows), len(LABELS)), dtype=np.float32), TorchEngine(network)
    for start in range(0, len(order), _WINDOWS_A_STEP):
        chosen = order[start : start + _WINDOWS_A_STEP]
        found[chosen] = engine.logits([windows[place] for place in chosen])
    return found


def _wide(part: WidePart, windows: Sequence[Sequence[int]]) -> Scores:
    found = []
    for start in range(0, len(windows), _WINDOWS_A_STEP):
        ids, mask = map(torch.from_numpy, padded(windows[start : start + _WINDOWS_A_STEP], PAD_ID))
        found.append(part(ids, mask).numpy())
    return np.concatenate(found)


def _say(windows: Sequence[Sequence[int]], half: float) -> Scores:
    pieces = np.array([len(window) - 2 for window in windows], dtype=np.float32)
    return np.asarray(say(pieces, half), dtype=np.float32)


class _Judge:
    """Texts with the rows of both parts for their windows: what a mixture of the two makes of them."""

    def __init__(
        self,
        texts: Sequence[LabelledText],
        windows: Sequence[Sequence[int]],
        owners: Sequence[int],
        deep: Scores,
        wide: Scores,
    ) -> None:
        self._windows, self._deep, self._wide = windows, deep, wide
        self._owners, self._held = np.asarray(owners), np.bincount(owners)[:, None]
        self._wanted = np.array([LABELS.index(text.label) for text in texts])
        self._rows = np.arange(len(texts))
        self._is_post = np.array([text.kind in _POSTS for text in texts])

    def judged(self, share: float, half_say: float, warmth: float) -> WidthChosen:
        """Each text by the mean of its windows."""
        found = self._found(share, half_say, warmth)
        chosen, surprise = found.argmax(axis=1), -np.log(np.maximum(found[self._rows, self._wanted], 1e-9))
        kinds = [which for which in (self._is_post, ~self._is_post) if which.any()]
        posts, phrases = self._is_post, ~self._is_post
        confusion = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
        np.add.at(confusion, (self._wanted[posts], chosen[posts]), 1)
        present = confusion.sum(axis=1) > 0
        return WidthChosen(
            share,
            half_say,
            warmth,
            surprise=float(np.mean([surprise[which].mean() for which in kinds])),
            macro_f1=float(f1_scores(confusion)[present].mean()) if posts.any() else 0.0,
            clinic_accuracy=float((chosen == self._wanted)[phrases].mean()) if phrases.any() else 0.0,
        )

    def _found(self, share: float, half_say: float, warmth: float) -> npt.NDArray[np.float64]:
        said = _say(self._windows, half_say)[:, None]
        logits = (self._deep + said * share * self._wide) / (1 + (warmth - 1) * said)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        found = np.zeros((len(self._wanted), len(LABELS)))
        np.add.at(found, self._owners, exponents / exponents.sum(axis=1, keepdims=True))
        return found / self._held


@dataclass(frozen=True)
class _Found:
    """Which row was found in which window how often, in the order of the windows."""

    window: torch.Tensor
    row: torch.Tensor
    count: torch.Tensor

    def features(self, weights: torch.Tensor, windows: int) -> torch.Tensor:
        """A sparse row for each window, as the part weighs what it finds."""
        values = (1 + self.count.float().log()) * weights[self.row]
        length = torch.zeros(windows).index_add_(0, self.window, values * values).sqrt()
        values = values / length[self.window].clamp(min=1e-6)
        ends = torch.bincount(self.window, minlength=windows).cumsum(0)
        starts = torch.cat([torch.zeros(1, dtype=torch.long), ends])
        return torch.sparse_csr_tensor(starts, self.row, values, size=(windows, len(weights)))


def _found(part: WidePart, windows: Sequence[Sequence[int]]) -> _Found:
    seen, places = list[torch.Tensor](), list[torch.Tensor]()
    for start in range(0, len(windows), _WINDOWS_A_STEP):
        ids, mask = map(torch.from_numpy, padded(windows[start : start + _WINDOWS_A_STEP], PAD_ID))
        is_piece = part.is_piece(ids, mask)
        for runs, valid in ((ids, is_piece), part.pairs(ids, is_piece)):
            window = torch.arange(start, start + len(ids))[:, None].expand_as(runs)
            seen.append(runs[valid])
            places.append(window[valid])
    keys, count = torch.unique(torch.cat(places) * part.shape.rows + torch.cat(seen), return_counts=True)
    return _Found(keys // part.shape.rows, keys % part.shape.rows, count)


def _weights(part: WidePart, found: _Found, wanted: torch.Tensor, known_from: int) -> torch.Tensor:
    """How far each row leans to few classes; pieces that are hardly known and pairs never found weigh nothing.

    The leaning is the inverse gravity moment (Chen et al., 2016): from about 0.25, alike in all seven, to 1. On these
    posts it serves better than rarity, which says only that a word is seldom used.
    """
    held = torch.bincount(found.row, minlength=part.shape.rows)
    by_class = torch.zeros(part.shape.rows, len(LABELS)).index_add_(0, found.row, wanted[found.window])
    shares = ((by_class + 0.1) / wanted.sum(dim=0).clamp(min=1)).sort(dim=1, descending=True).values
    leaning = shares[:, 0] / (shares * torch.arange(1, len(LABELS) + 1)).sum(dim=1)
    least = torch.ones_like(held)
    least[: part.shape.pieces] = known_from
    return torch.where(held >= least, 1 + _LEANING * leaning, 0.0)
