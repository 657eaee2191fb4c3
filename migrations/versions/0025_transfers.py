"""Transfers of members between branches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = ("asked", "sent", "approved", "received", "returned", "refused", "withdrawn", "cancelled")
OCCASIONS = ("post", "department", "loan", "misplaced", "other")
TURN_DOWNS = ("wrong_person", "not_arrived", "not_ours", "other")
OPEN = sa.text("state IN ('asked', 'sent', 'approved', 'returned')")


def upgrade() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("to_unit_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="transferstate", native_enum=False, length=24), nullable=False),
        sa.Column("occasion", sa.Enum(*OCCASIONS, name="occasion", native_enum=False, length=24), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("from_department", sa.String(length=60), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.Integer(), nullable=False),
        sa.Column("asked_herself", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turned_down", sa.Enum(*TURN_DOWNS, name="turndown", native_enum=False, length=24), nullable=True),
        sa.Column("turned_down_note", sa.String(length=500), nullable=False),
        sa.Column("wanted_back", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_forced", sa.Boolean(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["begun_by"], ["users.id"], name=op.f("fk_transfers_begun_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_transfers_member_id")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["org_units.id"], name=op.f("fk_transfers_to_unit_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_transfers_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index("ix_transfers_list", ["state", "unit_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_to_unit_id"), ["to_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index("uq_transfers_open", ["member_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("transfers")
