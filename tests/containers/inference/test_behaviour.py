"""The sentences that no served model may get wrong: a gate against regressions, not an estimate of how well it does."""

import pytest

from containers.inference.classifier import Classifier

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
def test_danger_is_high_risk(classifier: Classifier, text: str) -> None:
    assert classifier.predict(text).scores["Suicidal"] >= classifier.description.thresholds["Suicidal"]["high"]


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
