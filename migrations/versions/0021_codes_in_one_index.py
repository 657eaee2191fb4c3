"""One index of all that is asked for and counted most, of members and of their versions; and the ID numbers' own."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CODES = [
    "sex", "birth_date", "political_status", "ethnicity", "education", "degree", "title_level", "prof_title",
    "skill_level", "post_category", "admin_rank", "employment_form", "employment_status", "marital_status",
    "children_count", "family_planning", "join_date", "school_entry_date", "is_migrant_worker", "household_type",
    "retire_track", "retire_date_hr",
]  # fmt: skip
OF_MEMBERS = ["membership_status", "counted_here", "unit_id", *CODES]
OF_VERSIONS = [
    "membership_status", "counted_here", "valid_to", "valid_from", "superseded_at", "unit_id", "member_id", *CODES,
]  # fmt: skip


def upgrade() -> None:
    op.create_index("ix_members_id_index", "members", ["id_index"])
    op.create_index("ix_members_codes", "members", OF_MEMBERS)
    op.create_index("ix_member_versions_codes", "member_versions", OF_VERSIONS)


def downgrade() -> None:
    op.drop_index("ix_member_versions_codes", table_name="member_versions")
    op.drop_index("ix_members_codes", table_name="members")
    op.drop_index("ix_members_id_index", table_name="members")
