"""The texts of one run, split before anything is drawn from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from containers.inference.model_directory import digest
from containers.inference.training.behavioural_suite import Case, read_suite, read_unseen, reserved_texts
from containers.inference.training.clinic_phrases import Template, held_out_messages, read_templates
from containers.inference.training.dataset_split import FEEDBACK, read_feedback, split
from containers.inference.training.labelled_texts import (
    SPLITS,
    LabelledText,
    in_split,
    read_foreign,
    read_posts,
)

_TAUGHT_PER_TEMPLATE = 20
_JUDGED_PER_TEMPLATE = 3


@dataclass(frozen=True)
class Sources:
    """Files of texts, all of them here."""

    data: Sequence[Path]
    foreign: Path | None = None
    feedback: Path | None = None

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each by its name; feedback is only called that."""
        named = {path.name: digest(path) for path in (*self.data, self.foreign) if path}
        return named | ({FEEDBACK: digest(self.feedback)} if self.feedback else {})


@dataclass(frozen=True)
class Material:
    """All texts, and the suite that none of them resembles."""

    posts: Sequence[LabelledText]
    """Collected ones, and what therapists said of messages."""
    foreign: Sequence[LabelledText]
    templates: Sequence[Template]
    suite: Sequence[Case]
    dropped: Mapping[str, int]

    def texts(self, part: str, per_template: int = _JUDGED_PER_TEMPLATE) -> list[LabelledText]:
        """Posts, foreign texts and clinic messages of one split."""
        messages = held_out_messages(self.templates, part, per_template)
        return in_split(self.posts, part) + in_split(self.foreign, part) + messages

    @cached_property
    def parts(self) -> dict[str, list[LabelledText]]:
        """The texts of every split; of the phrases that are taught, as many as a tokenizer is made from."""
        return {part: self.texts(part, _per_template(part)) for part in SPLITS}

    def told(self) -> list[str]:
        """What there is, in lines for whoever watches: counts alone."""
        lines = [
            f"{part}: {len(texts)} texts; "
            + ", ".join(f"{count} {label}" for label, count in Counter(text.label for text in texts).most_common())
            for part, texts in self.parts.items()
        ]
        kinds = Counter(text.kind for text in (*self.posts, *self.foreign))
        found = ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds.items()))
        left_out = ", ".join(f"{count} {why}" for why, count in self.dropped.items()) or "nothing"
        return [f"{found}; {len(self.templates)} templates", f"left out: {left_out}", *lines]


def read_material(sources: Sources) -> Material:
    """The files, cleaned and split, with the templates and the suite of this folder; raises ValueError."""
    given = [text for path in sources.data for text in read_posts(path)]
    given += read_foreign(sources.foreign) if sources.foreign else []
    given += read_feedback(sources.feedback) if sources.feedback else []
    suite = read_suite()
    reserved = reserved_texts([*suite, *read_unseen()])
    clean = split(given, reserved)
    return Material(clean.of("post", FEEDBACK), clean.of("foreign"), _templates(reserved), suite, clean.dropped)


def _templates(reserved: Sequence[str]) -> list[Template]:
    """Those that make no case of the suite."""
    cases = set(reserved)
    return [one for one in read_templates() if not any(message.text in cases for message in one.fillings())]


def _per_template(part: str) -> int:
    return _TAUGHT_PER_TEMPLATE if part == "train" else _JUDGED_PER_TEMPLATE
