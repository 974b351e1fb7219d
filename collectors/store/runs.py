"""Runs: one attempt to collect one window, planned, leased, and ended with a reason.

All functions work inside a transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.errors import LeaseLost
from collectors.intervals import Interval, overlap
from collectors.statements import Statement
from collectors.store.owner import LEASE, Owner, is_free
from collectors.store.tables import runs

TIME_LIMIT = 6 * 3600
"""Seconds that a run may take in all before another process may take its window."""


class State(StrEnum):
    """What has become of a run; the first three are open.

    The ``not_before`` of a ``FAILED`` one tells that the failure may pass.
    """

    DUE = "due"
    RUNNING = "running"
    PARKED = "parked"
    DONE = "done"
    WARNED = "done with warnings"
    NOT_YET = "not yet"
    FAILED = "failed"
    LOST = "lost"
    MISSED = "missed"
    SUPERSEDED = "superseded"


OPEN = (State.DUE, State.RUNNING, State.PARKED)
SUCCEEDED = (State.DONE, State.WARNED)
REFILL = "refill"
"""The kind of a run that only gives a lane what another one has; it collects nothing."""
BACKFILL = "backfill"
"""The kind of a run that gives way to any other one."""
GONE = "its process ended before the run did"
"""The reason of a run that is lost."""


def is_in(states: Collection[State]) -> sa.ColumnElement[bool]:
    """Spell that a run is in one of these states."""
    return sa.or_(*(runs.c.state == state for state in states))


_IT = runs.c.id == bindparam("run_id")
_GET = Statement(sa.select(runs).where(_IT))
_OPEN = sa.and_(runs.c.collector == bindparam("collector"), is_in(OPEN))
_HAS_OPEN = Statement(sa.select(sa.exists().where(_OPEN)))
_LOCK_OPEN = Statement(
    sa.select(runs).where(_OPEN).order_by(runs.c.id).with_for_update(key_share=True)
)
_WINDOWS = sa.select(runs.c.start, runs.c.end).where(_OPEN)
_OPEN_WINDOWS = Statement(_WINDOWS)
_RUNNING_WINDOWS = Statement(_WINDOWS.where(runs.c.state == State.RUNNING))
_NEWEST = Statement(
    sa.select(sa.func.max(runs.c.id)).where(
        runs.c.collector == bindparam("collector"), runs.c.kind != bindparam("without")
    )
)
_OPEN_OF = (
    sa.select(runs)
    .where(runs.c.collector.in_(bindparam("names", expanding=True)), is_in(OPEN))
    .order_by(runs.c.id)
    .with_for_update(key_share=True)
)
_INSERT = Statement(runs.insert().returning(runs.c.id))
_INSERT_ALL = runs.insert().returning(runs.c.id, sort_by_parameter_order=True)
_CHANGE = runs.update().where(_IT)
_UPDATE = Statement(_CHANGE)
_CLAIM = Statement(
    _CHANGE.where(is_in((State.DUE, State.PARKED)))
    .where(sa.or_(runs.c.not_before.is_(None), runs.c.not_before <= bindparam("now")))
    .values(state=State.RUNNING, ended_at=None, not_before=None, waited=0)
    .values(attempts=runs.c.attempts + 1)
    .returning(*runs.c)
)
_CHANGE_HELD = _CHANGE.where(runs.c.owner == bindparam("holder"), runs.c.state == State.RUNNING)
_UPDATE_HELD = Statement(_CHANGE_HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A window to be collected; a lower ``priority`` is sooner."""

    start: int
    end: int
    kind: str
    priority: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the store holds it. Times are seconds since 1970.

    It ``waited`` so many seconds for quotas while it ran. The ``not_before`` of one that is running
    is when it goes on, where it waits for a quota just now; its reason says for which.
    """

    id: int
    collector: str
    kind: str
    priority: int
    start: int
    end: int
    state: str
    reason: str
    attempts: int
    not_before: int | None
    owner: str | None
    lease_until: int | None
    limit_at: int | None
    planned_at: int
    began_at: int | None
    ended_at: int | None
    readings: int
    observations: int
    rejected: int
    warnings: tuple[str, ...]
    sample: str | None
    waited: int = 0

    @property
    def window(self) -> Interval:
        """The stretch that the run is about."""
        return self.start, self.end


def of_row(row: Any) -> Run:
    """Make a Run of a row of the table."""
    values = dict(row)
    values["warnings"] = tuple(orjson.loads(values["warnings"]))
    return Run(**values)


def open_runs(connection: Connection, collector: str) -> list[Run]:
    """Give the runs of a collector that have not ended, oldest first, and hold them as they are."""
    return [of_row(row) for row in _LOCK_OPEN.mappings(connection, {"collector": collector})]


def open_of(connection: Connection, collectors: Sequence[str]) -> dict[str, list[Run]]:
    """As ``open_runs``, of those of many collectors that have any."""
    found = defaultdict[str, list[Run]](list)
    for row in connection.execute(_OPEN_OF, {"names": list(collectors)}).mappings():
        found[row["collector"]].append(of_row(row))
    return found


def has_open(connection: Connection, collector: str) -> bool:
    """Tell whether a collector has a run that has not ended."""
    return bool(_HAS_OPEN.scalar(connection, {"collector": collector}))


def open_windows(connection: Connection, collector: str) -> list[Interval]:
    """Give the windows of the runs of a collector that have not ended."""
    rows = _OPEN_WINDOWS.rows(connection, {"collector": collector})
    return [(start, end) for start, end in rows]


def running_windows(connection: Connection, collector: str) -> list[Interval]:
    """Give the windows of a collector that are being collected."""
    rows = _RUNNING_WINDOWS.rows(connection, {"collector": collector})
    return [(start, end) for start, end in rows]


def newest(connection: Connection, collector: str, *, without: str) -> int:
    """Give the id of the run of a collector that was planned last, but of those of one kind."""
    return _NEWEST.scalar(connection, {"collector": collector, "without": without}) or 0


def insert(connection: Connection, collector: str, planned: Planned, now: int) -> int:
    """Write down that a window is due; gives the run's id."""
    return int(_INSERT.scalar(connection, _due(collector, planned, now)))


def insert_all(
    connection: Connection, planned: Sequence[tuple[str, Planned]], now: int
) -> list[int]:
    """As ``insert``, of many collectors; gives the ids in the same order."""
    if connection.dialect.name == "sqlite":  # there, what one statement gives back has no order
        return [insert(connection, collector, one, now) for collector, one in planned]
    rows = [_due(collector, one, now) for collector, one in planned]
    return list(connection.execute(_INSERT_ALL, rows).scalars()) if rows else []


def _due(collector: str, planned: Planned, now: int) -> dict[str, Any]:
    return {
        "collector": collector,
        "kind": planned.kind,
        "priority": planned.priority,
        "start": planned.start,
        "end": planned.end,
        "state": State.DUE,
        "reason": planned.reason,
        "attempts": 0,
        "planned_at": now,
        "readings": 0,
        "observations": 0,
        "rejected": 0,
        "warnings": "[]",
        "waited": 0,
    }


def reap(connection: Connection, open_ones: Sequence[Run], owner: Owner, now: int) -> set[int]:
    """End the runs whose process died or went silent; gives their ids."""
    lost = {run.id for run in open_ones if is_gone(run, owner, now)}
    for run_id in lost:
        end(connection, run_id, State.LOST, GONE, now)
    return lost


def is_gone(run: Run, owner: Owner, now: int) -> bool:
    """Tell whether a run is lost, though it may not be written so yet."""
    if run.state != State.RUNNING:
        return False
    return is_stale(run, owner, now) or (run.limit_at or now) < now


def give_way(
    connection: Connection, open_ones: Sequence[Run], planned: Sequence[Planned], now: int
) -> list[Run]:
    """End what waits of a backfill where something more urgent is planned; gives the rest."""
    kept = []
    for run in open_ones:
        urgent = (one for one in planned if one.priority < run.priority)
        hit = any(overlap(run.window, (one.start, one.end)) for one in urgent)
        if hit and run.kind == BACKFILL and run.state != State.RUNNING:
            end(connection, run.id, State.SUPERSEDED, "it gave way to something more urgent", now)
        else:
            kept.append(run)
    return kept


def is_stale(run: Run, owner: Owner, now: int) -> bool:
    """Tell whether a running run has nobody who works on it."""
    return run.owner != str(owner) and is_free(run.owner, run.lease_until, owner, now)


def claim(connection: Connection, run_id: int, owner: Owner, now: int) -> Run | None:
    """Take a run that is due, or parked until a time that has come; None if it is not to be had."""
    values = {
        "owner": str(owner),
        "lease_until": now + LEASE,
        "limit_at": now + TIME_LIMIT,
        "began_at": now,
    }
    taken = _CLAIM.mappings(connection, {"run_id": run_id, "now": now, **values})
    return of_row(taken[0]) if taken else None


def ready(
    connection: Connection, limit: int, kinds: Collection[str], now: int, *, hold: bool
) -> list[int]:
    """Give up to ``limit`` runs of these kinds, or of any, whose time has come: by priority, age.

    With ``hold`` nobody else has them until the transaction ends, and those of others are left out.
    """
    asked = {"at_most": limit, "now": now}
    queries = _ready(tuple(sorted(kinds)), hold=hold)
    found = sorted(tuple(row) for query in queries for row in query.rows(connection, asked))
    return [run_id for _, run_id in found[:limit]]


@cache
def _ready(kinds: Sequence[str], *, hold: bool) -> Sequence[Statement]:
    due = runs.c.state == State.DUE
    parked = sa.and_(runs.c.state == State.PARKED, runs.c.not_before <= bindparam("now"))
    query = sa.select(runs.c.priority, runs.c.id).order_by(runs.c.priority, runs.c.id)
    query = query.where(sa.or_(*(runs.c.kind == kind for kind in kinds))) if kinds else query
    query = query.with_for_update(skip_locked=True) if hold else query
    query = query.limit(bindparam("at_most"))
    return [Statement(query.where(which)) for which in (due, parked)]


def waiting(connection: Connection) -> list[tuple[int, str]]:
    """Give the runs that wait for a worker, with their collectors."""
    query = sa.select(runs.c.id, runs.c.collector)
    query = query.where(runs.c.state.in_((State.DUE, State.PARKED)))
    return [(row.id, row.collector) for row in connection.execute(query)]


def running(connection: Connection) -> list[Run]:
    """Give every run that somebody works on, or worked on when it died."""
    query = sa.select(runs).where(runs.c.state == State.RUNNING).order_by(runs.c.id)
    return [of_row(row) for row in connection.execute(query).mappings()]


def get(connection: Connection, run_id: int) -> Run:
    """Give one run by its id."""
    [row] = _GET.mappings(connection, {"run_id": run_id})
    return of_row(row)


def prolong(connection: Connection, run_ids: Sequence[int], owner: Owner, now: int) -> int:
    """Beat the heart of runs that this process holds; gives how many it still holds."""
    return sum(_prolong(connection, run_id, owner, now) for run_id in sorted(run_ids))


def _prolong(connection: Connection, run_id: int, owner: Owner, now: int) -> bool:
    mine = {"run_id": run_id, "holder": str(owner), "lease_until": now + LEASE}
    return _UPDATE_HELD.run(connection, mine) > 0


def hold(connection: Connection, run: Run, owner: Owner, now: int) -> None:
    """Prolong the lease of one run, or raise LeaseLost where another process has it."""
    if not _prolong(connection, run.id, owner, now):
        raise _lost(run)


def note_wait(
    connection: Connection, run: Run, owner: Owner, reason: str, until: int | None
) -> None:
    """Write for what a run waits, and until when; LeaseLost where another process has it."""
    mine = {"run_id": run.id, "holder": str(owner), "reason": reason, "not_before": until}
    if not _UPDATE_HELD.run(connection, mine):
        raise _lost(run)


def end(
    connection: Connection, run_id: int, state: State, reason: str, now: int, **more: Any
) -> None:
    """Write how a run ended; ``more`` are counts, warnings, ``not_before`` or a sample."""
    values = _ended(now, {"state": state, "reason": reason, **more})
    _UPDATE.run(connection, {"run_id": run_id, **values})


def end_held(connection: Connection, run: Run, owner: Owner, now: int, **how: Any) -> None:
    """As ``end``, or raise LeaseLost where another process has the run; ``how`` is all of it."""
    mine = {"run_id": run.id, "holder": str(owner)}
    if not _UPDATE_HELD.run(connection, {**mine, **_ended(now, how)}):
        raise _lost(run)


def _ended(now: int, how: Mapping[str, Any]) -> dict[str, Any]:
    values = {"ended_at": now, "owner": None, "not_before": None, **how}
    if "warnings" in values:
        values["warnings"] = orjson.dumps(list(values["warnings"])).decode()
    return values


def _lost(run: Run) -> LeaseLost:
    return LeaseLost(f"{run.collector}: run {run.id} was taken over by another process")
