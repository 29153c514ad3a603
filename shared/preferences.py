"""What people chose for themselves: which mails they get, and what others in a conversation see of them."""

from collections.abc import Mapping
from typing import Any

from shared.contract import Schema


class Notifications(Schema):
    """Which mails somebody gets besides those that an account cannot do without."""

    email_day_before: bool = True
    """A reminder 24 hours before an appointment."""
    email_hour_before: bool = True
    """A reminder one hour before."""
    email_new_messages: bool = True
    """That there is something to read, never what it says."""


class Privacy(Schema):
    """What the other person in a conversation sees."""

    typing_visible: bool = True
    read_receipts_visible: bool = True
    presence_visible: bool = True


class Alerts(Schema):
    """How a therapist is told of risk besides the alert in the application, which nobody can turn off."""

    email_risk_alerts: bool = True


class Preferences(Schema):
    """Everything, with what holds where nobody chose: `user.preferences` keeps only what was chosen."""

    notifications: Notifications = Notifications()
    privacy: Privacy = Privacy()
    alerts: Alerts = Alerts()


def preferences_of(chosen: Mapping[str, Any]) -> Preferences:
    """What holds for somebody, of `user.preferences`; what an earlier version kept and this one does not know is left
    aside."""
    return Preferences.model_validate(chosen, extra="ignore")
