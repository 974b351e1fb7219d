"""Snapshots: entries that empty a data set, and entries that are held."""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name in ("emptying", "held"):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("outbox", column)
    context.config.attributes["step"]("migration.0003")
