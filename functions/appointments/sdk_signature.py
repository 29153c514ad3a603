"""What a page needs to hold a meeting itself, by Zoom's Meeting SDK, and the key by which Zoom tells of who did.

https://developers.zoom.us/docs/meeting-sdk/auth/
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.settings import settings

PARTICIPANT: Final = 0
HOST: Final = 1
SHORTEST: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=48)
"""Zoom accepts no signature for less, or for more."""
KEY_LENGTH: Final = 32
"""Zoom keeps 35 characters of a customer key."""


def is_offered() -> bool:
    """Whether meetings can be held within a page of ours."""
    return bool(settings().zoom_sdk_key and settings().zoom_sdk_secret)


def customer_key(appointment_id: UUID, user_id: UUID) -> str:
    """What Zoom calls a person in its notices of this one meeting: nobody else can know it, and it says nothing."""
    whose = appointment_id.bytes + user_id.bytes
    return hmac.new(settings().zoom_sdk_secret.encode(), whose, hashlib.sha256).hexdigest()[:KEY_LENGTH]


def signature(meeting_number: str, role: int, moment: datetime, until: datetime) -> str:
    """A token that opens one meeting in one role, until then or for as short as Zoom accepts."""
    from joserfc import jwt  # few requests sign one
    from joserfc.jwk import OctKey

    key, issued_at = settings().zoom_sdk_key, int(moment.timestamp())
    ends_at = issued_at + int(min(max(until - moment, SHORTEST), LONGEST).total_seconds())
    claims = {
        "appKey": key,
        "sdkKey": key,
        "mn": meeting_number,
        "role": role,
        "iat": issued_at,
        "exp": ends_at,
        "tokenExp": ends_at,
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(settings().zoom_sdk_secret))
