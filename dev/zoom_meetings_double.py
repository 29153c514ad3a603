"""Zoom's REST API for meetings on this machine: server-to-server tokens, users, meetings, registrants, its refusals.

https://developers.zoom.us/docs/api/meetings/ and https://developers.zoom.us/docs/internal-apps/s2s-oauth/
"""

import base64
import hmac
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from dev.sign_in_pages import Asked, Reply
from dev.zoom_state import Meeting, Registrant, ZoomState, ZoomUser
from dev.zoom_troubles import fault, said

TOKEN_SECONDS: Final = 3600
START_URL_SECONDS: Final = 7200
CHANGES_A_DAY: Final = 100
REGISTRATIONS_A_DAY: Final = 3
BAD, GONE = "400 Bad Request", "404 Not Found"
SCOPE: Final = (
    "user:read:user:admin meeting:read:meeting:admin meeting:read:list_meetings:admin meeting:write:meeting:admin "
    "meeting:write:registrant:admin meeting:update:meeting:admin meeting:delete:meeting:admin"
)


class _Refused(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class ZoomMeetings:
    """Answers as zoom.us gives server-to-server tokens, and api.zoom.us speaks of meetings."""

    def __init__(self, state: ZoomState, account_id: str, client_id: str, client_secret: str) -> None:
        """The app that is registered in the account."""
        self._state = state
        self._account_id = account_id
        self._basic = "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._tokens: dict[str, float] = {}
        self._zaks: dict[str, tuple[int, float]] = {}
        self._changes: Counter[tuple[str, str]] = Counter()
        self._registrations: Counter[tuple[int, str, str]] = Counter()

    def token(self, asked: Asked) -> Reply:
        """`POST /oauth/token?grant_type=account_credentials`."""
        if not hmac.compare_digest(asked.authorization.encode(), self._basic.encode()):
            return said(BAD, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        if {**asked.query, **asked.form}.get("account_id") != self._account_id:
            return said(BAD, {"reason": "Bad Request", "error": "invalid_request"})
        token = secrets.token_urlsafe(48)
        with self._state.lock:
            self._tokens[token] = time.time() + TOKEN_SECONDS
        return said(
            "200 OK",
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": TOKEN_SECONDS - 1,
                "scope": SCOPE,
                "api_url": f"http://{asked.host}",
            },
        )

    def revoke_tokens(self) -> None:
        """Those that were given work no more."""
        with self._state.lock:
            self._tokens.clear()

    def forget(self) -> None:
        """Tokens and what was counted."""
        with self._state.lock:
            for kept in (self._tokens, self._zaks, self._changes, self._registrations):
                kept.clear()

    def is_start_of(self, zak: str, meeting_id: int) -> bool:
        """Whether a start URL's token opens this meeting now."""
        known, ends_at = self._zaks.get(zak, (0, 0.0))
        return known == meeting_id and time.time() < ends_at

    def answer(self, asked: Asked) -> Reply:
        """One request to `/v2`."""
        routes: tuple[tuple[str, Callable[..., Reply]], ...] = (
            (r"GET /v2/users/([^/]+)", self._user),
            (r"GET /v2/users/([^/]+)/meetings", self._list),
            (r"POST /v2/users/([^/]+)/meetings", self._create),
            (r"GET /v2/meetings/(\d+)", self._show),
            (r"PATCH /v2/meetings/(\d+)", self._change),
            (r"DELETE /v2/meetings/(\d+)", self._delete),
            (r"POST /v2/meetings/(\d+)/registrants", self._register),
        )
        with self._state.lock:
            if self._tokens.get(asked.authorization.removeprefix("Bearer "), 0) < time.time():
                return fault("401 Unauthorized", 124, "Invalid access token.")
            for form, handle in routes:
                found = re.fullmatch(form, f"{asked.method} {asked.path}")
                if found:
                    return self._handled(handle, asked, found[1])
        return fault(GONE, 2300, "This API endpoint is not recognized.")

    def _handled(self, handle: Callable[..., Reply], asked: Asked, which: str) -> Reply:
        try:
            reply = handle(asked, which)
        except _Refused as refused:
            return refused.reply
        self._state.save()
        return reply

    def _user(self, _: Asked, which: str) -> Reply:
        return said("200 OK", self._known(which).as_json())

    def _list(self, asked: Asked, which: str) -> Reply:
        user, size = self._known(which), int(asked.query.get("page_size", "30"))
        first = int(asked.query.get("next_page_token") or 0)
        if not 1 <= size <= 300:
            return fault(BAD, 300, "Invalid page_size.")
        found = sorted((m for m in self._state.meetings.values() if m.host_id == user.id), key=lambda m: m.start_time)
        more = str(first + size) if first + size < len(found) else ""
        page = [self._brief(meeting, asked) for meeting in found[first : first + size]]
        return said(
            "200 OK", {"page_size": size, "total_records": len(found), "next_page_token": more, "meetings": page}
        )

    def _create(self, asked: Asked, which: str) -> Reply:
        user, wanted = self._known(which), _read(asked)
        self._count_change(user.id)
        if wanted.get("type", 2) != 2 or len(wanted.get("agenda", "")) > 2000:
            return fault(BAD, 300, "Validation Failed.")
        _require_time(wanted.get("start_time"))
        return said("201 Created", self._whole(self._state.add_meeting(user, wanted), asked))

    def _show(self, asked: Asked, which: str) -> Reply:
        return said("200 OK", self._whole(self._existing(which), asked))

    def _change(self, asked: Asked, which: str) -> Reply:
        meeting, wanted = self._existing(which), _read(asked)
        self._count_change(meeting.host_id)
        if "start_time" in wanted:
            _require_time(wanted["start_time"])
        for name in ("topic", "agenda", "start_time", "duration", "timezone"):
            setattr(meeting, name, wanted.get(name, getattr(meeting, name)))
        meeting.settings |= wanted.get("settings", {})
        return said("204 No Content")

    def _delete(self, _: Asked, which: str) -> Reply:
        meeting = self._existing(which)
        if meeting.status == "started":
            return fault(BAD, 3002, "Sorry, you cannot delete this meeting since it's in progress.")
        del self._state.meetings[meeting.id]
        return said("204 No Content")

    def _register(self, asked: Asked, which: str) -> Reply:
        meeting, wanted = self._existing(which), _read(asked)
        email, first_name = str(wanted.get("email", "")).lower(), str(wanted.get("first_name", ""))
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", email) or not 1 <= len(first_name) <= 64:
            return fault(BAD, 300, "Validation Failed.")
        if not meeting.has_registration:
            return fault(BAD, 3000, f"Registration has not been enabled for this meeting: {meeting.id}.")
        day = (meeting.id, email, datetime.now(UTC).date().isoformat())
        self._registrations[day] += 1
        if self._registrations[day] > REGISTRATIONS_A_DAY:
            told = f"You have exceeded the daily rate limit ({REGISTRATIONS_A_DAY}) of Add meeting registrant API"
            return fault("429 Too Many Requests", 429, f"{told} requests for the registrant ({email}).")
        new = Registrant(secrets.token_urlsafe(16), email, first_name, secrets.token_urlsafe(32))
        registrant = meeting.registrants.setdefault(email, new)
        return said(
            "201 Created",
            {
                "id": meeting.id,
                "join_url": meeting.own_join_url(f"http://{asked.host}", registrant),
                "registrant_id": registrant.registrant_id,
                "start_time": meeting.start_time,
                "topic": meeting.topic,
            },
        )

    def _known(self, which: str) -> ZoomUser:
        user = self._state.user(which)
        if user is None:
            raise _Refused(fault(GONE, 1001, f"User does not exist: {which}."))
        return user

    def _existing(self, which: str) -> Meeting:
        meeting = self._state.meetings.get(int(which))
        if meeting is None or meeting.host_id not in self._state.users:
            raise _Refused(fault(GONE, 3001, f"Meeting does not exist: {which}."))
        return meeting

    def _count_change(self, user_id: str) -> None:
        day = (user_id, datetime.now(UTC).date().isoformat())
        self._changes[day] += 1
        if self._changes[day] > CHANGES_A_DAY:
            told = f"You have exceeded the daily rate limit ({CHANGES_A_DAY}) of Meeting Create/Update API requests"
            resume = "permitted for this particular user. You may resume these requests at GMT 00:00:00."
            raise _Refused(fault("429 Too Many Requests", 429, f"{told} {resume}"))

    def _whole(self, meeting: Meeting, asked: Asked) -> dict[str, Any]:
        zak, origin = secrets.token_urlsafe(48), f"http://{asked.host}"
        self._zaks[zak] = (meeting.id, time.time() + START_URL_SECONDS)
        return {
            **self._brief(meeting, asked),
            "host_email": self._state.users[meeting.host_id].email,
            "agenda": meeting.agenda,
            "status": meeting.status,
            "password": meeting.password,
            "settings": meeting.settings,
            "start_url": f"{origin}/s/{meeting.id}?zak={zak}",
        }

    def _brief(self, meeting: Meeting, asked: Asked) -> dict[str, Any]:
        """As a list shows it: its agenda is cut."""
        names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at")
        brief = {name: getattr(meeting, name) for name in names}
        return {**brief, "agenda": meeting.agenda[:250], "join_url": meeting.join_url(f"http://{asked.host}")}


def _read(asked: Asked) -> dict[str, Any]:
    try:
        wanted = json.loads(asked.body)
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        raise _Refused(fault(BAD, 300, "Request Body should be a valid JSON object."))
    return wanted


def _require_time(value: object) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", value):
        raise _Refused(fault(BAD, 300, "Validation Failed."))
