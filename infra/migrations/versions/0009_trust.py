"""The audit trail, consent, emergency access and erasure."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("acting_as", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("details", JSONB(), nullable=False),
        sa.CheckConstraint("outcome IN ('success', 'denied', 'failure')", name=op.f("ck_audit_event_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_action_occurred_at", "audit_event", ["action", "occurred_at"])
    op.create_index("ix_audit_event_actor_id_occurred_at", "audit_event", ["actor_id", "occurred_at"])
    op.create_index("ix_audit_event_occurred_at", "audit_event", ["occurred_at", "id"])
    op.create_index("ix_audit_event_subject_id_occurred_at", "audit_event", ["subject_id", "occurred_at"])

    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("events_digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("event_count >= 0", name=op.f("ck_audit_seal_event_count")),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_audit_seal_span")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_audit_seal_number")),
        sa.CheckConstraint(
            "octet_length(events_digest) = 32 AND octet_length(previous_digest) = 32 AND octet_length(digest) = 32",
            name=op.f("ck_audit_seal_digest_lengths"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("from_at", name=op.f("uq_audit_seal_from_at")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_seal_number")),
    )

    op.create_table(
        "break_glass_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("administrator_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("review_outcome", sa.Text(), nullable=True),
        sa.Column("review_note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name=op.f("ck_break_glass_grant_reviewed")),
        sa.CheckConstraint("administrator_id <> patient_id", name=op.f("ck_break_glass_grant_two_people")),
        sa.CheckConstraint("expires_at > granted_at", name=op.f("ck_break_glass_grant_expires_later")),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR reviewed_by <> administrator_id",
            name=op.f("ck_break_glass_grant_reviewed_by_another"),
        ),
        sa.ForeignKeyConstraint(["administrator_id"], ["user.id"], name=op.f("fk_break_glass_grant_administrator_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_break_glass_grant_patient_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["user.id"], name=op.f("fk_break_glass_grant_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass_grant")),
    )
    op.create_index("ix_break_glass_grant_patient_id_granted_at", "break_glass_grant", ["patient_id", "granted_at"])
    op.create_index(
        "ix_break_glass_grant_unreviewed",
        "break_glass_grant",
        ["review_due_at"],
        postgresql_where=sa.text("reviewed_at IS NULL"),
    )
    op.create_index(
        "uq_break_glass_grant_open",
        "break_glass_grant",
        ["administrator_id", "patient_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_version", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('terms', 'telehealth', 'message_analysis', 'training')", name=op.f("ck_consent_kind")
        ),
        sa.CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name=op.f("ck_consent_withdrawn_later")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_consent_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_user_id_given_at", "consent", ["user_id", "given_at"])
    op.create_index(
        "uq_consent_standing",
        "consent",
        ["user_id", "kind"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )

    op.create_table(
        "erasure_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("steps", JSONB(), nullable=False),
        sa.Column("receipt", JSONB(), nullable=True),
        sa.CheckConstraint(
            "status <> 'cancelled' OR cancelled_at IS NOT NULL", name=op.f("ck_erasure_request_cancelled_when")
        ),
        sa.CheckConstraint(
            "status <> 'completed' OR completed_at IS NOT NULL", name=op.f("ck_erasure_request_completed_when")
        ),
        sa.CheckConstraint("status <> 'held' OR hold_reason IS NOT NULL", name=op.f("ck_erasure_request_hold_reason")),
        sa.CheckConstraint(
            "status IN ('pending', 'cancelled', 'held', 'running', 'completed')", name=op.f("ck_erasure_request_status")
        ),
        sa.CheckConstraint("due_at >= requested_at", name=op.f("ck_erasure_request_due_later")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_erasure_request_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_request")),
    )
    op.create_index(
        "ix_erasure_request_due_at",
        "erasure_request",
        ["due_at"],
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(
        "uq_erasure_request_open",
        "erasure_request",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'held', 'running')"),
    )

    # The trail and its seals can be added to and read; who holds the product's login cannot rewrite them.
    op.execute("REVOKE UPDATE, DELETE ON TABLE audit_event, audit_seal FROM app")
