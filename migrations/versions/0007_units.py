"""Names of units with their days, departments of HR with their branches, and sheets of units as brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_unit_names_some_day")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_unit_names_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_names")),
        sa.UniqueConstraint("unit_id", "valid_from", name="uq_unit_names_day"),
    )
    with op.batch_alter_table("unit_names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_names_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_names_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_departments_some_day")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_departments_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
    )
    with op.batch_alter_table("departments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_departments_key"), ["key"], unique=False)
        batch_op.create_index("ix_departments_unit_key", ["unit_id", "key"], unique=False)
        batch_op.create_index(batch_op.f("ix_departments_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "unit_sheets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_unit_sheets_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_unit_sheets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_sheets")),
    )
    with op.batch_alter_table("unit_sheets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_sheets_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_sheets_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("unit_sheets")
    op.drop_table("departments")
    op.drop_table("unit_names")
