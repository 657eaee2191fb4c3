"""Groups, wordings, bulletins with their readers, and how members want to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("audience", sa.String(length=300), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "withdrawn", name="bulletinstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_bulletins_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_bulletins_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
    )
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulletins_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bulletins_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_bulletins_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "message_wordings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("typed", sa.String(length=200), nullable=False),
        sa.Column("template_no", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft", "asked", "approved", "returned", "retired", name="wordingstate", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_message_wordings_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_message_wordings_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_wordings")),
    )
    with op.batch_alter_table("message_wordings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_wordings_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_wordings_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_wordings_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "bulletin_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletins.id"], name=op.f("fk_bulletin_files_bulletin_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_bulletin_files_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_files")),
    )
    with op.batch_alter_table("bulletin_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulletin_files_bulletin_id"), ["bulletin_id"], unique=False)

    op.create_table(
        "message_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=True),
        sa.Column("preset", sa.String(length=20), nullable=False),
        sa.Column("question", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definitions.id"], name=op.f("fk_message_groups_definition_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_message_groups_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_message_groups_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_groups")),
    )
    with op.batch_alter_table("message_groups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_groups_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_groups_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "bulletin_readers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletins.id"], name=op.f("fk_bulletin_readers_bulletin_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_bulletin_readers_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_readers")),
        sa.UniqueConstraint("bulletin_id", "member_id", name="uq_bulletin_readers_member"),
    )
    with op.batch_alter_table("bulletin_readers", schema=None) as batch_op:
        batch_op.create_index("ix_bulletin_readers_member", ["member_id", "read_at"], unique=False)

    op.create_table(
        "message_choices",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("is_inside", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_message_choices_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_message_choices")),
    )
    op.create_table(
        "message_group_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_message_group_people_added_by")),
        sa.ForeignKeyConstraint(["group_id"], ["message_groups.id"], name=op.f("fk_message_group_people_group_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_message_group_people_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_group_people")),
        sa.UniqueConstraint("group_id", "member_id", name="uq_message_group_people_member"),
    )
    with op.batch_alter_table("message_group_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_group_people_member_id"), ["member_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("message_group_people", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_group_people_member_id"))

    op.drop_table("message_group_people")
    op.drop_table("message_choices")
    with op.batch_alter_table("bulletin_readers", schema=None) as batch_op:
        batch_op.drop_index("ix_bulletin_readers_member")

    op.drop_table("bulletin_readers")
    with op.batch_alter_table("message_groups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_groups_unit_id"))
        batch_op.drop_index(batch_op.f("ix_message_groups_owner_id"))

    op.drop_table("message_groups")
    with op.batch_alter_table("bulletin_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulletin_files_bulletin_id"))

    op.drop_table("bulletin_files")
    with op.batch_alter_table("message_wordings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_wordings_unit_id"))
        batch_op.drop_index(batch_op.f("ix_message_wordings_state"))
        batch_op.drop_index(batch_op.f("ix_message_wordings_owner_id"))

    op.drop_table("message_wordings")
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulletins_unit_id"))
        batch_op.drop_index(batch_op.f("ix_bulletins_state"))
        batch_op.drop_index(batch_op.f("ix_bulletins_owner_id"))

    op.drop_table("bulletins")
