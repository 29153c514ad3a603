"""Telephone lines that are there for people in a crisis, by country, as their own pages say.

Whoever changes a line, or has gone through all of them, moves `CHECKED_ON`; administrators are shown it.
"""

from datetime import date
from typing import Final

from shared.contract import Schema

CHECKED_ON: Final = date(2026, 11, 26)


class CrisisResource(Schema):
    """One place to turn to. `call` is a telephone number, `text` a number for messages, `url` a page."""

    name: str
    call: str | None = None
    text: str | None = None
    url: str | None = None


BY_COUNTRY: Final[dict[str, tuple[CrisisResource, ...]]] = {
    "US": (
        CrisisResource(name="988 Suicide & Crisis Lifeline", call="988", text="988", url="https://988lifeline.org"),
        CrisisResource(name="Emergency services", call="911"),
    ),
    "CA": (
        CrisisResource(name="9-8-8 Suicide Crisis Helpline", call="988", text="988", url="https://988.ca"),
        CrisisResource(name="Emergency services", call="911"),
    ),
    "GB": (
        CrisisResource(name="Samaritans", call="116 123", url="https://www.samaritans.org"),
        CrisisResource(name="Emergency services", call="999"),
    ),
    "IE": (
        CrisisResource(name="Samaritans", call="116 123", url="https://www.samaritans.org/ireland"),
        CrisisResource(name="Emergency services", call="112"),
    ),
    "FR": (
        CrisisResource(name="Numéro national de prévention du suicide", call="3114", url="https://3114.fr"),
        CrisisResource(name="Services d'urgence", call="112"),
    ),
    "DE": (
        CrisisResource(name="TelefonSeelsorge", call="0800 1110111", url="https://www.telefonseelsorge.de"),
        CrisisResource(name="Notruf", call="112"),
    ),
    "ES": (
        CrisisResource(name="Línea 024 de atención a la conducta suicida", call="024"),
        CrisisResource(name="Emergencias", call="112"),
    ),
    "BR": (
        CrisisResource(name="CVV", call="188", url="https://www.cvv.org.br"),
        CrisisResource(name="SAMU", call="192"),
    ),
    "AU": (
        CrisisResource(name="Lifeline", call="13 11 14", url="https://www.lifeline.org.au"),
        CrisisResource(name="Emergency services", call="000"),
    ),
    "NZ": (
        CrisisResource(name="1737, Need to talk?", call="1737", text="1737", url="https://1737.org.nz"),
        CrisisResource(name="Emergency services", call="111"),
    ),
    "NL": (
        CrisisResource(name="113 Zelfmoordpreventie", call="113", url="https://www.113.nl"),
        CrisisResource(name="Alarmnummer", call="112"),
    ),
    "BE": (
        CrisisResource(name="Zelfmoordlijn 1813", call="1813", url="https://www.zelfmoord1813.be"),
        CrisisResource(name="Numéro d'urgence / Noodnummer", call="112"),
    ),
    "AT": (
        CrisisResource(name="TelefonSeelsorge", call="142", url="https://www.telefonseelsorge.at"),
        CrisisResource(name="Notruf", call="112"),
    ),
    "CH": (
        CrisisResource(name="Die Dargebotene Hand / La Main Tendue", call="143", url="https://www.143.ch"),
        CrisisResource(name="Notruf / Urgences", call="112"),
    ),
    "IT": (
        CrisisResource(name="Telefono Amico Italia", call="02 2327 2327", url="https://www.telefonoamico.it"),
        CrisisResource(name="Emergenze", call="112"),
    ),
    "PT": (
        CrisisResource(name="SOS Voz Amiga", call="213 544 545", url="https://www.sosvozamiga.org"),
        CrisisResource(name="Emergência", call="112"),
    ),
    "SE": (
        CrisisResource(name="Mind Självmordslinjen", call="90101", url="https://mind.se"),
        CrisisResource(name="Nödnummer", call="112"),
    ),
    "NO": (
        CrisisResource(name="Mental Helse Hjelpetelefonen", call="116 123", url="https://mentalhelse.no"),
        CrisisResource(name="Nødnummer", call="112"),
    ),
    "DK": (
        CrisisResource(name="Livslinien", call="70 201 201", url="https://www.livslinien.dk"),
        CrisisResource(name="Alarm", call="112"),
    ),
    "FI": (
        CrisisResource(name="MIELI Kriisipuhelin", call="09 2525 0111", url="https://mieli.fi"),
        CrisisResource(name="Hätänumero", call="112"),
    ),
    "PL": (
        CrisisResource(name="Kryzysowy Telefon Zaufania", call="116 123", url="https://116123.pl"),
        CrisisResource(name="Numer alarmowy", call="112"),
    ),
    "MX": (
        CrisisResource(name="Línea de la Vida", call="800 911 2000", url="https://www.gob.mx/lineadelavida"),
        CrisisResource(name="Emergencias", call="911"),
    ),
    "ZA": (
        CrisisResource(name="SADAG Suicide Crisis Helpline", call="0800 567 567", url="https://www.sadag.org"),
        CrisisResource(name="Emergency services", call="112"),
    ),
    "IN": (
        CrisisResource(name="Tele-MANAS", call="14416", url="https://telemanas.mohfw.gov.in"),
        CrisisResource(name="Emergency services", call="112"),
    ),
    "SG": (
        CrisisResource(name="Samaritans of Singapore", call="1767", url="https://www.sos.org.sg"),
        CrisisResource(name="Emergency services", call="995"),
    ),
    "IL": (
        CrisisResource(name="ERAN", call="1201", url="https://www.eran.org.il"),
        CrisisResource(name="Emergency services", call="101"),
    ),
}
ANYWHERE: Final = (
    CrisisResource(name="Find a helpline near you", url="https://findahelpline.com"),
    CrisisResource(name="Emergency services (112 works in many countries)", call="112"),
)
