"""What counts as saying outright that one wants to die, in six languages, and how scores become levels."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.messages.risk_language import slips
from functions.messages.risk_policy import Level, Risk, assess, explicit_risk, languages


@dataclass(frozen=True)
class Case:
    """A sentence, of which kind it is, and whether it says so outright."""

    language: str
    kind: str
    is_said: bool
    text: str


def read_cases() -> list[Case]:
    """The sentences of risk_cases.tsv, whose first lines say where they come from."""
    lines = (Path(__file__).parent / "risk_cases.tsv").read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Case(language, kind, said == "1", text) for language, kind, said, text in fields]


CASES = read_cases()
AT_LEAST = {"negation": 40, "idiom": 40, "third person": 40, "quotation": 40, "misspelling": 40}
LANGUAGES = {"en", "es", "pt", "fr", "de", "it"}
PHRASES = {phrase.id for language in languages() for phrase in language.phrases}
# Sentences without marks that a change of form could turn into something else.
EVERY_PHRASE = [(case.language, case.text) for case in CASES if case.is_said and case.kind in {"plain", "negation"}]
THRESHOLDS = {"Suicidal": {"raised": 0.3, "high": 0.7}, "Depression": {"raised": 0.8, "high": 0.95}}
SCORES = st.fixed_dictionaries({label: st.floats(0, 1) for label in ("Suicidal", "Depression", "Normal")})


def test_there_are_enough_cases_of_every_kind_and_language() -> None:
    kinds = Counter(case.kind for case in CASES)
    assert len(CASES) >= 300
    assert {kind: min(kinds[kind], number) for kind, number in AT_LEAST.items()} == AT_LEAST
    assert {case.language for case in CASES} == LANGUAGES
    assert len({case.text for case in CASES}) == len(CASES)
    for kind in AT_LEAST:
        assert {case.language for case in CASES if case.kind == kind} == LANGUAGES
        assert {case.is_said for case in CASES if case.kind == kind} <= {True, False}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language} {case.kind}: {case.text}"[:70])
def test_what_is_said_outright_is_heard_and_nothing_else(case: Case) -> None:
    risk = explicit_risk(case.text)
    assert (risk is not None) is case.is_said, risk
    if risk is not None:
        assert risk.level is Level.HIGH
        assert case.language in {phrase.partition("-")[0] for phrase in risk.phrases}


def test_recall_and_false_alarms_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the sentences above, for who reads the tests' output; of labelled posts by benchmarks.explicit_phrases."""
    heard = Counter((case.kind, case.is_said) for case in CASES if explicit_risk(case.text))
    there = Counter((case.kind, case.is_said) for case in CASES)
    with capsys.disabled():
        for kind in sorted({case.kind for case in CASES}):
            recall = f"{heard[kind, True]}/{there[kind, True]}"
            print(f"\n{kind}: heard {recall}, false alarms {heard[kind, False]}/{there[kind, False]}", end="")
    assert sum(heard[key] for key in heard if key[1]) == sum(there[key] for key in there if key[1])


def test_every_phrase_is_heard_in_some_example() -> None:
    heard = {phrase for case in CASES for phrase in (explicit_risk(case.text) or Risk(Level.NONE)).phrases}
    assert heard == PHRASES


def test_the_ids_of_phrases_are_unique_and_say_their_language() -> None:
    ids = [phrase.id for language in languages() for phrase in language.phrases]
    assert len(ids) == len(PHRASES)
    assert {phrase_id.partition("-")[0] for phrase_id in ids} == LANGUAGES


def test_one_slip_makes_another_word() -> None:
    made = set(slips("myself"))
    assert {"myslef", "mysef", "myyself", "mysalf", "myzelf"} <= made
    assert {"myself", "yourself", "mine"}.isdisjoint(made)


@given(st.text(max_size=500))
def test_no_text_breaks_it(text: str) -> None:
    explicit_risk(text)


@given(st.sampled_from(EVERY_PHRASE), st.text(max_size=60), st.text(max_size=60))
def test_it_is_heard_in_the_middle_of_any_text(phrase: tuple[str, str], before: str, after: str) -> None:
    assert explicit_risk(f"{before}. {phrase[1]}. {after}") is not None


def curly(text: str) -> str:
    return text.replace("'", "\u2019")


def full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def accented(text: str) -> str:
    return "".join(letter + "\u0301" if letter in "aeiou" else letter for letter in text)


def spaced(text: str) -> str:
    return text.replace(" ", " \u00a0\n ")


@pytest.mark.parametrize("form", [str.upper, str.title, curly, full_width, accented, spaced])
@pytest.mark.parametrize(("_language", "text"), EVERY_PHRASE)
def test_it_is_heard_in_every_form_of_writing(_language: str, text: str, form: object) -> None:
    assert callable(form)
    assert explicit_risk(form(text)) is not None


HOSTILE = [
    "not kill myself ",
    "no ",
    "dont want to ",
    "want to die",
    "want to die laughing ",
    '"a b c" ',
    'he said "i want to die" ',
    "' ",
    "'a ",
    "a ",
    "i ",
    "my ",
    "my friend said i ",
    "never ever even really just want to kill myself ",
    "dont want to live here ",
    "want to take all of my pills for ",
    "je ne veux pas me tuer ",
    "no voy a matarme ",
    "aaaaaaaa",
    "k!",
    "e\u0301",
    "\u202e\u200b",
    "\ufdfa",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_eight_thousand_hostile_characters_take_no_longer_than_a_blink(text: str) -> None:
    explicit_risk(text)
    started = time.process_time()
    explicit_risk((text * 8000)[:8000])
    assert time.process_time() - started < 0.1


def test_an_ordinary_message_is_read_in_well_under_a_millisecond() -> None:
    texts = [case.text for case in CASES if case.kind == "plain" and not case.is_said]
    for text in texts:
        explicit_risk(text)
    started = time.process_time()
    for _ in range(20):
        for text in texts:
            explicit_risk(text)
    assert (time.process_time() - started) / (20 * len(texts)) < 0.0005


@given(SCORES, st.sampled_from([Level.RAISED, Level.HIGH]))
def test_scores_never_lower_what_was_said(scores: dict[str, float], level: Level) -> None:
    assert assess(scores, THRESHOLDS, Risk(level, ("en-want-to-die",))) == Risk(level, ("en-want-to-die",))


@given(SCORES, st.sampled_from(sorted(THRESHOLDS)), st.floats(0, 1))
def test_a_higher_score_never_means_a_lower_level(scores: dict[str, float], label: str, more: float) -> None:
    order = list(Level)
    raised = scores | {label: max(scores[label], more)}
    assert order.index(assess(raised, THRESHOLDS, None).level) >= order.index(assess(scores, THRESHOLDS, None).level)


@pytest.mark.parametrize(
    ("scores", "level"),
    [
        ({}, Level.NONE),
        ({"Normal": 1.0}, Level.NONE),
        ({"Suicidal": 0.14}, Level.NONE),
        ({"Suicidal": 0.15}, Level.LOW),
        ({"Suicidal": 0.3}, Level.RAISED),
        ({"Suicidal": 0.7}, Level.HIGH),
        ({"Suicidal": 0.3, "Depression": 0.96}, Level.HIGH),
    ],
)
def test_levels_begin_at_their_thresholds(scores: dict[str, float], level: Level) -> None:
    assert assess(scores, THRESHOLDS, None) == Risk(level)


def test_without_thresholds_no_score_worries() -> None:
    assert assess({"Suicidal": 1.0}, {}, None) == Risk(Level.NONE)
