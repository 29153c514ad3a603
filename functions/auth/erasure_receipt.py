"""What an erasure leaves with the person: what is gone, what stays until when, and the number to ask by."""

from datetime import datetime
from uuid import UUID

from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.trust import ErasureRequest
from shared.roles import Role

from .notice_words import ReceiptWords
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


def receipt_in_words(receipt: Receipt, words: ReceiptWords) -> str:
    """The receipt as the mail tells it, in these words."""
    lines = (words.kept[kept.kind].format(until=_until(kept, words)) for kept in receipt.kept)
    return words.words.format(
        asked=words.day(receipt.requested_at),
        erased=words.day(receipt.erased_at),
        kept="\n\n".join(lines),
        number=receipt.record_number,
    )


def _until(kept: Kept, words: ReceiptWords) -> str:
    return words.until.format(day=words.day(kept.until)) if kept.until else ""
