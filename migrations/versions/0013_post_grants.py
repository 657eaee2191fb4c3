"""The grants that came with a post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post_grants",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_post_grants_grant_id")),
        sa.ForeignKeyConstraint(["post_id"], ["union_posts.id"], name=op.f("fk_post_grants_post_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_grants")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_post_grants_grant_id")),
    )


def downgrade() -> None:
    op.drop_table("post_grants")
