"""Sheets of dues, and the months that members have paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dues_sheets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=True),
        sa.Column("last_month", sa.Date(), nullable=True),
        sa.Column("lines_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_dues_sheets_recorded_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_dues_sheets_unit_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name=op.f("fk_dues_sheets_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dues_sheets")),
        sa.UniqueConstraint("uuid", name=op.f("uq_dues_sheets_uuid")),
    )
    with op.batch_alter_table("dues_sheets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dues_sheets_unit_id"), ["unit_id"], unique=False)
    op.create_table(
        "dues_paid",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("amount_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_dues_paid_member_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["dues_sheets.id"], name=op.f("fk_dues_paid_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dues_paid")),
        sa.UniqueConstraint("member_id", "month", name="uq_dues_paid_month"),
    )
    with op.batch_alter_table("dues_paid", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dues_paid_sheet_id"), ["sheet_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("dues_paid", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dues_paid_sheet_id"))
    op.drop_table("dues_paid")
    with op.batch_alter_table("dues_sheets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dues_sheets_unit_id"))
    op.drop_table("dues_sheets")
