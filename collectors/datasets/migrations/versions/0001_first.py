"""Data sets and their records."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "data_sets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("data_group", sa.Text, nullable=False),
        sa.Column("data_type", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("data_group", "data_type", name="data_sets_unique"),
    )
    op.create_table(
        "records",
        sa.Column("data_set_id", sa.Integer, sa.ForeignKey("data_sets.id"), nullable=False),
        sa.Column(
            "id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("hour", sa.BigInteger, nullable=False),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("week", sa.BigInteger, nullable=False),
        sa.Column("month", sa.BigInteger, nullable=False),
        sa.Column("quarter", sa.BigInteger, nullable=False),
        sa.Column("year", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("data_set_id", "id", name="records_key"),
    )
    op.create_index("records_by_time", "records", ["data_set_id", "timestamp"])
    context.config.attributes["step"]("migration.0001")
