"""Questions that wait for the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slow_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sort", sa.String(length=61), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("queued", "running", "done", "failed", "cancelled", name="slowstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("selection", sa.String(length=22), nullable=True),
        sa.Column("told", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_slow_questions_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slow_questions")),
        sa.UniqueConstraint("uuid", name=op.f("uq_slow_questions_uuid")),
    )
    with op.batch_alter_table("slow_questions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slow_questions_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slow_questions_state"), ["state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("slow_questions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_slow_questions_state"))
        batch_op.drop_index(batch_op.f("ix_slow_questions_owner_id"))
    op.drop_table("slow_questions")
