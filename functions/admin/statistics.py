"""GET /api/admin/stats: the numbers of the dashboard, counted at most once in five minutes by whoever comes first."""

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared import session
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.analysis import RiskEvent, RiskStatus
from shared.database.models.base import Base
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.redis import RedisAway, Script, ask
from shared.roles import Role, administrators

routes = Routes()

CACHE_KEY: Final = "cached:admin:stats"
SECONDS_CACHED: Final = 300
MEETS: Final = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.IN_SESSION,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.NO_SHOW,
)
UNRESOLVED: Final = tuple(status for status in RiskStatus if status is not RiskStatus.RESOLVED)
LOCK_KEY: Final = "counting:admin:stats"
# Longer than counting takes; who dies over it holds the others up no longer.
SECONDS_LOCKED: Final = 10
LOOKS: Final = 40
SECONDS_BETWEEN_LOOKS: Final = 0.05

_release: Final = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")
_counting: Final = threading.Lock()
"""Those who ask this instance at once wait here, and not all of them at Redis."""


class _Latest:
    """What this instance counted last: where Redis is away, those who waited for just that are answered with it."""

    def __init__(self) -> None:
        self._found: Statistics | None = None
        self._finished = 0.0

    def keep(self, found: "Statistics") -> "Statistics":
        """Just counted."""
        self._found, self._finished = found, time.monotonic()
        return found

    def since(self, moment: float) -> "Statistics | None":
        """What was ready after a moment of the monotonic clock, if anything."""
        return self._found if self._finished >= moment else None


_latest: Final = _Latest()


class Statistics(Schema):
    """Everything counted at one moment, `cachedAt` (UTC); days are UTC's. Accounts that are nobody's do not count."""

    total_users: int
    therapists: int
    patients: int
    administrators: int
    new_users_last7_days: int
    active_sessions: int
    """Sign-ins that have not ended."""
    therapists_awaiting_verification: int
    appointments_today: int
    """Those that begin today and were not called off."""
    messages_today: int
    open_risk_events: int
    """Alerts that are not resolved."""
    model_accuracy: float | None
    """Percent of therapists' answers of the last 30 days that say the model was right; null where there are none."""
    cached_at: datetime


@routes.endpoint("GET /api/admin/stats", allow=administrators, limit=Limit("admin-stats", 120, per=60))
def read_statistics() -> Statistics:
    """The numbers as they were at most five minutes ago."""
    found = _cached()
    if found is not None:
        return found
    asked = time.monotonic()
    with _counting:
        return _cached() or _latest.since(asked) or _latest.keep(_counted_once())


def _counted_once() -> Statistics:
    """Count, unless another instance does: then wait a little for what it finds."""
    mine = secrets.token_hex(8)
    try:
        if not ask(lambda redis: redis.set(LOCK_KEY, mine, nx=True, ex=SECONDS_LOCKED)):
            return _found_by_another() or _kept(counted())
    except RedisAway:
        return counted()
    try:
        return _kept(counted())
    finally:
        _let_go(mine)


def _found_by_another() -> Statistics | None:
    for _ in range(LOOKS):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        found = _cached()
        if found is not None:
            return found
    return None


def _cached() -> Statistics | None:
    try:
        entry = ask(lambda redis: redis.get(CACHE_KEY))
        return Statistics.model_validate_json(entry) if entry else None
    except (RedisAway, ValidationError):  # an entry of an earlier version of this answer is no answer
        return None


def _kept(found: Statistics) -> Statistics:
    try:
        ask(lambda redis: redis.set(CACHE_KEY, found.model_dump_json(by_alias=True), ex=SECONDS_CACHED))
    except RedisAway:
        return found
    return found


def _let_go(mine: str) -> None:
    try:
        _release([LOCK_KEY], [mine])
    except RedisAway:
        return


@transaction
def counted(db: Database) -> Statistics:
    """Count everything, each with one query over an index."""
    moment = now()
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = (midnight, midnight + timedelta(days=1))
    by_role = _accounts_by_role(db)
    return Statistics(
        total_users=sum(by_role.values()),
        therapists=by_role.get(Role.THERAPIST, 0),
        patients=by_role.get(Role.PATIENT, 0),
        administrators=by_role.get(Role.ADMINISTRATOR, 0),
        new_users_last7_days=_count(db, User, _is_somebody(), User.created_at > moment - timedelta(days=7)),
        active_sessions=_open_sessions(db),
        therapists_awaiting_verification=_count(
            db, TherapistProfile, TherapistProfile.credentials_status == CredentialsStatus.PENDING
        ),
        appointments_today=_count(
            db,
            Appointment,
            Appointment.start_at >= day[0],
            Appointment.start_at < day[1],
            Appointment.status.in_(MEETS),
        ),
        messages_today=_count(db, Message, *_within(Message.sent_at, day)),
        open_risk_events=_count(
            db,
            RiskEvent,
            RiskEvent.alert_id.is_(None),
            RiskEvent.status.in_(UNRESOLVED),
            is_of_somebody(RiskEvent.patient_id),
        ),
        model_accuracy=_accuracy(db, moment - timedelta(days=30)),
        cached_at=moment,
    )


def is_of_somebody(column: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Whether what a column names is a person: nobody's accounts try every few minutes whether alerts arrive."""
    return column.not_in(select(User.id).where(User.is_synthetic))


def _is_somebody() -> ColumnElement[bool]:
    return and_(User.status != UserStatus.ERASED, User.is_synthetic.is_(False))


def _accounts_by_role(db: Database) -> dict[Role, int]:
    counts = select(User.role, func.count()).where(_is_somebody()).group_by(User.role)
    return dict(db.execute(counts).tuples().all())


def _open_sessions(db: Database) -> int:
    """Each session's user is looked up; joined, the database would rather read all users there are."""
    by_role = or_(*(and_(User.role == role, session.is_open(role)) for role in Role))
    somebodys = (User.id == Session.user_id, User.status == UserStatus.ACTIVE, User.is_synthetic.is_(False))
    is_open = select(by_role).where(*somebodys).correlate(Session).scalar_subquery()
    in_any_role = or_(*(session.is_open(role) for role in Role))
    return _count(db, Session, in_any_role, Session.impersonated_by.is_(None), is_open)


def _count(db: Database, model: type[Base], *conditions: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def _within(
    moment: InstrumentedAttribute[datetime], day: tuple[datetime, datetime]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= day[0], moment < day[1]


def _accuracy(db: Database, since: datetime) -> float | None:
    share = func.avg(case((MLFeedback.is_correct, 100.0), else_=0.0))
    found = db.scalar(select(share).where(MLFeedback.created_at > since))
    return None if found is None else round(float(found), 2)
