"""Files, attachments and shares."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "file_asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("object_name", sa.Text(), nullable=False),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status <> 'deleted' OR deleted_at IS NOT NULL", name=op.f("ck_file_asset_deleted_when")),
        sa.CheckConstraint(
            "status IN ('pending', 'uploaded', 'clean', 'infected', 'refused', 'deleted')",
            name=op.f("ck_file_asset_status"),
        ),
        sa.CheckConstraint("sha256 IS NULL OR octet_length(sha256) = 32", name=op.f("ck_file_asset_sha256_length")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_file_asset_size_bytes")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_file_asset_conversation_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_file_asset_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_asset")),
        sa.UniqueConstraint("object_name", name=op.f("uq_file_asset_object_name")),
    )
    op.create_index(op.f("ix_file_asset_conversation_id"), "file_asset", ["conversation_id"])
    op.create_index("ix_file_asset_owner_id_created_at", "file_asset", ["owner_id", "created_at"])
    op.create_index(
        "ix_file_asset_unfinished",
        "file_asset",
        ["created_at"],
        postgresql_where=sa.text("status IN ('pending', 'uploaded')"),
    )

    op.create_table(
        "file_share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("shared_with_id", sa.Uuid(), nullable=False),
        sa.Column("shared_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("shared_with_id <> shared_by_id", name=op.f("ck_file_share_two_people")),
        sa.ForeignKeyConstraint(["file_id"], ["file_asset.id"], name=op.f("fk_file_share_file_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["shared_by_id"], ["user.id"], name=op.f("fk_file_share_shared_by_id")),
        sa.ForeignKeyConstraint(["shared_with_id"], ["user.id"], name=op.f("fk_file_share_shared_with_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_share")),
        sa.UniqueConstraint("file_id", "shared_with_id", name=op.f("uq_file_share_file_id_shared_with_id")),
    )
    op.create_index("ix_file_share_shared_with_id", "file_share", ["shared_with_id"])

    op.create_table(
        "message_attachment",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_message_attachment_position")),
        sa.ForeignKeyConstraint(["file_id"], ["file_asset.id"], name=op.f("fk_message_attachment_file_id")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_attachment_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "file_id", name=op.f("pk_message_attachment")),
    )
    op.create_index("ix_message_attachment_file_id", "message_attachment", ["file_id"])
