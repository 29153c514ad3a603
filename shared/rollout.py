"""Whose messages go to the model that is tried: read from the rollout's row, and remembered for five seconds."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from shared.clock import now
from shared.database.models.learning import ModelVersion, Rollout, RolloutStatus
from shared.database.transaction import look_up
from shared.inference import Challenger
from shared.problems import Unavailable

REMEMBERED: Final = timedelta(seconds=5)


@dataclass(frozen=True)
class Trial:
    """A challenger, and how many percent of patients it answers."""

    rollout_id: UUID
    percent: int
    challenger: Challenger


@dataclass(frozen=True)
class _Known:
    trial: Trial | None
    until: datetime


_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_known = _Known(None, _LONG_AGO)


def challenger_for(patient_id: UUID) -> Challenger | None:
    """The model that this patient's messages go to instead of the stable one, the same for the whole rollout.

    None where the row cannot be read, too.
    """
    trial = _present()
    return trial.challenger if trial and place_of(trial.rollout_id, patient_id) < trial.percent else None


def place_of(rollout_id: UUID, patient_id: UUID) -> int:
    """Where a patient stands in a rollout, from 0 to 99: an HMAC under the rollout's id gives each its own order.

    Whoever is below ten percent is below fifty as well, and nobody is the first in every rollout.
    """
    return int.from_bytes(hmac.digest(rollout_id.bytes, patient_id.bytes, "sha256")[:8]) % 100


def forget() -> None:
    """Read the row anew at the next question."""
    global _known  # noqa: PLW0603 - a cache of one
    _known = _Known(None, _LONG_AGO)


def _present() -> Trial | None:
    global _known  # noqa: PLW0603
    moment = now()
    known = _known
    if known.until <= moment:
        known = _Known(_read(), moment + REMEMBERED)
        _known = known
    return known.trial


def _read() -> Trial | None:
    query = (
        select(Rollout.id, Rollout.percent, Rollout.address, ModelVersion.name)
        .join(ModelVersion, ModelVersion.id == Rollout.challenger_id)
        .where(Rollout.status == RolloutStatus.ACTIVE, Rollout.percent > 0, Rollout.address.is_not(None))
    )
    try:
        found = look_up(query, {})
    except Unavailable:
        return None
    return next((Trial(id, percent, Challenger(address, name)) for id, percent, address, name in found), None)
