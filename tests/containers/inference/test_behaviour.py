"""The sentences that no served model may get wrong: a gate against regressions, not an estimate of how well it does."""

import json
from collections import Counter
from pathlib import Path

import pytest

from containers.inference.classifier import Classifier, Prediction
from containers.inference.normalisation import normalise
from containers.inference.settings import Settings
from containers.inference.training.behavioural_suite import (
    CALM,
    FLAGGED,
    LANGUAGES,
    Case,
    Passed,
    gate_failures,
    read_suite,
    read_unseen,
    reserved_texts,
    run_suite,
)
from containers.inference.training.clinic_phrases import read_templates
from containers.inference.training.labelled_texts import LABELS

IN_DANGER = [
    "I want to kill myself",
    "I'm going to end my life tonight",
    "I don't want to be here anymore",
    "I dont want to be alive",
    "I wish I would not wake up tomorrow",
    "Everyone would be better off without me",
    "my family would be better off without me",
    "What is the point of living",
    "I have been saving up my pills to overdose",
    "I told my mother I'm fine but I want to die",
    "I am not fine, I want to die",
    "I cut myself again last night",
    "i cant do this anymore i want to be gone",
    "I WANT TO DIE",
    "Thank you for the session. I still want to kill myself.",
    "Please cancel my appointment on Thursday, I won't be alive by then",
    "Quiero morir",
    "Ya no quiero vivir",
    "Je veux mourir",
    "Je ne veux plus vivre",
    "Ich will nicht mehr leben",
    "Ich will mich umbringen",
    "Quero me matar",
    "Não quero mais viver",
    "Voglio morire",
    "Non voglio più vivere",
]

EVERYDAY = [
    "Can I move my appointment to Thursday?",
    "please refill my prescription",
    "Please refill my prescription for lithium",
    "thank you, the session helped",
    "See you on Friday",
    "I am running ten minutes late",
    "I feel much better than last month",
    "This traffic is killing me",
    "I'm killing it at work",
    "I nearly died laughing",
    "My phone died, I will call you later",
    "I am not suicidal, just tired",
    "I'm not suicidal",
    "I don't want to die",
    "I have no thoughts of suicide",
    "I would never hurt myself",
    "Where do I upload the insurance form?",
    "ok",
    "¿Puedo cambiar la cita para el jueves?",
    "No soy suicida, solo estoy cansado",
    "Merci, la séance m'a aidé",
    "Je ne suis pas suicidaire, juste fatigué",
    "Kann ich den Termin auf Donnerstag verschieben?",
    "Ich bin nicht suizidal, nur müde",
    "Obrigado, a sessão ajudou",
    "Grazie, la seduta mi ha aiutato",
]

OTHERWISE = [
    ("I had a panic attack and my heart is racing", "Anxiety"),
    ("I worry about everything all the time and feel on edge", "Anxiety"),
    ("I feel empty and nothing brings me joy", "Depression"),
    ("I can't get out of bed and I cry every day", "Depression"),
    ("I am not suicidal but I feel so empty and sad every day", "Depression"),
    ("I am so stressed about work and all the deadlines", "Stress"),
    ("I think I am becoming manic again, I have not slept for days", "Bipolar"),
    ("I have borderline personality disorder and I fear being abandoned", "Personality disorder"),
]


@pytest.mark.parametrize("text", IN_DANGER)
def test_danger_is_raised(classifier: Classifier, text: str) -> None:
    assert classifier.predict(text).scores["Suicidal"] >= classifier.description.thresholds["Suicidal"]["raised"]


def test_most_of_it_is_high_risk(classifier: Classifier) -> None:
    high = classifier.description.thresholds["Suicidal"]["high"]
    assert sum(classifier.predict(text).scores["Suicidal"] >= high for text in IN_DANGER) >= 0.8 * len(IN_DANGER)


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_talk_idioms_and_denied_risk_raise_nothing(classifier: Classifier, text: str) -> None:
    prediction = classifier.predict(text)
    assert prediction.label == "Normal"
    assert prediction.scores["Suicidal"] < classifier.description.thresholds["Suicidal"]["raised"]


@pytest.mark.parametrize(("text", "label"), OTHERWISE)
def test_other_distress_gets_its_own_name(classifier: Classifier, text: str, label: str) -> None:
    prediction = classifier.predict(text)
    assert prediction.label == label
    assert prediction.scores["Suicidal"] < classifier.description.thresholds["Suicidal"]["high"]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("I can't go on like this, I want to die", "i cant go on like this i want to die"),
        ("I can't go on like this, I want to die", "I CAN\u2019T GO ON, LIKE THIS... \u201cI want to die\u201d"),
        ("Can I move my appointment?", "@clinic can i move my appointment https://example.org/x 12345"),
    ],
)
def test_marks_case_links_and_numbers_change_nothing(classifier: Classifier, text: str, other: str) -> None:
    assert classifier.predict(text) == classifier.predict(other)


@pytest.fixture(scope="module")
def suite() -> list[Case]:
    return read_suite()


def test_the_suite_has_its_categories_in_every_language_and_no_case_twice(suite: list[Case]) -> None:
    assert len({case.name for case in suite}) == len(suite)
    english = [case for case in suite if case.language == "en" and (case.is_side(True) or case.is_side(False))]
    assert len(english) >= 150
    everywhere = {"active ideation", "passive ideation", "denial that is none", "misspelled danger"}
    everywhere |= {"negation", "idiom", "third person", "everyday"}
    for language in LANGUAGES:
        assert everywhere <= {case.category for case in suite if case.language == language}
    only_english = {"quotation", "sarcasm", "recovered", "empty-ish", "everyday with emoji", "misspelled everyday"}
    assert only_english <= {case.category for case in english}


def test_no_case_is_taught(suite: list[Case]) -> None:
    """By hand-written phrases; that collected texts are no case either, `dataset_split` sees to."""
    taught = {message.text for template in read_templates() for message in template.fillings()}
    assert [case.name for case in [*suite, *read_unseen()] if normalise(case.text) in taught] == []
    assert len(reserved_texts(suite)) > 300


def test_a_name_tells_nothing_of_its_case_and_stays(suite: list[Case]) -> None:
    case = Case("I want to die", "en", "active ideation", FLAGGED)
    assert case.name == "en/active ideation/75b75d40"
    assert all(normalise(case.text) not in normalise(case.name) for case in suite if len(normalise(case.text)) > 4)


def prediction(label: str, risk: float) -> Prediction:
    return Prediction(label, 0.9, {**dict.fromkeys(LABELS, 0.0), "Suicidal": risk})


@pytest.mark.parametrize(
    ("expected", "label", "risk", "passes"),
    [
        (FLAGGED, "Normal", 0.2, True),
        (FLAGGED, "Suicidal", 0.1, False),
        (CALM, "Stress", 0.1, True),
        (CALM, "Normal", 0.2, False),
        ("Normal", "Normal", 0.1, True),
        ("Normal", "Stress", 0.1, False),
        ("Stress", "Stress", 0.3, False),
    ],
)
def test_a_case_is_passed_by_what_would_happen_at_the_threshold(
    expected: str, label: str, risk: float, passes: bool
) -> None:
    assert Case("x", "en", "c", expected).is_passed_by(prediction(label, risk), raised=0.15) is passes


def test_the_gate_asks_for_both_sides_of_each_language_named() -> None:
    cases = [
        Case(f"{expected} {n}", language, "c", expected)
        for language in ("en", "de")
        for expected in (FLAGGED, CALM)
        for n in range(10)
    ]
    misses = {cases[0].name, cases[1].name, cases[25].name}  # two English ones of danger, one German
    passed = Passed(cases, {case.name: case.name not in misses for case in cases})
    assert gate_failures(passed, ("de",)) == []
    assert gate_failures(passed, ("en", "de")) == ["en: 8 of 10 cases of danger, 90% are needed"]
    assert gate_failures(passed, ("en", "fr"))[1:] == [
        "fr: 0 of 0 cases of danger, 90% are needed",
        "fr: 0 of 0 cases of no danger, 90% are needed",
    ]


def test_the_shipped_model_passes_the_english_gate(classifier: Classifier, suite: list[Case]) -> None:
    passed = run_suite(classifier, suite)
    rates = passed.rates(lambda case: f"{case.language}, {case.expected}")
    assert gate_failures(passed, ("en",)) == [], rates


def test_the_shipped_model_is_three_points_ahead_of_linear_ones() -> None:
    """On the same posts, by its report, whose checksum its manifest holds."""
    report = json.loads((Path(Settings().model_path) / "report.json").read_bytes())
    ours, *linear = sorted((one["macroF1"]["value"], one["name"]) for one in report["baselines"])[::-1]
    assert ours[1] == report["version"]
    assert round(100 * (ours[0] - linear[0][0])) >= 3


def test_a_run_of_the_suite_tells_rates_and_which_cases_of_danger_are_flagged(
    classifier: Classifier, suite: list[Case]
) -> None:
    some = [case for case in suite if case.language == "en"][:30]
    passed = run_suite(classifier, some)
    assert set(passed.critical) == {case.name for case in some if case.expected == FLAGGED}
    assert sum(of for _, of in passed.rates(lambda case: case.category).values()) == 30
    assert Counter(passed.outcomes.values())[True] == sum(right for right, _ in passed.rates(lambda _: "all").values())
