"""Availability, appointments and the waitlist."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "appointment_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("first_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("interval_weeks", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'cancelled')", name=op.f("ck_appointment_series_status")),
        sa.CheckConstraint("interval_weeks BETWEEN 1 AND 8", name=op.f("ck_appointment_series_interval_weeks")),
        sa.CheckConstraint("occurrences BETWEEN 2 AND 52", name=op.f("ck_appointment_series_occurrences")),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_appointment_series_patient_id")),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_appointment_series_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_series")),
    )
    op.create_index("ix_appointment_series_patient_id", "appointment_series", ["patient_id"])
    op.create_index("ix_appointment_series_therapist_id", "appointment_series", ["therapist_id"])

    op.create_table(
        "availability_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        sa.Column("end_minute", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(start_minute IS NULL) = (end_minute IS NULL)", name=op.f("ck_availability_exception_both_minutes")
        ),
        sa.CheckConstraint(
            "NOT available OR start_minute IS NOT NULL", name=op.f("ck_availability_exception_open_needs_minutes")
        ),
        sa.CheckConstraint(
            "start_minute IS NULL OR (start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440)",
            name=op.f("ck_availability_exception_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["therapist_id"], ["user.id"], name=op.f("fk_availability_exception_therapist_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_exception")),
    )
    op.create_index(
        "ix_availability_exception_therapist_id_on_date", "availability_exception", ["therapist_id", "on_date"]
    )

    op.create_table(
        "availability_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "effective_until IS NULL OR effective_until >= effective_from", name=op.f("ck_availability_rule_effective")
        ),
        sa.CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440",
            name=op.f("ck_availability_rule_minutes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_availability_rule_weekday")),
        sa.ForeignKeyConstraint(
            ["therapist_id"], ["user.id"], name=op.f("fk_availability_rule_therapist_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_rule")),
        sa.UniqueConstraint(
            "therapist_id",
            "weekday",
            "start_minute",
            "effective_from",
            name=op.f("uq_availability_rule_therapist_id_weekday_start_minute_effective_from"),
        ),
    )

    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ics_sequence", sa.Integer(), nullable=False),
        sa.Column("zoom_status", sa.Text(), nullable=False),
        sa.Column("zoom_meeting_id", sa.Text(), nullable=True),
        sa.Column("zoom_meeting_uuid", sa.Text(), nullable=True),
        sa.Column("zoom_join_url", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rescheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rescheduled_by", sa.Uuid(), nullable=True),
        sa.Column("rescheduled_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cancel_reason IN ('patient_request', 'therapist_unavailable', "
            "'illness', 'technical', 'care_ended', 'account_closed', 'other')",
            name=op.f("ck_appointment_cancel_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'cancelled' OR cancelled_at IS NOT NULL", name=op.f("ck_appointment_cancelled_when")
        ),
        sa.CheckConstraint("status <> 'held' OR held_until IS NOT NULL", name=op.f("ck_appointment_held_until")),
        sa.CheckConstraint(
            "status IN ('held', 'pending', 'booked', 'in_session', 'completed', 'cancelled', 'no_show', 'expired')",
            name=op.f("ck_appointment_status"),
        ),
        sa.CheckConstraint(
            "zoom_status IN ('wanted', 'created', 'failed', 'deleted')", name=op.f("ck_appointment_zoom_status")
        ),
        sa.CheckConstraint("blocked_from <= start_at AND blocked_until >= end_at", name=op.f("ck_appointment_blocked")),
        sa.CheckConstraint("patient_id <> therapist_id", name=op.f("ck_appointment_two_people")),
        sa.CheckConstraint("start_at < end_at", name=op.f("ck_appointment_ends_later")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_appointment_version")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["user.id"], name=op.f("fk_appointment_cancelled_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_appointment_patient_id")),
        sa.ForeignKeyConstraint(["rescheduled_by"], ["user.id"], name=op.f("fk_appointment_rescheduled_by")),
        sa.ForeignKeyConstraint(["series_id"], ["appointment_series.id"], name=op.f("fk_appointment_series_id")),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_appointment_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(
        "ix_appointment_held_until", "appointment", ["held_until"], postgresql_where=sa.text("status = 'held'")
    )
    op.create_index(
        "ix_appointment_patient_ends",
        "appointment",
        ["patient_id", "end_at"],
        postgresql_where=sa.text("status IN ('held', 'pending', 'booked', 'in_session')"),
    )
    op.create_index("ix_appointment_patient_id_start_at", "appointment", ["patient_id", "start_at"])
    op.create_index(op.f("ix_appointment_series_id"), "appointment", ["series_id"])
    op.create_index("ix_appointment_start_at", "appointment", ["start_at"])
    op.create_index(
        "ix_appointment_therapist_blocked",
        "appointment",
        ["therapist_id", "blocked_until"],
        postgresql_where=sa.text("status IN ('held', 'pending', 'booked', 'in_session')"),
    )
    op.create_index("ix_appointment_therapist_id_start_at", "appointment", ["therapist_id", "start_at"])
    op.create_index(
        "uq_appointment_patient_start",
        "appointment",
        ["patient_id", "start_at"],
        unique=True,
        postgresql_where=sa.text("status IN ('held', 'pending', 'booked', 'in_session')"),
    )
    op.create_index(
        "uq_appointment_therapist_start",
        "appointment",
        ["therapist_id", "start_at"],
        unique=True,
        postgresql_where=sa.text("status IN ('held', 'pending', 'booked', 'in_session')"),
    )
    op.create_index(
        "uq_appointment_zoom_meeting_id",
        "appointment",
        ["zoom_meeting_id"],
        unique=True,
        postgresql_where=sa.text("zoom_meeting_id IS NOT NULL"),
    )

    op.create_table(
        "appointment_attendee",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("attendance", sa.Text(), nullable=False),
        sa.Column("first_joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("present_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attended_seconds", sa.Integer(), nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "attendance IN ('unknown', 'attended', 'no_show')", name=op.f("ck_appointment_attendee_attendance")
        ),
        sa.CheckConstraint("attended_seconds >= 0", name=op.f("ck_appointment_attendee_attended_seconds")),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name=op.f("fk_appointment_attendee_appointment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["marked_by"], ["user.id"], name=op.f("fk_appointment_attendee_marked_by")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_appointment_attendee_user_id")),
        sa.PrimaryKeyConstraint("appointment_id", "user_id", name=op.f("pk_appointment_attendee")),
    )
    op.create_index("ix_appointment_attendee_user_id", "appointment_attendee", ["user_id"])

    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("earliest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preferences", JSONB(), nullable=False),
        sa.Column("offered_appointment_id", sa.Uuid(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status <> 'offered' OR (offered_appointment_id IS NOT NULL AND offer_expires_at IS NOT NULL)",
            name=op.f("ck_waitlist_entry_offer"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'accepted', 'withdrawn', 'expired')",
            name=op.f("ck_waitlist_entry_status"),
        ),
        sa.CheckConstraint("earliest_at < latest_at", name=op.f("ck_waitlist_entry_window")),
        sa.ForeignKeyConstraint(
            ["offered_appointment_id"], ["appointment.id"], name=op.f("fk_waitlist_entry_offered_appointment_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_waitlist_entry_patient_id")),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_waitlist_entry_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entry")),
    )
    op.create_index(
        "ix_waitlist_entry_offer_expires_at",
        "waitlist_entry",
        ["offer_expires_at"],
        postgresql_where=sa.text("status = 'offered'"),
    )
    op.create_index(
        "ix_waitlist_entry_queue",
        "waitlist_entry",
        ["therapist_id", "created_at"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "uq_waitlist_entry_open",
        "waitlist_entry",
        ["patient_id", "therapist_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
