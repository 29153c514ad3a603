"""The accounts that every local database has, for signing in by hand."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class SeedAccount:
    """An account of development alone."""

    role: str
    name: str
    email: str
    password: str


ACCOUNTS: Final = (
    SeedAccount("PATIENT", "Pat Example", "patient@bloom.test", "bloom-patient-dev"),
    SeedAccount("THERAPIST", "Theo Example", "therapist@bloom.test", "bloom-therapist-dev"),
    SeedAccount("ADMINISTRATOR", "Ada Example", "administrator@bloom.test", "bloom-administrator-dev"),
)
