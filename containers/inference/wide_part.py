"""The wide part of a network: a linear model over pieces and their pairs, whose scores are added to the deep part's.

It reads the same `input_ids` and is exported within the same graph. What single words and pairs say about a topic it
knows better than a small transformer that has seen a few million of them; what they mean together it cannot know, so
its say grows with the length of a window: of a short message hardly anything is left to it. Nor is of a window in a
language that it has not learnt: there it would take the few words that it does know for the topic.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch

FIRST_PIECE: Final = 4
"""Below are the marks."""
_MULTIPLIER: Final = 40_503
"""Of a pair's first piece, where its row is looked for."""
_DOUBT: Final = 16
"""The power by which its say falls with the share of pieces that it knows: of 0.99 to 0.85, of 0.8 to 0.03."""


def say(pieces: Any, half: float) -> Any:
    """What is left of the wide part's scores in a window of so many pieces: half of them at `half`, less than a
    twentieth at a fifth of that.
    """
    return pieces**2 / (pieces**2 + half**2 + 1e-6)


@dataclass(frozen=True)
class WideShape:
    """What fixes the rows of its table; `config.json` holds it under `wide`."""

    pieces: int
    """Each has a row of its own."""
    pairs: int = 45_007
    """Rows for pairs of neighbouring pieces; a pair has one of its own, or none."""
    half_say: float = 40.0
    """Pieces of a window at which it has half of its say."""
    warmth: float = 1.0
    """What all scores are divided by where it has all its say: a network is surer of long texts than it is right."""

    @property
    def rows(self) -> int:
        """Of the table."""
        return self.pieces + self.pairs

    def as_config(self) -> dict[str, Any]:
        """For `config.json`."""
        return asdict(self)


class WidePart(torch.nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Pieces and pairs by 1 + log of their count times their salience, to length 1, times a row of weights each."""

    def __init__(self, shape: WideShape, classes: int) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("table", torch.zeros(shape.rows, classes))
        self.register_buffer("salience", torch.zeros(shape.rows))
        self.register_buffer("bias", torch.zeros(classes))
        # Which pair a row is for, or other pairs that fall on the same row would speak with its voice.
        self.register_buffer("owners", torch.full((shape.pairs,), -1, dtype=torch.int32))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Scores of shape (windows, classes)."""
        is_piece = self.is_piece(input_ids, attention_mask)
        found, squares = [], []
        for runs, valid in ((input_ids, is_piece), self.pairs(input_ids, is_piece)):
            same = (runs[:, :, None] == runs[:, None, :]) & valid[:, None, :]
            count = same.float().sum(dim=2).clamp(min=1)
            weight = valid.float() * (1 + count.log()) / count * self.salience[runs]
            found.append((weight[:, :, None] * self.table[runs]).sum(dim=1))
            squares.append((weight * weight * count).sum(dim=1))
        length = torch.stack(squares).sum(dim=0).clamp(min=1e-6).sqrt()
        pieces = is_piece.float().sum(dim=1, keepdim=True)
        scores = torch.stack(found).sum(dim=0) / length[:, None] + self.bias
        return scores * say(pieces, self.shape.half_say) * self.familiarity(input_ids, is_piece)

    def familiarity(self, input_ids: torch.Tensor, is_piece: torch.Tensor) -> torch.Tensor:
        """Near 1 where it knows nearly all pieces of a window, near 0 where it lacks a fifth; shape (windows, 1)."""
        is_known = is_piece & (self.salience[input_ids] > 0)
        share = is_known.float().sum(dim=1, keepdim=True) / is_piece.float().sum(dim=1, keepdim=True).clamp(min=1)
        return share**_DOUBT

    def added_to(self, logits: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The deep part's logits with these scores, both the milder the longer the window."""
        pieces = self.is_piece(input_ids, attention_mask).float().sum(dim=1, keepdim=True)
        mildness = 1 + (self.shape.warmth - 1) * say(pieces, self.shape.half_say)
        return (logits + self(input_ids, attention_mask)) / mildness

    def is_piece(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Which places hold a piece rather than a mark."""
        return (input_ids >= FIRST_PIECE) & (attention_mask > 0)

    def pairs(self, input_ids: torch.Tensor, is_piece: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The table's row for the pair that starts at each place but the last, and whether it has one."""
        first, second = input_ids[:, :-1], input_ids[:, 1:]
        bucket = self.bucket(first, second)
        is_known = self.owners[bucket] == self.name(first, second).int()
        return self.shape.pieces + bucket, is_piece[:, :-1] & is_piece[:, 1:] & is_known

    def bucket(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Where a pair's row would be, among those of pairs."""
        return (first * _MULTIPLIER + second) % self.shape.pairs

    def name(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """A number that no other pair has."""
        return first * self.shape.pieces + second


def added(network: torch.nn.Module, config: Mapping[str, Any], classes: int) -> None:
    """Gives the network the wide part that its configuration names, with nothing in its table yet."""
    network.wide = WidePart(WideShape(**config), classes)


def with_wide_part(
    network: torch.nn.Module, logits: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor
) -> torch.Tensor:
    """The deep part's logits with what the network's wide part makes of them: the same where it has none."""
    wide = getattr(network, "wide", None)
    found: torch.Tensor = logits if wide is None else wide.added_to(logits, input_ids, attention_mask)
    return found
