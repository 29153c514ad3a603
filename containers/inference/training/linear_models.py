"""Linear classifiers over sparse features, fitted to their optimum: the same data gives the same weights."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

_STEPS = 80
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of the scores, shape (texts, classes), and the wanted distributions: one number a text."""


@dataclass(frozen=True)
class LinearModel:
    """Weights, shape (features, classes), and what is added to each class."""

    weights: torch.Tensor
    bias: torch.Tensor

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Shape (texts, classes); of a logistic model the softmax of a row is its opinion."""
        return features @ self.weights + self.bias


def surprise(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The loss of logistic regression over all classes at once."""
    return -(wanted * scores.log_softmax(dim=1)).sum(dim=1)


def margin(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The squared hinge of a linear support vector machine, each class against the rest."""
    sides = 2 * (wanted > 0.5).float() - 1
    return (1 - sides * scores).clamp(min=0).square().sum(dim=1)


def fitted(
    features: torch.Tensor,
    wanted: torch.Tensor,
    strength: float,
    loss: Loss = surprise,
    counts: torch.Tensor | None = None,
) -> LinearModel:
    """The weights of least loss plus half their square; `strength` is the usual C, `counts` what each text counts."""
    classes = wanted.shape[1]
    weights = torch.zeros(features.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    turned = features.to_sparse_coo().t().coalesce().to_sparse_csr()
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=_STEPS, history_size=8, line_search_fn="strong_wolfe")

    def objective() -> torch.Tensor:
        # The product's gradient by hand: torch would go through the transposed features entry by entry.
        scores = (features @ weights.detach() + bias.detach()).requires_grad_()
        losses = loss(scores, wanted)
        total = (losses if counts is None else losses * counts).sum() / len(wanted)
        (slope,) = torch.autograd.grad(total, scores)
        shrink = 1 / (strength * len(wanted))
        weights.grad = turned @ slope + shrink * weights.detach()
        bias.grad = slope.sum(dim=0)
        return total.detach() + shrink / 2 * weights.detach().square().sum()

    optimiser.step(objective)
    return LinearModel(weights.detach(), bias.detach())
