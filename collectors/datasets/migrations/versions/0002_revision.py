"""How often each data set was written, so that readers can tell whether something changed."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "data_sets", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0")
    )
    context.config.attributes["step"]("migration.0002")
