"""Profiles and care relationships."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "care_relationship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status <> 'accepted' OR accepted_at IS NOT NULL", name=op.f("ck_care_relationship_accepted_when")
        ),
        sa.CheckConstraint(
            "status <> 'declined' OR declined_at IS NOT NULL", name=op.f("ck_care_relationship_declined_when")
        ),
        sa.CheckConstraint("status <> 'ended' OR ended_at IS NOT NULL", name=op.f("ck_care_relationship_ended_when")),
        sa.CheckConstraint(
            "status IN ('requested', 'accepted', 'declined', 'ended')", name=op.f("ck_care_relationship_status")
        ),
        sa.CheckConstraint("patient_id <> therapist_id", name=op.f("ck_care_relationship_two_people")),
        sa.ForeignKeyConstraint(["ended_by"], ["user.id"], name=op.f("fk_care_relationship_ended_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_care_relationship_patient_id")),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_care_relationship_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_relationship")),
    )
    op.create_index("ix_care_relationship_patient_id_status", "care_relationship", ["patient_id", "status"])
    op.create_index("ix_care_relationship_therapist_id_status", "care_relationship", ["therapist_id", "status"])
    op.create_index(
        "uq_care_relationship_open",
        "care_relationship",
        ["patient_id", "therapist_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'accepted')"),
    )

    op.create_table(
        "patient_profile",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("date_of_birth", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_contact", sa.LargeBinary(), nullable=True),
        sa.Column("about", sa.LargeBinary(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("country IS NULL OR char_length(country) = 2", name=op.f("ck_patient_profile_country")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_patient_profile_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_patient_profile")),
    )

    op.create_table(
        "therapist_profile",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("specialties", JSONB(), nullable=False),
        sa.Column("languages", JSONB(), nullable=False),
        sa.Column("accepts_new_patients", sa.Boolean(), nullable=False),
        sa.Column("license_number", sa.Text(), nullable=True),
        sa.Column("license_region", sa.Text(), nullable=True),
        sa.Column("license_expires_on", sa.Date(), nullable=True),
        sa.Column("credentials_status", sa.Text(), nullable=False),
        sa.Column("credentials_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        sa.Column("slot_step_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("minimum_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("booking_horizon_days", sa.Integer(), nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "credentials_status IN ('unsubmitted', 'pending', 'verified', 'rejected')",
            name=op.f("ck_therapist_profile_credentials_status"),
        ),
        sa.CheckConstraint(
            "credentials_status NOT IN ('verified', 'rejected') OR reviewed_at IS NOT NULL",
            name=op.f("ck_therapist_profile_reviewed_when"),
        ),
        sa.CheckConstraint(
            "booking_horizon_days BETWEEN 1 AND 730", name=op.f("ck_therapist_profile_booking_horizon_days")
        ),
        sa.CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 240", name=op.f("ck_therapist_profile_buffer_after_minutes")
        ),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 240", name=op.f("ck_therapist_profile_buffer_before_minutes")
        ),
        sa.CheckConstraint("minimum_notice_minutes >= 0", name=op.f("ck_therapist_profile_minimum_notice_minutes")),
        sa.CheckConstraint("session_minutes BETWEEN 10 AND 480", name=op.f("ck_therapist_profile_session_minutes")),
        sa.CheckConstraint("slot_step_minutes BETWEEN 5 AND 480", name=op.f("ck_therapist_profile_slot_step_minutes")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["user.id"], name=op.f("fk_therapist_profile_reviewed_by")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_therapist_profile_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_therapist_profile")),
    )
    op.create_index(
        "ix_therapist_profile_credentials_status",
        "therapist_profile",
        ["credentials_status", "credentials_submitted_at"],
    )
    op.create_index(
        "ix_therapist_profile_open",
        "therapist_profile",
        ["user_id"],
        postgresql_where=sa.text("accepts_new_patients AND credentials_status = 'verified'"),
    )
