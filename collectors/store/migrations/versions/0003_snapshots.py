"""Snapshots: entries that empty a data set, and entries that are held.

SQLite puts a new column behind the payload, where reading it costs reading that; so what is asked
of every entry of a lane is in the indexes.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name in ("emptying", "held"):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("outbox", column)
    for name in ("outbox_by_lane", "outbox_by_run"):
        op.drop_index(name, "outbox")
    op.create_index("outbox_by_lane", "outbox", ["lane_id", "priority", "created_at", "id", "held"])
    by_run = ["lane_id", "run_id", "id", "start", "end", "size", "held"]
    op.create_index("outbox_by_run", "outbox", by_run)
    context.config.attributes["step"]("migration.0003")
