"""The words of mails about messages and alerts, in each language: of nobody, and of nothing that was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.languages import nearest

from .alerts import COVERAGE, UNANSWERED


@dataclass(frozen=True)
class Words:
    """What one kind of mail says."""

    subject: str
    words: str


@dataclass(frozen=True)
class Unread:
    """The mail that there is something to read; `hello` with `{name}`, `read` on the button."""

    subject: str
    hello: str
    words: str
    read: str
    after: str


@dataclass(frozen=True)
class Alerts:
    """The mails about alerts; `sign_in` is on the button."""

    hello: str
    sign_in: str
    after: str
    waiting: Words
    notices: Mapping[str, Words]
    """By `RiskAlertChanged.notice`."""


@dataclass(frozen=True)
class MessageMails:
    """All of them in one language, which is a tag of BCP 47."""

    language: str
    unread: Unread
    alerts: Alerts


ENGLISH: Final = MessageMails(
    language="en",
    unread=Unread(
        subject="There is something to read for you",
        hello="Hello {name},",
        words="there is something new to read in your conversations.",
        read="Read it",
        after="What was written is never put into mails. You can choose in your settings which mails you get. Bloom "
        "Health is no emergency service: in an emergency, please call your local emergency number.",
    ),
    alerts=Alerts(
        hello="Hello,",
        sign_in="Sign in",
        after="For the privacy of others this mail says no more. You can turn such mails off in your settings.",
        waiting=Words(
            "Something is waiting for you in Bloom Health",
            "There is something in Bloom Health that should not wait long for your answer. Please sign in to see it.",
        ),
        notices={
            COVERAGE: Words(
                "A colleague is helping out in Bloom Health",
                "Something that was waiting for you has been passed on to a colleague, who can see what they need for "
                "a while. Please sign in to see where it stands.",
            ),
            UNANSWERED: Words(
                "Something in Bloom Health has no answer yet",
                "Nobody who was asked has taken something on that should not wait. Please sign in, and see who can be "
                "reached.",
            ),
        },
    ),
)
SPANISH: Final = MessageMails(
    language="es",
    unread=Unread(
        subject="Hay algo para leer",
        hello="Hola, {name}:",
        words="hay algo nuevo para leer en tus conversaciones.",
        read="Leerlo",
        after="Lo que se escribe nunca va en los correos. En tus ajustes puedes elegir qué correos recibes. Bloom "
        "Health no es un servicio de emergencias: en una emergencia, llama al número de emergencias de donde estés.",
    ),
    alerts=Alerts(
        hello="Hola:",
        sign_in="Iniciar sesión",
        after="Por la privacidad de otras personas, este correo no dice más. Puedes desactivar estos correos en tus "
        "ajustes.",
        waiting=Words(
            "Algo te espera en Bloom Health",
            "Hay algo en Bloom Health que no debería esperar mucho tu respuesta. Inicia sesión para verlo, por favor.",
        ),
        notices={
            COVERAGE: Words(
                "Un colega está ayudando en Bloom Health",
                "Algo que te esperaba ha pasado a un colega, que durante un tiempo puede ver lo que necesita. Inicia "
                "sesión para ver cómo está, por favor.",
            ),
            UNANSWERED: Words(
                "Algo en Bloom Health aún no tiene respuesta",
                "Nadie de quienes fueron avisados se ha hecho cargo de algo que no debería esperar. Inicia sesión, por "
                "favor, y mira a quién se puede localizar.",
            ),
        },
    ),
)
LANGUAGES: Final = {mails.language: mails for mails in (ENGLISH, SPANISH)}


def mails_for(tag: str) -> MessageMails:
    """The mails in the language nearest to a tag of BCP 47."""
    return nearest(tag, LANGUAGES)
