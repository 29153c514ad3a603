"""Zoom on this machine, at one address: sign-in, the API for meetings, the pages behind their URLs, webhooks."""

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dev.environment import environment_variable
from dev.sign_in_pages import Asked, RegisteredClient, Reply, SignInServer, StartResponse
from dev.zoom_meeting_pages import MeetingPages, Webhooks
from dev.zoom_meetings_double import ZoomMeetings
from dev.zoom_sign_in_double import ZoomSignIn
from dev.zoom_state import ZoomState
from dev.zoom_troubles import Trouble, Troubles, said
from dev.zoom_webhooks import ZoomWebhooks

CONTROL: Final = "/_double/"


class ZoomDouble:
    """A WSGI application. What is under `/_double/` is for tests and curious people, and not Zoom's."""

    def __init__(self, client: RegisteredClient, store: Path | None = None, webhooks: Webhooks | None = None) -> None:
        """`client` is the app for signing in; the one for meetings is named by the same settings as the product's."""
        names = ("ZOOM_ACCOUNT_ID", "ZOOM_MEETINGS_CLIENT_ID", "ZOOM_MEETINGS_CLIENT_SECRET")
        self._state = ZoomState(store)
        self._troubles = Troubles()
        self._sign_in = ZoomSignIn(client, self._state.know_user)
        self._meetings = ZoomMeetings(self._state, *map(environment_variable, names))
        self._pages = MeetingPages(self._state, self._meetings.is_start_of, webhooks)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        asked = Asked.of(environ)
        reply = self._pages.answer(asked)
        if reply is not None:
            return reply.send(start_response)
        if asked.path.startswith(CONTROL):
            return self._control(asked).send(start_response)
        if asked.path == "/oauth/token" and _grant_type(asked) == "account_credentials":
            return self._troubles.meet(asked, self._meetings.token).send(start_response)
        if asked.path.startswith("/v2/") and asked.path != "/v2/users/me":
            return self._troubles.meet(asked, self._meetings.answer).send(start_response)
        return self._sign_in.reply(asked).send(start_response)

    def _control(self, asked: Asked) -> Reply:
        deeds: dict[str, Callable[[dict[str, Any]], object]] = {
            "POST users": lambda given: dataclasses.asdict(self._state.add_user(**given)),
            "DELETE users": lambda given: self._state.remove_user(given["id"]),
            "GET meetings": lambda _: [dataclasses.asdict(meeting) for meeting in self._state.meetings.values()],
            "POST meetings": lambda given: self._state.change_meeting(**given),
            "GET requests": lambda _: self._troubles.seen(forget=False),
            "DELETE requests": lambda _: self._troubles.seen(forget=True),
            "POST trouble": lambda given: self._troubles.begin(Trouble(**given)),
            "DELETE trouble": lambda _: self._troubles.end(),
            "POST limit": lambda given: self._troubles.limit(**given),
            "DELETE tokens": lambda _: self._meetings.revoke_tokens(),
            "DELETE everything": lambda _: self._forget(),
        }
        deed = deeds.get(f"{asked.method} {asked.path.removeprefix(CONTROL)}")
        return said("200 OK", deed(json.loads(asked.body or "{}"))) if deed else said("404 Not Found", {})

    def _forget(self) -> None:
        self._troubles.end()
        self._troubles.seen(forget=True)
        self._state.forget()
        self._meetings.forget()


def _grant_type(asked: Asked) -> str:
    return {**asked.query, **asked.form}.get("grant_type", "")


def _webhooks() -> ZoomWebhooks | None:
    """To the product's own address, where it holds the secret."""
    secret = environment_variable("ZOOM_WEBHOOK_SECRET")
    return ZoomWebhooks(f"{environment_variable('BASE_URL')}/api/webhooks/zoom", secret) if secret else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3060)
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    application = ZoomDouble(RegisteredClient.registered("zoom"), arguments.store, _webhooks())
    SignInServer(arguments.port, application).serve_forever()
