"""Every table of every subject, for what has to see the whole schema."""

from shared.database.models import (
    accounts,
    analysis,
    audit_trail,
    care,
    consents,
    credentials,
    delivery,
    files,
    learning,
    messaging,
    outbox_events,
    profiles,
    scheduling,
    trust,
)
from shared.database.models.base import Base

SUBJECTS = (
    accounts,
    credentials,
    profiles,
    care,
    scheduling,
    messaging,
    files,
    analysis,
    learning,
    audit_trail,
    consents,
    trust,
    outbox_events,
    delivery,
)
metadata = Base.metadata
