"""Objections to edits, and checks of the records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def _state(name: str, *values: str) -> sa.Column[str]:
    return sa.Column("state", sa.Enum(*values, name=name, native_enum=False, length=24), nullable=False)


def upgrade() -> None:
    op.create_table(
        "objections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.String(length=1000), nullable=False),
        _state("objectionstate", "waiting_branch", "waiting_union", "answered", "set_back", "withdrawn"),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_objections_member_id")),
        sa.ForeignKeyConstraint(["version_id"], ["member_versions.id"], name=op.f("fk_objections_version_id")),
        sa.ForeignKeyConstraint(["before_id"], ["member_versions.id"], name=op.f("fk_objections_before_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_objections_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        sa.UniqueConstraint("uuid", name=op.f("uq_objections_uuid")),
        sa.UniqueConstraint("version_id", name=op.f("uq_objections_version_id")),
    )
    with op.batch_alter_table("objections", schema=None) as batch_op:
        batch_op.create_index("ix_objections_list", ["state", "unit_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_objections_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_objections_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "info_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        _state("checkstate", "open", "closed"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_info_checks_made_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_info_checks_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_info_checks")),
    )
    with op.batch_alter_table("info_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_info_checks_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "info_check_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        _state("partstate", "waiting", "signed"),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Integer(), nullable=True),
        sa.Column("member_ids", sa.JSON(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["info_checks.id"], name=op.f("fk_info_check_parts_check_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name=op.f("fk_info_check_parts_signed_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_info_check_parts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_info_check_parts")),
        sa.UniqueConstraint("check_id", "unit_id", name="uq_info_check_parts_unit"),
    )
    with op.batch_alter_table("info_check_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_info_check_parts_check_id"), ["check_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_info_check_parts_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("info_check_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_info_check_parts_unit_id"))
        batch_op.drop_index(batch_op.f("ix_info_check_parts_check_id"))

    op.drop_table("info_check_parts")
    with op.batch_alter_table("info_checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_info_checks_unit_id"))

    op.drop_table("info_checks")
    with op.batch_alter_table("objections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_objections_unit_id"))
        batch_op.drop_index(batch_op.f("ix_objections_member_id"))
        batch_op.drop_index("ix_objections_list")

    op.drop_table("objections")
