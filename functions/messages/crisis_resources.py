"""Where help is at any hour, by country: shown to a patient whose own message carries risk, whatever else is away."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.transaction import transaction
from shared.problems import Unavailable
from shared.roles import Role
from shared.session import Caller
from shared.settings import settings

from .risk_policy import Risk


class CrisisResource(Schema):
    """One place to turn to. `call` is a telephone number, `text` a number for messages, `url` a page."""

    name: str
    call: str | None = None
    text: str | None = None
    url: str | None = None


class CrisisHelp(Schema):
    """What a patient sees of their own message that carries risk: help, never a label or a level."""

    resources: tuple[CrisisResource, ...]


# The services' own pages, read in 2026: 988lifeline.org, 988.ca, samaritans.org, 3114.fr, telefonseelsorge.de,
# sanidad.gob.es (024), cvv.org.br, lifeline.org.au, 1737.org.nz.
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
}
ANYWHERE: Final = (
    CrisisResource(name="Find a helpline near you", url="https://findahelpline.com"),
    CrisisResource(name="Emergency services (112 works in many countries)", call="112"),
)


def crisis_help(caller: Caller, risk: Risk | None) -> CrisisHelp | None:
    """Help for a patient whose message carries risk, where the operator has it shown; None otherwise."""
    if caller.role is not Role.PATIENT or risk is None or not risk.level.calls_for_help:
        return None
    if not settings().patient_sees_resources:
        return None
    try:
        country = country_of(caller)
    except Unavailable:
        country = None  # help is shown whatever is away
    return CrisisHelp(resources=BY_COUNTRY.get(country or "", ANYWHERE))


@transaction
def country_of(db: Database, caller: Caller) -> str | None:
    """The country that the caller named in their own profile (ISO 3166, two letters)."""
    from shared.database.models.profiles import PatientProfile  # few messages need it

    return db.scalar(select(PatientProfile.country).where(PatientProfile.user_id == caller.user_id))
