"""Everything that is learnt from and judged by, cleaned and split so that nobody and no text is in two parts."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from containers.inference.normalisation import normalise
from containers.inference.training.labelled_texts import LABELS, LabelledText, split_of
from containers.inference.training.near_duplicates import NearDuplicates
from containers.inference.training.voices import Answer, Place, heard

_HELD_FIRST: Final = ("test", "validation", "train")
"""Where a text was written by people of two parts, it stays in the one that is learnt from least."""
_KINDS: Final = ("feedback", "post", "foreign")
FEEDBACK: Final = "feedback"
FEEDBACK_COLUMNS: Final = ("author", "text", "label", "language", "voice", "answer")
CORRECTION, CONFIRMATION = "correction", "confirmation"


@dataclass(frozen=True)
class SplitTexts:
    """Distinct texts, each of one part, and how many went for which reason."""

    texts: Sequence[LabelledText]
    dropped: Mapping[str, int]

    def of(self, *kinds: str) -> list[LabelledText]:
        """Those of these kinds."""
        return [text for text in self.texts if text.kind in kinds]


def split(texts: Iterable[LabelledText], reserved: Sequence[str] = ()) -> SplitTexts:
    """The texts that may be used, each with its part, in an order that does not depend on the order given.

    A text that names an author is in the author's part, any other in that of its own words. Of equal and of nearly
    equal texts one stays, whoever wrote them and whatever their part: the one that is held apart before the one that is
    learnt from, then a therapist's answer before a collected label. What is like a `reserved` text (of the behavioural
    suite) goes altogether. Of the labels that one kind of source gives the same words in one part the most frequent
    counts (of the rows of one file of posts `read_posts` has left one before). Last of all go the answers by which one
    therapist would be too loud in what is left of a part, see `voices`.
    """
    given = list(texts)
    distinct = _agreed(replace(text, part=text.part or split_of(text.text)) for text in given if text.text)
    ordered = sorted(distinct, key=_rank)
    originals = NearDuplicates([*reserved, *(text.text for text in ordered)]).originals()[len(reserved) :]
    chosen = [text for text, original in zip(ordered, originals, strict=True) if original is None]
    like_a_case = sum(original is not None and original < len(reserved) for original in originals)
    kept = heard(chosen, place_of, lambda text: hashlib.sha256(text.text.encode()).digest())
    counted = {
        "empty": sum(not text.text for text in given),
        "the same words": sum(bool(text.text) for text in given) - len(distinct),
        "like a behavioural case": like_a_case,
        "nearly the same words": len(distinct) - len(chosen) - like_a_case,
        "of a voice too loud": len(chosen) - len(kept),
    }
    return SplitTexts(kept, {why: count for why, count in counted.items() if count})


def read_feedback(path: Path) -> list[LabelledText]:
    """Rows of the file that `feedback_texts.write_csv` makes; raises ValueError.

    `author` is a keyed hash of the patient, from which the part follows: the same person is in the same part in every
    run, and nobody without the key can tell which. In a file without `voice` and `answer` nobody is too loud.
    """
    with path.open(encoding="utf-8", newline="") as file:
        texts = [_feedback(row) for row in csv.DictReader(file)]
    unknown = {text.label for text in texts} - set(LABELS)
    if unknown:
        raise ValueError(f"{path.name}: labels that are none of ours: {sorted(unknown)}")
    return texts


def part_of(author: str) -> str:
    """The part of everything that an author wrote."""
    return split_of(f"author: {author}")


def place_of(text: LabelledText) -> Place:
    """Where a text is among the parts, and whose answer its label is."""
    return Place(text.part, text.answer)


def _feedback(row: Mapping[str, str]) -> LabelledText:
    written, part = row["text"], part_of(row["author"])
    answer = Answer(row["voice"], row["answer"] == CORRECTION) if row.get("voice") else None
    return LabelledText(normalise(written), row["label"], row["language"], FEEDBACK, part, written, answer)


def _agreed(texts: Iterable[LabelledText]) -> list[LabelledText]:
    """One text of each wording: that of the foremost part and kind, under the label most often given there."""
    by_words: dict[str, list[LabelledText]] = {}
    for text in texts:
        by_words.setdefault(text.text, []).append(text)
    return [_foremost(alike) if len(alike) > 1 else alike[0] for alike in by_words.values()]


def _foremost(alike: Sequence[LabelledText]) -> LabelledText:
    first = min(alike, key=_rank)
    peers = [text for text in alike if _rank(text)[:2] == _rank(first)[:2]]
    labels = Counter(text.label for text in peers)
    label = max(sorted(labels), key=labels.__getitem__)
    return next(text for text in sorted(peers, key=_rank) if text.label == label)


def _rank(text: LabelledText) -> tuple[int, int, str, str, str, str]:
    place = _HELD_FIRST.index(text.part), _KINDS.index(text.kind)
    return *place, text.text, text.language, text.label, repr(text.answer)
