"""Coverage always ends, and rests on an alert."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_care_relationship_coverage_ends"),
        "care_relationship",
        "kind <> 'coverage' OR (expires_at IS NOT NULL AND alert_id IS NOT NULL)",
    )
