"""The tables of the store. Times are whole seconds since 1970; ``start``/``end`` are half-open."""

import sqlalchemy as sa

metadata = sa.MetaData()


def key() -> sa.Column[int]:
    """Give the column of a number that the database makes."""
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


collectors = sa.Table(
    "collectors",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("origin", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("looked_at", sa.BigInteger),
)
"""``looked_at`` is when a document was last found to be as it was collected."""

coverage = sa.Table(
    "coverage",
    metadata,
    key(),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("collected_at", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("revision", sa.Text),
    sa.Column("readings", sa.BigInteger),
    sa.Column("observations", sa.BigInteger),
    sa.Index("coverage_by_collector", "collector", "start"),
)

runs = sa.Table(
    "runs",
    metadata,
    key(),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", sa.BigInteger),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("limit_at", sa.BigInteger),
    sa.Column("planned_at", sa.BigInteger, nullable=False),
    sa.Column("began_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("readings", sa.BigInteger, nullable=False),
    sa.Column("observations", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("warnings", sa.Text, nullable=False),
    sa.Column("sample", sa.Text),
    sa.Column("waited", sa.BigInteger, nullable=False),
    sa.Index("runs_by_collector", "collector", "id"),
    sa.Index("runs_by_state", "state", "priority", "id"),
)

lanes = sa.Table(
    "lanes",
    metadata,
    key(),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("data_set", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("parked_at", sa.BigInteger),
    sa.Column("reason", sa.Text),
    sa.Column("retry_at", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("accepted", sa.BigInteger, nullable=False),
    sa.Column("accepted_at", sa.BigInteger),
    sa.UniqueConstraint("target", "data_set", name="lanes_unique"),
)

lane_coverage = sa.Table(
    "lane_coverage",
    metadata,
    key(),
    sa.Column("lane_id", sa.BigInteger, sa.ForeignKey("lanes.id"), nullable=False),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Index("lane_coverage_by_collector", "lane_id", "collector", "state"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    key(),
    sa.Column("lane_id", sa.BigInteger, sa.ForeignKey("lanes.id"), nullable=False),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("retraction", sa.Boolean, nullable=False),
    sa.Column("emptying", sa.Boolean, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Index("outbox_by_lane", "lane_id", "priority", "created_at", "id", "held"),
    sa.Index("outbox_by_run", "lane_id", "run_id", "id", "start", "end", "size", "held"),
    sa.Index("outbox_by_period", "collector", "lane_id", "start", "end", "run_id"),
    sqlite_autoincrement=True,
)

period_ids = sa.Table(
    "period_ids",
    metadata,
    key(),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("ids", sa.LargeBinary, nullable=False),
    sa.Index("period_ids_by_collector", "collector", "start"),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    key(),
    sa.Column("target", sa.Text),
    sa.Column("data_set", sa.Text, nullable=False),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("observation", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("dead_letters_by_collector", "collector", "start"),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    key(),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

kept_readings = sa.Table(
    "kept_readings",
    metadata,
    key(),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("readings", sa.LargeBinary),
    sa.Index("kept_readings_by_collector", "collector", "start"),
)
