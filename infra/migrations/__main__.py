"""`python -m infra.migrations upgrade|current|new MESSAGE|retire-audit`, over the database that DATABASE_URL names."""

import argparse
import os
import sys

from infra.migrations import current, head, new, retire_audit, upgrade
from shared.audit.retention import retention_ends
from shared.clock import now


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m infra.migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("upgrade", help="bring the database to the newest schema")
    commands.add_parser("current", help="say where the database is")
    commands.add_parser("new", help="write the next migration from the models").add_argument("message")
    retiring = commands.add_parser("retire-audit", help="remove entries of the audit trail that are old enough")
    retiring.add_argument("--years", type=int, choices=range(6, 101), default=6, metavar="YEARS", help="6 or more")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="instead of DATABASE_URL")
    given = parser.parse_args()
    if not given.database_url:
        parser.error("DATABASE_URL is not set")
    if given.command == "retire-audit":
        last = retire_audit(given.database_url, retention_ends(now(), given.years))
        sys.stdout.write(f"entries are gone up to seal {last}\n" if last else "nothing is old enough\n")
        return
    if given.command == "upgrade":
        upgrade(given.database_url)
    if given.command == "new":
        new(given.database_url, given.message)
    sys.stdout.write(f"{current(given.database_url) or 'nothing'} of {head()}\n")


if __name__ == "__main__":
    main()
