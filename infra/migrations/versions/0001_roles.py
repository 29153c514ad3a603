"""Two roles: `migrator` owns and changes the schema, `app` reads and writes rows. Neither can log in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # PostgreSQL has no CREATE ROLE IF NOT EXISTS, and roles are shared by all databases of a cluster.
    names = set(op.get_bind().scalars(sa.text("SELECT rolname FROM pg_roles")))
    for role in {"migrator", "app"} - names:
        op.execute(f"CREATE ROLE {role}")
    _let_this_login_become_migrator()

    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT CREATE, USAGE ON SCHEMA public TO migrator")
    op.execute("GRANT USAGE ON SCHEMA public TO app")
    op.execute("ALTER TABLE alembic_version OWNER TO migrator")
    op.execute("SET ROLE migrator")
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app")


def _let_this_login_become_migrator() -> None:
    known = sa.text("SELECT current_user, pg_has_role(current_user, 'migrator', 'MEMBER')")
    login, already = op.get_bind().execute(known).one()
    if not already:
        op.execute(f"GRANT migrator TO {op.get_bind().dialect.identifier_preparer.quote(login)}")
