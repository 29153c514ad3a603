"""What the local Zoom knows: its users, their meetings, who is registered and who is in; kept in a file if wanted."""

import base64
import dataclasses
import hashlib
import json
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dev.private_files import write_private
from dev.seed_accounts import ACCOUNTS

BASIC, LICENSED = 1, 2
NO_REGISTRATION: Final = 2


@dataclass
class ZoomUser:
    """Somebody in the account."""

    id: str
    email: str
    type: int = LICENSED
    status: str = "active"

    def as_json(self) -> dict[str, Any]:
        """As `GET /v2/users/{userId}` shows it, in short."""
        return {**dataclasses.asdict(self), "verified": 1, "timezone": "UTC"}


@dataclass
class Registrant:
    """Somebody with a way of their own into a meeting."""

    registrant_id: str
    email: str
    first_name: str
    token: str


@dataclass
class Participant:
    """Somebody in a meeting, or at its door."""

    name: str
    user_id: str = ""
    """Zoom's id of somebody who is signed in there: the host's."""
    email: str = ""
    registrant_id: str = ""
    participant_uuid: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    joined_at: str = ""


@dataclass
class Meeting:
    """A scheduled meeting."""

    id: int
    uuid: str
    host_id: str
    topic: str
    agenda: str
    start_time: str
    duration: int
    timezone: str
    created_at: str
    password: str
    settings: dict[str, Any]
    type: int = 2
    status: str = "waiting"
    started_at: str = ""
    registrants: dict[str, Registrant] = field(default_factory=dict)
    """By e-mail."""
    present: dict[str, Participant] = field(default_factory=dict)
    """By who they are: the host's id, a registrant's, or a name."""

    @property
    def has_registration(self) -> bool:
        """Whether one has to register."""
        return bool(self.settings.get("approval_type", NO_REGISTRATION) != NO_REGISTRATION)

    def join_url(self, origin: str) -> str:
        """The address that is the same for everybody."""
        return f"{origin}/j/{self.id}?pwd={self.password}"

    def own_join_url(self, origin: str, registrant: Registrant) -> str:
        """A registrant's own address."""
        return f"{origin}/w/{self.id}?tk={registrant.token}&pwd={self.password}"

    def registered(self, token: str) -> Registrant | None:
        """Whose address this is."""
        return next((one for one in self.registrants.values() if secrets.compare_digest(one.token, token)), None)


class ZoomState:
    """Everything, behind one lock; written down after each change where there is a file."""

    def __init__(self, store: Path | None = None) -> None:
        """Begin with what the file holds, and the therapists that every local database has."""
        self.lock = threading.RLock()
        self._store = store
        self.users: dict[str, ZoomUser] = {}
        self.meetings: dict[int, Meeting] = {}
        if store is not None and store.exists():
            self._read(json.loads(store.read_text(encoding="utf-8")))
        for account in ACCOUNTS:
            if account.role == "THERAPIST":
                self.add_user(account.email)

    def add_user(self, email: str, user_id: str = "", **more: Any) -> ZoomUser:
        """Somebody new; without an id, the one that signing in with this address has here, too."""
        user = ZoomUser(user_id or hashlib.sha256(email.encode()).hexdigest()[:22], email, **more)
        self.users[user.id] = user
        self.save()
        return user

    def know_user(self, email: str, user_id: str) -> None:
        """Whoever signs in at this Zoom belongs to the one practice there is here; who is known stays as they are."""
        with self.lock:
            if user_id not in self.users:
                self.add_user(email, user_id)

    def remove_user(self, user_id: str) -> None:
        """Somebody leaves the account, with their meetings."""
        self.users.pop(user_id, None)
        self.meetings = {number: meeting for number, meeting in self.meetings.items() if meeting.host_id != user_id}
        self.save()

    def change_meeting(self, meeting_id: int, **columns: Any) -> None:
        """What only its host could do in Zoom itself; without columns it is deleted there."""
        if not columns:
            del self.meetings[meeting_id]
        else:
            self.meetings[meeting_id] = dataclasses.replace(self.meetings[meeting_id], **columns)
        self.save()

    def user(self, id_or_email: str) -> ZoomUser | None:
        """By either."""
        found = self.users.get(id_or_email)
        return found or next((user for user in self.users.values() if user.email == id_or_email.lower()), None)

    def add_meeting(self, host: ZoomUser, wanted: dict[str, Any]) -> Meeting:
        """A new meeting with an id of eleven digits."""
        given = {**wanted.get("settings", {})}
        if host.type == BASIC:
            given["approval_type"] = NO_REGISTRATION  # registration is for who is licensed
        meeting = Meeting(
            id=80_000_000_000 + secrets.randbelow(9_999_999_999),
            uuid=base64.b64encode(secrets.token_bytes(16)).decode(),
            host_id=host.id,
            topic=wanted.get("topic", "Zoom Meeting"),
            agenda=wanted.get("agenda", ""),
            start_time=wanted["start_time"],
            duration=wanted.get("duration", 60),
            timezone=wanted.get("timezone", "UTC"),
            created_at=moment(),
            password=secrets.token_urlsafe(12),
            settings={"approval_type": NO_REGISTRATION, **given},
        )
        self.meetings[meeting.id] = meeting
        self.save()
        return meeting

    def forget(self) -> None:
        """Everything but the first therapists."""
        self.users.clear()
        self.meetings.clear()
        for account in ACCOUNTS:
            if account.role == "THERAPIST":
                self.add_user(account.email)
        self.save()

    def save(self) -> None:
        """Write it down."""
        if self._store is not None:
            write_private(self._store, json.dumps({"users": _plain(self.users), "meetings": _plain(self.meetings)}))

    def _read(self, kept: dict[str, list[dict[str, Any]]]) -> None:
        self.users = {user["id"]: ZoomUser(**user) for user in kept["users"]}
        for one in kept["meetings"]:
            registrants = {email: Registrant(**given) for email, given in one.pop("registrants").items()}
            present = {who: Participant(**given) for who, given in one.pop("present").items()}
            self.meetings[one["id"]] = Meeting(**one, registrants=registrants, present=present)


def moment() -> str:
    """Now, as Zoom writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(rows: dict[Any, Any]) -> list[dict[str, Any]]:
    values: Iterable[Any] = rows.values()
    return [dataclasses.asdict(row) for row in values]
