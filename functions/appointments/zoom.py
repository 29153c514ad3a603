"""Zoom as appointments speak to it: whose meetings can be made, and making, moving, finding and removing them.

https://developers.zoom.us/docs/api/meetings/ ; nothing that names or describes a person is sent.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.settings import settings
from shared.telemetry import log

from . import zoom_pauses
from .zoom_access import AccessTokens, Credentials
from .zoom_calls import Answer, Budget, MeetingRuns, ZoomAway, ZoomRefused, ask

__all__ = ["Budget", "MeetingRuns", "Plan", "Registrant", "Room", "Zoom", "ZoomAway", "ZoomRefused", "ZoomUser", "zoom"]

TOPIC: Final = "Appointment"
GUEST: Final = "Guest"
SCHEDULED: Final = 2
REGISTRATION_NONE: Final = 2
PAGE_SIZE: Final = 300

# Codes of its answers (https://developers.zoom.us/docs/api/errors/ and each endpoint's own list).
INVALID_TOKEN: Final = 124
NO_MEETING: Final = 3001
IN_PROGRESS: Final = 3002
HAS_ENDED: Final = 3007
NO_SUCH_USER: Final = frozenset({1001, 1010, 1120})
_NOT_FOUND_OR_EXPIRED: Final = "not found or has expired"
_SCOPES_MISSING: Final = frozenset({104, 4700, 4711})

SETTINGS: Final[dict[str, Any]] = {
    "waiting_room": True,
    "join_before_host": False,
    "use_pmi": False,
    "approval_type": 0,  # whoever is registered is let in, by an address of their own
    "registration_type": 1,
    "registrants_email_notification": False,
    "registrants_confirmation_email": False,
    "email_notification": False,
    "show_share_button": False,
    "auto_recording": "none",
    "auto_start_meeting_summary": False,
    "auto_start_ai_companion_questions": False,
}


@dataclass(frozen=True)
class Plan:
    """When a meeting takes place, and our own opaque name for it."""

    start_at: datetime
    end_at: datetime
    reference: str

    def as_json(self) -> dict[str, Any]:
        """Its time as Zoom wants it: UTC, and whole minutes."""
        return {
            "start_time": self.start_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration": ceil((self.end_at - self.start_at) / timedelta(minutes=1)),
            "timezone": "UTC",
        }


class _Said(BaseModel):
    """What Zoom says: what is not asked for is passed over, and no value is repeated in an error."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)


Said = TypeVar("Said", bound=_Said)


class ZoomUser(_Said):
    """Somebody in our Zoom account."""

    id: str = Field(min_length=1)
    email: str = ""
    status: str = "active"


class Room(_Said):
    """A meeting at Zoom. Its URLs open it: they are nobody else's to see, and no log's."""

    id: int
    uuid: str = ""
    host_id: str = ""
    agenda: str = ""
    start_time: datetime | None = None
    """UTC."""
    duration: int | None = None
    """Minutes."""
    created_at: datetime | None = None
    join_url: str = Field("", repr=False)
    start_url: str = Field("", repr=False)
    """The host's, which works for two hours; an answer to a list has none."""

    def is_at(self, plan: Plan) -> bool:
        """Whether it takes place when it should."""
        wanted = plan.as_json()
        return self.start_time == datetime.fromisoformat(wanted["start_time"]) and self.duration == wanted["duration"]


class Registrant(_Said):
    """Somebody who was registered for a meeting, with an address that opens it for them alone."""

    registrant_id: str
    join_url: str = Field(min_length=1, repr=False)


class _Page(_Said):
    meetings: list[Room]
    next_page_token: str = ""


class Zoom(Protocol):
    """Where meetings are held. Every method may raise ZoomAway; what else, it says."""

    def user(self, id_or_email: str, budget: Budget) -> ZoomUser | None:
        """Somebody of our account, by Zoom's id or by address."""

    def create(self, host_id: str, plan: Plan, budget: Budget) -> Room:
        """A new meeting of this host's. Raises ZoomRefused."""

    def room(self, meeting_id: str, budget: Budget) -> Room | None:
        """A meeting as it is, with a fresh start URL; None where it is gone. Raises ZoomRefused."""

    def move(self, meeting_id: str, host_id: str | None, plan: Plan, budget: Budget) -> bool:
        """Give a meeting another time; whether it was there. Raises ZoomRefused."""

    def register(self, meeting_id: str, email: str, budget: Budget) -> Registrant | None:
        """Let somebody in by an address of their own; None where this host's meetings have no registration.

        The same e-mail gives the same registrant. Raises ZoomRefused where the meeting is gone.
        """

    def open_to_link(self, meeting_id: str, host_id: str | None, budget: Budget) -> bool:
        """Let in whoever has the link, into the waiting room; whether the meeting was there. Raises ZoomRefused."""

    def remove(self, meeting_id: str, budget: Budget) -> None:
        """Delete a meeting; one that is gone already is as good. Raises ZoomRefused."""

    def scheduled(self, host_id: str, budget: Budget) -> Iterator[Room]:
        """A host's meetings that are not over, page by page as they are looked at. Raises ZoomRefused."""


def zoom() -> Zoom | None:
    """Zoom as the settings name it, or None where no app of ours is registered there."""
    given = settings()
    app = Credentials(given.zoom_account_id, given.zoom_meetings_client_id, given.zoom_meetings_client_secret)
    if not (app.account_id and app.client_id):
        return None
    return _rest_zoom(given.zoom_api_url, given.zoom_sign_in_url, app)


@functools.cache
def _rest_zoom(api_url: str, sign_in_url: str, app: Credentials) -> "RestZoom":
    return RestZoom(api_url, AccessTokens(app, sign_in_url))


class RestZoom:
    """Zoom's REST API, version 2. See Zoom for what its methods do."""

    def __init__(self, api_url: str, tokens: AccessTokens) -> None:
        """`api_url` is where `/v2/…` is."""
        self._api_url = api_url
        self._tokens = tokens

    def user(self, id_or_email: str, budget: Budget) -> ZoomUser | None:
        """See Zoom."""
        try:
            return _read(ZoomUser, self._ask("GET", f"/users/{_part(id_or_email)}", budget))
        except ZoomRefused as refused:
            if refused.code in NO_SUCH_USER or refused.status == 404:
                return None
            raise

    def create(self, host_id: str, plan: Plan, budget: Budget) -> Room:
        """See Zoom."""
        body = {"topic": TOPIC, "type": SCHEDULED, "agenda": plan.reference, "settings": SETTINGS, **plan.as_json()}
        return _read(Room, self._ask("POST", f"/users/{_part(host_id)}/meetings", budget, host_id=host_id, json=body))

    def room(self, meeting_id: str, budget: Budget) -> Room | None:
        """See Zoom."""
        try:
            return _read(Room, self._ask("GET", f"/meetings/{_part(meeting_id)}", budget))
        except ZoomRefused as refused:
            if is_gone(refused):
                return None
            raise

    def move(self, meeting_id: str, host_id: str | None, plan: Plan, budget: Budget) -> bool:
        """See Zoom."""
        return self._change(meeting_id, host_id, plan.as_json(), budget)

    def register(self, meeting_id: str, email: str, budget: Budget) -> Registrant | None:
        """See Zoom."""
        body = {"email": email, "first_name": GUEST}
        try:
            return _read(Registrant, self._ask("POST", f"/meetings/{_part(meeting_id)}/registrants", budget, json=body))
        except ZoomRefused as refused:
            if is_gone(refused) or refused.code in NO_SUCH_USER:
                raise
            return None

    def open_to_link(self, meeting_id: str, host_id: str | None, budget: Budget) -> bool:
        """See Zoom."""
        return self._change(meeting_id, host_id, {"settings": {"approval_type": REGISTRATION_NONE}}, budget)

    def remove(self, meeting_id: str, budget: Budget) -> None:
        """See Zoom."""
        quietly = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
        try:
            self._ask("DELETE", f"/meetings/{_part(meeting_id)}", budget, query=quietly)
        except ZoomRefused as refused:
            if refused.code == IN_PROGRESS:
                raise MeetingRuns("it can be removed later") from None
            if not is_gone(refused) and refused.code != HAS_ENDED:
                raise

    def scheduled(self, host_id: str, budget: Budget) -> Iterator[Room]:
        """See Zoom."""
        query = {"type": "scheduled", "page_size": str(PAGE_SIZE)}
        while True:
            page = _read(_Page, self._ask("GET", f"/users/{_part(host_id)}/meetings", budget, query=query))
            yield from page.meetings
            if not page.next_page_token:
                return
            query["next_page_token"] = page.next_page_token

    def _change(self, meeting_id: str, host_id: str | None, body: dict[str, Any], budget: Budget) -> bool:
        try:
            self._ask("PATCH", f"/meetings/{_part(meeting_id)}", budget, host_id=host_id, json=body)
        except ZoomRefused as refused:
            if is_gone(refused):
                return False
            raise
        return True

    def _ask(
        self,
        method: str,
        path: str,
        budget: Budget,
        *,
        host_id: str | None = None,
        query: dict[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        zoom_pauses.require_none(host_id)
        answer = self._ask_once(method, path, budget, query, json)
        if answer.status == 401 and answer.code == INVALID_TOKEN:  # revoked before its time: once more with another
            answer = self._ask_once(method, path, budget, query, json)
        if answer.status == 429:
            zoom_pauses.remember(answer, host_id)
            raise ZoomAway("too many requests")
        if answer.status in (401, 403) or answer.code in _SCOPES_MISSING:
            log("zoom-refuses-our-app", severity="ERROR", status=answer.status, code=answer.code)
            raise ZoomAway(f"status {answer.status}")
        if answer.status >= 300:
            raise ZoomRefused(answer.status, answer.code, answer.message)
        return answer

    def _ask_once(self, method: str, path: str, budget: Budget, query: dict[str, str] | None, json: object) -> Answer:
        token = self._tokens.current(budget)
        headers = {"Authorization": f"Bearer {token}"}
        answer = ask(method, f"{self._api_url}/v2{path}", budget, headers=headers, query=query, json=json)
        if answer.status == 401 and answer.code == INVALID_TOKEN:
            self._tokens.drop(token)
        return answer


def is_gone(refused: ZoomRefused) -> bool:
    """Whether Zoom refused because there is no such meeting (any more)."""
    if refused.code in NO_SUCH_USER:
        return False
    return refused.code == NO_MEETING or refused.status == 404 or _NOT_FOUND_OR_EXPIRED in refused.message


def _read(model: type[Said], answer: Answer) -> Said:
    try:
        return model.model_validate(answer.body)
    except ValidationError:
        raise ZoomAway("an answer of another form") from None


def _part(value: str) -> str:
    return quote(value, safe="")
