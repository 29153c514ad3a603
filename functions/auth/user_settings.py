"""GET and PATCH /api/user/settings: which mails somebody gets, and what others see of them."""

from typing import Any

from pydantic.alias_generators import to_camel
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.preferences import Alerts, Notifications, Preferences, Privacy, preferences_of
from shared.problems import FieldFault, Unprocessable
from shared.roles import Role, signed_in
from shared.session import Caller

routes = Routes()


class ShownSettings(Schema):
    """What holds for the caller; only therapists have alerts."""

    notifications: Notifications
    privacy: Privacy
    alerts: Alerts | None


@routes.endpoint("GET /api/user/settings", allow=signed_in, limit=Limit("read-settings", 120, per=60))
def read_settings(caller: Caller) -> ShownSettings:
    """The caller's settings, with what holds where they chose nothing."""
    return settings_of(caller)


@routes.endpoint("PATCH /api/user/settings", allow=signed_in, limit=Limit("change-settings", 30, per=60))
def change_settings(caller: Caller, changes: Preferences) -> ShownSettings:
    """Change some of the caller's settings; what is left out, whole groups too, stays as it is."""
    if "alerts" in changes.model_fields_set and caller.role is not Role.THERAPIST:
        raise Unprocessable(errors=[FieldFault("/alerts", "is for therapists")])
    return keep_settings(caller, changes.model_dump(exclude_unset=True))


@transaction
def settings_of(db: Database, caller: Caller) -> ShownSettings:
    """Read them."""
    return _shown(caller, preferences_of(db.get_one(User, caller.user_id).preferences))


@transaction
def keep_settings(db: Database, caller: Caller, changes: dict[str, dict[str, Any]]) -> ShownSettings:
    """Keep what was chosen, beside what was chosen before."""
    user = db.get_one(User, caller.user_id)
    before = preferences_of(user.preferences)
    merged = {group: {**user.preferences.get(group, {}), **chosen} for group, chosen in changes.items()}
    user.preferences = {**user.preferences, **merged}
    after = preferences_of(user.preferences)
    changed = _differences(before, after)
    if changed:
        audit.record(db, Action.SETTINGS_CHANGED, subject_id=user.id, details={"fields": changed})
    return _shown(caller, after)


def _differences(before: Preferences, after: Preferences) -> list[str]:
    return [
        f"{group}.{to_camel(setting)}"
        for group in Preferences.model_fields
        for setting in type(getattr(after, group)).model_fields
        if getattr(getattr(before, group), setting) != getattr(getattr(after, group), setting)
    ]


def _shown(caller: Caller, holding: Preferences) -> ShownSettings:
    alerts = holding.alerts if caller.role is Role.THERAPIST else None
    return ShownSettings(notifications=holding.notifications, privacy=holding.privacy, alerts=alerts)
