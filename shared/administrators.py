"""Somebody always administers: whoever would be the last one to go stays."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared.database.models.accounts import User, UserStatus
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.problems import Conflict
from shared.roles import Role


class LastAdministrator(Conflict):
    """Without this account nobody could administer anything."""

    title = "This is the last administrator; please make somebody else one first"


def require_another(db: Database, administrator_id: UUID) -> None:
    """Before an administrator goes. Raises LastAdministrator.

    Whoever is leaving themselves does not count as another. The transaction is serializable: of two that go at once,
    one begins again and finds nobody else.
    """
    leaving = exists().where(
        ErasureRequest.user_id == User.id,
        ErasureRequest.status.in_((ErasureStatus.PENDING, ErasureStatus.HELD, ErasureStatus.RUNNING)),
    )
    others = select(User.id).where(
        User.role == Role.ADMINISTRATOR,
        User.status == UserStatus.ACTIVE,
        User.is_synthetic.is_(False),
        User.id != administrator_id,
        ~leaving,
    )
    if db.scalar(others.limit(1)) is None:
        raise LastAdministrator
