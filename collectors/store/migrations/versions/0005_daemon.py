"""What a daemon does: ticks, pauses, leases, backfills, budgets, incidents, figures, probes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def upgrade() -> None:
    _works()
    _backfills()
    _quotas()
    _alerts()
    _figures()
    _probes()


def _works() -> None:
    op.add_column("collectors", sa.Column("looked_at", sa.BigInteger))
    op.create_table(
        "ticks",
        _key(),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_index("ticks_by_collector", "ticks", ["collector", "id"])
    op.create_index("ticks_by_time", "ticks", ["seen_at"])
    op.create_table(
        "pauses",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )


def _backfills() -> None:
    op.create_table(
        "backfills",
        _key(),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("end", sa.Text, nullable=False),
        sa.Column("chunk", sa.Text, nullable=False),
        sa.Column("newest_first", sa.Boolean, nullable=False),
        sa.Column("force", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_table(
        "backfill_parts",
        _key(),
        sa.Column("backfill_id", sa.BigInteger, sa.ForeignKey("backfills.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("collector", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("reached", sa.BigInteger, nullable=False),
        sa.Column("periods", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("began_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index(
        "backfill_parts_in_order", "backfill_parts", ["backfill_id", "state", "position"]
    )
    op.create_index("backfill_parts_by_run", "backfill_parts", ["run_id"])

    op.create_index("backfill_parts_by_state", "backfill_parts", ["state"])


def _quotas() -> None:
    # What they hold is of minutes, and asked for anew.
    op.drop_table("quotas")
    op.drop_table("quota_slots")
    op.create_table(
        "quota_keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("limits", sa.Text, nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "quota_slots",
        sa.Column("holder", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
    )
    op.create_index("quota_slots_by_key", "quota_slots", ["key"])
    op.create_table(
        "quota_uses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("span", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, primary_key=True),
        sa.Column("live", sa.BigInteger, nullable=False),
        sa.Column("other", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "quotas",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("most", sa.BigInteger, nullable=False),
        sa.Column("each", sa.BigInteger, nullable=False),
        sa.Column("resets_at", sa.BigInteger, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
    )


def _alerts() -> None:
    op.create_table(
        "incidents",
        _key(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("data_sets", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
    )
    op.create_index("incidents_open", "incidents", ["closed_at", "kind", "subject"])
    op.create_table(
        "alerts",
        _key(),
        sa.Column("incident_id", sa.BigInteger, sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("alerts_waiting", "alerts", ["sent_at", "not_before"])


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("collector", sa.Text, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("totals", sa.Text, nullable=False),
    )
    op.create_table(
        "verdicts",
        sa.Column("collector", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
    )


def _probes() -> None:
    op.create_table(
        "probes",
        sa.Column("collector", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("result", sa.Text, nullable=False),
    )
