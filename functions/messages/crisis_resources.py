"""Where help is at any hour, by country: shown to a patient whose own message carries risk, whatever else is away."""

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.crisis_lines import ANYWHERE, BY_COUNTRY, CrisisResource
from shared.database.transaction import transaction
from shared.problems import Unavailable
from shared.roles import Role
from shared.session import Caller
from shared.settings import settings

from .risk_policy import Risk


class CrisisHelp(Schema):
    """What a patient sees of their own message that carries risk: help, never a label or a level."""

    resources: tuple[CrisisResource, ...]


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
