"""How far backfills have come, and how fast. All functions work inside a transaction."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.clock import from_epoch
from collectors.intervals import union
from collectors.store.backfills import UNFINISHED, Backfill, BackfillState, PartState, of_row
from collectors.store.daemon_tables import backfill_parts as parts
from collectors.store.daemon_tables import backfills
from collectors.store.quota_standing import standing
from collectors.store.runs import SUCCEEDED, State
from collectors.store.tables import runs as run_rows

PACE_OF = 20
"""So many of the parts that ended last tell how fast a backfill is."""

PAUSE = 30
"""Seconds: where nothing goes on for longer, it was not the work that took so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress:
    """How far a backfill has come, in periods; ``left`` are those that it may still collect.

    ``failed`` counts parts. ``pace`` is periods a second while anything goes on, None where nobody
    knows yet; quotas spread what is left over ``spread`` seconds at least. What is parked by one
    goes on at ``parked_until``, what failed is tried again at ``retried_at``.
    """

    backfill: Backfill
    collectors: int
    parts: int
    periods: int
    done: int
    left: int
    failed: int
    under_way: int
    parked_until: datetime | None
    retried_at: datetime | None
    pace: float | None
    spread: int

    @property
    def seconds_left(self) -> float | None:
        """How long it will take if it goes on like this; None where nobody knows."""
        if self.backfill.state is not BackfillState.RUNNING or not self.pace:
            return None
        return max(self.left / self.pace, self.spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What one run took, in whole seconds, without what it waited for quotas."""

    collector: str
    start: int
    end: int
    seconds: int


def progress(
    connection: Connection, now: int, ids: Sequence[int] | None = None
) -> list[BackfillProgress]:
    """Tell how far these backfills have come, or all of them, the oldest first."""
    query = sa.select(backfills).order_by(backfills.c.id)
    if ids is not None:
        query = query.where(backfills.c.id.in_(ids))
    found = [of_row(row) for row in connection.execute(query).mappings()]
    sums = _sums(connection, [one.id for one in found])
    going = [one.id for one in found if one.state is BackfillState.RUNNING]
    spread = _spread(connection, going, now)
    return [_progress(connection, one, sums[one.id], spread.get(one.id, 0)) for one in found]


def speeds(connection: Connection, collectors: Sequence[str], limit: int) -> list[Speed]:
    """Give what the last good runs of these collectors took, the newest first."""
    table = run_rows.c
    seconds = (table.ended_at - table.began_at - table.waited).label("seconds")
    query = (
        sa.select(table.collector, table.start, table.end, seconds)
        .where(table.collector.in_(collectors), table.state.in_(SUCCEEDED))
        .where(table.began_at.is_not(None))
        .order_by(table.id.desc())
        .limit(limit)
    )
    return [Speed(**row) for row in connection.execute(query).mappings()]


def _sums(connection: Connection, ids: Sequence[int]) -> dict[int, Any]:
    done = parts.c.periods * (parts.c.reached - parts.c.start) // (parts.c.end - parts.c.start)
    unfinished = parts.c.state.in_(UNFINISHED)
    entered = parts.c.state == PartState.ENTERED
    is_parked = sa.and_(entered, run_rows.c.state == State.PARKED)
    query = (
        sa.select(
            parts.c.backfill_id,
            sa.func.count(parts.c.collector.distinct()).label("collectors"),
            sa.func.count().label("parts"),
            sa.func.sum(parts.c.periods).label("periods"),
            sa.func.sum(done).label("done"),
            sa.func.sum(sa.case((unfinished, parts.c.periods - done), else_=0)).label("left"),
            _count(parts.c.state == PartState.FAILED).label("failed"),
            _count(entered).label("under_way"),
            sa.func.min(sa.case((is_parked, run_rows.c.not_before))).label("parked_until"),
            sa.func.min(sa.case((unfinished, parts.c.not_before))).label("retried_at"),
        )
        .select_from(parts.outerjoin(run_rows, run_rows.c.id == parts.c.run_id))
        .where(parts.c.backfill_id.in_(ids))
        .group_by(parts.c.backfill_id)
    )
    return {row.backfill_id: row for row in connection.execute(query)}


def _count(condition: Any) -> Any:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _spread(connection: Connection, ids: Sequence[int], now: int) -> dict[int, int]:
    """Give over how many seconds quotas spread what is left of each backfill, as a plan does."""
    left = parts.c.requests * (parts.c.end - parts.c.reached) // (parts.c.end - parts.c.start)
    query = (
        sa.select(parts.c.backfill_id, parts.c.quota_keys, sa.func.sum(left).label("requests"))
        .where(parts.c.backfill_id.in_(ids), parts.c.state.in_(UNFINISHED))
        .group_by(parts.c.backfill_id, parts.c.quota_keys)
    )
    asked = defaultdict[int, Counter[str]](Counter)
    for row in connection.execute(query) if ids else ():
        for key in orjson.loads(row.quota_keys):
            asked[row.backfill_id][key] += int(row.requests)
    known = {one.key: one for one in standing(connection, {}, now)} if asked else {}
    return {
        of: max((known[key].spread(counts[key]) for key in counts.keys() & known), default=0)
        for of, counts in asked.items()
    }


def _progress(
    connection: Connection, backfill: Backfill, sums: Any, spread: int
) -> BackfillProgress:
    return BackfillProgress(
        backfill=backfill,
        collectors=sums.collectors,
        parts=sums.parts,
        periods=int(sums.periods),
        done=int(sums.done),
        left=int(sums.left),
        failed=int(sums.failed),
        under_way=int(sums.under_way),
        parked_until=_moment(sums.parked_until),
        retried_at=_moment(sums.retried_at),
        pace=_pace(connection, backfill.id),
        spread=spread,
    )


def _pace(connection: Connection, backfill_id: int) -> float | None:
    """Give the periods a second of the last runs of the parts that ended last.

    However many went side by side; what they waited for quotas, and what was parked, is left out.
    """
    share = (run_rows.c.end - run_rows.c.start) * 1.0 / (parts.c.end - parts.c.start)
    query = (
        sa.select(
            (parts.c.periods * share).label("periods"),
            run_rows.c.began_at,
            (run_rows.c.ended_at - run_rows.c.waited).label("ended_at"),
        )
        .select_from(parts.join(run_rows, run_rows.c.id == parts.c.run_id))
        .where(parts.c.backfill_id == backfill_id, parts.c.state == PartState.DONE)
        .where(run_rows.c.state.in_(SUCCEEDED), run_rows.c.began_at.is_not(None))
        .order_by(parts.c.ended_at.desc())
        .limit(PACE_OF)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    went_on = union((row.began_at, row.ended_at + PAUSE) for row in rows)
    took = sum(end - start - PAUSE for start, end in went_on)
    return float(sum(row.periods for row in rows)) / max(took, 1)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_epoch(seconds)
