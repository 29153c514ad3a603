"""POST /api/internal/auth/erasures: what is due is erased step by step; whatever stops it, it goes on where it was."""

from collections.abc import Iterator
from typing import Final

from shared.contract import Schema
from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log

from .erasure_claims import Claimed, Halted, claim_next

routes = Routes()

CLAIMED_AT_MOST: Final = 200
"""By one call; the others are as due at the next."""


class Erasures(Schema):
    """What one call did: people erased, records removed, requests that failed and will be tried again, expired rows."""

    erased: int
    records_removed: int
    failed: int
    expired_rows: int


@routes.endpoint("POST /api/internal/auth/erasures", allow=scheduler)
def run_erasures() -> Erasures:
    """Erase whoever is due, remove the records whose retention has ended, and rows that have expired."""
    from .expired_rows import remove_expired  # with the models of every table, only where the job runs

    ended = [_work_on(claimed) for claimed in _claims()]
    return Erasures(
        erased=ended.count("erased"),
        records_removed=ended.count("removed"),
        failed=ended.count("failed"),
        expired_rows=remove_expired(),
    )


def _claims() -> Iterator[Claimed]:
    for _ in range(CLAIMED_AT_MOST):
        claimed = claim_next()
        if claimed is None:
            return
        yield claimed


def _work_on(claimed: Claimed) -> str:
    """Do the steps that are due; one request's failure is no other's. Raises Unavailable."""
    from .erasure_steps import erase, remove_record  # likewise

    try:
        if claimed.identity_is_gone:
            remove_record(claimed)
            return "removed"
        erase(claimed)
        return "erased"
    except Unavailable:
        raise
    except Halted:
        return "halted"
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are due as well
        log("erasure-failed", severity="ERROR", request=str(claimed.id), error=type(error).__name__)
        return "failed"
