"""What is known of one version, as JSON: every figure with its interval, and what it was measured on."""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Final

import numpy as np

from containers.inference.model_directory import ModelDescription
from containers.inference.training.baselines import Baseline
from containers.inference.training.behavioural_suite import LANGUAGES, Passed
from containers.inference.training.calibration import RISK_CLASS, RiskThreshold
from containers.inference.training.dataset_split import FEEDBACK, place_of
from containers.inference.training.evaluation import Figures, RiskFigures, Share, by_group, groups_of, measure
from containers.inference.training.intervals import f1_intervals
from containers.inference.training.labelled_texts import CALM, LABELS, LabelledText
from containers.inference.training.training_distribution import training_distribution
from containers.inference.training.voices import corrections_of_each
from containers.inference.windows import Probabilities

FORMAT: Final = 1
PACKAGES: Final = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")
_COLLECTED: Final = ("post", FEEDBACK, "foreign")
INTERVAL_SEED: Final = 29
SECTIONS: Final = {
    "posts": "Posts",
    "feedback": "Messages that therapists judged",
    "phrases": "Clinic phrases, templates never taught",
    "otherLanguages": "Other languages, texts whose label is one of ours",
}


@dataclass(frozen=True)
class Making:
    """How the version came to be: words and numbers for people, of no meaning to the figures."""

    architecture: str
    precision: str
    goes_on_from: str
    """The version or the kind of checkpoint that training began with; empty where it began with nothing."""
    about_data: str
    """Markdown: where the data comes from and what may be done with it."""
    seed: int
    epochs: int
    files: Mapping[str, str]
    """SHA-256 of each file of texts by its name."""
    dropped: Mapping[str, int]
    """Texts that were left out, by why."""


@dataclass(frozen=True)
class Evidence:
    """A finished model and everything that it was measured by."""

    version: str
    described: ModelDescription
    thresholds: Mapping[str, RiskThreshold]
    making: Making
    parts: Mapping[str, Sequence[LabelledText]]
    """The texts of each split, clinic phrases among them."""
    found: Probabilities
    """Of the texts of `test`, in their order."""
    behaviour: Passed
    baselines: Sequence[Baseline]
    """Linear models, taught the posts of `train` and judged on those of `test`."""
    unseen: Passed
    """Of cases that nobody has tuned it by."""


def report(evidence: Evidence) -> dict[str, Any]:
    """The whole report; it holds no text of anybody's, and is the same for the same model and data."""
    tested = evidence.parts["test"]
    chosen = evidence.described.thresholds[RISK_CLASS]
    sections = {
        name: _section([tested[row] for row in rows], evidence.found[rows], chosen)
        for name, rows in _sections(tested).items()
    }
    described = evidence.described
    return {
        "format": FORMAT,
        "version": evidence.version,
        "labels": list(LABELS),
        "riskClass": RISK_CLASS,
        "window": {"tokens": described.window_tokens, "overlap": described.window_overlap},
        "temperature": described.temperature,
        "thresholds": {level: asdict(threshold) for level, threshold in evidence.thresholds.items()},
        "thresholdsVersion": described.thresholds_version,
        "making": {**asdict(evidence.making), "packages": _packages()},
        "data": {part: _counts(texts) for part, texts in evidence.parts.items()},
        "figures": sections,
        "calm": _calm(tested, evidence.found, chosen),
        "allClassesIn": _languages_of_all_classes(evidence.parts["train"]),
        "asWritten": described.as_written,
        "baselines": _baselines(evidence),
        "behaviour": _behaviour(evidence.behaviour),
        "unseen": _unseen(evidence.unseen),
        "corrections": corrections_of_each(map(place_of, evidence.parts["train"])),
        "trainingDistribution": training_distribution(evidence.parts["train"], tested, evidence.found),
    }


def summary(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What GET /model tells: the figures of one section in short."""
    return {
        "testTexts": figures["texts"],
        "accuracy": figures["accuracy"]["value"],
        "macroF1": figures["macroF1"]["value"],
        "expectedCalibrationError": figures["calibrationError"],
        "f1": {label: one["f1"]["value"] for label, one in figures["classes"].items()},
        "risk": {
            level: {name: {"value": risk[name]["value"], "ci95": risk[name]["ci95"]} for name in ("sensitivity", "ppv")}
            for level, risk in figures["risk"].items()
        },
    }


def main_figures(written: Mapping[str, Any]) -> dict[str, Any]:
    """The section that a version is named by: the posts, or what there is where it was trained without any."""
    sections: dict[str, dict[str, Any]] = written["figures"]
    return next(sections[name] for name in SECTIONS if name in sections)


def _sections(texts: Sequence[LabelledText]) -> dict[str, list[int]]:
    """Which texts belong to which section; those that are empty are left out."""
    kinds = {"post": "posts", FEEDBACK: "feedback", "foreign": "otherLanguages"}
    rows: dict[str, list[int]] = {name: [] for name in SECTIONS}
    for row, text in enumerate(texts):
        if text.label in LABELS:
            rows[kinds.get(text.kind, "phrases")].append(row)
    return {name: found for name, found in rows.items() if found}


def _section(texts: Sequence[LabelledText], found: Probabilities, thresholds: Mapping[str, float]) -> dict[str, Any]:
    slices = {
        attribute: {
            name: {"texts": figures.accuracy.of, "accuracy": _share(figures.accuracy), "risk": _risk(figures.risk)}
            for name, figures in by_group(texts, found, groups_of(texts, attribute), thresholds).items()
        }
        for attribute in ("length", "language", "kind")
    }
    whole = _figures(measure(texts, found, thresholds))
    return {**whole, "slices": {attribute: groups for attribute, groups in slices.items() if len(groups) > 1}}


def _figures(figures: Figures) -> dict[str, Any]:
    each, mean = f1_intervals(figures.confusion, INTERVAL_SEED)
    return {
        "texts": figures.accuracy.of,
        "accuracy": _share(figures.accuracy),
        "macroF1": {"value": _round(figures.macro_f1), "ci95": _bounds(mean)},
        "calibrationError": _round(figures.calibration_error),
        "reliability": [
            {"confidence": _round(one.confidence), "right": _share(one.right)} for one in figures.reliability
        ],
        "confusion": figures.confusion.tolist(),
        "classes": {
            label: {
                "texts": one.recall.of,
                "precision": _share(one.precision),
                "recall": _share(one.recall),
                "f1": {"value": _round(one.f1), "ci95": _bounds(each[LABELS.index(label)])},
            }
            for label, one in figures.classes.items()
        },
        "risk": _risk(figures.risk),
    }


def _risk(levels: Mapping[str, RiskFigures]) -> dict[str, Any]:
    return {
        level: {
            "threshold": risk.threshold,
            "sensitivity": _share(risk.sensitivity),
            "ppv": _share(risk.predictive_value),
            "flagged": _share(risk.flagged),
        }
        for level, risk in levels.items()
    }


def _calm(
    texts: Sequence[LabelledText], found: Probabilities, thresholds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Texts that are called free of depression, by language: how many are flagged all the same."""
    rows = [row for row, text in enumerate(texts) if text.label == CALM]
    calm, risk = [texts[row] for row in rows], found[rows, LABELS.index(RISK_CLASS)]
    return {
        language: {
            "texts": len(kept := risk[np.asarray(of)]),
            "flagged": {
                level: _share(Share(int((kept >= value).sum()), len(kept))) for level, value in thresholds.items()
            },
        }
        for language, of in groups_of(calm, "language").items()
    }


def _languages_of_all_classes(taught: Sequence[LabelledText]) -> list[str]:
    """In which languages the taught texts hold every class; hand-written phrases do in all of theirs."""
    held: dict[str, set[str]] = {}
    for text in taught:
        if text.kind in _COLLECTED:
            held.setdefault(text.language, set()).add(text.label)
    return sorted(language for language, labels in held.items() if labels >= set(LABELS))


def _baselines(evidence: Evidence) -> list[dict[str, Any]]:
    """This model and the linear ones over the same posts, best first."""
    posts = [row for row, text in enumerate(evidence.parts["test"]) if text.kind == "post"]
    if not posts or not evidence.baselines:
        return []
    own = measure([evidence.parts["test"][row] for row in posts], evidence.found[posts], {})
    judged = {evidence.version: own, **{one.name: one.figures for one in evidence.baselines}}
    measured = {name: _figures(figures) for name, figures in judged.items()}
    rows = [
        {"name": name, "accuracy": figures["accuracy"], "macroF1": figures["macroF1"]}
        for name, figures in measured.items()
    ]
    return sorted(rows, key=lambda row: -row["macroF1"]["value"])


def _behaviour(passed: Passed) -> dict[str, Any]:
    return {
        "cases": len(passed.cases),
        "passed": sum(passed.outcomes.values()),
        "byLanguage": {
            language: {
                "danger": passed.side(language, is_danger=True),
                "noDanger": passed.side(language, is_danger=False),
            }
            for language in LANGUAGES
        },
        "byCategory": {language: passed.categories(language) for language in LANGUAGES},
        "failed": sorted(name for name, is_right in passed.outcomes.items() if not is_right),
    }


def _unseen(passed: Passed) -> dict[str, Any]:
    """English alone so far."""
    sides = {"danger": passed.side("en", is_danger=True), "noDanger": passed.side("en", is_danger=False)}
    shares = {name: _share(Share(*side)) for name, side in sides.items()}
    return {"cases": len(passed.cases), **shares, "byCategory": passed.categories("en")}


def _counts(texts: Sequence[LabelledText]) -> dict[str, Any]:
    def shares(values: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(values).items(), key=lambda found: (-found[1], found[0])))

    return {
        "texts": len(texts),
        "labels": shares(text.label for text in texts),
        "languages": shares(text.language for text in texts),
        "kinds": shares(text.kind if text.kind in _COLLECTED else "phrase" for text in texts),
    }


def _packages() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def _share(share: Share) -> dict[str, Any]:
    return {"value": _round(share.value), "ci95": _bounds(share.interval), "hits": share.hits, "of": share.of}


def _bounds(interval: tuple[float, float]) -> list[float]:
    return [_round(bound) for bound in interval]


def _round(value: float) -> float:
    return round(float(value), 4)
