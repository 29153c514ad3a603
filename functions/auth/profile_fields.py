"""What profiles are made of: how each field may look, and how a patient's are sealed."""

import functools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from importlib import resources
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.profiles import PatientProfile
from shared.settings import settings

from .fields import Name

_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
_LINES = r"^(?:[^\x00-\x1f\x7f-\x9f]|[\t\r\n])*$"
_DIALLED = re.compile(r"\+[0-9 ().-]+")
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.IGNORECASE,
)
OLDEST_YEARS: Final = 120


def _as_day(written: object) -> date:
    # Pydantic's own parser would take a string of digits for seconds since 1970.
    if isinstance(written, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(written)
    raise ValueError("must be a day as YYYY-MM-DD")


def _require_plausible_birth(born: date) -> date:
    today, youngest = now().date(), settings().minimum_age_years
    if born > today:
        raise ValueError("must not be in the future")
    if _age(born, today) > OLDEST_YEARS:
        raise ValueError(f"must not be more than {OLDEST_YEARS} years ago")
    if _age(born, today) < youngest:
        raise ValueError(f"must be at least {youngest} years ago")
    return born


def _age(born: date, on: date) -> int:
    """Full years; who was born on 29 February is a year older on 1 March of other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _as_e164(dialled: str) -> str:
    import phonenumbers  # 70 ms: only where a number comes in

    try:
        number = phonenumbers.parse(dialled) if _DIALLED.fullmatch(dialled) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError("must be a telephone number with its country's code, such as +12025550123")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _require_country(code: str) -> str:
    if code not in _countries():
        raise ValueError("must be a country's two letters (ISO 3166), such as US")
    return code


def _as_language_tag(tag: str) -> str:
    parts = _LANGUAGE.fullmatch(tag)
    if parts is None:
        raise ValueError("must be a language tag (BCP 47), such as en or pt-BR")
    script, region = parts["script"], parts["region"]
    named = [parts["language"].lower(), script.title() if script else "", region.upper() if region else ""]
    return "-".join(filter(None, named)) + parts["variants"].lower()


def _without_repeats(given: list[str]) -> list[str]:
    kept: dict[str, str] = {}
    for entry in given:
        kept.setdefault(entry.casefold(), entry)
    return list(kept.values())


@functools.cache
def _countries() -> frozenset[str]:
    listed = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab")
    lines = listed.read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


Day = Annotated[date, BeforeValidator(_as_day)]
"""A day of the calendar, YYYY-MM-DD."""
BirthDate = Annotated[Day, AfterValidator(_require_plausible_birth)]
"""A patient's; how young one may be is the operator's setting."""
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_as_e164)]
"""A number that can be called, kept as E.164 however it was spaced."""
Country = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=10), AfterValidator(_require_country)
]
Language = Annotated[str, Field(min_length=2, max_length=35), AfterValidator(_as_language_tag)]
"""A tag of BCP 47 made of language, script, region and variants, in the usual case."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_LINE)]
Lines = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=_LINES)]
Specialties = Annotated[list[Line], Field(max_length=20), AfterValidator(_without_repeats)]
Languages = Annotated[list[Language], Field(max_length=20), AfterValidator(_without_repeats)]


class EmergencyContact(Schema):
    """Whom to call when a patient is in danger, and who they are to the patient."""

    name: str
    phone: str
    relationship: str


class GivenContact(EmergencyContact):
    """As it may come in."""

    name: Name
    phone: Phone
    relationship: Line


def unchanged() -> Any:
    """A field that may be left out and then stays as it is; null is for those whose type allows it."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(stated: dict[str, Any]) -> None:
    stated.pop("default", None)


class PatientDetails(Schema):
    """What a patient's profile says besides what every account has."""

    birth_date: date | None = None
    phone: str | None = None
    country: str | None = None
    emergency_contact: EmergencyContact | None = None
    about: str | None = None


_COLUMNS: Final = {
    "birth_date": "date_of_birth",
    "phone": "phone",
    "emergency_contact": "emergency_contact",
    "about": "about",
}
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "birth_date": date.fromisoformat,
    "emergency_contact": EmergencyContact.model_validate_json,
}


def keep_detail(profile: PatientProfile, field: str, value: Any) -> None:
    """Put a field of PatientDetails, dumped, into its column: sealed with the clinical keys, the country as it is."""
    column = _COLUMNS.get(field)
    if column is None:
        setattr(profile, field, value)
    else:
        setattr(profile, column, None if value is None else _sealed(profile.user_id, column, value))


def details_of(profile: PatientProfile) -> PatientDetails:
    """Everything that a patient told, opened."""
    opened = {field: _opened(profile, field, column) for field, column in _COLUMNS.items()}
    return PatientDetails(country=profile.country, **opened)


def _sealed(user_id: UUID, column: str, value: Any) -> bytes:
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return seal(KeyRing.CLINICAL, text, "patient_profile", column, user_id)


def _opened(profile: PatientProfile, field: str, column: str) -> Any:
    sealed = getattr(profile, column)
    if sealed is None:
        return None
    return _READERS.get(field, str)(unseal(KeyRing.CLINICAL, sealed, "patient_profile", column, profile.user_id))
