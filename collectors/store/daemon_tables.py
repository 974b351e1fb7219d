"""The tables of what a daemon does: ticks, pauses, leases, backfills, budgets, incidents, figures.

Times are whole seconds since 1970.
"""

import sqlalchemy as sa

from collectors.store.tables import key, metadata

ticks = sa.Table(
    "ticks",
    metadata,
    key(),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Index("ticks_by_collector", "collector", "id"),
    sa.Index("ticks_by_time", "seen_at"),
)
"""``at`` is when the schedule fired, ``seen_at`` when it was planned; ``run_id`` is the run that it
led to or joined; ``count`` is how many ticks a row tells of, where some were skipped together."""

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
"""``kind`` is ``collector``, ``label`` or ``source``."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("lease_until", sa.BigInteger, nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)
"""What a daemon tells other processes of itself, as JSON: its broken files, say."""

backfills = sa.Table(
    "backfills",
    metadata,
    key(),
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
"""``what`` are the names and labels that were asked for; ``start`` and ``end`` are local days, the
last one included."""

backfill_parts = sa.Table(
    "backfill_parts",
    metadata,
    key(),
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
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("quota_keys", sa.Text, nullable=False),
    sa.Index("backfill_parts_in_order", "backfill_id", "state", "position"),
    sa.Index("backfill_parts_by_run", "run_id"),
    sa.Index("backfill_parts_by_state", "state"),
)
"""A chunk of one collector: what of it lies before ``reached`` is done; ``run_id`` is its last run.

All of it asks ``requests`` of its source, against the ``quota_keys``, a JSON list.
"""

incidents = sa.Table(
    "incidents",
    metadata,
    key(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("data_sets", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("told_at", sa.BigInteger, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
    sa.Index("incidents_open", "closed_at", "kind", "subject"),
)
"""``data_sets`` is a JSON list; ``missed`` counts the looks in a row that did not see it."""

alerts = sa.Table(
    "alerts",
    metadata,
    key(),
    sa.Column("incident_id", sa.BigInteger, sa.ForeignKey("incidents.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("alerts_waiting", "sent_at", "not_before"),
)
"""What was, or is still to be, told about an incident: ``opened``, ``lasting`` or ``closed``."""

figures = sa.Table(
    "figures",
    metadata,
    sa.Column("collector", sa.Text, primary_key=True),
    sa.Column("start", sa.BigInteger, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("totals", sa.Text, nullable=False),
)
"""What one period came to: rows, and the sum of each measure, which ``expect`` compares with."""

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("collector", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
)
"""How the last period that was judged differs from what is expected; empty if it does not."""

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("collector", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("result", sa.Text, nullable=False),
)
"""What a source that lives on ticks saw, until the hour is over and collected."""
