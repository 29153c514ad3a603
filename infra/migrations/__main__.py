"""`python -m infra.migrations upgrade|current|new MESSAGE`, over the database that DATABASE_URL names."""

import argparse
import os
import sys

from infra.migrations import current, head, new, upgrade


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m infra.migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("upgrade", help="bring the database to the newest schema")
    commands.add_parser("current", help="say where the database is")
    commands.add_parser("new", help="write the next migration from the models").add_argument("message")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="instead of DATABASE_URL")
    given = parser.parse_args()
    if not given.database_url:
        parser.error("DATABASE_URL is not set")
    if given.command == "upgrade":
        upgrade(given.database_url)
    if given.command == "new":
        new(given.database_url, given.message)
    sys.stdout.write(f"{current(given.database_url) or 'nothing'} of {head()}\n")


if __name__ == "__main__":
    main()
