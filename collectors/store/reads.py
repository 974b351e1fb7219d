"""What collectors have made of the data sets that other collectors fill.

A stretch of a lane's data set, by ``_timestamp``, is *being read* from before a run reads it, and
*read* once that run has succeeded. Whoever collects the stretch again takes it out of both, in the
transaction that says so: what is not read any more is made again. A run that dies leaves nothing
behind that counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, intersect, subtract
from collectors.statements import Statement
from collectors.store import coverage, histories, lanes, runs
from collectors.store.coverage import DELIVERED
from collectors.store.part import Part
from collectors.store.tables import lane_coverage

READ = "read"
BEING_READ = "being read"

_IS_READ = sa.and_(
    lane_coverage.c.lane_id == bindparam("lane"),
    sa.or_(lane_coverage.c.state == READ, lane_coverage.c.state == BEING_READ),
)
_READERS = Statement(sa.select(lane_coverage.c.collector).where(_IS_READ).distinct())
ARE_THERE = sa.exists().where(_IS_READ)
"""Whether a lane has ``readers``."""


@dataclass(frozen=True, slots=True)
class Read:
    """A stretch of a data set in a lane that a run reads, by ``_timestamp``."""

    lane_id: int
    span: Interval


class Reads(Part):
    """What has been made of which data set, and whether that has changed since."""

    def begin(self, collector: str, target: str, data_set: str, span: Interval) -> Read:
        """Note that a stretch of a data set is about to be read by a collector."""

        def work(connection: Connection) -> Read:
            histories.lock(connection, collector)
            read = Read(lanes.ensure(connection, target, data_set), span)
            coverage.set_lane_intervals(connection, read.lane_id, collector, BEING_READ, add=[span])
            return read

        return self.database.write(work)

    def unchanged(self, collector: str, target: str, data_set: str) -> list[Interval]:
        """Give what the collector has read of a data set and has not changed since."""

        def work(connection: Connection) -> list[Interval]:
            lane_id = lanes.find(connection, target, data_set)
            if lane_id is None:
                return []
            return coverage.lane_intervals(connection, lane_id, collector, READ)

        return self.database.read(work)

    def delivered(self, writer: str, target: str, data_set: str) -> list[Interval]:
        """Give what a data set holds of a collector that writes it, and does not change just now.

        It is in the writer's own time, not by ``_timestamp``.
        """

        def work(connection: Connection) -> list[Interval]:
            lane_id = lanes.find(connection, target, data_set)
            if lane_id is None:
                return []
            # In this order: a run that ends between the two is still seen, by one of them.
            running = runs.running_windows(connection, writer)
            held = coverage.lane_intervals(connection, lane_id, writer, DELIVERED)
            return subtract(held, running)

        return self.database.read(work)


def keep(connection: Connection, collector: str, reads: Iterable[Read]) -> None:
    """Let what was being read count as read, as far as it has not changed meanwhile.

    The collector's history is locked.
    """
    for one in reads:
        being = coverage.lane_intervals(connection, one.lane_id, collector, BEING_READ)
        kept = intersect(being, [one.span])
        for state, add in ((BEING_READ, []), (READ, kept)):
            coverage.set_lane_intervals(
                connection, one.lane_id, collector, state, take=[one.span], add=add
            )


def readers(connection: Connection, lane_ids: Sequence[int]) -> list[str]:
    """Give who has made something of the data set of these lanes, or is about to."""
    rows = (row for lane_id in lane_ids for row in _READERS.rows(connection, {"lane": lane_id}))
    return sorted({name for (name,) in rows})


def forget(
    connection: Connection, lane_ids: Sequence[int], names: Iterable[str], span: Interval
) -> None:
    """Let what these readers have made of a stretch of these lanes' data set be made again.

    The writer's history is locked; those of the readers are locked here. Readers never write what
    they read, so nobody waits in a ring.
    """
    for name in names:
        histories.lock(connection, name)
        for lane_id in lane_ids:
            for state in (READ, BEING_READ):
                coverage.set_lane_intervals(connection, lane_id, name, state, take=[span])
