"""Batch edits and what becomes of each member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_edits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("asked_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("document_no", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("previewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_batch_edits_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_edits")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_batch_edits_batch_id")),
        sa.UniqueConstraint("uuid", name=op.f("uq_batch_edits_uuid")),
    )
    with op.batch_alter_table("batch_edits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_edits_owner_id"), ["owner_id"], unique=False)
    op.create_table(
        "batch_edit_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_edit_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("change", "same", "refused", name="outcome", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("kept", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["batch_edit_id"], ["batch_edits.id"], name=op.f("fk_batch_edit_rows_batch_edit_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_batch_edit_rows_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_edit_rows")),
        sa.UniqueConstraint("batch_edit_id", "number", name="uq_batch_edit_rows_number"),
    )
    with op.batch_alter_table("batch_edit_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_edit_rows_member_id"), ["member_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("batch_edit_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_edit_rows_member_id"))
    op.drop_table("batch_edit_rows")
    with op.batch_alter_table("batch_edits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_edits_owner_id"))
    op.drop_table("batch_edits")
