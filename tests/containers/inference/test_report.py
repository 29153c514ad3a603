"""A version's report: every figure with its interval, no text of anybody's, and a page that needs nothing else."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

pytestmark = pytest.mark.training
pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.model_directory import ModelDescription  # noqa: E402
from containers.inference.training.baselines import Baseline  # noqa: E402
from containers.inference.training.behavioural_suite import Passed, read_suite, read_unseen  # noqa: E402
from containers.inference.training.calibration import risk_thresholds  # noqa: E402
from containers.inference.training.evaluation import measure  # noqa: E402
from containers.inference.training.labelled_texts import LABELS, LabelledText  # noqa: E402
from containers.inference.training.model_card import model_card  # noqa: E402
from containers.inference.training.report import Evidence, Making, main_figures, report, summary  # noqa: E402
from containers.inference.training.report_page import report_page  # noqa: E402

MARKED = "the very words of somebody"
VOID = {"meta", "br"}


def texts(count: int, seed: int) -> list[LabelledText]:
    chance = random.Random(seed)
    kinds = ["post", "post", "post", "feedback", "foreign", "denied risk"]
    made = []
    for number in range(count):
        kind = chance.choice(kinds)
        language = chance.choice(["de", "fr"]) if kind == "foreign" else "en"
        words = " ".join([f"{MARKED} {number}"] + ["more"] * chance.randint(0, 150))
        made.append(LabelledText(words, chance.choice(LABELS), language, kind))
    return made


def said(of: list[LabelledText], seed: int, sharpness: float) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(size=(len(of), len(LABELS)))
    scores[np.arange(len(of)), [LABELS.index(text.label) for text in of]] += sharpness
    return np.asarray(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    tested = texts(700, seed=1)
    found = said(tested, 2, sharpness=2.5)
    thresholds = risk_thresholds(found[:, -1], [text.label == "Suicidal" for text in tested])
    described = ModelDescription(
        version="small-0123456789ab",
        labels=LABELS,
        pad_id=1,
        start_id=0,
        end_id=2,
        window_tokens=128,
        window_overlap=32,
        temperature=1.1,
        thresholds={"Suicidal": {level: one.value for level, one in thresholds.items()}},
        self_test=(),
        metrics={},
    )
    suite, unseen = read_suite(), read_unseen()
    posts = [text for text in tested if text.kind == "post"]
    return Evidence(
        version=described.version,
        described=described,
        thresholds=thresholds,
        making=Making("2 layers", "int8", "", "About **data**.", 20, 3, {"posts.csv": "ab" * 32}, {"empty": 2}),
        parts={"train": texts(300, 5), "validation": texts(100, 6), "test": tested},
        found=found,
        behaviour=Passed(suite, {case.name: place % 9 != 0 for place, case in enumerate(suite)}),
        baselines=[Baseline("logistic regression, words", 5.0, 0.6, measure(posts, said(posts, 3, 1.5), {}))],
        unseen=Passed(unseen, {case.name: place % 4 != 0 for place, case in enumerate(unseen)}),
    )


@pytest.fixture(scope="module")
def written(evidence: Evidence) -> dict[str, Any]:
    return report(evidence)


def shares(within: Any) -> Iterator[Mapping[str, Any]]:
    """Everything in the report that has an interval."""
    if isinstance(within, Mapping):
        if "ci95" in within:
            yield within
        for content in within.values():
            yield from shares(content)
    elif isinstance(within, list):
        for content in within:
            yield from shares(content)


def test_every_share_lies_within_its_interval(written: dict[str, Any]) -> None:
    found = list(shares(written))
    assert len(found) > 200
    assert all(one["ci95"][0] - 1e-9 <= one["value"] <= one["ci95"][1] + 1e-9 for one in found if one.get("of") != 0)


def test_the_same_evidence_gives_the_same_report_and_it_is_json(evidence: Evidence, written: dict[str, Any]) -> None:
    assert json.loads(json.dumps(written)) == report(evidence)


def test_figures_of_every_source_class_length_and_language_are_there(written: dict[str, Any]) -> None:
    assert set(written["figures"]) == {"posts", "feedback", "phrases", "otherLanguages"}
    posts = written["figures"]["posts"]
    assert set(posts["classes"]) == set(LABELS)
    assert set(posts["slices"]["length"]) >= {"11 to 40", "41 to 110", "over 110"}
    assert set(written["figures"]["otherLanguages"]["slices"]["language"]) == {"de", "fr"}
    assert (
        np.array(posts["confusion"]).sum() == posts["texts"] == sum(one["right"]["of"] for one in posts["reliability"])
    )
    assert set(posts["risk"]) == set(written["thresholds"]) == {"raised", "high"}
    assert [one["name"] for one in written["baselines"]] == [written["version"], "logistic regression, words"]
    assert written["data"]["test"]["texts"] == 700
    assert written["making"]["packages"]["torch"]


def test_what_drift_is_measured_against_adds_up(written: dict[str, Any]) -> None:
    told = written["trainingDistribution"]
    for measured in ("label", "confidence", "words", "language"):
        assert sum(told[measured].values()) == pytest.approx(1)
    assert told["texts"] == {"taught": 300, "unseen": 700}


def test_the_suite_is_told_by_language_and_category_without_its_messages(written: dict[str, Any]) -> None:
    behaviour = written["behaviour"]
    assert set(behaviour["byLanguage"]) == {"en", "es", "fr", "de", "it", "pt"}
    categories = behaviour["byCategory"]["en"]
    assert {"negation", "idiom", "quotation", "sarcasm", "third person", "empty-ish"} <= set(categories)
    assert sum(of for _, of in categories.values()) == sum(case.language == "en" for case in read_suite())
    assert behaviour["cases"] - behaviour["passed"] == len(behaviour["failed"])


class _Nesting(HTMLParser):
    """Fails where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(written: dict[str, Any]) -> None:
    page = report_page(written)
    nesting = _Nesting()
    nesting.feed(page)
    assert nesting.open == []
    assert "<script" not in page
    assert "@import" not in page
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 3 * len(written["figures"]) + 1
    assert all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in pictures)


def test_no_text_of_anybody_s_is_in_report_page_or_card(written: dict[str, Any]) -> None:
    everything = json.dumps(written) + report_page(written) + model_card(written, 12)
    assert MARKED not in everything
    cases = [*read_suite(), *read_unseen()]
    assert not [case.text for case in cases if len(case.text) > 8 and case.text in everything]


def test_names_from_outside_are_only_text_in_the_page(written: dict[str, Any]) -> None:
    hostile = {**written, "making": {**written["making"], "files": {"<script>alert(1)</script>.csv": "ab"}}}
    assert "<script" not in report_page(hostile)


def test_the_card_and_the_summary_say_what_the_report_says(written: dict[str, Any]) -> None:
    figures = main_figures(written)
    card = model_card(written, 12)
    f1 = figures["macroF1"]
    assert f"macro-F1 {f1['value']:.3f} ({f1['ci95'][0]:.3f} to {f1['ci95'][1]:.3f})" in card
    assert "not a medical device" in card
    assert "About **data**." in card
    assert "logistic regression, words" in card
    danger = written["unseen"]["danger"]
    assert f"{danger['hits']} of {danger['of']} with danger are flagged" in card
    answers = sum(part["kinds"]["feedback"] for part in written["data"].values())
    assert f"Besides {answers} messages of patients who agreed to it" in card
    assert summary(figures)["macroF1"] == f1["value"]
    assert summary(figures)["risk"]["raised"]["ppv"]["value"] == figures["risk"]["raised"]["ppv"]["value"]


def test_false_alarms_are_counted_among_texts_of_other_languages_that_are_of_no_class_of_ours(
    evidence: Evidence,
) -> None:
    tested, raised = evidence.parts["test"], evidence.described.thresholds["Suicidal"]["raised"]
    calm = [LabelledText(f"calm {number}", "Not depression", "de", "foreign") for number in range(8)]
    said_of_calm = np.full((8, len(LABELS)), raised / 2)
    said_of_calm[:3, LABELS.index("Suicidal")] = raised
    found = np.concatenate([evidence.found, said_of_calm])
    told = report(replace(evidence, parts={**evidence.parts, "test": [*tested, *calm]}, found=found))
    assert set(told["calm"]) == {"de"}
    flagged = told["calm"]["de"]["flagged"]["raised"]
    assert (told["calm"]["de"]["texts"], flagged["hits"], flagged["of"]) == (8, 3, 8)
    assert "| de, 8 texts | 0.375 (" in model_card(told, 12)
    assert "False alarms by language" in report_page(told)
    assert told["figures"] == report(evidence)["figures"]


def test_the_card_names_the_languages_in_which_all_classes_were_taught_and_how_texts_are_read(
    evidence: Evidence,
) -> None:
    taught = [LabelledText(f"ein {label}", label, "de", "foreign") for label in LABELS]
    taught += [LabelledText(f"un {label}", label, "fr", "idiom") for label in LABELS]
    as_written = replace(evidence.described, as_written=True)
    told = report(replace(evidence, parts={**evidence.parts, "train": taught}, described=as_written))
    assert "seven classes were taught in: de." in model_card(told, 12)
    assert "Texts are read as they were written." in model_card(told, 12)
    assert "Normalisation leaves lower-case words only" in model_card(report(evidence), 12)


def test_a_version_without_posts_is_named_by_what_it_was_measured_on(evidence: Evidence) -> None:
    rows = [row for row, text in enumerate(evidence.parts["test"]) if text.kind == "feedback"]
    only = [evidence.parts["test"][row] for row in rows]
    fewer = report(replace(evidence, parts={**evidence.parts, "test": only}, found=evidence.found[rows], baselines=[]))
    assert set(fewer["figures"]) == {"feedback"}
    assert main_figures(fewer)["texts"] == len(only)
    assert "Beside linear models" not in report_page(fewer)
