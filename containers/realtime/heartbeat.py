"""Every socket's clocks, looked at together: who has to sign in, who is asked whether they live, who is too old."""

import asyncio
import random
from typing import Final

from containers.realtime.socket_io import PING
from containers.realtime.web_socket import NORMAL, POLICY_VIOLATION, WebSocket
from shared.settings import Settings

SECONDS_BETWEEN_LOOKS: Final = 0.25
NEVER: Final = float("inf")


class Heartbeat:
    """A timer for each of a thousand sockets would be most of what the loop keeps; this is one for all."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is looked at before `run`."""
        self._settings = settings
        self.sockets: set[WebSocket] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            moment = _now()
            for web_socket in list(self.sockets):
                self._look(web_socket, moment)

    def begin(self, web_socket: WebSocket) -> None:
        """It was opened, and has so long to sign in."""
        self.sockets.add(web_socket)
        web_socket.ends_at = _now() + self._settings.socket_sign_in_seconds
        web_socket.ping_at = _now() + self._settings.socket_ping_seconds

    def keep(self, web_socket: WebSocket) -> None:
        """It is signed in, and lives so long: then its client connects again, maybe elsewhere."""
        spread = random.uniform(0.9, 1.1)  # noqa: S311 - spreads reconnections
        web_socket.ends_at = _now() + self._settings.socket_minutes * 60 * spread

    def end_soon(self, web_socket: WebSocket, seconds: float) -> None:
        """It is to be closed in so long."""
        web_socket.ends_at = min(web_socket.ends_at, _now() + seconds)

    def heard_pong(self, web_socket: WebSocket) -> None:
        """It lives."""
        if web_socket.pong_by != NEVER:
            web_socket.pong_by = NEVER
            web_socket.ping_at = _now() + self._settings.socket_ping_seconds

    def _look(self, web_socket: WebSocket, moment: float) -> None:
        if moment >= web_socket.ends_at:
            if web_socket.connection:
                web_socket.comes_back = True
                web_socket.close(NORMAL, "connect again")
            else:
                web_socket.close(POLICY_VIOLATION, "not signed in")
        elif moment >= web_socket.pong_by:
            web_socket.abort()
        elif moment >= web_socket.ping_at:
            web_socket.ping_at = NEVER
            web_socket.pong_by = moment + self._settings.socket_pong_seconds
            web_socket.send(PING)


def _now() -> float:
    return asyncio.get_running_loop().time()
