"""Forgetting what nobody will ask for any more, so that a store does not grow for ever.

All functions work inside a transaction.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.store.daemon_tables import alerts, incidents, ticks
from collectors.store.runs import OPEN
from collectors.store.tables import dead_letters, kept_readings, outbox, period_ids, runs

AT_ONCE = 5_000
"""How many rows one transaction forgets: others wait meanwhile."""
_SPOKEN_OF = (outbox, period_ids, kept_readings, dead_letters)
"""What needs the run that it came from."""


def forget_ticks(connection: Connection, before: int) -> int:
    """Forget some of the ticks that were planned before a time; gives how many."""
    old = sa.select(ticks.c.id).where(ticks.c.seen_at < before).order_by(ticks.c.id).limit(AT_ONCE)
    return connection.execute(ticks.delete().where(ticks.c.id.in_(old))).rowcount


def forget_runs(connection: Connection, before: int) -> int:
    """Forget some of the runs that ended before a time; gives how many.

    The last run of a collector in each state stays, and every run that something still speaks of.
    """
    newer = runs.alias("newer")
    has_newer = sa.exists().where(
        newer.c.collector == runs.c.collector,
        newer.c.state == runs.c.state,
        newer.c.id > runs.c.id,
    )
    old = sa.select(runs.c.id).where(
        runs.c.ended_at < before,
        runs.c.state.not_in(OPEN),
        has_newer,
        *(~sa.exists().where(table.c.run_id == runs.c.id) for table in _SPOKEN_OF),
    )
    chosen = old.order_by(runs.c.id).limit(AT_ONCE)
    return connection.execute(runs.delete().where(runs.c.id.in_(chosen))).rowcount


def forget_incidents(connection: Connection, before: int) -> int:
    """Forget some incidents that were over before a time, with their alerts; gives how many."""
    over = sa.select(incidents.c.id).where(incidents.c.closed_at < before)
    chosen = connection.execute(over.order_by(incidents.c.id).limit(AT_ONCE)).scalars().all()
    if chosen:
        connection.execute(alerts.delete().where(alerts.c.incident_id.in_(chosen)))
        connection.execute(incidents.delete().where(incidents.c.id.in_(chosen)))
    return len(chosen)
