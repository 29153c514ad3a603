"""`python -m containers.inference.training.baselines`: what linear models reach on the same split, beside a model.

Terms are chosen, weighted and fitted on the training part alone, the strength of each model is chosen on validation,
and all are judged on the same test posts, normalised as the network sees them.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from containers.inference.classifier import load
from containers.inference.training.evaluation import Figures, measure
from containers.inference.training.fitting import say
from containers.inference.training.labelled_texts import LABELS, LabelledText, class_counts, in_split
from containers.inference.training.linear_models import LinearModel, Loss, fitted, margin, surprise
from containers.inference.training.material import Sources, read_material
from containers.inference.training.scored_texts import score_texts
from containers.inference.training.weighted_terms import WeightedTerms

_STRENGTHS: Final[Mapping[Loss, Sequence[float]]] = {surprise: (15.0,), margin: (0.3,)}
_NAMES: Final[Mapping[Loss, str]] = {surprise: "logistic regression", margin: "linear SVM"}


@dataclass(frozen=True)
class Baseline:
    """One fitted linear model and its figures on the test posts."""

    name: str
    strength: float
    validated: float
    """Macro-F1 on validation."""
    figures: Figures


def baselines(posts: Sequence[LabelledText]) -> list[Baseline]:
    """Words alone and with word pairs, logistic and with a margin; the best of each on validation."""
    parts = {part: in_split(posts, part) for part in ("train", "validation", "test")}
    found = []
    for longest in (1, 2):
        terms = WeightedTerms([post.text for post in parts["train"]], longest)
        features = {part: terms.features([post.text for post in texts]) for part, texts in parts.items()}
        for loss in (surprise, margin):
            name = f"{_NAMES[loss]}, words{' and pairs' * (longest > 1)}"
            found.append(_best(name, parts, features, loss))
            say(_line(name, found[-1].figures))
    return found


def _best(
    name: str, parts: Mapping[str, Sequence[LabelledText]], features: Mapping[str, torch.Tensor], loss: Loss
) -> Baseline:
    """The strength that does best on validation, with every text counting alike or every class."""
    wanted = torch.tensor([post.target for post in parts["train"]])
    tried = []
    for counts in (None, _counts(parts["train"])):
        for strength in _STRENGTHS[loss]:
            model = fitted(features["train"], wanted, strength, loss, counts)
            tried.append((_figures(model, features, parts, "validation").macro_f1, strength, model))
    validated, strength, model = max(tried, key=lambda one: one[0])
    return Baseline(name, strength, validated, _figures(model, features, parts, "test"))


def _counts(texts: Sequence[LabelledText]) -> torch.Tensor:
    """What each text counts, so that every class counts alike altogether."""
    of = dict(zip(LABELS, class_counts(texts), strict=True))
    return torch.tensor([len(texts) / len(LABELS) / of[text.label] for text in texts])


def _figures(
    model: LinearModel,
    features: Mapping[str, torch.Tensor],
    parts: Mapping[str, Sequence[LabelledText]],
    part: str,
) -> Figures:
    found = model.scores(features[part]).softmax(dim=1).numpy().astype(np.float64)
    return measure(parts[part], found, {})


def main(arguments: Sequence[str]) -> int:
    """Print a line for each baseline, then the model's own and by how much it is ahead."""
    parser = argparse.ArgumentParser(prog="python -m containers.inference.training.baselines", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="CSV files id,text,label (.gz or plain)")
    parser.add_argument("--model", type=Path, help="a model directory to set beside them")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    posts = read_material(Sources(given.data)).posts
    found = baselines(posts)
    if given.model:
        own = _of_model(given.model, in_split(posts, "test"))
        best = max(one.figures.macro_f1 for one in found)
        say(f"{_line(str(given.model), own)}, ahead of the best by {100 * (own.macro_f1 - best):+.1f} points")
    return 0


def _of_model(directory: Path, texts: Sequence[LabelledText]) -> Figures:
    classifier = load(str(directory), threads=1)
    return measure(texts, score_texts(classifier, texts).probabilities(classifier), {})


def _line(name: str, figures: Figures) -> str:
    classes = ", ".join(f"{label} {one.f1:.3f}" for label, one in figures.classes.items())
    return f"{name}: accuracy {figures.accuracy.value:.4f}, macro-F1 {figures.macro_f1:.4f} ({classes})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
