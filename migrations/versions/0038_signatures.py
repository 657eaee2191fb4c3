"""A signature of messages for a unit and what it heads, kept with each batch; and the parts that a gateway charged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("org_units", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sms_signature", sa.String(length=16), nullable=False, server_default=""))
    with op.batch_alter_table("message_batches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signature", sa.String(length=16), nullable=False, server_default=""))
    op.execute(
        "UPDATE message_batches SET signature = coalesce("
        "(SELECT substr(text, 1, 16) FROM settings WHERE name = 'messaging_signature'), '')"
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("billed", sa.Integer(), nullable=True))
    for table, column in (("org_units", "sms_signature"), ("message_batches", "signature")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column(column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("billed")
    with op.batch_alter_table("message_batches", schema=None) as batch_op:
        batch_op.drop_column("signature")
    with op.batch_alter_table("org_units", schema=None) as batch_op:
        batch_op.drop_column("sms_signature")
