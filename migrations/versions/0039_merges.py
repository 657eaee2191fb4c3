"""Merges of duplicate records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

STANDS = sa.text("state IN ('waiting', 'done')")


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("gone_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting", "done", "refused", "withdrawn", "undone", name="mergestate", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("united", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kept_id <> gone_id", name=op.f("ck_merges_two_records")),
        sa.ForeignKeyConstraint(["kept_id"], ["members.id"], name=op.f("fk_merges_kept_id")),
        sa.ForeignKeyConstraint(["gone_id"], ["members.id"], name=op.f("fk_merges_gone_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_merges_asked_by")),
        sa.ForeignKeyConstraint(["done_by"], ["users.id"], name=op.f("fk_merges_done_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_merges_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merges_kept_id"), ["kept_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_merges_gone_id"), ["gone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_merges_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index("uq_merges_gone", ["gone_id"], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)


def downgrade() -> None:
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.drop_index("uq_merges_gone")
        batch_op.drop_index(batch_op.f("ix_merges_unit_id"))
        batch_op.drop_index(batch_op.f("ix_merges_gone_id"))
        batch_op.drop_index(batch_op.f("ix_merges_kept_id"))

    op.drop_table("merges")
