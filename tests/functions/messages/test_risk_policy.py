"""What counts as saying outright that one wants to die, and how scores become levels."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.messages.risk_policy import PHRASES, Level, Risk, assess, explicit_risk

SAID = {
    "en": [
        "I want to die",
        "i wanna die",
        "I just want to die already.",
        "I want to kill myself",
        "I keep thinking about killing myself",
        "I'm gonna unalive myself",
        "I am going to end my life",
        "I want to end it all",
        "I plan to take my own life tonight",
        "I wish I was dead",
        "I wish I were dead!",
        "Everyone would be better off without me",
        "I'd be better off dead",
        "I feel suicidal",
        "I'm suicidal",
        "I'm having suicidal thoughts",
        "I have a suicide plan",
        "I wrote a suicide note",
        "I've been thinking about suicide",
        "I don't want to live anymore",
        "I don\u2019t want to live",
        "I don\u00b4t want to be alive",
        "dont want to be here anymore",
        "I do not want to be here any more",
        "I never want to wake up again",
        "i dont wanna wake up tomorrow",
        "I no longer want to live",
        "There is no reason to live",
        "I see no point in going on",
        "I want to hang myself",
        "I'm going to jump off a bridge",
        "I will slit my wrists",
        "why not kill myself",
        "I'm not ok I want to die",
        "i dont sleep i want to die",
        "I'm not going to lie, I want to die",
        "I don't want to hurt anyone but I want to die",
        "No. I want to kill myself",
        "I can't do this. I want to\ndie",
        "I don't want to live 😭",
        "I WANT TO DIE",
        "I want to *die*",
        "I want to d\u00adie",
        "I want\u200b to die",
    ],
    "es": [
        "Quiero morir",
        "Me quiero morir",
        "Tengo ganas de morirme",
        "Voy a matarme",
        "Quiero quitarme la vida",
        "No quiero vivir más",
        "No quiero seguir viviendo",
        "Quisiera estar muerta",
        "no puedo más quiero morir",
        "No quiero hacerlo pero quiero morir",
    ],
    "fr": [
        "Je veux mourir",
        "J'ai envie de mourir",
        "Je vais me tuer",
        "Je veux me suicider",
        "Je ne veux plus vivre",
        "Je veux en finir",
        "Je veux en finir avec la vie",
        "J\u2019ai envie d\u2019en finir",
        "Je pense à mettre fin à mes jours",
        "je suis pas bien je veux mourir",
    ],
    "de": [
        "Ich will sterben",
        "Ich möchte einfach sterben",
        "Ich moechte sterben",
        "Ich will mich umbringen",
        "Ich bringe mich um",
        "Ich will nicht mehr leben",
        "Ich mag nicht mehr leben",
        "Ich wünschte, ich wäre tot",
        "Ich wäre lieber tot",
        "Ich will mir das Leben nehmen",
    ],
    "pt": [
        "Quero morrer",
        "Tenho vontade de morrer",
        "Vou me matar",
        "Não quero mais viver",
        "Queria estar morta",
        "Quero tirar minha vida",
        "Vou acabar com a minha vida",
    ],
    "it": [
        "Voglio morire",
        "Vorrei morire",
        "Voglio uccidermi",
        "Mi voglio uccidere",
        "Voglio farla finita",
        "Non voglio più vivere",
        "Non ho più voglia di vivere",
    ],
}
NOT_SAID = [
    "I'm killing it at work",
    "I could kill for a coffee",
    "I killed myself laughing",
    "I nearly ended up killing myself laughing",
    "I keep killing myself at work",
    "I am not going to kill myself",
    "I'm not going to kill myself",
    "I would never kill myself",
    "I won't kill myself",
    "I have no plans to kill myself",
    "I don't want to kill myself",
    "I never really thought about suicide",
    "I don't want to die",
    "I no longer want to die",
    "I'm not suicidal",
    "I don't have suicidal thoughts",
    "This deadline is killing me",
    "That cake is to die for",
    "I'm dying to see you",
    "I want to die of embarrassment",
    "I want to diet",
    "I want to live",
    "I don't want to live here anymore",
    "I don't want to live with my parents",
    "I don't want to be here for the holidays",
    "I don't want to wake up early",
    "I want to take my life back",
    "My grandmother died last year",
    "We are all going to die one day",
    "I shot myself in the foot with that answer",
    "I want to end my life insurance",
    "She is better off without him",
    "No quiero morir",
    "No voy a matarme",
    "Me muero de risa",
    "Quiero morirme de vergüenza",
    "No quiero vivir aquí",
    "Je ne veux pas mourir",
    "Je ne vais pas me tuer",
    "J'ai envie de mourir de rire",
    "Je veux en finir avec ce projet",
    "Je ne veux plus vivre ici",
    "Ich will nicht sterben",
    "Ich werde mich nicht umbringen",
    "Ich will leben",
    "Não quero morrer",
    "Não vou me matar",
    "Vou me matar de rir",
    "Non voglio morire",
    "Non voglio uccidermi",
    "Sto morendo dal ridere",
    "",
    "🙂",
]
EVERY_PHRASE = [(language, text) for language, texts in SAID.items() for text in texts]
THRESHOLDS = {"Suicidal": {"raised": 0.3, "high": 0.7}, "Depression": {"raised": 0.8, "high": 0.95}}
SCORES = st.fixed_dictionaries({label: st.floats(0, 1) for label in ("Suicidal", "Depression", "Normal")})


@pytest.mark.parametrize(("language", "text"), EVERY_PHRASE)
def test_what_is_said_outright_is_heard(language: str, text: str) -> None:
    risk = explicit_risk(text)
    assert risk is not None
    assert risk.level is Level.HIGH
    assert {phrase.partition("-")[0] for phrase in risk.phrases} == {language}


@pytest.mark.parametrize("text", NOT_SAID)
def test_idioms_and_denials_are_not_taken_for_it(text: str) -> None:
    assert explicit_risk(text) is None


def test_every_phrase_is_heard_in_some_example() -> None:
    heard = {phrase for _, text in EVERY_PHRASE for phrase in (explicit_risk(text) or Risk(Level.NONE)).phrases}
    assert heard == set(PHRASES)


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


@pytest.mark.parametrize("text", ["not kill myself " * 600, "no " * 2600, "dont want to " * 700, "want to die" * 700])
def test_a_long_text_is_read_quickly(text: str) -> None:
    started = time.perf_counter()
    explicit_risk(text[:8000])
    assert time.perf_counter() - started < 0.25


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
