"""Snapshots: what one run finds takes the place of all that a data set holds.

A run's entries, the emptying first, are held until the run has found all of its window. Then they
take the place of all that waits, and may leave, in one transaction. So a run that fails or dies
empties nothing. The emptying is about all time: nothing of its lane passes it. All functions work
inside a transaction.
"""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from collectors.clock import epoch
from collectors.intervals import Interval
from collectors.packing import pack
from collectors.periods import ALWAYS
from collectors.store import coverage, dead_letters, outbox, period_ids
from collectors.store.coverage import OWED
from collectors.store.runs import Run

EVERYTHING: Interval = (epoch(ALWAYS.start), epoch(ALWAYS.end))
_NOTHING, _SIZE = pack([])


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
    there = outbox.emptied(connection, run, lane_ids, EVERYTHING)
    new = [lane_id for lane_id in lane_ids if lane_id not in there]
    outbox.add(connection, [{**row, "lane_id": lane_id} for lane_id in new])


def finish(connection: Connection, run: Run, lane_ids: Sequence[int], now: int) -> bool:
    """Let a run's snapshot take the place of all that waits; False where a newer one is there.

    The newest is that of the latest window. No id has to be remembered to be retracted.
    """
    if any(one.end > run.end for one in coverage.collected(connection, run.collector)):
        outbox.drop_held(connection, run)
        dead_letters.forget_run(connection, run.collector, run.id)
        return False
    release(connection, run, lane_ids, now)
    dead_letters.supersede_all(connection, run.collector, run.id)
    period_ids.forget_all(connection, run.collector)
    return True


def release(connection: Connection, run: Run, lane_ids: Sequence[int], now: int) -> None:
    """Let what has been held for a run take the place of all that waits in these lanes."""
    begin(connection, run, lane_ids, now)
    outbox.supersede_all(connection, lane_ids, run.id)
    outbox.release(connection, run, lane_ids)
    for lane_id in lane_ids:
        coverage.set_lane_intervals(connection, lane_id, run.collector, OWED, take=[EVERYTHING])
