"""How far a file has come: also without a scanner."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_file_asset_status"),
        "file_asset",
        "status IN ('pending', 'uploaded', 'clean', 'unscanned', 'infected', 'refused', 'deleted')",
    )
