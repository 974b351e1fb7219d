"""Runs as they are looked at; one whose process has gone is lost, though nobody wrote so yet.

All functions work inside a transaction.
"""

from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.store.owner import Owner
from collectors.store.runs import BACKFILL, GONE, REFILL, Run, State, is_gone, of_row, running
from collectors.store.tables import collectors, runs


def as_it_is(run: Run, owner: Owner, now: int) -> Run:
    """Give a run as it is: lost where its process has gone, though nobody has written so yet."""
    return replace(run, state=State.LOST, reason=GONE) if is_gone(run, owner, now) else run


def gone(connection: Connection, owner: Owner, now: int) -> set[int]:
    """Give the ids of the runs that nobody works on any more, though nobody has written so yet."""
    return {run.id for run in running(connection) if is_gone(run, owner, now)}


def latest(
    connection: Connection,
    *,
    without: Collection[State] = (),
    of: Collection[str] | None = None,
) -> dict[str, Run]:
    """Give the last run of each collector, or ``of`` these, that has begun, but of some states.

    Backfills do not count: their chunks tell how they went.
    """
    newest = (
        sa.select(runs.c.id)
        .where(runs.c.collector == collectors.c.name, runs.c.kind.not_in([REFILL, BACKFILL]))
        .where(runs.c.state.not_in([State.SUPERSEDED, State.DUE, *without]))
        .order_by(runs.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    each = sa.select(newest).select_from(collectors)
    if of is not None:
        each = each.where(collectors.c.name.in_(of))
    rows = connection.execute(sa.select(runs).where(runs.c.id.in_(each))).mappings()
    return {run.collector: run for run in map(of_row, rows)}


def listed(
    connection: Connection,
    *,
    collector: str | None,
    states: Collection[str],
    before: int | None,
    limit: int,
    lost: Collection[int],
) -> list[Run]:
    """Give the runs planned last, the newest first: of one collector, in one of these states.

    Without a collector or states it is all of them; ``before`` is the id where a page ends;
    ``lost`` are the ids of those that count as lost, whatever is written.
    """
    query = sa.select(runs).order_by(runs.c.id.desc()).limit(limit)
    if collector is not None:
        query = query.where(runs.c.collector == collector)
    if states:
        are, in_them = runs.c.id.in_(lost), runs.c.state.in_(states)
        query = query.where(are | in_them if State.LOST in states else ~are & in_them)
    if before is not None:
        query = query.where(runs.c.id < before)
    return [of_row(row) for row in connection.execute(query).mappings()]
