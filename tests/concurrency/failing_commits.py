"""Commits that fail at random by no fault of theirs, as a database under load makes them fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from dev.cloud import LocalCloud
from dev.postgres import database_url
from infra.migrations.local import ways_into
from shared.database.engine import build_engine

SHARE = 0.3


@contextmanager
def failing_commits(cloud: LocalCloud, table: str) -> Iterator[None]:
    """While the block runs, three of ten COMMITs that changed a row of the table end with 40001."""
    owner = build_engine(ways_into(database_url(cloud.data_dir, "postgres", "postgres"), "bloom").migrator_url)
    with owner.begin() as connection:
        connection.execute(text("SET ROLE migrator"))
        connection.exec_driver_sql(
            "CREATE FUNCTION fail_at_random() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF random() < {SHARE} THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE CONSTRAINT TRIGGER fail_at_random AFTER INSERT OR UPDATE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_random()"
        )
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text("SET ROLE migrator"))
            connection.execute(text("DROP FUNCTION fail_at_random() CASCADE"))
        owner.dispose()
