"""The working-day calendar: years that were written here, their holidays, and vacations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_years")),
        sa.UniqueConstraint("year", name=op.f("uq_calendar_years_year")),
    )
    op.create_table(
        "calendar_spans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "kind", sa.Enum("free", "work", "vacation", name="spankind", native_enum=False, length=24), nullable=False
        ),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.CheckConstraint("ends >= starts", name=op.f("ck_calendar_spans_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_spans")),
    )
    with op.batch_alter_table("calendar_spans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_spans_year"), ["year"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("calendar_spans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calendar_spans_year"))

    op.drop_table("calendar_spans")
    op.drop_table("calendar_years")
