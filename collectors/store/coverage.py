"""The ledger: what is collected of each collector, and what of it each lane has.

``collected`` stretches never overlap within a collector; settled neighbours that know their counts
are merged. In a lane, ``delivered`` and ``owed`` stretches never overlap. All functions work inside
a transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, overlap, subtract, union
from collectors.statements import Row, Statement
from collectors.store.tables import coverage, lane_coverage

DELIVERED = "delivered"
OWED = "owed"

_COLUMNS = [column for column in coverage.c if column.name not in ("id", "collector")]
_OF = coverage.c.collector == bindparam("of")
_COLLECTED = Statement(sa.select(*_COLUMNS).where(_OF).order_by(coverage.c.start))
_NAMES = [column.name for column in _COLUMNS]
_COLLECTED_BY = (
    sa.select(coverage.c.collector, *_COLUMNS)
    .where(coverage.c.collector.in_(bindparam("names", expanding=True)))
    .order_by(coverage.c.collector, coverage.c.start)
)
_NEAR = sa.and_(_OF, coverage.c.start <= bindparam("closes"), coverage.c.end >= bindparam("opens"))
_SELECT_NEAR = Statement(sa.select(*_COLUMNS).where(_NEAR))
_DELETE_NEAR = Statement(coverage.delete().where(_NEAR))
_INSERT = Statement(coverage.insert())
_COUNT_MORE = Statement(
    coverage.update()
    .where(_OF, coverage.c.start <= bindparam("at"), coverage.c.end > bindparam("at"))
    .values(observations=coverage.c.observations + bindparam("more"))
)
IN_LANE = sa.select(*(lane_coverage.c[name] for name in ("state", "start", "end", "id"))).where(
    lane_coverage.c.lane_id == bindparam("lane"), lane_coverage.c.collector == bindparam("of")
)
"""What makes a ``Share``."""
_IN_LANE = Statement(IN_LANE)
_ITS_ROW = lane_coverage.c.id == bindparam("row")
_DELETE_IN_LANE = Statement(lane_coverage.delete().where(_ITS_ROW))
_MOVE_IN_LANE = Statement(lane_coverage.update().where(_ITS_ROW))
_INSERT_IN_LANE = Statement(lane_coverage.insert())
_DELIVERED = sa.and_(
    lane_coverage.c.lane_id == bindparam("lane"), lane_coverage.c.state == DELIVERED
)
_FORGET_DELIVERED = lane_coverage.delete().where(_DELIVERED)
_DELIVERING = (
    sa.select(lane_coverage.c.collector)
    .where(_DELIVERED)
    .distinct()
    .order_by(lane_coverage.c.collector)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One collected stretch, in seconds since 1970.

    ``collected_at`` is when the success that wrote it began. ``readings`` and ``observations``
    are None where a later run took a part out, so that the count of the rest is not known.
    """

    start: int
    end: int
    settled: bool
    collected_at: int
    fingerprint: str
    revision: str | None = None
    readings: int | None = 0
    observations: int | None = 0


def collected(connection: Connection, collector: str) -> list[Stretch]:
    """Give the collected stretches of a collector, in order of time."""
    return [Stretch(**row) for row in _COLLECTED.mappings(connection, {"of": collector})]


def collected_by(connection: Connection, collectors: Sequence[str]) -> dict[str, list[Stretch]]:
    """Give the collected stretches of each of these collectors that has any, in order of time."""
    found = defaultdict[str, list[Stretch]](list)
    for name, *row in connection.execute(_COLLECTED_BY, {"names": list(collectors)}):
        found[name].append(Stretch(**dict(zip(_NAMES, row, strict=True))))
    return found


def replace_collected(
    connection: Connection, collector: str, window: Interval, stretches: Sequence[Stretch]
) -> None:
    """Put ``stretches`` in the place of whatever is known of ``window``."""
    near = {"of": collector, "opens": window[0], "closes": window[1]}
    old = [Stretch(**row) for row in _SELECT_NEAR.mappings(connection, near)]
    kept = [piece for stretch in old for piece in without(stretch, window)]
    if old:
        _DELETE_NEAR.run(connection, near)
    for one in merge([*kept, *stretches]):
        _INSERT.run(connection, {"collector": collector, **_values(one)})


def count_more(connection: Connection, collector: str, at: int, more: int) -> None:
    """Add observations to the count of the stretch that ``at`` lies in, where that is known."""
    _COUNT_MORE.run(connection, {"of": collector, "at": at, "more": more})


def without(stretch: Stretch, window: Interval) -> list[Stretch]:
    """Cut ``window`` out of a stretch; what is left does not know its counts."""
    whole = (stretch.start, stretch.end)
    if not overlap(whole, window):
        return [stretch]
    return [
        replace(stretch, start=start, end=end, readings=None, observations=None)
        for start, end in subtract([whole], [window])
    ]


def merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join neighbours that are settled and were collected in the same way.

    What does not know its counts stays apart from what does, so that it takes none of them along.
    """
    merged: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda one: one.start):
        if merged and _joins(merged[-1], stretch):
            merged[-1] = _joined(merged[-1], stretch)
        else:
            merged.append(stretch)
    return merged


class Share:
    """What one lane has (``DELIVERED``) and is owed (``OWED``) of one collector.

    ``rows`` are those of ``IN_LANE``, where they are known already.
    """

    def __init__(
        self,
        connection: Connection,
        lane_id: int,
        collector: str,
        rows: Iterable[Row] | None = None,
    ) -> None:
        self._connection = connection
        self._its = {"lane_id": lane_id, "collector": collector}
        self._rows = defaultdict[str, dict[Interval, int]](dict)
        if rows is None:
            rows = _IN_LANE.rows(connection, {"lane": lane_id, "of": collector})
        for state, start, end, row in rows:
            self._rows[state][start, end] = row

    def intervals(self, state: str) -> list[Interval]:
        """Give what is in a state, in order of time."""
        return union(self._rows[state])

    def change(
        self, state: str, *, add: Sequence[Interval] = (), take: Sequence[Interval] = ()
    ) -> None:
        """Add to, and take from, what is in a state; once only."""
        rows = self._rows[state]
        new = set(union(subtract(rows, take), add))
        old = [row for interval, row in rows.items() if interval not in new]
        for start, end in new - rows.keys():
            at = {"start": start, "end": end}
            if old:
                _MOVE_IN_LANE.run(self._connection, {"row": old.pop(), **at})
            else:
                _INSERT_IN_LANE.run(self._connection, {**self._its, "state": state, **at})
        for row in old:
            _DELETE_IN_LANE.run(self._connection, {"row": row})


def lane_intervals(
    connection: Connection, lane_id: int, collector: str, state: str
) -> list[Interval]:
    """Give what a lane has (``DELIVERED``) or is owed (``OWED``) of a collector."""
    return Share(connection, lane_id, collector).intervals(state)


def set_lane_intervals(
    connection: Connection,
    lane_id: int,
    collector: str,
    state: str,
    *,
    add: Sequence[Interval] = (),
    take: Sequence[Interval] = (),
) -> None:
    """Add to, and take from, what a lane has or is owed of a collector."""
    Share(connection, lane_id, collector).change(state, add=add, take=take)


def forget_delivered(connection: Connection, lane_id: int) -> None:
    """Let nothing count as delivered in a lane any more."""
    connection.execute(_FORGET_DELIVERED, {"lane": lane_id})


def delivering(connection: Connection, lane_id: int) -> list[str]:
    """Name the collectors of which something counts as delivered in a lane."""
    return list(connection.execute(_DELIVERING, {"lane": lane_id}).scalars())


def _joins(left: Stretch, right: Stretch) -> bool:
    return (
        left.end == right.start
        and left.settled
        and right.settled
        and left.fingerprint == right.fingerprint
        and left.revision == right.revision
        and (left.readings is None) == (right.readings is None)
        and (left.observations is None) == (right.observations is None)
    )


def _joined(left: Stretch, right: Stretch) -> Stretch:
    return replace(
        left,
        end=right.end,
        collected_at=max(left.collected_at, right.collected_at),
        readings=_sum(left.readings, right.readings),
        observations=_sum(left.observations, right.observations),
    )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _values(stretch: Stretch) -> dict[str, object]:
    return {name: getattr(stretch, name) for name in Stretch.__slots__}
