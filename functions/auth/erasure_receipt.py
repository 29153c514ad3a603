"""What an erasure leaves with the person: what is gone, what stays until when, and the number to ask by."""

from datetime import datetime
from uuid import UUID

from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.trust import ErasureRequest
from shared.roles import Role

from .retention import Kept, kept_after


class Receipt(Schema):
    """The receipt, which names nobody; `record_number` is how the record can still be asked for."""

    record_number: UUID
    requested_at: datetime
    erased_at: datetime
    kept: list[Kept]


def receipt_for(user: User, request: ErasureRequest, *, erased_at: datetime, until: datetime) -> Receipt:
    """The receipt of an erasure that ends now."""
    return Receipt(
        record_number=user.id,
        requested_at=request.requested_at,
        erased_at=erased_at,
        kept=kept_after(Role(user.role), until),
    )


def receipt_in_words(receipt: Receipt) -> str:
    """The receipt as the mail tells it."""
    stays = "\n\n".join(f"{kept.what}{_until(kept)}. {kept.why}" for kept in receipt.kept)
    return (
        f"as you asked on {receipt.requested_at:%-d %B %Y}, your account was erased on {receipt.erased_at:%-d %B %Y}: "
        "your name, your address, your profile, and every way to sign in are gone. This is the last mail you get from "
        f"us.\n\nWhat stays:\n\n{stays}\n\nYour record's number is {receipt.record_number}. Please keep it: without "
        "your name, it is the only way to find your record."
    )


def _until(kept: Kept) -> str:
    return f", until {kept.until:%-d %B %Y}" if kept.until else ""
