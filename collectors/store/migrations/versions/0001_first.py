"""Coverage, runs, lanes, outbox, dead letters, quotas, audit."""

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _ledger()
    _lanes()
    _outbox()
    _accounts()
    context.config.attributes["step"]("migration.0001")


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def _ledger() -> None:
    op.create_table(
        "collectors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("origin", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "coverage",
        _key(),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("collected_at", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("revision", sa.Text),
        sa.Column("readings", sa.BigInteger),
        sa.Column("observations", sa.BigInteger),
    )
    op.create_index("coverage_by_collector", "coverage", ["collector", "start"])
    op.create_table(
        "runs",
        _key(),
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
    )
    op.create_index("runs_by_collector", "runs", ["collector", "id"])
    op.create_index("runs_by_state", "runs", ["state", "priority", "id"])


def _lanes() -> None:
    op.create_table(
        "lanes",
        _key(),
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
    op.create_table(
        "lane_coverage",
        _key(),
        sa.Column("lane_id", sa.BigInteger, sa.ForeignKey("lanes.id"), nullable=False),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "lane_coverage_by_collector", "lane_coverage", ["lane_id", "collector", "state"]
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        _key(),
        sa.Column("lane_id", sa.BigInteger, sa.ForeignKey("lanes.id"), nullable=False),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("retraction", sa.Boolean, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_by_period", "outbox", ["collector", "lane_id", "start", "end", "run_id"]
    )
    op.create_index("outbox_by_lane", "outbox", ["lane_id", "priority", "created_at", "id"])
    op.create_index("outbox_by_run", "outbox", ["lane_id", "run_id", "id", "start", "end", "size"])
    op.create_table(
        "period_ids",
        _key(),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
    )
    op.create_index("period_ids_by_collector", "period_ids", ["collector", "start"])
    op.create_table(
        "dead_letters",
        _key(),
        sa.Column("target", sa.Text),
        sa.Column("data_set", sa.Text, nullable=False),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("observation", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_letters_by_collector", "dead_letters", ["collector", "start"])


def _accounts() -> None:
    op.create_table(
        "quotas",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("resets_at", sa.BigInteger, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        _key(),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
