"""Backfills: stretches of the past that somebody asked for, cut into parts that lead to runs.

A part is a chunk of one collector. It leads to one run after another until nothing of it is left.
What became of each is read off the run, so that a process may die at any instant. All functions
work inside a transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, overlap
from collectors.store import coverage, histories, runs
from collectors.store.coverage import Stretch
from collectors.store.daemon_tables import backfill_parts as parts
from collectors.store.daemon_tables import backfills
from collectors.store.owner import Owner
from collectors.store.runs import Planned, State
from collectors.store.tables import runs as run_rows


class BackfillState(StrEnum):
    """What a backfill has come to; ``FAILED`` has ended with parts that failed."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PartState(StrEnum):
    """What a part has come to; an ``ENTERED`` one has a run that has not ended."""

    WAITING = "waiting"
    ENTERED = "entered"
    DONE = "done"
    FAILED = "failed"


UNFINISHED = (PartState.WAITING, PartState.ENTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What somebody asked for. ``start`` and ``end`` are local days, the last one included."""

    id: int
    created_at: int
    who: str
    what: str
    start: str
    end: str
    chunk: str
    newest_first: bool
    force: bool
    state: BackfillState
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPart:
    """A chunk of one collector, of so many ``periods``. Times are seconds since 1970.

    What lies before ``reached`` is done; ``run_id`` is its last run; it is not tried again before
    ``not_before``. All of it asks ``requests`` of its source, against the ``quota_keys``, as JSON.
    """

    id: int
    backfill_id: int
    position: int
    collector: str
    start: int
    end: int
    reached: int
    periods: int
    state: PartState
    attempts: int
    not_before: int | None
    run_id: int | None
    began_at: int | None
    ended_at: int | None
    reason: str
    requests: int
    quota_keys: str


_PART = parts.c.id == bindparam("part_id")
_UPDATE = parts.update().where(_PART)
_UPDATE_WAITING = _UPDATE.where(
    parts.c.state == PartState.WAITING, parts.c.reached == bindparam("seen_reached")
)
_STATE = sa.select(backfills.c.state).where(backfills.c.id == bindparam("of"))


def of_row(row: Any) -> Backfill:
    """Make a Backfill of a row of the table."""
    values = dict(row)
    return Backfill(**(values | {"state": BackfillState(values["state"])}))


def part_of_row(row: Any) -> BackfillPart:
    """Make a BackfillPart of a row of the table."""
    values = dict(row)
    return BackfillPart(**(values | {"state": PartState(values["state"])}))


def get(connection: Connection, backfill_id: int) -> Backfill | None:
    """Give one backfill; None where there is none of this number."""
    query = sa.select(backfills).where(backfills.c.id == backfill_id)
    row = connection.execute(query).mappings().first()
    return of_row(row) if row else None


def running(connection: Connection, only: Collection[int] | None = None) -> list[Backfill]:
    """Give those that go on, the oldest first; of ``only`` these, where that is given."""
    query = sa.select(backfills).where(backfills.c.state == BackfillState.RUNNING)
    if only is not None:
        query = query.where(backfills.c.id.in_(only))
    rows = connection.execute(query.order_by(backfills.c.id)).mappings()
    return [of_row(row) for row in rows]


def waiting(
    connection: Connection, backfill_id: int, after: int, now: int, limit: int
) -> list[BackfillPart]:
    """Give the next parts beyond the position ``after`` whose time has come, in order.

    A collector that is parked, or waits after a failure, waits with all of its parts.
    """
    held = (
        sa.select(parts.c.collector)
        .select_from(parts.outerjoin(run_rows, run_rows.c.id == parts.c.run_id))
        .where(parts.c.backfill_id == backfill_id, parts.c.state.in_(UNFINISHED))
        .where(sa.or_(run_rows.c.state == State.PARKED, parts.c.not_before > now))
    )
    query = (
        sa.select(parts)
        .where(parts.c.backfill_id == backfill_id, parts.c.state == PartState.WAITING)
        .where(parts.c.position > after, parts.c.collector.not_in(held))
        .order_by(parts.c.position)
        .limit(limit)
    )
    return [part_of_row(row) for row in connection.execute(query).mappings()]


def under_way(connection: Connection, backfill_id: int) -> int:
    """Give how many parts have a run that is due or running; those that are parked do not count."""
    query = (
        sa.select(sa.func.count())
        .select_from(parts.join(run_rows, run_rows.c.id == parts.c.run_id))
        .where(parts.c.backfill_id == backfill_id, parts.c.state == PartState.ENTERED)
        .where(run_rows.c.state.in_((State.DUE, State.RUNNING)))
    )
    return connection.execute(query).scalar_one()


def enter(
    connection: Connection,
    part: BackfillPart,
    planned: Planned,
    seen: Sequence[Stretch],
    owner: Owner,
    now: int,
) -> int | None:
    """Write down the next run of a part; None where it may not be, or not now.

    ``seen`` is the coverage that it follows from. It waits for every open run of its window.
    """
    histories.lock(connection, part.collector)
    open_ones = runs.open_runs(connection, part.collector)
    lost = runs.reap(connection, open_ones, owner, now)
    window = (planned.start, planned.end)
    taken = any(overlap(run.window, window) for run in open_ones if run.id not in lost)
    if taken or coverage.collected(connection, part.collector) != list(seen):
        return None
    going = connection.execute(_STATE.with_for_update(read=True), {"of": part.backfill_id}).scalar()
    if going != BackfillState.RUNNING or not _change(connection, part, state=PartState.ENTERED):
        return None
    run_id = runs.insert(connection, part.collector, planned, now)
    values = {"run_id": run_id, "began_at": part.began_at or now, "not_before": None}
    connection.execute(_UPDATE, {"part_id": part.id, **values})
    return run_id


def end(
    connection: Connection, part: BackfillPart, state: PartState, reason: str, now: int
) -> None:
    """Write that a waiting part has ended without another run."""
    reached = part.end if state is PartState.DONE else part.reached
    _change(connection, part, state=state, reason=reason, reached=reached, ended_at=now)


def lose(
    connection: Connection, part: BackfillPart, lost: Interval, periods: int, reason: str, now: int
) -> None:
    """Let a waiting part go on behind what is lost, so many periods, which fail as a part."""
    if not _change(connection, part, reached=lost[1], periods=part.periods - periods):
        return
    row = {name: getattr(part, name) for name in BackfillPart.__slots__ if name != "id"}
    row |= {"start": lost[0], "end": lost[1], "reached": lost[0], "periods": periods}
    row |= {"state": PartState.FAILED, "reason": reason, "ended_at": now}
    connection.execute(parts.insert(), row)


def withdraw(connection: Connection, backfill_id: int, reason: str, now: int) -> None:
    """End the runs of a backfill that nobody has begun; their parts wait again."""
    entered = sa.select(parts.c.run_id).where(
        parts.c.backfill_id == backfill_id, parts.c.state == PartState.ENTERED
    )
    connection.execute(
        run_rows.update()
        .where(run_rows.c.id.in_(entered), run_rows.c.state.in_((State.DUE, State.PARKED)))
        .values(state=State.SUPERSEDED, reason=reason, ended_at=now)
    )


def wait_no_longer(connection: Connection, backfill_id: int) -> None:
    """Let parts that wait after a failure be tried at once."""
    late = sa.and_(parts.c.backfill_id == backfill_id, parts.c.state == PartState.WAITING)
    connection.execute(parts.update().where(late).values(not_before=None))


def retry(connection: Connection, backfill_id: int) -> int:
    """Let the failed parts of a backfill be tried again; gives how many."""
    failed = sa.and_(parts.c.backfill_id == backfill_id, parts.c.state == PartState.FAILED)
    again = {"state": PartState.WAITING, "attempts": 0, "not_before": None, "ended_at": None}
    return connection.execute(parts.update().where(failed).values(**again)).rowcount


def change_state(
    connection: Connection,
    backfill_id: int,
    before: Collection[BackfillState],
    after: BackfillState,
    ended_at: int | None = None,
) -> bool:
    """Bring a backfill into a state; False where it is in none of the states before it."""
    query = backfills.update().where(backfills.c.id == backfill_id, backfills.c.state.in_(before))
    return connection.execute(query.values(state=after, ended_at=ended_at)).rowcount > 0


def _change(connection: Connection, part: BackfillPart, **values: Any) -> bool:
    """Change a part that waits as it was seen; False where another process was quicker."""
    seen = {"part_id": part.id, "seen_reached": part.reached}
    return connection.execute(_UPDATE_WAITING, {**seen, **values}).rowcount > 0
