"""The file of a comparison that waits until somebody has said what its columns are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("comparisons", schema=None) as batch_op:
        batch_op.add_column(sa.Column("upload_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_comparisons_upload_id"), "uploads", ["upload_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("comparisons", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_comparisons_upload_id"), type_="foreignkey")
        batch_op.drop_column("upload_id")
