"""The three roles, and the rules a route states about who may call it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What an account is; nothing but an administrator's decision changes it."""

    PATIENT = "PATIENT"
    THERAPIST = "THERAPIST"
    ADMINISTRATOR = "ADMINISTRATOR"

    @property
    def is_staff(self) -> bool:
        """Staff sessions are shorter and two-factor may be mandatory."""
        return self is not Role.PATIENT


@dataclass(frozen=True)
class Allow:
    """Who may call a route: anyone, the named roles, or one of our own service accounts."""

    name: str
    roles: frozenset[Role] = frozenset()
    without_session: bool = False
    service_account: str | None = None
    """The attribute of the settings that names the only account let in."""


anyone: Final = Allow("anyone", without_session=True)
signed_in: Final = Allow("signed in", roles=frozenset(Role))
patients: Final = Allow("patients", roles=frozenset({Role.PATIENT}))
therapists: Final = Allow("therapists", roles=frozenset({Role.THERAPIST}))
patients_and_therapists: Final = Allow("patients and therapists", roles=frozenset({Role.PATIENT, Role.THERAPIST}))
therapists_and_administrators: Final = Allow(
    "therapists and administrators", roles=frozenset({Role.THERAPIST, Role.ADMINISTRATOR})
)
administrators: Final = Allow("administrators", roles=frozenset({Role.ADMINISTRATOR}))
pubsub: Final = Allow("Pub/Sub", without_session=True, service_account="push_service_account")
scheduler: Final = Allow("Cloud Scheduler", without_session=True, service_account="scheduler_service_account")
