"""The first tables: trace, notices, units, people, members, applications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_label", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("subject_label", sa.String(length=100), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("seq", name=op.f("uq_audit_events_seq")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index("ix_audit_events_subject", ["subject_type", "subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "audit_heads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
    )
    # the chain begins with nothing before it; the row is there to be locked
    heads = sa.table(
        "audit_heads", sa.column("id", sa.Integer), sa.column("seq", sa.Integer), sa.column("mac", sa.String)
    )
    op.bulk_insert(heads, [{"id": 1, "seq": 0, "mac": "0" * 64}])
    op.create_table(
        "number_counters",
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_number_counters")),
    )
    op.create_table(
        "org_units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column(
            "path",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "city",
                "county",
                "system",
                "industry",
                "town",
                "union",
                "branch",
                "group",
                name="unitkind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("approves_members", sa.Boolean(), nullable=False),
        sa.Column("accepts_members", sa.Boolean(), nullable=False),
        sa.Column("needs_opinion", sa.Boolean(), nullable=True),
        sa.Column("join_form", sa.Enum("full", "quick", name="joinform", native_enum=False, length=24), nullable=True),
        sa.Column("contact_phone", sa.String(length=40), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["org_units.id"], name=op.f("fk_org_units_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_units")),
        sa.UniqueConstraint("code", name=op.f("uq_org_units_code")),
        sa.UniqueConstraint("path", name=op.f("uq_org_units_path")),
    )
    with op.batch_alter_table("org_units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_org_units_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "super_admin",
                "union_chair",
                "union_operator",
                "branch_chair",
                "branch_operator",
                name="role",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("ends IS NULL OR ends >= starts", name=op.f("ck_grants_ends_after_start")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_grants_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grants_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_grants_user_id"), ["user_id"], unique=False)

    op.create_table(
        "join_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_join_codes_created_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_join_codes_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_codes")),
        sa.UniqueConstraint("token", name=op.f("uq_join_codes_token")),
    )
    with op.batch_alter_table("join_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_join_codes_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_join_codes_live",
            ["unit_id"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )

    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_sessions_token_hash")),
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_login_sessions_user", ["user_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(length=2000), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_user", ["user_id", "read_at"], unique=False)

    op.create_table(
        "search_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_search_texts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_texts")),
        sa.UniqueConstraint("token", name=op.f("uq_search_texts_token")),
    )
    with op.batch_alter_table("search_texts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_texts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("path", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_uploads_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("path", name=op.f("uq_uploads_path")),
        sa.UniqueConstraint("uuid", name=op.f("uq_uploads_uuid")),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("name_pinyin", sa.String(length=300), nullable=False),
        sa.Column("name_initials", sa.String(length=50), nullable=False),
        sa.Column("name_plain", sa.String(length=50), nullable=False),
        sa.Column("id_index", sa.String(length=64), nullable=True),
        sa.Column("id_tail_index", sa.String(length=64), nullable=True),
        sa.Column("mobile_index", sa.String(length=64), nullable=True),
        sa.Column("mobile_tail_index", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("ethnicity", sa.String(length=2), nullable=True),
        sa.Column("native_place", sa.String(length=100), nullable=True),
        sa.Column("political_status", sa.String(length=2), nullable=True),
        sa.Column("id_type", sa.String(length=1), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("household_type", sa.String(length=2), nullable=True),
        sa.Column("household_place", sa.String(length=100), nullable=True),
        sa.Column("staff_no", sa.String(length=20), nullable=True),
        sa.Column("department", sa.String(length=60), nullable=True),
        sa.Column("employment_form", sa.String(length=1), nullable=True),
        sa.Column("dispatch_company", sa.String(length=60), nullable=True),
        sa.Column("employment_status", sa.String(length=1), nullable=True),
        sa.Column("post_category", sa.String(length=1), nullable=True),
        sa.Column("admin_duty", sa.String(length=50), nullable=True),
        sa.Column("admin_rank", sa.String(length=1), nullable=True),
        sa.Column("work_start_date", sa.Date(), nullable=True),
        sa.Column("school_entry_date", sa.Date(), nullable=True),
        sa.Column("dues_base_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("is_migrant_worker", sa.Boolean(), nullable=True),
        sa.Column("education", sa.String(length=2), nullable=True),
        sa.Column("degree", sa.String(length=3), nullable=True),
        sa.Column("prof_title", sa.String(length=8), nullable=True),
        sa.Column("title_level", sa.String(length=3), nullable=True),
        sa.Column("skill_level", sa.String(length=1), nullable=True),
        sa.Column("member_no", sa.String(length=40), nullable=True),
        sa.Column("join_date", sa.Date(), nullable=True),
        sa.Column("membership_status", sa.String(length=16), nullable=False),
        sa.Column("marital_status", sa.String(length=2), nullable=True),
        sa.Column("spouse_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("children_count", sa.Integer(), nullable=True),
        sa.Column("children_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("family_planning", sa.String(length=1), nullable=True),
        sa.Column("family_planning_text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("family_members_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("mobile_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("home_address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("hobbies", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("honors_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resume_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("counted_here", sa.Boolean(), nullable=False),
        sa.Column("retire_track", sa.String(length=8), nullable=True),
        sa.Column("retire_date_hr", sa.Date(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("photo", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["photo"], ["uploads.id"], name=op.f("fk_members_photo")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_members_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("id_type", "id_index", name="uq_members_document"),
        sa.UniqueConstraint("member_no", name="uq_members_member_no"),
        sa.UniqueConstraint("staff_no", name="uq_members_staff_no"),
        sa.UniqueConstraint("user_id", name="uq_members_user_id"),
        sa.UniqueConstraint("uuid", name=op.f("uq_members_uuid")),
    )
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_members_id_tail_index"), ["id_tail_index"], unique=False)
        batch_op.create_index("ix_members_list", ["unit_id", "membership_status", "name_pinyin", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_members_mobile_index"), ["mobile_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_members_mobile_tail_index"), ["mobile_tail_index"], unique=False)
        batch_op.create_index("ix_members_name", ["membership_status", "name_pinyin", "id"], unique=False)
        batch_op.create_index("ix_members_same_name", ["name_pinyin", "name"], unique=False)
        batch_op.create_index(batch_op.f("ix_members_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "applications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "branch_ok",
                "returned",
                "already_here",
                "approved",
                "rejected",
                "withdrawn",
                "expired",
                name="applicationstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("form", sa.Enum("full", "quick", name="joinform", native_enum=False, length=24), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=True),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("id_type", sa.String(length=1), nullable=False),
        sa.Column("id_index", sa.String(length=64), nullable=False),
        sa.Column("wrong_fields", sa.JSON(), nullable=False),
        sa.Column("pledge_version", sa.String(length=20), nullable=False),
        sa.Column("pledge_text", sa.String(length=500), nullable=False),
        sa.Column("consent_version", sa.String(length=20), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sensitive_consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opinion_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["code_id"], ["join_codes.id"], name=op.f("fk_applications_code_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_applications_decided_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_applications_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_applications_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("uuid", name=op.f("uq_applications_uuid")),
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_applications_id_index"), ["id_index"], unique=False)
        batch_op.create_index("ix_applications_list", ["state", "unit_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_applications_live",
            ["id_type", "id_index"],
            unique=True,
            sqlite_where=sa.text("state IN ('submitted', 'branch_ok', 'returned')"),
            postgresql_where=sa.text("state IN ('submitted', 'branch_ok', 'returned')"),
        )

    op.create_table(
        "child_births",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_child_births_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_births")),
    )
    with op.batch_alter_table("child_births", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_child_births_birth_date"), ["birth_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_child_births_member_id"), ["member_id"], unique=False)

    op.create_table(
        "member_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("ethnicity", sa.String(length=2), nullable=True),
        sa.Column("native_place", sa.String(length=100), nullable=True),
        sa.Column("political_status", sa.String(length=2), nullable=True),
        sa.Column("id_type", sa.String(length=1), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("household_type", sa.String(length=2), nullable=True),
        sa.Column("household_place", sa.String(length=100), nullable=True),
        sa.Column("staff_no", sa.String(length=20), nullable=True),
        sa.Column("department", sa.String(length=60), nullable=True),
        sa.Column("employment_form", sa.String(length=1), nullable=True),
        sa.Column("dispatch_company", sa.String(length=60), nullable=True),
        sa.Column("employment_status", sa.String(length=1), nullable=True),
        sa.Column("post_category", sa.String(length=1), nullable=True),
        sa.Column("admin_duty", sa.String(length=50), nullable=True),
        sa.Column("admin_rank", sa.String(length=1), nullable=True),
        sa.Column("work_start_date", sa.Date(), nullable=True),
        sa.Column("school_entry_date", sa.Date(), nullable=True),
        sa.Column("dues_base_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("is_migrant_worker", sa.Boolean(), nullable=True),
        sa.Column("education", sa.String(length=2), nullable=True),
        sa.Column("degree", sa.String(length=3), nullable=True),
        sa.Column("prof_title", sa.String(length=8), nullable=True),
        sa.Column("title_level", sa.String(length=3), nullable=True),
        sa.Column("skill_level", sa.String(length=1), nullable=True),
        sa.Column("member_no", sa.String(length=40), nullable=True),
        sa.Column("join_date", sa.Date(), nullable=True),
        sa.Column("membership_status", sa.String(length=16), nullable=False),
        sa.Column("marital_status", sa.String(length=2), nullable=True),
        sa.Column("spouse_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("children_count", sa.Integer(), nullable=True),
        sa.Column("children_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("family_planning", sa.String(length=1), nullable=True),
        sa.Column("family_planning_text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("family_members_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("mobile_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("home_address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("hobbies", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("honors_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resume_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("counted_here", sa.Boolean(), nullable=False),
        sa.Column("retire_track", sa.String(length=8), nullable=True),
        sa.Column("retire_date_hr", sa.Date(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("photo", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_member_versions_some_day")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_member_versions_member_id")),
        sa.ForeignKeyConstraint(["photo"], ["uploads.id"], name=op.f("fk_member_versions_photo")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_member_versions_recorded_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_member_versions_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_versions")),
    )
    with op.batch_alter_table("member_versions", schema=None) as batch_op:
        batch_op.create_index("ix_member_versions_batch", ["batch_id"], unique=False)
        batch_op.create_index("ix_member_versions_day", ["member_id", "valid_from", "superseded_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_versions_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_member_versions_present",
            ["member_id"],
            unique=True,
            sqlite_where=sa.text("valid_to = '9999-12-31' AND superseded_at IS NULL"),
            postgresql_where=sa.text("valid_to = '9999-12-31' AND superseded_at IS NULL"),
        )

    op.create_table(
        "membership_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("1", "2", "3", "4", "5", "6", "7", "8", "9", name="changetype", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "1",
                "2",
                "3",
                "4",
                "5",
                "6",
                "11",
                "12",
                "13",
                "14",
                "15",
                "16",
                "17",
                name="changereason",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("from_unit_id", sa.Integer(), nullable=True),
        sa.Column("to_unit_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["from_unit_id"], ["org_units.id"], name=op.f("fk_membership_changes_from_unit_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_membership_changes_member_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_membership_changes_recorded_by")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["org_units.id"], name=op.f("fk_membership_changes_to_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_changes")),
    )
    with op.batch_alter_table("membership_changes", schema=None) as batch_op:
        batch_op.create_index("ix_membership_changes_day", ["on_date", "kind"], unique=False)
        batch_op.create_index("ix_membership_changes_member", ["member_id", "on_date"], unique=False)

    op.create_table(
        "union_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "01",
                "02",
                "03",
                "04",
                "05",
                "06",
                "07",
                "08",
                "09",
                "10",
                "11",
                "12",
                "13",
                "14",
                "15",
                "16",
                name="postkind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("term", sa.String(length=20), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("ends IS NULL OR ends >= starts", name=op.f("ck_union_posts_ends_after_start")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_union_posts_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_union_posts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_union_posts")),
    )
    with op.batch_alter_table("union_posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_union_posts_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_union_posts_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "application_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("form_key_hash", sa.String(length=64), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_receipts_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_receipts")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_application_receipts_code_hash")),
        sa.UniqueConstraint("form_key_hash", name=op.f("uq_application_receipts_form_key_hash")),
    )
    with op.batch_alter_table("application_receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_receipts_application_id"), ["application_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("application_receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_receipts_application_id"))

    op.drop_table("application_receipts")
    with op.batch_alter_table("union_posts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_union_posts_unit_id"))
        batch_op.drop_index(batch_op.f("ix_union_posts_member_id"))

    op.drop_table("union_posts")
    with op.batch_alter_table("membership_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_changes_member")
        batch_op.drop_index("ix_membership_changes_day")

    op.drop_table("membership_changes")
    with op.batch_alter_table("member_versions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_member_versions_present",
            sqlite_where=sa.text("valid_to = '9999-12-31' AND superseded_at IS NULL"),
            postgresql_where=sa.text("valid_to = '9999-12-31' AND superseded_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_member_versions_unit_id"))
        batch_op.drop_index("ix_member_versions_day")
        batch_op.drop_index("ix_member_versions_batch")

    op.drop_table("member_versions")
    with op.batch_alter_table("child_births", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_child_births_member_id"))
        batch_op.drop_index(batch_op.f("ix_child_births_birth_date"))

    op.drop_table("child_births")
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_applications_live",
            sqlite_where=sa.text("state IN ('submitted', 'branch_ok', 'returned')"),
            postgresql_where=sa.text("state IN ('submitted', 'branch_ok', 'returned')"),
        )
        batch_op.drop_index(batch_op.f("ix_applications_unit_id"))
        batch_op.drop_index("ix_applications_list")
        batch_op.drop_index(batch_op.f("ix_applications_id_index"))

    op.drop_table("applications")
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_members_unit_id"))
        batch_op.drop_index("ix_members_same_name")
        batch_op.drop_index("ix_members_name")
        batch_op.drop_index(batch_op.f("ix_members_mobile_tail_index"))
        batch_op.drop_index(batch_op.f("ix_members_mobile_index"))
        batch_op.drop_index("ix_members_list")
        batch_op.drop_index(batch_op.f("ix_members_id_tail_index"))

    op.drop_table("members")
    op.drop_table("uploads")
    with op.batch_alter_table("search_texts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_texts_user_id"))

    op.drop_table("search_texts")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_user")

    op.drop_table("notices")
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_login_sessions_user")

    op.drop_table("login_sessions")
    with op.batch_alter_table("join_codes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_join_codes_live",
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_join_codes_unit_id"))

    op.drop_table("join_codes")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_user_id"))
        batch_op.drop_index(batch_op.f("ix_grants_unit_id"))

    op.drop_table("grants")
    op.drop_table("users")
    with op.batch_alter_table("org_units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_org_units_parent_id"))

    op.drop_table("org_units")
    op.drop_table("number_counters")
    op.drop_table("audit_heads")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_events_unit_id"))
        batch_op.drop_index("ix_audit_events_subject")
        batch_op.drop_index(batch_op.f("ix_audit_events_batch_id"))
        batch_op.drop_index(batch_op.f("ix_audit_events_at"))
        batch_op.drop_index(batch_op.f("ix_audit_events_actor_id"))
        batch_op.drop_index(batch_op.f("ix_audit_events_action"))

    op.drop_table("audit_events")
