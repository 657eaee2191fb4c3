"""Changes of the membership's status, and their papers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = (
    "leave", "leave_jobless", "retire", "retire_veteran", "resign", "laid_off", "unemployed", "army", "restore",
    "withdraw", "lapse", "expel", "death", "correct",
)  # fmt: skip
STATES = ("submitted", "scheduled", "done", "returned", "refused", "withdrawn")
OPEN = sa.text("state IN ('submitted', 'scheduled', 'returned')")


def upgrade() -> None:
    op.create_table(
        "standing_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="changekind", native_enum=False, length=24), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="standingstate", native_enum=False, length=24), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("filing_no", sa.String(length=60), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("filing_no = '' OR kind = 'expel'", name=op.f("ck_standing_changes_filed_expulsion")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_standing_changes_member_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_standing_changes_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_standing_changes_decided_by")),
        sa.ForeignKeyConstraint(["line_id"], ["membership_changes.id"], name=op.f("fk_standing_changes_line_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_standing_changes_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_changes")),
        sa.UniqueConstraint("uuid", name=op.f("uq_standing_changes_uuid")),
    )
    with op.batch_alter_table("standing_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_standing_changes_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_standing_changes_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_standing_changes_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index("ix_standing_changes_list", ["state", "unit_id", "id"], unique=False)
        batch_op.create_index("ix_standing_changes_due", ["state", "effective_on"], unique=False)
        batch_op.create_index(
            "uq_standing_changes_open", ["member_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )
    op.create_table(
        "standing_papers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["standing_changes.id"], name=op.f("fk_standing_papers_change_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_standing_papers_upload_id")),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_standing_papers_added_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_papers")),
    )
    with op.batch_alter_table("standing_papers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_standing_papers_change_id"), ["change_id"], unique=False)


def downgrade() -> None:
    op.drop_table("standing_papers")
    op.drop_table("standing_changes")
