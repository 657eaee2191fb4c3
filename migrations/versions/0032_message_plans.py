"""Messages as they are composed and whom they were for; how unions greet on birthdays, and whom they have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "birthday_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("to_retained", sa.Boolean(), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_birthday_plans_unit_id")),
        sa.ForeignKeyConstraint(["wording_id"], ["message_wordings.id"], name=op.f("fk_birthday_plans_wording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_plans")),
        sa.UniqueConstraint("unit_id", name="uq_birthday_plans_unit"),
    )
    with op.batch_alter_table("birthday_plans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_birthday_plans_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "message_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("member_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("audience", sa.String(length=300), nullable=False),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("template_no", sa.String(length=40), nullable=False),
        sa.Column("is_essential", sa.Boolean(), nullable=False),
        sa.Column("asks_receipt", sa.Boolean(), nullable=False),
        sa.Column("base_url", sa.String(length=200), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("of_plan_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "pending",
                "waiting",
                "sent",
                "stopped",
                "refused",
                name="smsstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["message_batches.id"], name=op.f("fk_message_plans_batch_id")),
        sa.ForeignKeyConstraint(["of_plan_id"], ["message_plans.id"], name=op.f("fk_message_plans_of_plan_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_message_plans_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_message_plans_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_plans")),
        sa.UniqueConstraint("uuid", name=op.f("uq_message_plans_uuid")),
    )
    with op.batch_alter_table("message_plans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_plans_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_plans_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_plans_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "birthday_greetings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("has_number", sa.Boolean(), nullable=False),
        sa.Column("greeted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_birthday_greetings_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_greetings")),
        sa.UniqueConstraint("member_id", "year", name="uq_birthday_greetings_year"),
    )
    op.create_table(
        "message_plan_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "due",
                "inside",
                "no_number",
                "double",
                "gone",
                "empty",
                "left",
                name="outcome",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("token", sa.String(length=22), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_message_plan_people_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["message_plans.id"], name=op.f("fk_message_plan_people_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_plan_people")),
        sa.UniqueConstraint("plan_id", "member_id", name="uq_message_plan_people_member"),
        sa.UniqueConstraint("token", name=op.f("uq_message_plan_people_token")),
    )
    with op.batch_alter_table("message_plan_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_plan_people_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_message_plan_people_outcome", ["plan_id", "outcome"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("message_plan_people", schema=None) as batch_op:
        batch_op.drop_index("ix_message_plan_people_outcome")
        batch_op.drop_index(batch_op.f("ix_message_plan_people_member_id"))

    op.drop_table("message_plan_people")
    op.drop_table("birthday_greetings")
    with op.batch_alter_table("message_plans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_plans_unit_id"))
        batch_op.drop_index(batch_op.f("ix_message_plans_state"))
        batch_op.drop_index(batch_op.f("ix_message_plans_owner_id"))

    op.drop_table("message_plans")
    with op.batch_alter_table("birthday_plans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_birthday_plans_unit_id"))

    op.drop_table("birthday_plans")
