"""What an administrator who looks on as somebody may read: these routes and no other, and each look is written down."""

from typing import Final

from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.database.transaction import transaction
from shared.http.endpoint import Endpoint
from shared.problems import Denial, Forbidden
from shared.session import Caller

READABLE: Final = frozenset(
    {
        # Who they are here, and how they sign in.
        "GET /api/auth/session",
        "GET /api/auth/sessions",
        "GET /api/auth/accounts",
        "GET /api/auth/passkeys",
        "GET /api/auth/trusted-devices",
        # What they chose.
        "GET /api/user/settings",
        "GET /api/user/consents",
        "GET /api/user/credentials",
        "GET /api/user/erasure",
        # Times: who meets whom and when, and what is free.
        "GET /api/appointments",
        "GET /api/appointments/{id}",
        "GET /api/appointments/availability",
        "GET /api/therapists/available",
        "GET /api/therapists/{id}/slots",
        "GET /api/waitlist",
    }
)
"""Metadata: no words that somebody wrote, no file, no copy. A route that is not named here is refused."""

CHOICE: Final = "X-Session"
"""The header by which a page says that it asks with the cookie of an impersonation, and not with the person's own."""
IMPERSONATION: Final = "impersonation"
"""What that header says, and the purpose of that cookie (`session.cookie_name`)."""


class NotWhileImpersonating(Forbidden):
    """An administrator who looks on as somebody changes nothing, and reads only what is said above."""

    title = "Only the person themselves can do this"


def refuse_the_rest(endpoint: Endpoint, caller: Caller) -> None:
    """Raises NotWhileImpersonating, which is audited, for whoever looks on as somebody and asks for anything else."""
    if caller.impersonated_by is not None and _route(endpoint) not in READABLE:
        raise NotWhileImpersonating(denial=Denial(_route(endpoint), caller.user_id))


def note_look(endpoint: Endpoint, caller: Caller) -> None:
    """Write down that an administrator looks on as somebody, whatever the route itself writes down."""
    if caller.impersonated_by is not None:
        _note(caller, _route(endpoint))


@transaction
def _note(db: Database, caller: Caller, route: str) -> None:
    looked_on = ("impersonation", caller.session_id)
    audit.record(
        db, Action.IMPERSONATION_LOOKED, subject_id=caller.user_id, resource=looked_on, details={"route": route}
    )


def _route(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"
