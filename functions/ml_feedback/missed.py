"""What a model misses: of the random share of what it did not flag, what therapists say calls for help."""

from math import sqrt
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.analysis import Label, MessageAnalysis
from shared.database.models.learning import MLFeedback

from .model_figures import Estimate
from .review_queue import is_in_the_sample

RISK: Final = Label.SUICIDAL
NORMAL_95: Final = 1.96


class MissedInSample(Schema):
    """Of one version's messages in the random share, how many were judged, and how many of those it missed.

    `share` goes for all that the version does not flag: with its rate of messages it says how many go unseen. It is as
    fair as the draw: what a therapist answers in the conversation instead of the queue is counted too.
    """

    model_version: str
    judged: int
    missed: int
    share: Estimate


def missed_in_sample(db: Database) -> list[MissedInSample]:
    """By version, in the order of their names; those of whose share nothing was judged are left out."""
    risk = func.count().filter(MLFeedback.corrected_label == RISK)
    query = (
        select(MessageAnalysis.model_version, func.count(), risk)
        .join(MLFeedback, MLFeedback.analysis_id == MessageAnalysis.id)
        .where(is_in_the_sample())
        .group_by(MessageAnalysis.model_version)
        .order_by(MessageAnalysis.model_version)
    )
    return [
        MissedInSample(model_version=version, judged=judged, missed=missed, share=_share(missed, judged))
        for version, judged, missed in db.execute(query)
    ]


def _share(part: int, whole: int) -> Estimate:
    """With Wilson's interval, which says something where nothing was missed so far."""
    spread = NORMAL_95**2 / whole
    seen = part / whole
    middle = seen + spread / 2
    reach = NORMAL_95 * sqrt(seen * (1 - seen) / whole + spread / (4 * whole))
    lower, upper = ((middle + sign * reach) / (1 + spread) for sign in (-1, 1))
    return Estimate(value=round(seen, 4), lower=round(max(lower, 0.0), 4), upper=round(min(upper, 1.0), 4))
