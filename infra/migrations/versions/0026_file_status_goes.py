"""The words of a file's status, whose set grows with the next migration."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_file_asset_status"), "file_asset", type_="check")
