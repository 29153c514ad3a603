"""The training loop: epochs of lessons, a rate that falls to its end, checkpoints, and the best epoch kept."""

import copy
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.engines import padded
from containers.inference.training.checkpoints import Checkpoints, Progress
from containers.inference.training.lessons import Lesson, Lessons
from containers.inference.training.network import class_logits
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    epochs: int = 2
    tokens_a_batch: int = 2048
    rate: float = 3e-4
    head_rate: float = 4.0
    """How much faster the classifying head learns; a pretrained encoder with a new head needs several times."""
    warm_up: float = 0.08
    """Share of all steps over which the rate rises."""
    smoothing: float = 0.03
    patience: int = 5
    """After so many epochs without a better score the run ends."""
    seed: int = 20


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Token ids, attention mask, wanted distributions."""
Say = Callable[[str], None]


def say(progress: str) -> None:
    """A line of progress on standard output."""
    print(progress, flush=True)  # noqa: T201 - progress of a command


def fit(
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    window_tokens: int,
    lessons: Lessons,
    class_weights: torch.Tensor,
    score: Callable[[], float],
    schedule: Schedule,
    checkpoints: Checkpoints | None = None,
) -> None:
    """Trains in place and leaves the weights of the epoch whose `score` on validation was highest.

    A run that was killed goes on from its last checkpoint and ends with the very weights that it would have had. On a
    GPU where there is one.
    """
    chance = random.Random(schedule.seed)  # noqa: S311 - repeatable, not secret
    torch.manual_seed(schedule.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    kept, optimiser = checkpoints or Checkpoints(), _optimiser(network, schedule)
    progress = kept.restored(network, optimiser, chance)
    if progress.epochs:
        say(f"going on after epoch {progress.epochs}, best so far {progress.best:.4f}")
    while progress.epochs < schedule.epochs and progress.epochs - progress.best_epoch < schedule.patience:
        started = time.monotonic()
        batches = _batches(lessons.epoch(chance), tokenizer, window_tokens, schedule, chance)
        pace = _Pace(schedule, progress.epochs, len(batches))
        loss = _learn(network, batches, class_weights.to(device), optimiser, pace)
        _note(progress, score(), network)
        kept.save(network, optimiser, chance, progress)
        seconds = time.monotonic() - started
        say(f"epoch {progress.epochs}: loss {loss:.4f}, best {progress.best:.4f}, {seconds:.0f} s")
    if progress.best_weights:
        network.load_state_dict(progress.best_weights)
    network.to("cpu").eval()


def _note(progress: Progress, reached: float, network: torch.nn.Module) -> None:
    progress.epochs += 1
    if reached > progress.best:
        weights = {name: weight.cpu() for name, weight in network.state_dict().items()}
        progress.best, progress.best_epoch = reached, progress.epochs
        progress.best_weights = copy.deepcopy(weights)


@dataclass(frozen=True)
class _Pace:
    """The share of the highest rate at each batch of an epoch: a straight rise, then half a cosine down to nothing."""

    schedule: Schedule
    epoch: int
    batches: int

    def at(self, batch: int) -> float:
        """For the batch of this number, from 0."""
        passed = (self.epoch + (batch + 1) / self.batches) / self.schedule.epochs
        if passed < self.schedule.warm_up:
            return passed / self.schedule.warm_up
        # A little of the way is left over, or the last steps would move nothing.
        return 0.5 + 0.5 * math.cos(math.pi * (passed - self.schedule.warm_up) / (1.02 - self.schedule.warm_up))


def _optimiser(network: XLMRobertaForSequenceClassification, schedule: Schedule) -> torch.optim.Optimizer:
    groups = []
    for is_head in (False, True):
        rate = schedule.rate * (schedule.head_rate if is_head else 1)
        own = [weight for name, weight in network.named_parameters() if name.startswith("classifier") is is_head]
        for decay, chosen in (
            (0.01, [weight for weight in own if weight.dim() > 1]),
            (0.0, [weight for weight in own if weight.dim() <= 1]),
        ):
            groups.append({"params": chosen, "weight_decay": decay, "lr": rate, "highest": rate})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


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
    pace: _Pace,
) -> float:
    network.train()
    total = 0.0
    for number, batch in enumerate(batches, start=1):
        for group in optimiser.param_groups:
            group["lr"] = group["highest"] * pace.at(number - 1)
        total += _step(network, batch, class_weights, optimiser, pace.schedule.smoothing)
        if number % 50 == 0:
            say(f"  {number} of {len(batches)} batches, loss {total / number:.4f}")
    return total / len(batches)


def _step(
    network: XLMRobertaForSequenceClassification,
    batch: Batch,
    class_weights: torch.Tensor,
    optimiser: torch.optim.Optimizer,
    smoothing: float,
) -> float:
    input_ids, attention_mask, targets = (part.to(class_weights.device) for part in batch)
    with torch.autocast(class_weights.device.type, torch.bfloat16, enabled=class_weights.is_cuda):
        logits = class_logits(network, input_ids, attention_mask)
    loss = torch.nn.functional.cross_entropy(logits.float(), targets, weight=class_weights, label_smoothing=smoothing)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.item())
