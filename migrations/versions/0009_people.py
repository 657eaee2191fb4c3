"""Grants that are lent for some days, and grants that end at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("lender_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("decisions", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_grants_lender_id"), ["lender_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_grants_lender_id"), "users", ["lender_id"], ["id"])


def downgrade() -> None:
    # a lent grant or a revoked one would come back as a whole one: they stay, as grants of a day long ago
    op.execute(
        "UPDATE grants SET starts = '1900-01-01', ends = '1900-01-01' "
        "WHERE lender_id IS NOT NULL OR revoked_at IS NOT NULL"
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_grants_lender_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_grants_lender_id"))
        batch_op.drop_column("decisions")
        batch_op.drop_column("lender_id")
        batch_op.drop_column("revoked_at")
