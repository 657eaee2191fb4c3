"""The congress: its sessions, delegations and delegates, the proposal committee, the departments that answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "congresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends > starts", name=op.f("ck_congresses_ends_after_start")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_congresses_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_congresses")),
        sa.UniqueConstraint("unit_id", "number", name="uq_congresses_number"),
    )
    with op.batch_alter_table("congresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_congresses_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "handling_departments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_handling_departments_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handling_departments")),
        sa.UniqueConstraint("unit_id", "name", name="uq_handling_departments_name"),
    )
    with op.batch_alter_table("handling_departments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handling_departments_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "congress_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("congress_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "called", "open", "closed", "cancelled", name="sessionstate", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("collects_from", sa.Date(), nullable=True),
        sa.Column("collects_until", sa.Date(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("collects_until >= collects_from", name=op.f("ck_congress_sessions_collects_in_order")),
        sa.ForeignKeyConstraint(["congress_id"], ["congresses.id"], name=op.f("fk_congress_sessions_congress_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_congress_sessions_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_congress_sessions")),
        sa.UniqueConstraint("congress_id", "number", name="uq_congress_sessions_number"),
    )
    with op.batch_alter_table("congress_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_congress_sessions_congress_id"), ["congress_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_congress_sessions_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "delegate_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("congress_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("lines_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["congress_id"], ["congresses.id"], name=op.f("fk_delegate_imports_congress_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_delegate_imports_unit_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name=op.f("fk_delegate_imports_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegate_imports")),
        sa.UniqueConstraint("uuid", name=op.f("uq_delegate_imports_uuid")),
    )
    with op.batch_alter_table("delegate_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegate_imports_congress_id"), ["congress_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegate_imports_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "delegations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("congress_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.ForeignKeyConstraint(["congress_id"], ["congresses.id"], name=op.f("fk_delegations_congress_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
        sa.UniqueConstraint("congress_id", "name", name="uq_delegations_name"),
    )
    op.create_table(
        "congress_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("staff_no", sa.String(length=20), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("ethnicity", sa.String(length=2), nullable=True),
        sa.Column("post_category", sa.String(length=1), nullable=True),
        sa.Column("department", sa.String(length=60), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "member_id IS NOT NULL OR name IS NOT NULL", name=op.f("ck_congress_people_member_or_named")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_congress_people_member_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_congress_people_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_congress_people_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_congress_people")),
        sa.UniqueConstraint("member_id", name=op.f("uq_congress_people_member_id")),
        sa.UniqueConstraint("unit_id", "staff_no", name="uq_congress_people_staff_no"),
        sa.UniqueConstraint("user_id", name=op.f("uq_congress_people_user_id")),
    )
    with op.batch_alter_table("congress_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_congress_people_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "committee_members",
        sa.Column("congress_id", sa.Integer(), nullable=False),
        sa.Column(
            "post",
            sa.Enum("head", "deputy", "member", name="committeepost", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends IS NULL OR ends >= starts", name=op.f("ck_committee_members_ends_after_start")),
        sa.ForeignKeyConstraint(["congress_id"], ["congresses.id"], name=op.f("fk_committee_members_congress_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_committee_members_grant_id")),
        sa.ForeignKeyConstraint(["person_id"], ["congress_people.id"], name=op.f("fk_committee_members_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_committee_members_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_members")),
    )
    with op.batch_alter_table("committee_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_committee_members_congress_id"), ["congress_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_committee_members_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_committee_members_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "delegates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("congress_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("formal", "observer", "guest", name="delegatekind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column(
            "delegation_post",
            sa.Enum("none", "head", "deputy", name="delegationpost", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column(
            "vacated",
            sa.Enum(
                "left_school",
                "retired",
                "died",
                "resigned",
                "recalled",
                "other",
                name="vacated",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("made_post", sa.Boolean(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends >= starts", name=op.f("ck_delegates_ends_after_start")),
        sa.ForeignKeyConstraint(["congress_id"], ["congresses.id"], name=op.f("fk_delegates_congress_id")),
        sa.ForeignKeyConstraint(["delegation_id"], ["delegations.id"], name=op.f("fk_delegates_delegation_id")),
        sa.ForeignKeyConstraint(["import_id"], ["delegate_imports.id"], name=op.f("fk_delegates_import_id")),
        sa.ForeignKeyConstraint(["person_id"], ["congress_people.id"], name=op.f("fk_delegates_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["union_posts.id"], name=op.f("fk_delegates_post_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["delegates.id"], name=op.f("fk_delegates_replaces_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_delegates_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegates")),
        sa.UniqueConstraint("post_id", name=op.f("uq_delegates_post_id")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_delegates_replaces_id")),
    )
    with op.batch_alter_table("delegates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegates_delegation_id"), ["delegation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegates_import_id"), ["import_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegates_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegates_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_delegates_head",
            ["delegation_id"],
            unique=True,
            sqlite_where=sa.text("delegation_post = 'head' AND vacated IS NULL"),
            postgresql_where=sa.text("delegation_post = 'head' AND vacated IS NULL"),
        )
        batch_op.create_index(
            "uq_delegates_seat",
            ["congress_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("vacated IS NULL"),
            postgresql_where=sa.text("vacated IS NULL"),
        )

    op.create_table(
        "handlers",
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column(
            "post", sa.Enum("clerk", "head", "leader", name="handlerpost", native_enum=False, length=24), nullable=False
        ),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends IS NULL OR ends >= starts", name=op.f("ck_handlers_ends_after_start")),
        sa.ForeignKeyConstraint(["department_id"], ["handling_departments.id"], name=op.f("fk_handlers_department_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_handlers_grant_id")),
        sa.ForeignKeyConstraint(["person_id"], ["congress_people.id"], name=op.f("fk_handlers_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_handlers_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handlers")),
    )
    with op.batch_alter_table("handlers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handlers_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handlers_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handlers_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "congress_attendances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column(
            "present", sa.Enum("present", "excused", name="present", native_enum=False, length=24), nullable=False
        ),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegates.id"], name=op.f("fk_congress_attendances_delegate_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["congress_sessions.id"], name=op.f("fk_congress_attendances_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_congress_attendances")),
        sa.UniqueConstraint("session_id", "delegate_id", name="uq_congress_attendances_seat"),
    )
    with op.batch_alter_table("congress_attendances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_congress_attendances_delegate_id"), ["delegate_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("congress_attendances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_congress_attendances_delegate_id"))

    op.drop_table("congress_attendances")
    with op.batch_alter_table("handlers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handlers_unit_id"))
        batch_op.drop_index(batch_op.f("ix_handlers_person_id"))
        batch_op.drop_index(batch_op.f("ix_handlers_department_id"))

    op.drop_table("handlers")
    with op.batch_alter_table("delegates", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_delegates_seat", sqlite_where=sa.text("vacated IS NULL"), postgresql_where=sa.text("vacated IS NULL")
        )
        batch_op.drop_index(
            "uq_delegates_head",
            sqlite_where=sa.text("delegation_post = 'head' AND vacated IS NULL"),
            postgresql_where=sa.text("delegation_post = 'head' AND vacated IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_delegates_unit_id"))
        batch_op.drop_index(batch_op.f("ix_delegates_person_id"))
        batch_op.drop_index(batch_op.f("ix_delegates_import_id"))
        batch_op.drop_index(batch_op.f("ix_delegates_delegation_id"))

    op.drop_table("delegates")
    with op.batch_alter_table("committee_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_committee_members_unit_id"))
        batch_op.drop_index(batch_op.f("ix_committee_members_person_id"))
        batch_op.drop_index(batch_op.f("ix_committee_members_congress_id"))

    op.drop_table("committee_members")
    with op.batch_alter_table("congress_people", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_congress_people_unit_id"))

    op.drop_table("congress_people")
    op.drop_table("delegations")
    with op.batch_alter_table("delegate_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delegate_imports_unit_id"))
        batch_op.drop_index(batch_op.f("ix_delegate_imports_congress_id"))

    op.drop_table("delegate_imports")
    with op.batch_alter_table("congress_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_congress_sessions_unit_id"))
        batch_op.drop_index(batch_op.f("ix_congress_sessions_congress_id"))

    op.drop_table("congress_sessions")
    with op.batch_alter_table("handling_departments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handling_departments_unit_id"))

    op.drop_table("handling_departments")
    with op.batch_alter_table("congresses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_congresses_unit_id"))

    op.drop_table("congresses")
