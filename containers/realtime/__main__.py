"""`python -m containers.realtime`: one relay on HOST and PORT, until SIGTERM."""

import asyncio
import logging
import sys
from types import FrameType
from typing import Final, cast

import uvicorn

from containers.realtime.main import Relay
from shared.settings import Settings, SettingsError, settings
from shared.telemetry import log, start
from shared.telemetry.leaving import Leaving

SECONDS_TO_END: Final = 2


class Server(uvicorn.Server):
    """A uvicorn that ends with status 0 on a signal; its sockets are closed so that clients connect elsewhere."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """On SIGTERM or SIGINT."""
        self.should_exit = True


def create_server(chosen: Settings, leaving: Leaving) -> Server:
    """uvicorn speaks HTTP; at an upgrade our own protocol takes over, without ASGI between it and the socket."""
    relay = Relay(chosen, leaving)
    config = uvicorn.Config(
        relay.asgi,
        host=chosen.host,
        port=chosen.port,
        ws=cast("type[asyncio.Protocol]", relay.web_socket),  # called as the class is, and nothing else of it is used
        interface="asgi3",
        lifespan="on",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    return Server(config)


def main() -> int:
    """0 after an orderly stop, 1 when a setting cannot be used."""
    try:
        chosen = settings()
        if not chosen.redis_url:
            raise SettingsError("REDIS_URL: needed here and not set")
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there are no settings to log by
        return 1
    leaving = start("realtime", beside_requests=False)
    for name in ("uvicorn.error", "asyncio", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
    server = create_server(chosen, leaving)
    log("relay-starting", port=chosen.port)
    server.run()
    log("relay-stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
