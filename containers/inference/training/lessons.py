"""What the network reads in one epoch: pieces of posts, clinic phrases, and both woven together."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from containers.inference.training.clinic_phrases import Template
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.training.linear_teacher import LinearTeacher, fold_of

_WORDS = 110
"""About what one window holds."""
Lesson = tuple[str, Sequence[float]]
"""A text and the wanted distribution over LABELS."""


@dataclass(frozen=True)
class LessonPlan:
    """How many texts of each kind an epoch holds."""

    folds: int = 4
    phrases: int = 24_000
    woven: int = 16_000
    foreign_share: float = 0.5
    dropped_words: float = 0.1
    """Share of a post's words that are left out, or the network would learn posts by heart."""


class Lessons:
    """Draws each epoch anew from the training split; the same seed draws the same texts."""

    def __init__(
        self,
        posts: Sequence[LabelledText],
        foreign: Sequence[LabelledText],
        templates: Sequence[Template],
        plan: LessonPlan,
    ) -> None:
        self._posts, self._foreign, self._plan = posts, foreign, plan
        self._everyday = [post.text for post in posts if post.label == "Normal"]
        self._templates = {label: [t for t in templates if t.label == label] for label in LABELS}
        self._by_kind: dict[tuple[str, str, bool], list[Template]] = {}
        for template in templates:
            self._by_kind.setdefault((template.label, template.kind, template.language == "en"), []).append(template)
        self._teacher = LinearTeacher(posts, plan.folds)

    def epoch(self, chance: random.Random) -> list[Lesson]:
        """All texts of one epoch, shuffled."""
        lessons = self._pieces_of_posts(chance)
        lessons += [(text.text, text.target) for text in self._foreign if chance.random() < self._plan.foreign_share]
        lessons += [self._phrase(chance) for _ in range(self._plan.phrases)]
        lessons += [self._woven(chance) for _ in range(self._plan.woven)]
        chance.shuffle(lessons)
        return lessons

    def _pieces_of_posts(self, chance: random.Random) -> list[Lesson]:
        """A stretch of each post, short ones too, so that length says nothing; short ones lean on the teacher."""
        pieces = [_stretch(post.text, chance) for post in self._posts]
        opinions = self._teacher.probabilities(pieces, [fold_of(post.text, self._plan.folds) for post in self._posts])
        lessons: list[Lesson] = []
        for post, piece, opinion in zip(self._posts, pieces, opinions, strict=True):
            trust = 0.6 if len(piece) == len(post.text) or piece.count(" ") > 60 else 0.35
            wanted = trust * torch.tensor(post.target) + (1 - trust) * opinion
            lessons.append((self._thinned(self._lengthened(piece, post.label, chance), chance), wanted.tolist()))
        return lessons

    def _lengthened(self, piece: str, label: str, chance: random.Random) -> str:
        """At times an everyday text with others behind it: Normal ones are short, and length must not say so."""
        if label != "Normal" or chance.random() > 0.25:
            return piece
        return _joined([piece, *chance.choices(self._everyday, k=chance.randint(1, 6))])

    def _thinned(self, piece: str, chance: random.Random) -> str:
        return " ".join(word for word in piece.split(" ") if chance.random() > self._plan.dropped_words) or piece

    def _phrase(self, chance: random.Random) -> Lesson:
        """A message of one template; English ones are half, kinds count alike and the core ones double."""
        english = chance.random() < 0.55
        kinds = sorted(key for key in self._by_kind if key[2] is english)
        kind = chance.choice(kinds + [key for key in kinds if key[1] == "core"])
        message = chance.choice(self._by_kind[kind]).sample(chance)
        return message.text, message.target

    def _woven(self, chance: random.Random) -> Lesson:
        """Several everyday sentences, mostly with one of another class among them, which then names the whole."""
        label = chance.choice(["Normal", "Suicidal", "Suicidal", *LABELS])
        named = chance.choice(self._templates[label]).sample(chance)
        around = [self._everyday_sentence(chance, named.language) for _ in range(chance.randint(1, 9))]
        around.insert(chance.randint(0, len(around)), named.text)
        start = max(0, around.index(named.text) - 4)  # so that what names the whole is never cut off
        return _joined(around[start:]), named.target

    def _everyday_sentence(self, chance: random.Random, language: str) -> str:
        if language == "en" and chance.random() < 0.4:
            return chance.choice(self._everyday)[:80]
        alike = [t for t in self._templates["Normal"] if t.language == language]
        return chance.choice(alike).sample(chance).text


def _stretch(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    wanted = _WORDS if chance.random() < 0.6 else round(5 * (_WORDS / 5) ** chance.random())
    if wanted >= len(words):
        return text
    start = chance.randint(0, len(words) - wanted)
    return " ".join(words[start : start + wanted])


def _joined(texts: Sequence[str]) -> str:
    return " ".join(" ".join(texts).split(" ")[:_WORDS])
