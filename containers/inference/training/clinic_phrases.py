"""Short clinic-style messages made from hand-written templates, held apart for evaluation by template."""

import functools
import itertools
import random
import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from containers.inference.normalisation import normalise
from containers.inference.training.labelled_texts import LabelledText, split_of

_FOLDER = Path(__file__).parent / "phrases"


@dataclass(frozen=True)
class Template:
    """One hand-written phrase, with the fillings of its slots and the words that may stand around it."""

    phrase: str
    label: str
    kind: str
    language: str
    slots: Mapping[str, Sequence[str]]
    openers: Sequence[str]
    closers: Sequence[str]
    always_taught: bool
    """Too important to be held out; such phrases count in no figure."""

    @property
    def split(self) -> str:
        """The split that every message made from this phrase belongs to."""
        return "train" if self.always_taught else split_of(f"{self.language}:{self.phrase}")

    def fillings(self) -> list[LabelledText]:
        """Every message that the template makes without an opener or closer."""
        return self._fillings

    @functools.cached_property
    def _fillings(self) -> list[LabelledText]:
        names = [name for _, name, _, _ in string.Formatter().parse(self.phrase) if name]
        choices = itertools.product(*(self.slots[name] for name in names))
        return [self._message(self.phrase.format(**dict(zip(names, chosen, strict=True)))) for chosen in choices]

    def sample(self, chance: random.Random) -> LabelledText:
        """A message with random fillings, at times with an opener or a closer."""
        filled = self.phrase.format(**{name: chance.choice(values) for name, values in self.slots.items()})
        opener = chance.choice(self.openers) if chance.random() < 0.3 else ""
        closer = chance.choice(self.closers) if chance.random() < 0.2 else ""
        return self._message(f"{opener} {filled} {closer}")

    def _message(self, text: str) -> LabelledText:
        return LabelledText(normalise(text), self.label, self.language, self.kind)


def read_templates() -> list[Template]:
    """Every template of `phrases/*.toml`, one file a language."""
    return list(_templates())


@functools.cache
def _templates() -> tuple[Template, ...]:
    return tuple(template for path in sorted(_FOLDER.glob("*.toml")) for template in _read(path))


def held_out_messages(templates: Sequence[Template], split: str, per_template: int = 3) -> list[LabelledText]:
    """Up to `per_template` messages of each template in the split, always the same ones.

    Outside `train` without those that a taught template makes too.
    """
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    taught = {message.text for template in templates if template.split == "train" for message in template.fillings()}
    chosen = []
    for template in templates:
        if template.split == split:
            fillings = [message for message in template.fillings() if split == "train" or message.text not in taught]
            chosen += chance.sample(fillings, min(per_template, len(fillings)))
    return chosen


def _read(path: Path) -> Iterator[Template]:
    with path.open("rb") as file:
        described = tomllib.load(file)
    for group in described["group"]:
        for phrase in group["phrases"]:
            yield Template(
                phrase,
                group["label"],
                group["kind"],
                path.stem,
                described["slots"],
                described["openers"],
                described["closers"],
                group.get("always_taught", False),
            )
