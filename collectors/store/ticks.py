"""Ticks: what became of each firing of a schedule.

All functions work inside a transaction. Whether a planned tick ran, ran late or still waits is not
written down: it follows from the run that it led to.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.store.daemon_tables import ticks
from collectors.store.runs import State
from collectors.store.tables import runs

LATE_AFTER = 60
"""Seconds after which a run that begins is late for its tick."""
_PLANNED = "planned"


class TickOutcome(StrEnum):
    """How a tick ended; what ``WAITS`` has not yet."""

    RAN = "ran"
    LATE = "late"
    JOINED = "joined"
    SKIPPED = "skipped"
    WAITS = "waits"


_OUTCOME = sa.case(
    (ticks.c.outcome != _PLANNED, ticks.c.outcome),
    (runs.c.state.is_(None), TickOutcome.RAN),
    (runs.c.began_at - ticks.c.at > LATE_AFTER, TickOutcome.LATE),
    (runs.c.began_at.is_not(None), TickOutcome.RAN),
    (runs.c.state.in_((State.DUE, State.PARKED)), TickOutcome.WAITS),
    else_=TickOutcome.SKIPPED,
)
_COLUMNS = (
    *(column for column in ticks.c if column.name != "outcome"),
    _OUTCOME.label("outcome"),
    (ticks.c.outcome == _PLANNED).label("is_planned"),
    runs.c.began_at,
    runs.c.state,
    runs.c.reason.label("said"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What planning makes of a tick: a run of its own, one that it joined, or why there is none.

    ``at`` and ``seen_at`` are seconds since 1970: when the schedule fired, and when that was
    planned. ``count`` is how many ticks it tells of, ``at`` the last of them.
    """

    collector: str
    at: int
    seen_at: int
    outcome: str
    reason: str
    run_id: int | None = None
    count: int = 1

    @classmethod
    def planned(cls, collector: str, at: int, seen_at: int, run_id: int) -> "Noted":
        """Note a tick that led to a run."""
        return cls(
            collector=collector,
            at=at,
            seen_at=seen_at,
            outcome=_PLANNED,
            reason="",
            run_id=run_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A tick and how it ended.

    Times are seconds since 1970; ``run_id`` is its run, or the one that it joined.
    """

    collector: str
    at: int
    outcome: TickOutcome
    reason: str
    run_id: int | None
    count: int


def write(connection: Connection, noted: Sequence[Noted]) -> None:
    """Write down what was made of these ticks."""
    rows = [{name: getattr(one, name) for name in Noted.__slots__} for one in noted]
    if rows:
        connection.execute(ticks.insert(), rows)


def last_at(connection: Connection, collectors: Sequence[str]) -> dict[str, int]:
    """Give when each of these collectors ticked last, as far as that is remembered."""
    newest = (
        sa.select(ticks.c.collector, sa.func.max(ticks.c.at).label("at"))
        .where(ticks.c.collector.in_(collectors))
        .group_by(ticks.c.collector)
    )
    return {row.collector: row.at for row in connection.execute(newest)}


def last_since(connection: Connection, since: int) -> dict[str, int]:
    """Give when each collector ticked last, of the ticks that were planned from ``since`` on."""
    newest = sa.select(ticks.c.collector, sa.func.max(ticks.c.at).label("at"))
    newest = newest.where(ticks.c.seen_at >= since).group_by(ticks.c.collector)
    return {row.collector: row.at for row in connection.execute(newest)}


def listed(
    connection: Connection,
    collectors: Sequence[str] | None,
    since: int,
    limit: int,
    outcomes: Collection[TickOutcome] = (),
) -> list[Tick]:
    """Give the ticks planned at or after ``since``, the newest first.

    They are those of some collectors or of all, with some outcomes or any.
    """
    query = (
        sa.select(*_COLUMNS)
        .outerjoin(runs, runs.c.id == ticks.c.run_id)
        .where(ticks.c.seen_at >= since)
        .order_by(ticks.c.id.desc())
        .limit(limit)
    )
    if collectors is not None:
        query = query.where(ticks.c.collector.in_(collectors))
    if outcomes:
        query = query.where(_OUTCOME.in_(outcomes))
    return [_tick(row) for row in connection.execute(query)]


def _tick(row: Any) -> Tick:
    return Tick(
        collector=row.collector,
        at=row.at,
        outcome=TickOutcome(row.outcome),
        reason=_told(row) if row.is_planned else row.reason,
        run_id=row.run_id,
        count=row.count,
    )


def _told(row: Any) -> str:
    """Tell of a tick by the run that it led to."""
    if row.state is None:
        return "its run is no longer remembered"
    said = f"run {row.run_id}: {row.state}" + (f": {row.said}" if row.said else "")
    if row.outcome == TickOutcome.LATE:
        return f"it began {row.began_at - row.at} s after the tick; {said}"
    return said
