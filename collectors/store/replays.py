"""Dead letters that are put back into their lanes, to be delivered again.

Such an entry is one of the run that collected it: so it leaves before whatever later runs have to
say of its period, and is superseded by them. All functions work inside a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.clock import epoch
from collectors.intervals import Interval
from collectors.packing import pack
from collectors.record_rules import parse_timestamp
from collectors.store import coverage, dead_letters, outbox, period_ids, reads, runs, tables
from collectors.store.coverage import DELIVERED
from collectors.store.dead_letters import DeadLetter
from collectors.store.runs import OPEN, REFILL, SUCCEEDED, Run

_RUNS = tables.runs.c
_COLLECTED_SINCE = sa.select(sa.func.max(_RUNS.id)).where(
    _RUNS.collector == bindparam("of"),
    _RUNS.id > bindparam("after"),
    _RUNS.start < bindparam("closes"),
    _RUNS.end > bindparam("opens"),
    _RUNS.state.in_(SUCCEEDED),
    _RUNS.kind != REFILL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Dead letters of one run, target, data set and period.

    ``targets`` are those that they go to: their own, or where our own check had refused them, all.
    ``snapshot`` tells that their data set is replaced as a whole.
    """

    letters: Sequence[DeadLetter]
    targets: Sequence[str]
    period: Interval
    snapshot: bool = False

    @property
    def first(self) -> DeadLetter:
        """One of them, for what they share."""
        return self.letters[0]


def obstacles(
    connection: Connection, put: Letters, lane_ids: Sequence[int], limit: int
) -> dict[int, str | None]:
    """Give for each letter, by its id, why it cannot be put back; None where it can."""
    run = runs.get(connection, put.first.run_id)
    there = dead_letters.still_there(connection, put.letters)
    shared = _shared_obstacle(connection, put, run, lane_ids, limit)
    newer = period_ids.sent_since(connection, run.collector, run.id, put.period)
    for lane_id in lane_ids:
        newer |= outbox.spoken_of_since(connection, lane_id, put.period, run.id)
    return {
        one.id: "it is gone already" if one.id not in there else shared or _newer(one, newer)
        for one in put.letters
    }


def put_back(
    connection: Connection,
    put: Letters,
    good: Sequence[DeadLetter],
    lane_ids: Sequence[int],
    now: int,
) -> None:
    """Make ``good`` an entry in each lane, and take them from the dead letters.

    Until it is delivered, its period does not count as delivered.
    """
    run = runs.get(connection, put.first.run_id)
    observations = [orjson.loads(one.observation) for one in good]
    body, size = pack(observations)
    row = {
        **outbox.columns_of(run, put.period, now),
        "count": len(good),
        "size": size,
        "payload": body,
    }
    outbox.add(connection, [{**row, "lane_id": lane_id} for lane_id in lane_ids])
    if run.state in SUCCEEDED:
        for lane_id in lane_ids:
            coverage.set_lane_intervals(
                connection, lane_id, run.collector, DELIVERED, take=[put.period]
            )
    if put.first.target is None:
        _count(connection, put, run, [str(one["_id"]) for one in observations])
    if names := reads.readers(connection, lane_ids):
        reads.forget(connection, lane_ids, names, _span(observations))
    for letter in good:
        dead_letters.discard(connection, letter.id)


def _span(observations: Sequence[Any]) -> Interval:
    moments = [epoch(parse_timestamp(one["_timestamp"])) for one in observations]
    return min(moments), max(moments) + 1


def _shared_obstacle(
    connection: Connection, put: Letters, run: Run, lane_ids: Sequence[int], limit: int
) -> str | None:
    if run.state in OPEN:
        return "its window is being collected now"
    if put.snapshot and run.state not in SUCCEEDED:
        return "its snapshot was never whole; the next run collects it"
    asked = {"of": run.collector, "after": run.id, "opens": put.period[0], "closes": put.period[1]}
    since = connection.execute(_COLLECTED_SINCE, asked).scalar()
    if since is not None:
        return f"run {since} has collected its period again since"
    if any(size >= limit for size in outbox.sizes(connection, lane_ids).values()):
        return "the outbox is full"
    return None


def _newer(letter: DeadLetter, ids: set[str]) -> str | None:
    if orjson.loads(letter.observation)["_id"] in ids:
        return "a later run has a newer version of its _id"
    return None


def _count(connection: Connection, put: Letters, run: Run, ids: Sequence[str]) -> None:
    """Let observations that were never entered count as collected, and be known by their ids."""
    coverage.count_more(connection, run.collector, put.period[0], len(ids))
    if not put.snapshot:
        listed = {put.period[0]: ids}
        period_ids.write(connection, run.collector, run.id, put.period, listed)
