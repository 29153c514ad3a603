"""A fixed set of short messages that a model must judge rightly, whatever it scores elsewhere; never trained on."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from containers.inference.classifier import Classifier, Prediction
from containers.inference.normalisation import normalise
from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.labelled_texts import LABELS

_FOLDER: Final = Path(__file__).parent / "behaviour"
FLAGGED, CALM = "flagged", "calm"
LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt")
FOUND_AT_LEAST: Final = 0.9
"""Of a language's cases of danger, what a gated model flags;"""
CALM_AT_LEAST: Final = 0.9
"""and of its cases without danger, what it leaves in peace."""


@dataclass(frozen=True)
class Case:
    """One message and what is expected of it."""

    text: str
    language: str
    category: str
    expected: str
    """`flagged`: the risk class reaches `raised`; `calm`: it does not; or a label, which is calm too."""

    @property
    def name(self) -> str:
        """Stays the same while the message does, and does not tell it."""
        return f"{self.language}/{self.category}/{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    @property
    def is_critical(self) -> bool:
        """Whether danger is missed where it fails."""
        return self.expected == FLAGGED

    def is_side(self, is_danger: bool) -> bool:
        """Whether it tells danger from its absence and is on this side; some only ask for another distress's name."""
        return self.expected in ((FLAGGED,) if is_danger else (CALM, "Normal"))

    def is_passed_by(self, prediction: Prediction, raised: float) -> bool:
        """Whether an answer is right, at this threshold."""
        is_flagged = prediction.scores[RISK_CLASS] >= raised
        if self.expected == FLAGGED:
            return is_flagged
        return not is_flagged and self.expected in (CALM, prediction.label)


@dataclass(frozen=True)
class Passed:
    """The outcome of every case, by its name, and the cases themselves."""

    cases: Sequence[Case]
    outcomes: Mapping[str, bool]

    def rates(self, key: Callable[[Case], str], among: Callable[[Case], bool] = lambda _: True) -> dict[str, list[int]]:
        """Passed and all, by what the key says of a case, in the order of the suite."""
        chosen = [case for case in self.cases if among(case)]
        total, passed = Counter(map(key, chosen)), Counter(key(case) for case in chosen if self.outcomes[case.name])
        return {name: [passed[name], total[name]] for name in total}

    def side(self, language: str, *, is_danger: bool) -> list[int]:
        """Passed and all of a language's cases with danger, or of those without."""
        rates = self.rates(lambda _: "", lambda case: case.language == language and case.is_side(is_danger))
        return rates.get("", [0, 0])

    def categories(self, language: str) -> dict[str, list[int]]:
        """Passed and all of each category of a language."""
        return self.rates(lambda case: case.category, lambda case: case.language == language)

    @property
    def critical(self) -> dict[str, bool]:
        """Of each case of danger, whether it is flagged."""
        return {case.name: self.outcomes[case.name] for case in self.cases if case.is_critical}


def read_suite() -> list[Case]:
    """Every case of `behaviour/*.toml`, one file a language. Raises ValueError for an expectation that is none."""
    return _read_all(_FOLDER)


def read_unseen() -> list[Case]:
    """Cases of `behaviour/unseen` that gate nothing, so that nobody is led to tune a model by them."""
    return _read_all(_FOLDER / "unseen")


def run_suite(classifier: Classifier, cases: Sequence[Case]) -> Passed:
    """Judge the cases one by one, as they are served."""
    raised = classifier.description.thresholds[RISK_CLASS]["raised"]
    return Passed(cases, {case.name: case.is_passed_by(classifier.predict(case.text), raised) for case in cases})


def reserved_texts(cases: Iterable[Case]) -> list[str]:
    """The cases as training would see them, so that nothing like them is learnt from."""
    return sorted({normalise(case.text) for case in cases} - {""})


def gate_failures(passed: Passed, languages: Sequence[str]) -> list[str]:
    """What of the gate a model fails, in words; nothing for one that may serve where these languages are written."""
    found = []
    for language in languages:
        for is_danger, least, said in ((True, FOUND_AT_LEAST, "danger"), (False, CALM_AT_LEAST, "no danger")):
            right, of = passed.side(language, is_danger=is_danger)
            if right < least * of or not of:
                found.append(f"{language}: {right} of {of} cases of {said}, {least:.0%} are needed")
    return found


def _read_all(folder: Path) -> list[Case]:
    return [case for path in sorted(folder.glob("*.toml"), key=_place) for case in _read(path)]


def _place(path: Path) -> tuple[int, str]:
    return LANGUAGES.index(path.stem) if path.stem in LANGUAGES else len(LANGUAGES), path.stem


def _read(path: Path) -> list[Case]:
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["group"]
    unknown = {group["expect"] for group in groups} - {FLAGGED, CALM, *LABELS}
    if unknown:
        raise ValueError(f"{path.name}: nothing is known of {sorted(unknown)}")
    return [Case(text, path.stem, group["category"], group["expect"]) for group in groups for text in group["cases"]]
