"""Frozen lists, their parts and rows, and the jobs that make their sheets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("holiday", "health", "birthday", "other", name="rosterkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "checking", "closed", "void", name="rosterstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_rosters_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_rosters_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
    )
    with op.batch_alter_table("rosters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rosters_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rosters_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_rosters_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "roster_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued", "running", "done", "failed", "removed", name="rosterjobstate", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_roster_jobs_owner_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_jobs_roster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_jobs")),
        sa.UniqueConstraint("uuid", name=op.f("uq_roster_jobs_uuid")),
    )
    with op.batch_alter_table("roster_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_jobs_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_jobs_roster_id"), ["roster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_jobs_state"), ["state"], unique=False)

    op.create_table(
        "roster_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "confirmed", "objected", "answered", name="partstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("objection", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_parts_roster_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_roster_parts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_parts")),
        sa.UniqueConstraint("roster_id", "unit_id", name="uq_roster_parts_unit"),
    )
    with op.batch_alter_table("roster_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_parts_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "roster_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("staff_no", sa.String(length=20), nullable=False),
        sa.Column("values_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_why", sa.String(length=200), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_why", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_roster_rows_member_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["part_id"], ["roster_parts.id"], name=op.f("fk_roster_rows_part_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_rows_roster_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_roster_rows_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_rows")),
        sa.UniqueConstraint("roster_id", "member_id", name="uq_roster_rows_member"),
    )
    with op.batch_alter_table("roster_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_rows_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_roster_rows_part", ["part_id", "place"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_rows_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("roster_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_rows_unit_id"))
        batch_op.drop_index("ix_roster_rows_part")
        batch_op.drop_index(batch_op.f("ix_roster_rows_member_id"))

    op.drop_table("roster_rows")
    with op.batch_alter_table("roster_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_parts_unit_id"))

    op.drop_table("roster_parts")
    with op.batch_alter_table("roster_jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_jobs_state"))
        batch_op.drop_index(batch_op.f("ix_roster_jobs_roster_id"))
        batch_op.drop_index(batch_op.f("ix_roster_jobs_owner_id"))

    op.drop_table("roster_jobs")
    with op.batch_alter_table("rosters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rosters_unit_id"))
        batch_op.drop_index(batch_op.f("ix_rosters_state"))
        batch_op.drop_index(batch_op.f("ix_rosters_owner_id"))

    op.drop_table("rosters")
