"""Exports that wait for a second person or for the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(length=20), nullable=False),
        sa.Column(
            "format", sa.Enum("xlsx", "csv", name="exportformat", native_enum=False, length=24), nullable=False
        ),
        sa.Column(
            "secrets",
            sa.Enum("masked", "contact", "full", name="secrets", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("member_ids", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("sorted_by", sa.String(length=60), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=100), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "queued", "running", "done", "given", "refused", "expired", "withdrawn", "failed", "removed",
                name="exportstate", native_enum=False, length=24,
            ),
            nullable=False,
        ),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_exports_decided_by")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_exports_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_exports_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.UniqueConstraint("uuid", name=op.f("uq_exports_uuid")),
    )  # fmt: skip
    with op.batch_alter_table("exports", schema=None) as batch_op:
        batch_op.create_index("ix_exports_owner", ["owner_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_exports_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_exports_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("exports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exports_unit_id"))
        batch_op.drop_index(batch_op.f("ix_exports_state"))
        batch_op.drop_index("ix_exports_owner")
    op.drop_table("exports")
