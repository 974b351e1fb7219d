"""Which ids a period holds, kept while the period may still change.

They are written with each chunk, before it can be posted: so a run that dies half-way, or a later
one that finds rows gone, still knows what to retract. All functions work inside a transaction.
"""

from collections.abc import Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store.tables import period_ids

Ids = Mapping[int, Sequence[str]]


def write(connection: Connection, collector: str, run_id: int, bounds: Interval, ids: Ids) -> None:
    """Keep the ids of a chunk: the start of each period, in seconds, to the ids in it."""
    listed = orjson.dumps([[start, list(names)] for start, names in ids.items()])
    values = {"collector": collector, "run_id": run_id, "start": bounds[0], "end": bounds[1]}
    connection.execute(period_ids.insert().values(ids=listed, **values))


def take_gone(
    connection: Connection, collector: str, run_id: int, window: Interval
) -> dict[int, list[str]]:
    """Give, by period, the ids that earlier runs put into ``window`` and this run did not.

    What earlier runs said of the window is forgotten: this run's ids stand for it from now on.
    """
    earlier = _rows(connection, collector, window, period_ids.c.run_id != run_id)
    if not earlier:
        return {}
    gone: dict[int, set[str]] = {}
    for row_id, listed in earlier:
        outside = []
        for start, names in listed:
            if window[0] <= start < window[1]:
                gone.setdefault(start, set()).update(names)
            else:
                outside.append([start, names])
        _rewrite(connection, row_id, outside)
    for _, listed in _rows(connection, collector, window, period_ids.c.run_id == run_id):
        for start, names in listed:
            gone.get(start, set()).difference_update(names)
    return {start: sorted(names) for start, names in sorted(gone.items()) if names}


def forget_settled(connection: Connection, collector: str, window: Interval, until: int) -> None:
    """Forget the ids of the periods of ``window`` that start before ``until``: they are settled."""
    settled = (window[0], min(until, window[1]))
    inside = sa.and_(
        period_ids.c.collector == collector,
        period_ids.c.start >= settled[0],
        period_ids.c.end <= settled[1],
    )
    connection.execute(period_ids.delete().where(inside))
    for row_id, listed in _rows(connection, collector, settled, sa.true()):
        kept = [[start, names] for start, names in listed if start >= until]
        _rewrite(connection, row_id, kept)


def _rows(
    connection: Connection, collector: str, window: Interval, which: sa.ColumnElement[bool]
) -> list[tuple[int, list[tuple[int, list[str]]]]]:
    query = sa.select(period_ids.c.id, period_ids.c.ids).where(
        period_ids.c.collector == collector,
        period_ids.c.start < window[1],
        period_ids.c.end > window[0],
        which,
    )
    return [(row_id, orjson.loads(ids)) for row_id, ids in connection.execute(query)]


def _rewrite(connection: Connection, row_id: int, listed: Sequence[Sequence[object]]) -> None:
    row = period_ids.c.id == row_id
    if listed:
        connection.execute(period_ids.update().where(row).values(ids=orjson.dumps(listed)))
    else:
        connection.execute(period_ids.delete().where(row))
