"""What the network reads in one epoch: pieces of posts, clinic phrases, and both woven together."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from containers.inference.training.clinic_phrases import Template
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.training.linear_teacher import LinearTeacher, fold_of

_HARD = {
    "core": 2,
    "denied risk": 6,
    "recovered": 4,
    "denial that is none": 4,
    "passive ideation": 4,
    "active ideation": 3,
    "self-harm": 2,
    "idioms": 5,
    "about others": 4,
    "quotation": 5,
    "danger in other words": 4,
    "sarcasm": 2,
    "negation of everyday things": 2,
    "everyday things": 10,
    "everyday things meant in danger": 6,
}
"""How many times as often a kind of phrase is drawn as others."""
_NARROWEST, _WIDEST = 8, 28
"""Words of a close-up."""
Lesson = tuple[str, Sequence[float]]
"""A text and the wanted distribution over LABELS."""


@dataclass(frozen=True)
class LessonPlan:
    """How many texts of each kind an epoch holds."""

    folds: int = 4
    posts_share: float = 1.0
    """Share of the posts that an epoch reads: a last epoch for the phrases' sake needs few of them."""
    phrases: int = 10_000
    woven: int = 1_500
    english: float = 0.7
    """Share of the phrases that are English."""
    foreign_share: float = 0.2
    dropped_words: float = 0.05
    """Share of a post's words that are left out, or the network would learn posts by heart."""
    misspelled: float = 0.15
    """Share of phrases with a slip of the finger in them."""
    words: int = 44
    """The most words of one text: about a third of a window, since what is longer is judged by its windows' mean."""
    leading: float = 0.35
    """Share of the woven messages that begin with what names them;"""
    close_ups: float = 0.5
    """and share of which only a stretch of a few dozen words around that is read, as serving does of a long text."""
    trust: float = 0.6
    """How far a long piece's own label is believed, the rest being the linear teacher's opinion of it."""


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
        posts = [post for post in self._posts if chance.random() < self._plan.posts_share]
        pieces = [_stretch(post.text, self._plan.words, chance) for post in posts]
        opinions = self._teacher.probabilities(pieces, [fold_of(post.text, self._plan.folds) for post in posts])
        lessons: list[Lesson] = []
        for post, piece, opinion in zip(posts, pieces, opinions, strict=True):
            is_long = len(piece) == len(post.text) or piece.count(" ") > self._plan.words // 2
            trust = self._plan.trust if is_long else 0.35
            wanted = trust * torch.tensor(post.target) + (1 - trust) * opinion
            lessons.append((self._thinned(self._lengthened(piece, post.label, chance), chance), wanted.tolist()))
        return lessons

    def _lengthened(self, piece: str, label: str, chance: random.Random) -> str:
        """At times an everyday text with others behind it: Normal ones are short, and length must not say so."""
        if label != "Normal" or chance.random() > 0.25:
            return piece
        others = chance.randint(1, max(6, self._plan.words // 15))
        return self._joined([piece, *chance.choices(self._everyday, k=others)])

    def _thinned(self, piece: str, chance: random.Random) -> str:
        return " ".join(word for word in piece.split(" ") if chance.random() > self._plan.dropped_words) or piece

    def _phrase(self, chance: random.Random) -> Lesson:
        """A message of one template; kinds count alike, but for those that are hardest to tell from their opposite."""
        english = chance.random() < self._plan.english
        kinds = sorted(key for key in self._by_kind if key[2] is english)
        kind = chance.choices(kinds, [_HARD.get(key[1], 1) for key in kinds])[0]
        message = chance.choice(self._by_kind[kind]).sample(chance)
        slipped = chance.random() < self._plan.misspelled
        return _misspelled(message.text, chance) if slipped else message.text, message.target

    def _woven(self, chance: random.Random) -> Lesson:
        """Several everyday sentences, mostly with one of another class among them, which then names the whole."""
        label = chance.choice(["Normal", "Suicidal", "Suicidal", *LABELS])
        named = chance.choice(self._templates[label]).sample(chance)
        sentences = chance.randint(1, max(9, self._plan.words // 8))
        around = [self._everyday_sentence(chance, named.language) for _ in range(sentences)]
        place = 0 if chance.random() < self._plan.leading else chance.randint(0, len(around))
        if chance.random() < self._plan.close_ups:
            before, after = " ".join(around[:place]).split(), " ".join(around[place:]).split()
            return _close_up(before, named.text.split(), after, chance), named.target
        around.insert(place, named.text)
        start = max(0, place - 2)  # so that what names the whole is never cut off
        return self._joined(around[start:]), named.target

    def _joined(self, texts: Sequence[str]) -> str:
        return " ".join(" ".join(texts).split(" ")[: self._plan.words])

    def _everyday_sentence(self, chance: random.Random, language: str) -> str:
        if self._everyday and language == "en" and chance.random() < 0.4:
            return chance.choice(self._everyday)[:80]
        alike = [t for t in self._templates["Normal"] if t.language == language]
        return chance.choice(alike).sample(chance).text


def _stretch(text: str, most: int, chance: random.Random) -> str:
    words = text.split(" ")
    wanted = most if chance.random() < 0.6 else round(5 * (most / 5) ** chance.random())
    if wanted >= len(words):
        return text
    start = chance.randint(0, len(words) - wanted)
    return " ".join(words[start : start + wanted])


def _close_up(before: Sequence[str], named: Sequence[str], after: Sequence[str], chance: random.Random) -> str:
    """All of `named` with a few words of its neighbourhood, cut off in the midst of a sentence."""
    room = max(0, chance.randint(_NARROWEST, _WIDEST) - len(named))
    ahead = chance.randint(max(0, room - len(after)), room) if before else 0
    return " ".join([*before[max(0, len(before) - ahead) :], *named, *after[: max(0, room - ahead)]])


def _misspelled(text: str, chance: random.Random) -> str:
    """One letter, not a word's first, that is left out, written twice, or swapped with the next."""
    places = [place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha()]
    if not places:
        return text
    place = chance.choice(places)
    letter, following = text[place], text[place + 1]
    slip = chance.choice((following, 2 * letter + following, following + letter))
    return f"{text[:place]}{slip}{text[place + 2 :]}"
