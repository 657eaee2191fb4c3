"""Wrong passwords by account and network; and whether an applicant confirmed from where her operator works."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_failures",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_failures_user_id")),
        sa.PrimaryKeyConstraint("user_id", "network", name=op.f("pk_login_failures")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("application_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_confirmed_near", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("application_entries", schema=None) as batch_op:
        batch_op.alter_column("is_confirmed_near", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("application_entries", schema=None) as batch_op:
        batch_op.drop_column("is_confirmed_near")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("failing_since")
    op.drop_table("login_failures")
