"""The training loop: epochs of lessons, a rate that falls to its end, and the best epoch kept."""

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.engines import padded
from containers.inference.training.lessons import Lesson, Lessons
from containers.inference.training.network import class_logits
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    epochs: int = 18
    tokens_a_batch: int = 4096
    rate: float = 1.2e-3
    warm_up: float = 0.06
    """Share of all steps over which the rate rises."""
    smoothing: float = 0.03
    seed: int = 20


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Token ids, attention mask, wanted distributions."""


def fit(
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    window_tokens: int,
    lessons: Lessons,
    class_weights: torch.Tensor,
    score: Callable[[], float],
    schedule: Schedule,
) -> None:
    """Trains in place and leaves the weights of the epoch whose `score` on validation was highest."""
    chance = random.Random(schedule.seed)  # noqa: S311 - repeatable, not secret
    torch.manual_seed(schedule.seed)
    optimiser = torch.optim.AdamW(_grouped(network), lr=schedule.rate, betas=(0.9, 0.98))
    rates: torch.optim.lr_scheduler.LRScheduler | None = None
    best, best_weights = -1.0, copy.deepcopy(network.state_dict())
    for epoch in range(schedule.epochs):
        started = time.monotonic()
        batches = _batches(lessons.epoch(chance), tokenizer, window_tokens, schedule, chance)
        rates = rates or torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            schedule.rate,
            total_steps=round(len(batches) * schedule.epochs * 1.05),
            pct_start=schedule.warm_up,
            cycle_momentum=False,
        )
        loss = _learn(network, batches, class_weights, optimiser, rates, schedule.smoothing)
        reached = score()
        seconds = time.monotonic() - started
        print(f"epoch {epoch + 1}: loss {loss:.4f}, validation {reached:.4f}, {seconds:.0f} s", flush=True)  # noqa: T201
        if reached > best:
            best, best_weights = reached, copy.deepcopy(network.state_dict())
    network.load_state_dict(best_weights)
    network.eval()


def _grouped(network: XLMRobertaForSequenceClassification) -> list[dict[str, object]]:
    decayed = [weight for weight in network.parameters() if weight.dim() > 1]
    free = [weight for weight in network.parameters() if weight.dim() <= 1]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": free, "weight_decay": 0.0}]


def _batches(
    lessons: Sequence[Lesson],
    tokenizer: Tokenizer,
    window_tokens: int,
    schedule: Schedule,
    chance: random.Random,
) -> list[Batch]:
    """Lessons of like length together, at most `tokens_a_batch` tokens with padding, in random order."""
    room = window_tokens - 2
    encoded = tokenizer.encode_batch([text for text, _ in lessons], add_special_tokens=False)
    windows = [[START_ID, *found.ids[:room], END_ID] for found in encoded]
    order = sorted(range(len(lessons)), key=lambda row: (len(windows[row]) // 4, chance.random()))
    batches, rows = [], list[int]()
    for row in order:
        if rows and (len(rows) + 1) * len(windows[row]) > schedule.tokens_a_batch:
            batches.append(rows)
            rows = []
        rows.append(row)
    batches.append(rows)
    chance.shuffle(batches)
    return [_tensors([windows[row] for row in rows], [lessons[row][1] for row in rows]) for rows in batches]


def _tensors(windows: Sequence[Sequence[int]], targets: Sequence[Sequence[float]]) -> Batch:
    input_ids, attention_mask = padded(windows, PAD_ID)
    return torch.from_numpy(input_ids), torch.from_numpy(attention_mask), torch.tensor(targets)


def _learn(
    network: XLMRobertaForSequenceClassification,
    batches: Sequence[Batch],
    class_weights: torch.Tensor,
    optimiser: torch.optim.Optimizer,
    rates: torch.optim.lr_scheduler.LRScheduler,
    smoothing: float,
) -> float:
    network.train()
    total = 0.0
    for number, (input_ids, attention_mask, targets) in enumerate(batches, start=1):
        logits = class_logits(network, input_ids, attention_mask)
        loss = torch.nn.functional.cross_entropy(logits, targets, weight=class_weights, label_smoothing=smoothing)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rates.step()
        total += loss.item()
        if number % 100 == 0:
            print(f"  {number} of {len(batches)} batches, loss {total / number:.4f}", flush=True)  # noqa: T201
    return total / len(batches)
