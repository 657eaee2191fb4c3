"""How members were admitted, what was printed of them, where the signed paper is, and the print jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "admissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("pledge_text", sa.String(length=500), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("opinion_on", sa.Date(), nullable=True),
        sa.Column("study_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_admissions_member_id")),
        sa.ForeignKeyConstraint(["version_id"], ["member_versions.id"], name=op.f("fk_admissions_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admissions")),
        sa.UniqueConstraint("member_id", name=op.f("uq_admissions_member_id")),
    )
    op.create_table(
        "member_prints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("papers", sa.String(length=24), nullable=False),
        sa.Column("at_joining", sa.Boolean(), nullable=False),
        sa.Column("job", sa.String(length=36), nullable=True),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_member_prints_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_member_prints_unit_id")),
        sa.ForeignKeyConstraint(["printed_by"], ["users.id"], name=op.f("fk_member_prints_printed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_prints")),
        sa.UniqueConstraint("code", name=op.f("uq_member_prints_code")),
    )
    with op.batch_alter_table("member_prints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_prints_job"), ["job"], unique=False)
        batch_op.create_index("ix_member_prints_member", ["member_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_prints_unit_id"), ["unit_id"], unique=False)
    op.create_table(
        "paper_files",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_paper_files_member_id")),
        sa.ForeignKeyConstraint(["scan_id"], ["uploads.id"], name=op.f("fk_paper_files_scan_id")),
        sa.ForeignKeyConstraint(["filed_by"], ["users.id"], name=op.f("fk_paper_files_filed_by")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_paper_files")),
    )
    with op.batch_alter_table("paper_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_files_state"), ["state"], unique=False)
    op.create_table(
        "print_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("at_joining", sa.Boolean(), nullable=False),
        sa.Column("double_sided", sa.Boolean(), nullable=False),
        sa.Column("check_url", sa.String(length=300), nullable=False),
        sa.Column("member_ids", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("without_photo", sa.JSON(), nullable=False),
        sa.Column("without_glyph", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("broken", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_print_jobs_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_jobs")),
        sa.UniqueConstraint("uuid", name=op.f("uq_print_jobs_uuid")),
    )
    with op.batch_alter_table("print_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_print_jobs_state"), ["state"], unique=False)
        batch_op.create_index("ix_print_jobs_owner", ["owner_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("print_jobs")
    op.drop_table("paper_files")
    op.drop_table("member_prints")
    op.drop_table("admissions")
