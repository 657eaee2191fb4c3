"""What many applications at once need: drafts, reasons, the meeting, and since when the branch has been asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REASONS = ("wrong", "missing", "not_ours", "duplicate", "photo", "other")
LIVE = "state IN ('submitted', 'branch_ok', 'returned')"


def upgrade() -> None:
    reason = sa.Enum(*REASONS, name="reason", native_enum=False, length=24)
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index("uq_applications_live")
        batch_op.add_column(sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("return_reason", reason, nullable=True))
        batch_op.add_column(sa.Column("reject_reason", reason, nullable=True))
        batch_op.add_column(sa.Column("meeting", sa.String(length=100), nullable=False, server_default=""))
        batch_op.alter_column("name", existing_type=sa.String(length=50), nullable=True)
        batch_op.alter_column("id_type", existing_type=sa.String(length=1), nullable=True)
        batch_op.alter_column("id_index", existing_type=sa.String(length=64), nullable=True)
        batch_op.create_check_constraint(
            op.f("ck_applications_filled"),
            "state = 'draft' OR (name IS NOT NULL AND id_type IS NOT NULL AND id_index IS NOT NULL)",
        )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.alter_column("meeting", existing_type=sa.String(length=100), server_default=None)
    op.execute("UPDATE applications SET asked_at = submitted_at")
    _only_one_under_way()


def downgrade() -> None:
    # a draft has no place in the older table
    op.execute(
        "DELETE FROM application_receipts WHERE application_id IN (SELECT id FROM applications WHERE state = 'draft')"
    )
    op.execute("DELETE FROM applications WHERE state = 'draft'")
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index("uq_applications_live")
        batch_op.drop_constraint(op.f("ck_applications_filled"), type_="check")
        batch_op.alter_column("id_index", existing_type=sa.String(length=64), nullable=False)
        batch_op.alter_column("id_type", existing_type=sa.String(length=1), nullable=False)
        batch_op.alter_column("name", existing_type=sa.String(length=50), nullable=False)
        for column in ("meeting", "reject_reason", "return_reason", "asked_at", "saved_at"):
            batch_op.drop_column(column)
    _only_one_under_way()


def _only_one_under_way() -> None:
    """Two forms of one person sent at the same moment meet at this index."""
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index(
            "uq_applications_live",
            ["id_type", "id_index"],
            unique=True,
            sqlite_where=sa.text(LIVE),
            postgresql_where=sa.text(LIVE),
        )
