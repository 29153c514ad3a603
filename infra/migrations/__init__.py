"""The schema's history: applied in order, forward only, by a login that may change it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from shared.audit.retention import retire_next
from shared.database.engine import build_engine


def upgrade(database_url: str) -> None:
    """Bring a database to the newest schema. The first time the login must be able to create roles."""
    _run(database_url, lambda config: command.upgrade(config, "head"))


def new(database_url: str, message: str) -> None:
    """Write the next migration: what the models have and the database, brought up to date, has not."""
    number = f"{len(list(_scripts().walk_revisions())) + 1:04}"
    _run(database_url, lambda config: command.revision(config, message, autogenerate=True, rev_id=number))


def current(database_url: str) -> str | None:
    """The database's revision; None before the first."""
    engine = build_engine(database_url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def retire_audit(database_url: str, before: datetime) -> int:
    """Remove the entries of the audit trail that seals from before a moment cover; up to which seal, 0 for none."""
    engine, last = build_engine(database_url), 0
    try:
        while True:
            with Session(engine) as db, db.begin():
                upto = retire_next(db, before, last)
            if upto is None:
                return last
            last = upto
    finally:
        engine.dispose()


def head() -> str | None:
    """The newest revision there is."""
    return _scripts().get_current_head()


def _config() -> Config:
    # Set here rather than in an alembic.ini, so that no working directory is needed.
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _run(database_url: str, act: Callable[[Config], object]) -> None:
    config = _config()
    engine = build_engine(database_url)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            act(config)
    finally:
        engine.dispose()
