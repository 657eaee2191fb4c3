"""Questions that the server keeps, and the frozen rows of a task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_kept_questions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_questions")),
        sa.UniqueConstraint("token", name=op.f("uq_kept_questions_token")),
        sa.UniqueConstraint("user_id", "mark", name="uq_kept_questions_mark"),
    )
    op.create_index("ix_kept_questions_user_id", "kept_questions", ["user_id"])
    op.create_table(
        "selections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("member_ids", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_selections_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selections")),
        sa.UniqueConstraint("token", name=op.f("uq_selections_token")),
    )
    op.create_index("ix_selections_user_id", "selections", ["user_id"])


def downgrade() -> None:
    op.drop_table("selections")
    op.drop_table("kept_questions")
