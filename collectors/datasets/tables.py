"""The tables of the data sets. Times are whole seconds since 1970."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.periods import Period

PERIODS = (Period.HOUR, Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR)
"""The periods whose start is kept with each record, in a column of that name."""

metadata = sa.MetaData()

data_sets = sa.Table(
    "data_sets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("data_group", sa.Text, nullable=False),
    sa.Column("data_type", sa.Text, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("data_group", "data_type", name="data_sets_unique"),
)
"""``revision`` grows with every write that changes something."""

records = sa.Table(
    "records",
    metadata,
    sa.Column("data_set_id", sa.ForeignKey("data_sets.id"), primary_key=True),
    sa.Column("id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    sa.Column("body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    *(sa.Column(str(period), sa.BigInteger, nullable=False) for period in PERIODS),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("records_by_time", "data_set_id", "timestamp"),
)
"""``id`` is the key of the record's ``_id``, see ``rows.key``; ``body`` is the record as posted,
with its times in UTC, without what is added when it is read."""
