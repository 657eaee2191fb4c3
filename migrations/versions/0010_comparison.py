"""Comparisons of the personnel office's list with the members, what they found, and what is to be done about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_comparisons_created_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_comparisons_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("uuid", name=op.f("uq_comparisons_uuid")),
    )
    with op.batch_alter_table("comparisons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comparisons_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_comparisons_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "matters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("leave", "retire", "transfer", name="matterkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("to_unit_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "done", "dismissed", name="matterstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_matters_made_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_matters_member_id")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["org_units.id"], name=op.f("fk_matters_to_unit_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_matters_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matters")),
    )
    with op.batch_alter_table("matters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matters_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_matters_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_matters_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_matters_open",
            ["member_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "comparison_findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "only_there",
                "only_here",
                "misplaced",
                "different",
                "unsure",
                "retained",
                name="kind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.Column("row_key", sa.String(length=64), nullable=True),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("to_unit_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "invited",
                "matter",
                "applied",
                "ignored",
                "same",
                "other",
                "resolved",
                "nothing",
                name="outcome",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("is_carried", sa.Boolean(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comparison_id"], ["comparisons.id"], name=op.f("fk_comparison_findings_comparison_id")
        ),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("fk_comparison_findings_matter_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_comparison_findings_member_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["users.id"], name=op.f("fk_comparison_findings_settled_by")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["org_units.id"], name=op.f("fk_comparison_findings_to_unit_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_comparison_findings_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison_findings")),
        sa.UniqueConstraint("comparison_id", "place", name="uq_comparison_findings_place"),
    )
    with op.batch_alter_table("comparison_findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comparison_findings_key"), ["key"], unique=False)
        batch_op.create_index("ix_comparison_findings_list", ["comparison_id", "kind", "outcome"], unique=False)
        batch_op.create_index(batch_op.f("ix_comparison_findings_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_comparison_findings_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    op.drop_table("comparison_findings")
    op.drop_table("matters")
    op.drop_table("comparisons")
