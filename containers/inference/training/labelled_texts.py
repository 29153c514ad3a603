"""Labelled texts read from a CSV file and split by a hash of what the network will see."""

import csv
import gzip
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from containers.inference.normalisation import normalise
from containers.inference.training.voices import Answer

LABELS = ("Anxiety", "Bipolar", "Depression", "Normal", "Personality disorder", "Stress", "Suicidal")
SPLITS = ("train", "validation", "test")
_VALIDATION_PERCENT, _TEST_PERCENT = 10, 10

CALM = "Not depression"
"""What the multilingual file calls texts without distress of that kind."""
FOREIGN_TARGETS = {
    CALM: {"Normal": 0.9, "Stress": 0.05, "Anxiety": 0.05},
    "Depression": {"Depression": 0.85, "Suicidal": 0.15},
}
"""What the multilingual file's labels mean in ours: its Depression holds wishes to be gone, its other anything."""


@dataclass(frozen=True)
class LabelledText:
    """One normalised text and what it should be called."""

    text: str
    label: str
    language: str = "en"
    kind: str = "post"
    """`post`, `foreign`, `feedback`, or the kind of clinic phrase."""
    part: str = ""
    """The split of whoever wrote it; where that is not known, empty: then its own words decide."""
    written: str = field(default="", repr=False)
    """As it was before it was normalised, where that is known."""
    answer: Answer | None = None
    """Whose answer the label is, of feedback where that is known."""

    @property
    def target(self) -> list[float]:
        """The wanted distribution over LABELS."""
        wanted = FOREIGN_TARGETS.get(self.label, {}) if self.kind == "foreign" else {}
        wanted = wanted or {self.label: 1.0}
        return [wanted.get(label, 0.0) for label in LABELS]


def split_of(key: str) -> str:
    """`train`, `validation` or `test` by SHA-256: the same key always falls into the same one."""
    # Salted, or a collection that was itself cut by a plain hash of its texts would have no rows left for some splits.
    percent = int.from_bytes(hashlib.sha256(f"bloom split: {key}".encode()).digest()[:4], "big") % 100
    if percent < _TEST_PERCENT:
        return "test"
    return "validation" if percent < _TEST_PERCENT + _VALIDATION_PERCENT else "train"


def read_posts(path: Path) -> list[LabelledText]:
    """Rows of a CSV file `id,text,label` (`.gz` or plain) whose label is one of LABELS; raises ValueError otherwise.

    Of rows that are the same once normalised the last one stays, with its label.
    """
    texts = [LabelledText(normalise(row["text"]), row["label"], written=row["text"]) for row in _rows(path)]
    unknown = {text.label for text in texts} - set(LABELS)
    if unknown:
        raise ValueError(f"{path}: labels that are none of ours: {sorted(unknown)}")
    return _distinct(texts)


def read_foreign(path: Path) -> list[LabelledText]:
    """The same of a CSV file `id,text,lang,label`, whose label may also be `Not depression`."""
    return _distinct(
        LabelledText(normalise(row["text"]), row["label"], row["lang"], "foreign", written=row["text"])
        for row in _rows(path)
    )


def in_split(texts: Iterable[LabelledText], split: str) -> list[LabelledText]:
    """Those of the texts that fall into the split, by whoever wrote them or by their own words."""
    return [text for text in texts if (text.part or split_of(text.text)) == split]


def class_counts(texts: Sequence[LabelledText]) -> list[int]:
    """How many of the texts carry each of LABELS, in that order."""
    return [sum(text.label == label for text in texts) for label in LABELS]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _distinct(texts: Iterable[LabelledText]) -> list[LabelledText]:
    return list({text.text: text for text in texts if text.text}.values())
