"""Messages that wait to be sent, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BATCH = sa.Enum("queued", "sending", "stopped", "done", name="batchstate", native_enum=False, length=24)
MESSAGE = sa.Enum(
    "queued", "sending", "submitted", "delivered", "wrong_number", "unreachable", "refused", "unsure", "stopped",
    name="messagestate", native_enum=False, length=24,
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "message_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("state", BATCH, nullable=False),
        sa.Column("template_code", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("respects_quiet", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_message_batches_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_message_batches_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_batches")),
        sa.UniqueConstraint("uuid", name=op.f("uq_message_batches_uuid")),
    )
    with op.batch_alter_table("message_batches", schema=None) as batch_op:
        for name in ("owner_id", "state", "unit_id"):
            batch_op.create_index(batch_op.f(f"ix_message_batches_{name}"), [name], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.String(length=64), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("variables_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("state", MESSAGE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(length=40), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=False),
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("gateway_id", sa.String(length=80), nullable=True),
        sa.Column("error", sa.String(length=80), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["message_batches.id"], name=op.f("fk_messages_batch_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_messages_member_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["unit_id"], ["org_units.id"], name=op.f("fk_messages_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("batch_id", "number_index", name="uq_messages_number"),
        sa.UniqueConstraint("uuid", name=op.f("uq_messages_uuid")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_batch", ["batch_id", "state", "id"], unique=False)
        batch_op.create_index("ix_messages_gateway", ["gateway", "gateway_id"], unique=False)
        for name in ("member_id", "number_index", "unit_id"):
            batch_op.create_index(batch_op.f(f"ix_messages_{name}"), [name], unique=False)


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("message_batches")
