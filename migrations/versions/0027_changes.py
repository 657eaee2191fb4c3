"""Change requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('pending_branch', 'pending_school', 'pending_second')")


def upgrade() -> None:
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending_branch", "pending_school", "pending_second", "applied", "refused", "cancelled",
                name="changestate", native_enum=False, length=24,
            ),
            nullable=False,
        ),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_id", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_by", sa.Integer(), nullable=False),
        sa.Column("first_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("document_no", sa.String(length=60), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_change_requests_member_id")),
        sa.ForeignKeyConstraint(["evidence_id"], ["uploads.id"], name=op.f("fk_change_requests_evidence_id")),
        sa.ForeignKeyConstraint(["filed_by"], ["users.id"], name=op.f("fk_change_requests_filed_by")),
        sa.ForeignKeyConstraint(["first_by"], ["users.id"], name=op.f("fk_change_requests_first_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_change_requests_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_requests")),
        sa.UniqueConstraint("uuid", name=op.f("uq_change_requests_uuid")),
    )  # fmt: skip
    with op.batch_alter_table("change_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_requests_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index("ix_change_requests_list", ["state", "unit_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_change_requests_open", ["member_id", "field"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )


def downgrade() -> None:
    with op.batch_alter_table("change_requests", schema=None) as batch_op:
        batch_op.drop_index("uq_change_requests_open", sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.drop_index(batch_op.f("ix_change_requests_unit_id"))
        batch_op.drop_index(batch_op.f("ix_change_requests_member_id"))
        batch_op.drop_index("ix_change_requests_list")
        batch_op.drop_index(batch_op.f("ix_change_requests_batch_id"))

    op.drop_table("change_requests")
