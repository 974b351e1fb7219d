"""Waiting: how long runs waited for quotas, and what is left of backfills asks of which."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("runs", sa.Column("waited", sa.BigInteger, nullable=False, server_default="0"))
    requests = sa.Column("requests", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("backfill_parts", requests)
    keys = sa.Column("quota_keys", sa.Text, nullable=False, server_default="[]")
    op.add_column("backfill_parts", keys)
    context.config.attributes["step"]("migration.0006")
