"""`python -m containers.inference`: the classifier as one process, until SIGTERM."""

import logging
import sys
from types import FrameType

import uvicorn

from containers.inference.log_lines import LibraryLines, log
from containers.inference.main import Application
from containers.inference.settings import SettingMalformed, read_settings

_KEEP_ALIVE_SECONDS = 75
"""Longer than any client keeps an idle connection: ours must not be the side that closes as a request sets out."""


class Server(uvicorn.Server):
    """A uvicorn that refuses new texts from the first signal on, and ends with status 0 after draining."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """On SIGTERM or SIGINT."""
        self._application.lifecycle.begin_draining()
        self.should_exit = True


def main() -> int:
    """Runs until a signal; 0 after an orderly stop, 1 when a setting or the model cannot be used."""
    try:
        settings = read_settings()
    except SettingMalformed as error:
        log("setting malformed", "CRITICAL", reason=str(error))
        return 1
    logging.basicConfig(level=logging.WARNING, handlers=[LibraryLines()])
    failed = False

    def give_up() -> None:
        nonlocal failed
        failed = True
        server.should_exit = True

    application = Application(settings, give_up)
    server = Server(
        uvicorn.Config(
            application.asgi,
            host=settings.host,
            port=settings.port,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.drain_seconds,
        ),
        application,
    )
    server.run()
    log("stopped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
