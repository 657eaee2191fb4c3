"""People who come from another union."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")
STATES = ("waiting", "accepted", "refused", "withdrawn")


def upgrade() -> None:
    op.create_table(
        "incomings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="incomingstate", native_enum=False, length=24), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("id_type", sa.String(length=1), nullable=False),
        sa.Column("id_index", sa.String(length=64), nullable=False),
        sa.Column("from_union", sa.String(length=120), nullable=False),
        sa.Column("letter_no", sa.String(length=60), nullable=False),
        sa.Column("letter_date", sa.Date(), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["uploads.id"], name=op.f("fk_incomings_letter_id")),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_incomings_made_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_incomings_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_incomings_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incomings")),
        sa.UniqueConstraint("uuid", name=op.f("uq_incomings_uuid")),
    )
    with op.batch_alter_table("incomings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incomings_id_index"), ["id_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_incomings_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_incomings_waiting", ["id_type", "id_index"], unique=True, sqlite_where=WAITING, postgresql_where=WAITING
        )


def downgrade() -> None:
    op.drop_table("incomings")
