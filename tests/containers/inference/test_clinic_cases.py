"""Messages as patients might write them, never taught to the shipped model: how many it judges rightly."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from containers.inference.classifier import Classifier
from containers.inference.normalisation import normalise

if TYPE_CHECKING:
    from containers.inference.training.clinic_phrases import Template

CASES = Path(__file__).parent / "clinic_cases.toml"
ALIKE = 0.75
"""Share of all words of two sentences that both hold, from which they count as the same sentence."""
LEAST, LEAST_OF_IDEATION = 0.92, 0.92
"""What the shipped model may not fall below. Of ideation it is too little: 0.95 is what it should be."""
LONG_FORMS = {
    "dont": "do not",
    "cant": "can not",
    "cannot": "can not",
    "wont": "will not",
    "im": "i am",
    "ive": "i have",
    "id": "i would",
    "ill": "i will",
    "its": "it is",
    "isnt": "is not",
    "wasnt": "was not",
    "arent": "are not",
    "didnt": "did not",
    "havent": "have not",
    "wouldnt": "would not",
    "theres": "there is",
    "wanna": "want to",
    "gonna": "going to",
}


@dataclass(frozen=True)
class Case:
    """One message and what has to come of it."""

    text: str
    about: str
    flagged: bool
    label: str = ""

    def passes(self, classifier: Classifier) -> bool:
        found = classifier.predict(self.text)
        is_flagged = found.scores["Suicidal"] >= classifier.description.thresholds["Suicidal"]["raised"]
        return is_flagged is self.flagged and self.label in ("", found.label)


def read_cases() -> list[Case]:
    groups = tomllib.loads(CASES.read_text(encoding="utf-8"))["group"]
    return [
        Case(text, group["about"], group["flagged"], group.get("label", ""))
        for group in groups
        for text in group["texts"]
    ]


@pytest.fixture(scope="module")
def outcomes(classifier: Classifier) -> Mapping[Case, bool]:
    return {case: case.passes(classifier) for case in read_cases()}


def rate(outcomes: Mapping[Case, bool], about: str = "") -> float:
    chosen = [passed for case, passed in outcomes.items() if case.about.endswith(about)]
    return sum(chosen) / len(chosen)


def test_the_shipped_model_judges_as_many_clinic_cases_rightly_as_before(outcomes: Mapping[Case, bool]) -> None:
    for about in dict.fromkeys(case.about for case in outcomes):
        print(f"{about}: {rate(outcomes, about):.3f}")
    print(f"all {len(outcomes)}: {rate(outcomes):.3f}, ideation: {rate(outcomes, 'ideation'):.3f}")
    print("failed:", [case.text for case, passed in outcomes.items() if not passed])
    assert len(outcomes) >= 150
    assert rate(outcomes) >= LEAST
    assert rate(outcomes, "ideation") >= LEAST_OF_IDEATION


def test_no_case_was_taught_in_the_same_or_nearly_the_same_words() -> None:
    pytest.importorskip("torch")
    from containers.inference.training.clinic_phrases import read_templates

    cases = {case.text: words(case.text) for case in read_cases()}
    for template in read_templates():
        near = may_be_alike(template, cases) if template.language == "en" else {}
        for message in template.fillings() if near else ():
            taught = words(message.text)
            assert not [text for text, own in near.items() if share(own, taught) >= ALIKE], message.text


def test_cases_are_told_apart_by_their_words() -> None:
    texts = [normalise(case.text) for case in read_cases()]
    assert len(set(texts)) == len(texts)
    assert share(words("I don't want to go"), words("i do not want to go")) == 1
    assert share(words("I want to die"), words("I want to live")) < ALIKE


def may_be_alike(template: "Template", cases: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The cases that some filling may be alike: the words around the slots, and all that may fill them, tell."""
    around = words(re.sub(r"\{\w+\}", " ", template.phrase))
    named = re.findall(r"\{(\w+)\}", template.phrase)
    possible = around | words(" ".join(value for name in named for value in template.slots[name]))
    return {
        text: own
        for text, own in cases.items()
        if len(around - own) <= len(own) * (1 - ALIKE) / ALIKE and len(own & possible) >= ALIKE * len(own)
    }


def words(text: str) -> frozenset[str]:
    """The text's words, shortened ones at full length."""
    return frozenset(long_form for word in normalise(text).split() for long_form in LONG_FORMS.get(word, word).split())


def share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
