"""Which path prefix goes to which deployable: feeds the load balancer, the local gateway and a test.

The longest prefix wins. Nothing under /api/internal/ is ever routed from outside.
"""

from typing import Final

INTERNAL_PREFIX: Final = "/api/internal/"

ROUTES: Final[dict[str, str]] = {
    "/api/auth": "auth",
    "/api/user": "auth",
    "/api/therapists": "appointments",
    "/api/appointments": "appointments",
    "/api/care-relationships": "appointments",
    "/api/waitlist": "appointments",
    "/api/webhooks/zoom": "appointments",
    "/api/conversations": "messages",
    "/api/messages": "messages",
    "/api/files": "messages",
    "/api/alerts": "messages",
    "/api/admin": "admin",
    "/api/admin/patients": "messages",  # an opened record is read where the keys to it are
    "/api/openapi.json": "admin",
    "/api/vitals": "admin",
    "/api/ml": "ml_feedback",
    "/socket.io": "realtime",
}


def deployable_for(path: str) -> str | None:
    """The deployable that answers a path, or None where the web client or a 404 does."""
    if path.startswith(INTERNAL_PREFIX):
        return None
    owners = [prefix for prefix in ROUTES if path == prefix or path.startswith(prefix + "/")]
    return ROUTES[max(owners, key=len)] if owners else None
