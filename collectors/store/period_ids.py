"""Which ids a period holds, kept while the period may still change.

They are written with each chunk, before it can be posted: so a run that dies half-way, or a later
one that finds rows gone, still knows what to retract. All functions work inside a transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.statements import Statement
from collectors.store.tables import period_ids

Ids = Mapping[int, Sequence[str]]
Listed = list[tuple[int, list[str]]]

_OF = period_ids.c.collector == bindparam("of")
_TOUCHING = sa.select(
    period_ids.c.id, period_ids.c.start, period_ids.c.end, period_ids.c.ids
).where(_OF, period_ids.c.start < bindparam("closes"), period_ids.c.end > bindparam("opens"))
ARE_THERE = sa.exists().where(
    _OF, period_ids.c.start <= bindparam("closes"), period_ids.c.end >= bindparam("opens")
)
"""Whether ids of a window are kept, of whichever run."""
_ALL = Statement(_TOUCHING)
_EARLIER = Statement(_TOUCHING.where(period_ids.c.run_id != bindparam("run")))
_LATER = Statement(_TOUCHING.where(period_ids.c.run_id > bindparam("run")))
_OWN = Statement(_TOUCHING.where(period_ids.c.run_id == bindparam("run")))
_INSERT = Statement(period_ids.insert())
_FORGET_ALL = Statement(period_ids.delete().where(_OF))
_FORGET = Statement(
    period_ids.delete().where(
        _OF, period_ids.c.start >= bindparam("opens"), period_ids.c.end <= bindparam("closes")
    )
)


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
    _INSERT.run(connection, {**values, "ids": listed})


def sent_since(connection: Connection, collector: str, run_id: int, window: Interval) -> set[str]:
    """Give the ids that later runs than this one have put into the lanes, about this window."""
    asked = {**_within(collector, window), "run": run_id}
    rows = _rows(connection, _LATER, asked)
    return {name for row in rows for _, names in row.listed for name in names}


def take_gone(connection: Connection, collector: str, run_id: int, window: Interval) -> Gone | None:
    """Give the ids that earlier runs put into ``window`` and this run did not.

    What earlier runs said of the window is forgotten: this run's ids stand for it from now on.
    """
    asked = {**_within(collector, window), "run": run_id}
    earlier = _rows(connection, _EARLIER, asked)
    if not earlier:
        return None
    own = _rows(connection, _OWN, asked)
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
    asked = _within(collector, settled)
    _FORGET.run(connection, asked)
    for row in _rows(connection, _ALL, asked):
        _, outside = _split(row.listed, settled)
        _rewrite(connection, row.id, outside)


def forget_all(connection: Connection, collector: str) -> None:
    """Forget all ids of a collector."""
    _FORGET_ALL.run(connection, {"of": collector})


def _within(collector: str, window: Interval) -> dict[str, Any]:
    return {"of": collector, "opens": window[0], "closes": window[1]}


def _rows(connection: Connection, query: Statement, asked: Mapping[str, Any]) -> list[_Row]:
    return [
        _Row(row_id, start, end, orjson.loads(ids))
        for row_id, start, end, ids in query.rows(connection, asked)
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
