"""`python -m containers.inference.training.ablation`: what a model's figures owe to marks and to length.

In the collected posts some classes have apostrophes and others have lost them, and everyday texts are short. Each trace
is taken away from the test posts, or put where it was not, and the very same model is measured again: where meaning is
what it goes by, nothing much may change.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from containers.inference.classifier import Classifier, load
from containers.inference.training.evaluation import Figures, measure
from containers.inference.training.fitting import say
from containers.inference.training.labelled_texts import LabelledText, in_split
from containers.inference.training.material import Sources, read_material
from containers.inference.training.scored_texts import score_texts
from containers.inference.windows import Probabilities

_APOSTROPHE: Final = re.compile(r"['\u2019`]")
_MARK: Final = re.compile(r"[^\w\s'\u2019`]")
_SHORT: Final = 12
"""Words to which every post is cut to take its length away; every second everyday post has no more."""
_JOINED: Final = 6
"""Everyday posts made into one of the length of the others."""


@dataclass(frozen=True)
class Ablation:
    """The test posts without one trace, and what the model makes of them."""

    name: str
    figures: Figures
    changed: float
    """Share of the posts whose label is another than before."""


def marks() -> Mapping[str, Callable[[str], str]]:
    """How a text is written otherwise, its words being the same."""
    return {
        "without apostrophes": lambda text: _APOSTROPHE.sub("", text),
        "with a space for each apostrophe": lambda text: _APOSTROPHE.sub(" ", text),
        "without punctuation": lambda text: _MARK.sub(" ", text),
        "with a comma after every fifth word": _with_commas,
        "in capitals": str.upper,
        "in quotes": lambda text: f"\u201c{text}\u201d",
    }


def ablations(classifier: Classifier, posts: Sequence[LabelledText]) -> list[Ablation]:
    """The posts as they are, then without each trace in turn."""
    before = _judged(classifier, [replace(post, text=post.written or post.text) for post in posts])
    found = [Ablation("as written", measure(posts, before, {}), 0.0)]
    for name, written_otherwise in marks().items():
        changed = [replace(post, text=written_otherwise(post.written or post.text)) for post in posts]
        found.append(_ablation(name, classifier, changed, before))
    cut = [replace(post, text=" ".join(post.text.split(" ")[:_SHORT])) for post in posts]
    found.append(_ablation(f"cut to {_SHORT} words", classifier, cut, before))
    return found


def everyday_when_long(classifier: Classifier, posts: Sequence[LabelledText]) -> float:
    """Share of texts joined from everyday posts, as long as those of the other classes, that are still called so."""
    everyday = [post for post in posts if post.label == "Normal"]
    joined = [
        replace(everyday[start], text=" ".join(post.text for post in everyday[start : start + _JOINED]))
        for start in range(0, len(everyday) - _JOINED + 1, _JOINED)
    ]
    return measure(joined, _judged(classifier, joined), {}).accuracy.value


def _ablation(name: str, classifier: Classifier, posts: Sequence[LabelledText], before: Probabilities) -> Ablation:
    found = _judged(classifier, posts)
    return Ablation(name, measure(posts, found, {}), float((found.argmax(axis=1) != before.argmax(axis=1)).mean()))


def _judged(classifier: Classifier, posts: Sequence[LabelledText]) -> Probabilities:
    return score_texts(classifier, posts).probabilities(classifier)


def _with_commas(text: str) -> str:
    words = text.split(" ")
    return " ".join(word + "," * (place % 5 == 4) for place, word in enumerate(words))


def main(arguments: Sequence[str]) -> int:
    """Print a line for each trace."""
    parser = argparse.ArgumentParser(prog="python -m containers.inference.training.ablation", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="CSV files id,text,label (.gz or plain)")
    parser.add_argument("--model", type=Path, required=True, help="the model directory that is judged")
    parser.add_argument("--most", type=int, default=1000, help="test posts that are looked at")
    given = parser.parse_args(arguments)
    posts = in_split(read_material(Sources(given.data)).posts, "test")[: given.most]
    classifier = load(str(given.model), threads=1)
    for one in ablations(classifier, posts):
        figures = one.figures
        say(
            f"{one.name}: accuracy {figures.accuracy.value:.4f}, macro-F1 {figures.macro_f1:.4f}, "
            f"Normal recall {figures.classes['Normal'].recall.value:.3f}, "
            f"another label for {one.changed:.1%} of {len(posts)}"
        )
    share = everyday_when_long(classifier, posts)
    say(f"{_JOINED} everyday posts joined to one are called Normal in {share:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
