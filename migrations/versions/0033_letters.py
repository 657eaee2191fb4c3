"""Letters of introduction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

STANDING = sa.text("state != 'void'")


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("union_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("issued", "received", "void", name="letterstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("received_on IS NULL OR state = 'received'", name=op.f("ck_letters_received")),
        sa.ForeignKeyConstraint(["change_id"], ["standing_changes.id"], name=op.f("fk_letters_change_id")),
        sa.ForeignKeyConstraint(["union_id"], ["org_units.id"], name=op.f("fk_letters_union_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["users.id"], name=op.f("fk_letters_issued_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_letters_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("uuid", name=op.f("uq_letters_uuid")),
        sa.UniqueConstraint("union_id", "year", "serial", name="uq_letters_number"),
    )
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letters_change_id"), ["change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letters_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index("ix_letters_list", ["state", "issued_on"], unique=False)
        batch_op.create_index(
            "uq_letters_standing", ["change_id"], unique=True, sqlite_where=STANDING, postgresql_where=STANDING
        )


def downgrade() -> None:
    op.drop_table("letters")
