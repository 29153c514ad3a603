"""Better Auth as a process of this machine, in a database of its own beside the product's."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pg8000.native

from dev.cloud import LocalCloud
from dev.ports import CannotStart, free_ports
from dev.postgres import SOCKET_NAME, SUPERUSER, socket_folder

FOLDER: Final = Path(__file__).resolve().parent / "peers"
DATABASE: Final = "better_auth"


@dataclass(frozen=True)
class BetterAuth:
    """The running peer."""

    port: int
    pid: int


@contextmanager
def better_auth(cloud: LocalCloud, *, accounts: int, password: str, bcrypt_cost: int) -> Iterator[BetterAuth]:
    """Within the block it listens, with `person-0@bench.test` and so many others, all with this password."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        raise CannotStart("the peer needs Node 20 or newer and `make bench-auth`, which installs it")
    _create_database(cloud)
    port = free_ports(["peer"])["peer"]
    given = {"PORT": port, "ACCOUNTS": accounts, "PASSWORD": password, "BCRYPT_COST": bcrypt_cost}
    where = {"PGHOST": socket_folder(cloud.data_dir), "PGDATABASE": DATABASE, "PGUSER": SUPERUSER}
    variables = {name: str(value) for name, value in {**given, **where, "NODE_ENV": "production"}.items()}
    environment = {"PATH": os.environ.get("PATH", ""), **variables}
    server = subprocess.Popen([node, FOLDER / "better_auth.mjs"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        if server.stdout.readline().strip() != "listening":
            raise CannotStart("the peer did not come up")
        yield BetterAuth(port, server.pid)
    finally:
        server.terminate()
        server.wait()


def _create_database(cloud: LocalCloud) -> None:
    """A database with PostgreSQL's own defaults: the product's asks for SERIALIZABLE, Better Auth for nothing."""
    socket = str(socket_folder(cloud.data_dir) / SOCKET_NAME)
    connection = pg8000.native.Connection(SUPERUSER, unix_sock=socket, database="postgres")
    try:
        connection.run(f"CREATE DATABASE {DATABASE}")
        connection.run(f"ALTER DATABASE {DATABASE} SET default_transaction_isolation = 'read committed'")
    finally:
        connection.close()
