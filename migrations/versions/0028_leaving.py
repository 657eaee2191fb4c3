"""What was said to members who pay no dues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leaving_warnings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("talk", "letter", name="warningkind", native_enum=False, length=24), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_leaving_warnings_made_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_leaving_warnings_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_leaving_warnings_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaving_warnings")),
    )
    with op.batch_alter_table("leaving_warnings", schema=None) as batch_op:
        batch_op.create_index("ix_leaving_warnings_member", ["member_id", "on"], unique=False)
        batch_op.create_index(batch_op.f("ix_leaving_warnings_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("leaving_warnings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_leaving_warnings_unit_id"))
        batch_op.drop_index("ix_leaving_warnings_member")
    op.drop_table("leaving_warnings")
