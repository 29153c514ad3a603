"""The pages behind a meeting's URLs: what a person presses there happens, and Zoom's webhooks tell of it."""

import base64
import html
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from dev.sign_in_pages import Asked, Reply
from dev.zoom_state import Meeting, Participant, ZoomState, moment

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}"
    "button{font:inherit;padding:.6rem .8rem;margin:.25rem .5rem .25rem 0}"
)


class Webhooks(Protocol):
    """Who is told of what happens in meetings."""

    def send_aside(self, event: str, meeting: Mapping[str, Any], participant: Mapping[str, Any] | None = None) -> None:
        """Send an event without waiting for it."""


class MeetingPages:
    """`/j/{id}` and `/w/{id}` for who joins, `/s/{id}` for who holds it."""

    def __init__(self, state: ZoomState, is_start_of: Callable[[str, int], bool], webhooks: Webhooks | None) -> None:
        """`is_start_of` knows the tokens of start URLs."""
        self._state = state
        self._is_start_of = is_start_of
        self._webhooks = webhooks

    def answer(self, asked: Asked) -> Reply | None:
        """The page of a meeting's URL, after what was pressed on it; None for another path."""
        found = re.fullmatch(r"/([jws])/(\d+)", asked.path)
        if found is None or asked.method not in ("GET", "POST"):
            return None
        with self._state.lock:
            meeting = self._state.meetings.get(int(found[2]))
            if meeting is None:
                return _page("This meeting link is invalid", "404 Not Found")
            if found[1] == "s":
                return self._hosts(asked, meeting)
            return self._guests(asked, meeting, own=found[1] == "w")

    def _hosts(self, asked: Asked, meeting: Meeting) -> Reply:
        if not self._is_start_of(asked.query.get("zak", ""), meeting.id):
            return _page("This start link has ended; ask for a new one", "403 Forbidden")
        pressed = asked.form.get("do")
        if pressed == "start" and meeting.status == "waiting":
            self._start(meeting)
        elif pressed == "end" and meeting.status == "started":
            self._end(meeting)
        running = meeting.status == "started"
        inside = ", ".join(one.name for one in meeting.present.values())
        text = f"In the meeting: {inside}." if running else "The meeting has not started."
        return _page("You are the host", text=text, buttons=("end",) if running else ("start",))

    def _guests(self, asked: Asked, meeting: Meeting, *, own: bool) -> Reply:
        registrant = meeting.registered(asked.query.get("tk", "")) if own else None
        if own and registrant is None:
            return _page("This meeting link is invalid", "403 Forbidden")
        if not own and meeting.has_registration:
            return _page("This meeting wants a registration; join by the address that you were given", "403 Forbidden")
        who = registrant.registrant_id if registrant else "guest"
        pressed = asked.form.get("do")
        if pressed == "join" and meeting.status == "started" and who not in meeting.present:
            guest = Participant(registrant.first_name if registrant else "Guest", registrant_id="")
            if registrant:
                guest.registrant_id, guest.email = registrant.registrant_id, registrant.email
            self._tell("meeting.participant_joined_waiting_room", meeting, guest)  # its host lets everybody in
            self._enter(meeting, who, guest)
        elif pressed == "leave" and who in meeting.present:
            self._leave(meeting, who)
        if who in meeting.present:
            return _page("You are in the meeting", buttons=("leave",))
        text = "" if meeting.status == "started" else "Please wait for the host to start this meeting."
        return _page("Join the meeting", text=text, buttons=("join",))

    def _start(self, meeting: Meeting) -> None:
        host = self._state.users[meeting.host_id]
        meeting.status, meeting.started_at = "started", moment()
        self._tell("meeting.started", meeting)
        self._enter(meeting, host.id, Participant("Host", user_id=host.id, email=host.email))

    def _end(self, meeting: Meeting) -> None:
        for who in list(meeting.present):
            self._leave(meeting, who)
        meeting.status = "waiting"
        self._tell("meeting.ended", meeting)
        meeting.uuid = base64.b64encode(secrets.token_bytes(16)).decode()  # each time that it is held has its own
        self._state.save()

    def _enter(self, meeting: Meeting, who: str, participant: Participant) -> None:
        participant.joined_at = moment()
        meeting.present[who] = participant
        self._state.save()
        self._tell("meeting.participant_joined", meeting, participant)

    def _leave(self, meeting: Meeting, who: str) -> None:
        participant = meeting.present.pop(who)
        self._state.save()
        self._tell("meeting.participant_left", meeting, participant)

    def _tell(self, event: str, meeting: Meeting, participant: Participant | None = None) -> None:
        if self._webhooks is not None:
            self._webhooks.send_aside(event, _object(meeting), _participant(participant) if participant else None)


def _object(meeting: Meeting) -> dict[str, Any]:
    """A meeting as webhooks tell of it (https://developers.zoom.us/docs/api/meetings/events/)."""
    names = ("uuid", "host_id", "topic", "type", "duration", "timezone")
    started = {"start_time": meeting.started_at} if meeting.started_at else {}
    return {"id": str(meeting.id), **{name: getattr(meeting, name) for name in names}, **started}


def _participant(participant: Participant) -> dict[str, Any]:
    return {
        "user_id": str(16_778_240 + int(participant.participant_uuid[:4], 16)),
        "user_name": participant.name,
        "id": participant.user_id,
        "participant_uuid": participant.participant_uuid,
        "participant_user_id": participant.user_id,
        "registrant_id": participant.registrant_id,
        "email": participant.email,
    }


def _page(title: str, status: str = "200 OK", *, text: str = "", buttons: tuple[str, ...] = ()) -> Reply:
    pressed = "".join(f'<button name="do" value="{name}">{name.title()}</button>' for name in buttons)
    form = f"<form method=post>{pressed}</form>" if pressed else ""
    return Reply(
        status,
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Zoom on this machine</title>'
        f'<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f"<style>{STYLE}</style></head><body><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>{form}"
        "<p><small>This stands in for Zoom: nobody is seen or heard here.</small></p></body></html>",
        content_type="text/html; charset=utf-8",
    )
