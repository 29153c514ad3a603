"""How loud one therapist may be in what a model is made from, so that nobody teaches it alone, or spoils it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

Text = TypeVar("Text")

LARGEST_SHARE: Final = 0.2
"""Of all answers of a kind in a part, what one therapist may have given."""
FEWEST_VOICES: Final = 5
"""With fewer nobody can stay within that share."""
MADE_FROM: Final = ("train", "validation")
"""What is learnt from, and what temperature and thresholds are chosen by. The rest only judges, and stays whole."""


@dataclass(frozen=True)
class Answer:
    """Whose answer a label is, by a name that holds within one run, and of which kind."""

    therapist: str
    is_correction: bool


@dataclass(frozen=True)
class Place:
    """In which part of the data a text is, and whose answer its label is; None where it is no therapist's."""

    part: str
    answer: Answer | None


def heard(texts: Sequence[Text], place: Callable[[Text], Place], chance: Callable[[Text], Any]) -> list[Text]:
    """The texts without those by which one therapist would be too loud in a part that the model is made from.

    Of the corrections there none gives more than a fifth: with fewer than five therapists no correction is left. Of the
    confirmations the same holds where five or more therapists gave any; with fewer all of them stay, since they repeat
    what the model says already: at worst they keep it from unlearning a mistake. Which of one's answers go is decided
    by `chance`, an order that is the same each time.
    """
    places, dropped = [place(text) for text in texts], set[int]()
    for part in MADE_FROM:
        for is_correction in (True, False):
            numbers = [
                number for number, found in enumerate(places) if _is_of(found, part, is_correction=is_correction)
            ]
            numbers.sort(key=lambda number: chance(texts[number]))
            dropped.update(_too_many(numbers, [_therapist(places[number]) for number in numbers], is_correction))
    return [text for number, text in enumerate(texts) if number not in dropped]


def most_of_each(counts: Iterable[int]) -> int:
    """The largest number of answers that each may keep, so that none has more than a fifth of what is kept."""
    counts = list(counts)
    most = max(counts, default=0)
    while most > LARGEST_SHARE * sum(min(count, most) for count in counts):
        most -= 1
    return most


def corrections_of_each(places: Iterable[Place]) -> list[int]:
    """How many corrections each therapist gave to what is learnt from, the most first, without saying who."""
    given = Counter(_therapist(found) for found in places if _is_of(found, "train", is_correction=True))
    return sorted(given.values(), reverse=True)


def _too_many(numbers: Sequence[int], therapists: Sequence[str], is_correction: bool) -> list[int]:
    """Of answers in the order of chance, those that come after as many of the same therapist's as may stay."""
    given, met, found = Counter(therapists), Counter[str](), []
    if not is_correction and len(given) < FEWEST_VOICES:
        return []
    most = most_of_each(given.values())
    for number, therapist in zip(numbers, therapists, strict=True):
        met[therapist] += 1
        if met[therapist] > most:
            found.append(number)
    return found


def _is_of(place: Place, part: str, *, is_correction: bool) -> bool:
    return place.part == part and place.answer is not None and place.answer.is_correction is is_correction


def _therapist(place: Place) -> str:
    return place.answer.therapist if place.answer else ""
