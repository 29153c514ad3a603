"""Nobody and no text is in two parts, whoever says the same as somebody else."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.inference.training.dataset_split import FEEDBACK, place_of, read_feedback, split
from containers.inference.training.labelled_texts import LABELS, LabelledText, split_of
from containers.inference.training.near_duplicates import NearDuplicates
from containers.inference.training.voices import Answer, corrections_of_each

WORDS = ["i", "want", "to", "go", "home", "and", "sleep", "the", "day", "was", "long", "my", "dog", "is", "old"]


def part_of(author: str) -> str:
    return split_of(f"author: {author}")


def said(author: str, text: str, label: str = "Normal") -> LabelledText:
    return LabelledText(text, label, "en", FEEDBACK, part_of(author))


def someone_in(part: str) -> str:
    return next(name for name in map(str, range(1_000)) if part_of(name) == part)


texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=9).map(" ".join)
authors = st.integers(0, 12).map(str)
messages = st.builds(said, authors, texts, st.sampled_from(LABELS))
posts = st.builds(LabelledText, texts, st.sampled_from(LABELS), kind=st.sampled_from(["post", "foreign"]))


@given(st.lists(st.one_of(messages, posts), max_size=30), st.randoms(use_true_random=False))
def test_no_text_and_no_author_is_in_two_parts_whatever_the_order(
    given_texts: list[LabelledText], chance: random.Random
) -> None:
    clean = split(given_texts)
    kept = [text.text for text in clean.texts]
    assert len(kept) == len(set(kept))
    assert "" not in kept
    for text in clean.texts:
        own = {other.part for other in given_texts if other.kind == FEEDBACK and other.text == text.text}
        assert text.part in (own | {split_of(text.text)})
        assert text.kind != FEEDBACK or text.part in own  # an author's message is never moved to another part
    assert len(clean.texts) + sum(clean.dropped.values()) == len(given_texts)
    assert split(chance.sample(given_texts, len(given_texts))).texts == clean.texts


def test_what_somebody_held_apart_says_too_is_not_learnt_from() -> None:
    held, taught = someone_in("test"), someone_in("train")
    words = "thank you for today"
    clean = split([said(taught, words), said(held, words), LabelledText(words, "Normal")])
    assert [(text.part, text.kind) for text in clean.texts] == [("test", FEEDBACK)]


def test_answers_that_differ_count_by_their_majority() -> None:
    taught = someone_in("train")
    answers = [said(taught, "so tired of all this", label) for label in ("Stress", "Depression", "Depression")]
    assert [text.label for text in split(answers).texts] == ["Depression"]
    assert split(answers).dropped == {"the same words": 2}


def test_who_is_too_loud_is_found_after_what_several_say_alike_is_one() -> None:
    """Of twenty-five corrections by five, four of which say the same, one voice would be more than a fifth."""
    taught, same = someone_in("train"), "the very same words"
    given_texts = [
        replace(said(taught, f"word{voice} number{number} only"), answer=Answer(str(voice), is_correction=True))
        for voice in range(5)
        for number in range(5)
    ]
    alike = [replace(given_texts[5 * voice], text=same) for voice in range(1, 5)]
    clean = split([*(text for text in given_texts if text not in [given_texts[5 * v] for v in range(1, 5)]), *alike])
    assert corrections_of_each(map(place_of, clean.texts)) == [4, 4, 4, 4, 4]
    assert clean.dropped == {"the same words": 3, "of a voice too loud": 2}


LONG = "today we went to the lake with the children and my sister brought a cake that she had baked in the morning"


@pytest.mark.parametrize(
    ("one", "other", "is_twice"),
    [
        (LONG, LONG.replace("baked", "made"), True),
        (LONG, f"hi {LONG}", True),
        (LONG, " ".join(reversed(LONG.split())), False),
        ("i want to die", "i do not want to die", False),
        ("i am suicidal", "i am not suicidal", False),
        ("ok", "okay", False),
        ("see you on monday", "see you on tuesday", False),
    ],
)
def test_texts_of_nearly_the_same_words_are_one_and_a_denial_is_another(one: str, other: str, is_twice: bool) -> None:
    assert NearDuplicates([one, other]).originals() == [None, 0 if is_twice else None]
    clean = split([LabelledText(one, "Normal", part="test"), LabelledText(other, "Normal", part="train")])
    assert [text.part for text in clean.texts] == (["test"] if is_twice else ["test", "train"])


def test_among_thousands_the_near_duplicates_are_found() -> None:
    chance = random.Random(2)
    vocabulary = [f"word{number}" for number in range(400)]
    originals = [" ".join(chance.choices(vocabulary, k=40)) for _ in range(1_500)]
    changed = [text.replace(text.split()[20], "changed", 1) for text in originals[:500]]
    found = NearDuplicates([*originals, *changed]).originals()
    assert found[:1_500] == [None] * 1_500
    assert sum(place == original for place, original in enumerate(found[1_500:])) >= 490


def test_what_is_like_a_behavioural_case_is_not_learnt_from() -> None:
    clean = split([LabelledText("hello there", "Normal"), LabelledText(LONG, "Normal")], ["hello there"])
    assert [text.text for text in clean.texts] == [LONG]
    assert clean.dropped == {"like a behavioural case": 1}


def test_the_same_author_is_in_the_same_part_in_every_file(tmp_path: Path) -> None:
    path = tmp_path / "feedback.csv"
    path.write_text("author,text,label,language\na1,I am so tired.,Stress,en\na1,Not today!,Normal,de\n")
    first, second = read_feedback(path)
    assert (first.text, first.written, first.kind) == ("i am so tired", "I am so tired.", FEEDBACK)
    assert first.part == second.part == part_of("a1")
    path.write_text("author,text,label,language\nb,words of a patient,Cheerful,en\n")
    with pytest.raises(ValueError, match="Cheerful") as refused:
        read_feedback(path)
    assert "words" not in str(refused.value)
