"""Brings the database of a local cloud up to date and seeds it; where nothing is to be done, within a moment."""

import argparse
import importlib
from pathlib import Path

import pg8000.native
from pg8000.exceptions import Error as PostgresError

from dev.environment import ROOT, environment_variable, is_on_this_machine
from dev.postgres import SOCKET_NAME, SUPERUSER, database_url, socket_folder
from dev.seed_accounts import ACCOUNTS

# What the slow way would find, without the second that it takes to load it.
_REVISION = "SELECT version_num FROM alembic_version"
_SEEDED = 'SELECT count(*) FROM "user" WHERE email = ANY(:emails)'


def prepare_embedded(data_dir: Path) -> None:
    """Create, migrate and seed the embedded database as far as it is not."""
    if is_current(data_dir):
        return
    importlib.import_module("infra.migrations.local").prepare(database_url(data_dir, SUPERUSER, "postgres"))
    _seed()


def prepare_given(url: str) -> None:
    """Migrate and seed the database that DATABASE_URL names, if it is on this machine."""
    if is_on_this_machine(url):
        importlib.import_module("infra.migrations").upgrade(url)
        _seed()


def is_current(data_dir: Path) -> bool:
    """Whether the embedded database has the newest schema and the seeded accounts."""
    try:
        socket = str(socket_folder(data_dir) / SOCKET_NAME)
        connection = pg8000.native.Connection(SUPERUSER, unix_sock=socket, database="bloom")
    except PostgresError:  # it is not there yet
        return False
    try:
        emails = [account.email for account in ACCOUNTS]
        return bool(
            connection.run(_REVISION) == [[newest_revision()]]
            and connection.run(_SEEDED, emails=emails) == [[len(emails)]]
        )
    except PostgresError:
        return False
    finally:
        connection.close()


def newest_revision() -> str:
    """The number of the last migration, which its file's name begins with."""
    names = [path.name for path in (ROOT / "infra" / "migrations" / "versions").glob("[0-9]*.py")]
    return max(names).partition("_")[0]


def _seed() -> None:
    importlib.import_module("dev.seed").seed()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="of the embedded database; else DATABASE_URL counts")
    data = parser.parse_args().data
    if data is None:
        prepare_given(environment_variable("DATABASE_URL"))
    else:
        prepare_embedded(data)
