"""Applications that wait for a registration with the province are under way: a person still has at most one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LIVE = "uq_applications_live"
BEFORE = sa.text("state IN ('submitted', 'branch_ok', 'returned')")
SINCE = sa.text("state IN ('submitted', 'branch_ok', 'wait_province_reg', 'returned')")


def upgrade() -> None:
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rescan_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(LIVE, table_name="applications")
    op.create_index(
        LIVE, "applications", ["id_type", "id_index"], unique=True, sqlite_where=SINCE, postgresql_where=SINCE
    )


def downgrade() -> None:
    # the state is not known before: they wait for the union's approval again
    op.execute("UPDATE applications SET state = 'branch_ok' WHERE state = 'wait_province_reg'")
    op.drop_index(LIVE, table_name="applications")
    op.create_index(
        LIVE, "applications", ["id_type", "id_index"], unique=True, sqlite_where=BEFORE, postgresql_where=BEFORE
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_column("rescan_asked_at")
