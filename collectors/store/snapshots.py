"""Snapshots: what one run finds takes the place of all that a data set holds.

A run's entries, the emptying first, are held until the run has found all of its window. Then they
take the place of all that waits, and may leave, in one transaction. So a run that fails or dies
empties nothing. The emptying is about all time: nothing of its lane passes it. All functions work
inside a transaction.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.clock import epoch
from collectors.intervals import Interval
from collectors.packing import pack
from collectors.periods import ALWAYS
from collectors.store import coverage, dead_letters, outbox, period_ids
from collectors.store.coverage import OWED
from collectors.store.runs import Run
from collectors.store.tables import outbox as entries

EVERYTHING: Interval = (epoch(ALWAYS.start), epoch(ALWAYS.end))
_NOTHING, _SIZE = pack([])

_OF_RUN = sa.and_(
    entries.c.collector == bindparam("of"),
    entries.c.lane_id.in_(bindparam("lane_ids", expanding=True)),
    entries.c.run_id == bindparam("own"),
)
_EMPTIED = sa.select(entries.c.lane_id).where(
    _OF_RUN,
    entries.c.start == bindparam("opens"),
    entries.c.end == bindparam("closes"),
    entries.c.emptying,
)
_RELEASE = entries.update().where(_OF_RUN).values(held=False)
_DROP_HELD = entries.delete().where(
    entries.c.collector == bindparam("of"), entries.c.run_id == bindparam("own"), entries.c.held
)
_SUPERSEDE_ALL = entries.delete().where(
    entries.c.lane_id.in_(bindparam("lane_ids", expanding=True)),
    entries.c.run_id != bindparam("own"),
    entries.c.held.is_(False),
)


def begin(connection: Connection, run: Run, lane_ids: Sequence[int], now: int) -> None:
    """Put the emptying into each lane, held, unless it is there: before the run's observations."""
    row = {
        **outbox.columns_of(run, EVERYTHING, now),
        "emptying": True,
        "held": True,
        "count": 0,
        "size": _SIZE,
        "payload": _NOTHING,
    }
    there = _emptied(connection, run, lane_ids)
    new = [lane_id for lane_id in lane_ids if lane_id not in there]
    outbox.add(connection, [{**row, "lane_id": lane_id} for lane_id in new])


def finish(connection: Connection, run: Run, lane_ids: Sequence[int], now: int) -> bool:
    """Let a run's snapshot take the place of all that waits; False where a newer one is there.

    The newest is that of the latest window. No id has to be remembered to be retracted.
    """
    if any(one.end > run.end for one in coverage.collected(connection, run.collector)):
        drop_held(connection, run)
        dead_letters.forget_run(connection, run.collector, run.id)
        return False
    release(connection, run, lane_ids, now)
    dead_letters.supersede_all(connection, run.collector, run.id)
    period_ids.forget_all(connection, run.collector)
    return True


def release(connection: Connection, run: Run, lane_ids: Sequence[int], now: int) -> None:
    """Let what has been held for a run take the place of all that waits in these lanes."""
    begin(connection, run, lane_ids, now)
    _supersede_all(connection, lane_ids, run.id)
    _free(connection, run, lane_ids)
    for lane_id in lane_ids:
        coverage.set_lane_intervals(connection, lane_id, run.collector, OWED, take=[EVERYTHING])


def drop_held(connection: Connection, run: Run) -> None:
    """Take out what has been held for a run."""
    connection.execute(_DROP_HELD, {"of": run.collector, "own": run.id})


def _supersede_all(connection: Connection, lane_ids: Sequence[int], run_id: int) -> None:
    """Take out all of these lanes that is not of this run, nor held for another one."""
    connection.execute(_SUPERSEDE_ALL, {"lane_ids": list(lane_ids), "own": run_id})


def _emptied(connection: Connection, run: Run, lane_ids: Sequence[int]) -> set[int]:
    """Give those of the lanes in which a run has an entry that empties the data set."""
    asked = {
        "of": run.collector,
        "lane_ids": list(lane_ids),
        "own": run.id,
        "opens": EVERYTHING[0],
        "closes": EVERYTHING[1],
    }
    return set(connection.execute(_EMPTIED, asked).scalars())


def _free(connection: Connection, run: Run, lane_ids: Sequence[int]) -> None:
    """Let leave what has been held for a run."""
    asked = {"of": run.collector, "lane_ids": list(lane_ids), "own": run.id}
    connection.execute(_RELEASE, asked)
