"""What a therapist may judge: the analyses of what their own patients wrote, and who else may not know of them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.audit import Details
from shared.audit_actions import Action
from shared.database.models.analysis import Label, MessageAnalysis
from shared.problems import Denial, NotFound
from shared.session import Caller


@dataclass(frozen=True)
class Judged:
    """An analysis that the caller may judge."""

    id: UUID
    patient_id: UUID
    label: Label


def judged_analysis(
    db: Database, caller: Caller, analysis_id: UUID, *, action: Action, details: Details | None = None
) -> Judged:
    """The analysis, if the caller may read its conversation now; that one's loader leaves the audit entry.

    Raises NotFound, LicenceNotVerified, which are audited too.
    """
    found = db.execute(
        select(
            MessageAnalysis.conversation_id,
            MessageAnalysis.message_id,
            MessageAnalysis.patient_id,
            MessageAnalysis.label,
        ).where(MessageAnalysis.id == analysis_id)
    ).one_or_none()
    if found is None:
        access.require_licence(db, caller, action=action, resource_id=analysis_id)
        raise NotFound(denial=Denial(action, resource_id=analysis_id))
    access.conversation(db, caller, found.conversation_id, action=action, message_id=found.message_id, details=details)
    return Judged(analysis_id, found.patient_id, found.label)
