"""Personal links, entries by operators, and the lists of people who ought to join with their applications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expected_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_expected_lists_created_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_expected_lists_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_lists")),
    )
    with op.batch_alter_table("expected_lists", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_expected_lists_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "personal_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_personal_links_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_personal_links_token_hash")),
    )
    op.create_table(
        "expected_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("staff_no", sa.String(length=20), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["personal_links.id"], name=op.f("fk_expected_people_link_id")),
        sa.ForeignKeyConstraint(["list_id"], ["expected_lists.id"], name=op.f("fk_expected_people_list_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_expected_people_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_expected_people_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_people")),
        sa.UniqueConstraint("link_id", name=op.f("uq_expected_people_link_id")),
    )
    with op.batch_alter_table("expected_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_expected_people_list_id"), ["list_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_expected_people_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_expected_people_staff_no"), ["staff_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_expected_people_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_expected_people_staff_no",
            ["list_id", "staff_no"],
            unique=True,
            sqlite_where=sa.text("staff_no IS NOT NULL AND removed_at IS NULL"),
            postgresql_where=sa.text("staff_no IS NOT NULL AND removed_at IS NULL"),
        )

    op.create_table(
        "application_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence_id", sa.Integer(), nullable=True),
        sa.Column("evidence_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_entries_application_id")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f("fk_application_entries_entered_by")),
        sa.ForeignKeyConstraint(["evidence_id"], ["uploads.id"], name=op.f("fk_application_entries_evidence_id")),
        sa.ForeignKeyConstraint(["link_id"], ["personal_links.id"], name=op.f("fk_application_entries_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_entries")),
        sa.UniqueConstraint("application_id", name=op.f("uq_application_entries_application_id")),
        sa.UniqueConstraint("link_id", name=op.f("uq_application_entries_link_id")),
    )
    op.create_table(
        "expected_matches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("by_link", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_expected_matches_application_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["expected_people.id"], name=op.f("fk_expected_matches_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_matches")),
        sa.UniqueConstraint("application_id", "person_id", name="uq_expected_matches_pair"),
    )
    with op.batch_alter_table("expected_matches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_expected_matches_person_id"), ["person_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("expected_matches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_expected_matches_person_id"))

    op.drop_table("expected_matches")
    op.drop_table("application_entries")
    with op.batch_alter_table("expected_people", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_expected_people_staff_no",
            sqlite_where=sa.text("staff_no IS NOT NULL AND removed_at IS NULL"),
            postgresql_where=sa.text("staff_no IS NOT NULL AND removed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_expected_people_unit_id"))
        batch_op.drop_index(batch_op.f("ix_expected_people_staff_no"))
        batch_op.drop_index(batch_op.f("ix_expected_people_name"))
        batch_op.drop_index(batch_op.f("ix_expected_people_list_id"))

    op.drop_table("expected_people")
    op.drop_table("personal_links")
    with op.batch_alter_table("expected_lists", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_expected_lists_unit_id"))

    op.drop_table("expected_lists")
