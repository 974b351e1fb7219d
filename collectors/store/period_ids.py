"""Which ids a period holds, kept while the period may still change.

They are written with each chunk, before it can be posted: so a run that dies half-way, or a later
one that finds rows gone, still knows what to retract. All functions work inside a transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store.tables import period_ids

Ids = Mapping[int, Sequence[str]]
Listed = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Gone:
    """Ids that a window no longer holds; ``bounds`` are those of the periods that held them."""

    bounds: Interval
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    start: int
    end: int
    listed: Listed


def write(connection: Connection, collector: str, run_id: int, bounds: Interval, ids: Ids) -> None:
    """Keep the ids of a chunk: the start of each period, in seconds, to the ids in it."""
    listed = orjson.dumps([[start, list(names)] for start, names in ids.items()])
    values = {"collector": collector, "run_id": run_id, "start": bounds[0], "end": bounds[1]}
    connection.execute(period_ids.insert().values(ids=listed, **values))


def take_gone(connection: Connection, collector: str, run_id: int, window: Interval) -> Gone | None:
    """Give the ids that earlier runs put into ``window`` and this run did not.

    What earlier runs said of the window is forgotten: this run's ids stand for it from now on.
    """
    earlier = _rows(connection, collector, window, period_ids.c.run_id != run_id)
    if not earlier:
        return None
    own = _rows(connection, collector, window, period_ids.c.run_id == run_id)
    here = {name for row in own for _, names in row.listed for name in names}
    ids: set[str] = set()
    bounds: list[Interval] = []
    for row in earlier:
        inside, outside = _split(row.listed, window)
        missing = {name for _, names in inside for name in names} - here
        if missing:
            ids |= missing
            bounds.append((max(row.start, window[0]), min(row.end, window[1])))
        _rewrite(connection, row.id, outside)
    if not ids:
        return None
    starts, ends = zip(*bounds, strict=True)
    return Gone((min(starts), max(ends)), sorted(ids))


def forget_settled(connection: Connection, collector: str, window: Interval, until: int) -> None:
    """Forget the ids of the periods of ``window`` that start before ``until``: they are settled."""
    settled = (window[0], min(until, window[1]))
    inside = sa.and_(
        period_ids.c.collector == collector,
        period_ids.c.start >= settled[0],
        period_ids.c.end <= settled[1],
    )
    connection.execute(period_ids.delete().where(inside))
    for row in _rows(connection, collector, settled, sa.true()):
        _, outside = _split(row.listed, settled)
        _rewrite(connection, row.id, outside)


def _rows(
    connection: Connection, collector: str, window: Interval, which: sa.ColumnElement[bool]
) -> list[_Row]:
    table = period_ids.c
    query = sa.select(table.id, table.start, table.end, table.ids).where(
        table.collector == collector, table.start < window[1], table.end > window[0], which
    )
    return [
        _Row(row_id, start, end, orjson.loads(ids))
        for row_id, start, end, ids in connection.execute(query)
    ]


def _split(listed: Listed, window: Interval) -> tuple[Listed, Listed]:
    inside = [one for one in listed if window[0] <= one[0] < window[1]]
    outside = [one for one in listed if not window[0] <= one[0] < window[1]]
    return inside, outside


def _rewrite(connection: Connection, row_id: int, listed: Listed) -> None:
    row = period_ids.c.id == row_id
    if listed:
        connection.execute(period_ids.update().where(row).values(ids=orjson.dumps(listed)))
    else:
        connection.execute(period_ids.delete().where(row))
