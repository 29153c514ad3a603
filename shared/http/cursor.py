"""Opaque cursors of list endpoints: where the page before ended, in a form that clients do not read."""

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import Field

from shared.problems import FieldFault, Unprocessable

PageSize = Annotated[int, Field(ge=1, le=200)]
"""How many items a page holds; 50 where nothing is said."""


def encode(*key: str | int) -> str:
    """A cursor for the sort key of a page's last item."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The sort key in a cursor, of `length` parts. Raises Unprocessable naming `?cursor`."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != length:
        raise unknown_cursor()
    return key


def unknown_cursor() -> Unprocessable:
    """The problem of a cursor that nobody here made."""
    return Unprocessable(errors=[FieldFault("?cursor", "is not one that we gave")])
