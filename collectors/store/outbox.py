"""The outbox: observations that are safe here and not yet accepted there.

An entry is one request: observations of whole periods (or a piece of one period), ids to be
retracted, or the emptying of the data set, which is about all periods. Within a data set, entries
about the same period leave in the order of their runs; the rest goes by priority, then age. Those
that are held do not leave, and keep nothing back. All functions work inside a transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, overlap
from collectors.packing import pack, unpack
from collectors.statements import Statement
from collectors.store.labels import Labels, is_within
from collectors.store.runs import SUCCEEDED, Run, is_in
from collectors.store.tables import outbox, runs
from collectors.values import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a window on its way into the outbox; ``start``/``end`` bound its periods.

    ``body`` is gzipped JSON of ``count`` observations; ``ids`` maps the start of each period to
    the ids of its observations; ``rejected`` are those that break the rules of the write API.
    """

    start: int
    end: int
    body: bytes
    count: int
    size: int
    ids: Mapping[int, Sequence[str]]
    readings: int
    rejected: Sequence[Rejected] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the outbox, without its payload. ``size`` is bytes before compression.

    With ``emptying`` the data set is emptied: its observations follow in entries of their own.
    """

    id: int
    lane_id: int
    collector: str
    run_id: int
    priority: int
    retraction: bool
    emptying: bool
    start: int
    end: int
    count: int
    size: int
    failures: int
    created_at: int


_COLUMNS = [column for column in outbox.c if column.name not in ("payload", "held")]
_IT = outbox.c.id == bindparam("entry_id")
_LANE = outbox.c.lane_id == bindparam("lane")
_INSERT = Statement(outbox.insert())
_PAYLOAD = Statement(sa.select(outbox.c.payload).where(_IT))
_DELETE = Statement(outbox.delete().where(_IT))
_STATE = sa.select(runs.c.state).where(runs.c.id == outbox.c.run_id).scalar_subquery()
_TAKE = Statement(outbox.delete().where(_IT).returning(_STATE.label("state")))
_OLD = sa.and_(
    _LANE,
    outbox.c.collector == bindparam("of"),
    outbox.c.run_id < bindparam("before"),
    outbox.c.retraction.is_(False),
    outbox.c.emptying.is_(False),
)
_SUPERSEDE = Statement(
    outbox.delete().where(
        _OLD,
        outbox.c.start.between(bindparam("opens"), bindparam("closes")),
        outbox.c.end <= bindparam("closes"),
    )
)
ARE_THERE = sa.exists().where(
    outbox.c.collector == bindparam("of"),
    outbox.c.run_id < bindparam("before"),
    outbox.c.start <= bindparam("closes"),
    outbox.c.end >= bindparam("opens"),
)
"""Whether there is anything to ``supersede``, in whichever lane."""
_NEAR = Statement(
    sa.select(*_COLUMNS, outbox.c.payload).where(
        _OLD, outbox.c.start < bindparam("closes"), outbox.c.end > bindparam("opens")
    )
)
OUTSTANDING = sa.select(outbox.c.start, outbox.c.end).where(
    _LANE,
    outbox.c.collector == bindparam("of"),
    sa.or_(
        outbox.c.run_id == bindparam("own"),
        sa.exists().where(runs.c.id == outbox.c.run_id, is_in(SUCCEEDED)),
    ),
    outbox.c.start < bindparam("closes"),
    outbox.c.end > bindparam("opens"),
)
"""See ``outstanding``."""
_OUTSTANDING = Statement(OUTSTANDING)
_LATER = sa.select(outbox.c.payload).where(
    _LANE,
    outbox.c.run_id > bindparam("after"),
    outbox.c.start < bindparam("closes"),
    outbox.c.end > bindparam("opens"),
)
_SIZES = (
    sa.select(outbox.c.lane_id, sa.func.sum(outbox.c.size))
    .where(outbox.c.lane_id.in_(bindparam("lane_ids", expanding=True)))
    .group_by(outbox.c.lane_id)
)


def _unblocked(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    before = outbox.alias("before")
    blocked = sa.exists().where(
        before.c.lane_id == outbox.c.lane_id,
        before.c.held.is_(False),
        before.c.start < outbox.c.end,
        before.c.end > outbox.c.start,
        before.c.run_id <= outbox.c.run_id,
        sa.or_(before.c.run_id < outbox.c.run_id, before.c.id < outbox.c.id),
    )
    urgent_first = (outbox.c.priority, outbox.c.created_at, outbox.c.id)
    free = (_LANE, outbox.c.held.is_(False), ~blocked)
    query = sa.select(*_COLUMNS, *more).where(*free).order_by(*urgent_first)
    return query.limit(bindparam("at_most"))


_UNBLOCKED = Statement(_unblocked())
_ALL = outbox.alias("all_in_lane")
_HOW_MANY = sa.select(sa.func.count(_ALL.c.id)).where(_ALL.c.lane_id == bindparam("lane"))
_UNBLOCKED_WHOLE = Statement(
    _unblocked(outbox.c.payload, _HOW_MANY.scalar_subquery().label("in_lane"))
)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write entries; each row has every column that does not say what is rare."""
    usual = {"failures": 0, "retraction": False, "emptying": False, "held": False}
    for row in rows:
        _INSERT.run(connection, {**usual, **row})


def ready(
    connection: Connection, lane_id: int, limit: int, under_way: Collection[Entry] = ()
) -> list[Entry]:
    """Give the entries of a lane that may leave now, the most urgent first.

    One waits while an earlier entry about the same period is still there, or is ``under_way``: that
    one may have been superseded meanwhile, and must still arrive first.
    """
    busy = _busy(lane_id, under_way)
    asked = {"lane": lane_id, "at_most": limit + len(busy)}
    found = (Entry(**row) for row in _UNBLOCKED.mappings(connection, asked))
    return [one for one in found if _is_free(one, busy)][:limit]


def ready_whole(
    connection: Connection, lane_id: int, limit: int, under_way: Collection[Entry]
) -> tuple[list[tuple[Entry, bytes]], bool]:
    """As ``ready``, with what each entry holds; and whether these are all that are in the lane."""
    busy = _busy(lane_id, under_way)
    asked = {"lane": lane_id, "at_most": limit + len(busy)}
    rows = _UNBLOCKED_WHOLE.mappings(connection, asked)
    found = ((_entry(row), row["payload"]) for row in rows)
    free = [(one, payload) for one, payload in found if _is_free(one, busy)][:limit]
    return free, bool(rows) and rows[0]["in_lane"] == len(free)


def _busy(lane_id: int, under_way: Collection[Entry]) -> list[Interval]:
    return [(one.start, one.end) for one in under_way if one.lane_id == lane_id]


def _is_free(entry: Entry, busy: Sequence[Interval]) -> bool:
    return not any(overlap((entry.start, entry.end), other) for other in busy)


def entries(connection: Connection, lane_id: int | None = None) -> list[Entry]:
    """Give every entry, or those of one lane, oldest first."""
    query = sa.select(*_COLUMNS).order_by(outbox.c.id)
    if lane_id is not None:
        query = query.where(outbox.c.lane_id == lane_id)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def payload(connection: Connection, entry_id: int) -> bytes | None:
    """Give what an entry holds; None where it has been superseded meanwhile."""
    found: bytes | None = _PAYLOAD.scalar(connection, {"entry_id": entry_id})
    return found


def remove(connection: Connection, entry_id: int) -> bool:
    """Take out an entry; False where it had been superseded meanwhile."""
    return _DELETE.run(connection, {"entry_id": entry_id}) > 0


def take(connection: Connection, entry_id: int) -> str | None:
    """As ``remove``; gives the state of the entry's run, None where it had been superseded."""
    state: str | None = _TAKE.scalar(connection, {"entry_id": entry_id})
    return state


def supersede(
    connection: Connection,
    lane_ids: Sequence[int],
    collector: str,
    window: Interval,
    run_id: int,
    labels: Labels | None,
) -> list[Entry]:
    """Take out what earlier runs said of this window in these lanes; retractions stay in line.

    An entry that reaches beyond the window keeps what is not of it, as ``labels`` tell. Gives
    those of which nothing is left then.
    """
    gone: list[Entry] = []
    for lane_id in lane_ids:
        old = {"lane": lane_id, "of": collector, "before": run_id, **_edges(window)}
        _SUPERSEDE.run(connection, old)
        if labels is not None:
            near = _NEAR.mappings(connection, old)
            gone += [_entry(row) for row in near if _trim(connection, row, labels)]
    return gone


def still_held(
    connection: Connection, entry: Entry, rejected: Sequence[Rejected]
) -> Sequence[Rejected]:
    """Give those of refused observations that were not superseded while they were under way."""
    body = payload(connection, entry.id) if rejected else None
    if body is None:
        return ()
    items = unpack(body)
    if len(items) == entry.count:
        return rejected
    ids = {one["_id"] for one in items}
    return [one for one in rejected if one.observation["_id"] in ids]


def outstanding(
    connection: Connection, lane_id: int, collector: str, window: Interval, run_id: int
) -> list[Interval]:
    """Give the stretches of ``window`` about which something of a collector still waits.

    What the run itself has written counts, and of others what complete ones have: what a dead or
    failed run left stands for nothing that is collected.
    """
    asked = {"lane": lane_id, "of": collector, "own": run_id, **_edges(window)}
    return [(start, end) for start, end in _OUTSTANDING.rows(connection, asked)]


def queued(connection: Connection) -> list[tuple[str, int, int, int]]:
    """Give what waits: collector, lane, how many observations, when the oldest entry was made."""
    count = sa.case((outbox.c.retraction, 0), else_=outbox.c.count)
    which = (outbox.c.collector, outbox.c.lane_id)
    query = sa.select(*which, sa.func.sum(count), sa.func.min(outbox.c.created_at))
    rows = connection.execute(query.group_by(*which))
    return [(name, lane, int(observations), since) for name, lane, observations, since in rows]


def sizes(connection: Connection, lane_ids: Sequence[int]) -> dict[int, int]:
    """Give the bytes, before compression, that wait in each lane."""
    rows = connection.execute(_SIZES, {"lane_ids": list(lane_ids)})
    found = {lane: int(size) for lane, size in rows}
    return {lane: found.get(lane, 0) for lane in lane_ids}


def spoken_of_since(
    connection: Connection, lane_id: int, window: Interval, run_id: int
) -> set[str]:
    """Give the ids that later runs than this one have in a lane, about this window."""
    asked = {"lane": lane_id, "after": run_id, **_edges(window)}
    bodies = connection.execute(_LATER, asked).scalars()
    items = (one for body in bodies for one in unpack(body))
    return {one["_id"] if isinstance(one, dict) else one for one in items}


def halve(connection: Connection, entry: Entry) -> bool:
    """Put two halves in the place of an entry; False where it is one observation, or superseded."""
    body = payload(connection, entry.id) if entry.count > 1 else None
    if body is None or not remove(connection, entry.id):
        return False
    items = unpack(body)
    middle = len(items) // 2
    same = {
        name: getattr(entry, name) for name in Entry.__slots__ if name not in ("id", "failures")
    }
    for half in filter(None, (items[:middle], items[middle:])):
        packed, size = pack(half)
        add(connection, [{**same, "count": len(half), "size": size, "payload": packed}])
    return True


def count_failure(connection: Connection, entry_id: int) -> None:
    """Remember that the far side failed on this very entry."""
    row = outbox.c.id == entry_id
    connection.execute(outbox.update().where(row).values(failures=outbox.c.failures + 1))


def columns_of(run: Run, bounds: Interval, now: int) -> dict[str, Any]:
    """Give what an entry of a run about some periods has in its columns."""
    return {
        "collector": run.collector,
        "run_id": run.id,
        "priority": run.priority,
        "start": bounds[0],
        "end": bounds[1],
        "created_at": now,
    }


def _entry(row: Any) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__slots__})


def _trim(connection: Connection, row: Mapping[str, Any], labels: Labels) -> bool:
    """Keep what is not within ``labels``; True where nothing is left."""
    entry_id, items = row["id"], unpack(row["payload"])
    kept = [one for one in items if not is_within(one, labels)]
    if not kept:
        remove(connection, entry_id)
    elif len(kept) < len(items):
        packed, size = pack(kept)
        values = {"count": len(kept), "size": size, "payload": packed}
        connection.execute(outbox.update().where(outbox.c.id == entry_id).values(values))
    return not kept


def _edges(window: Interval) -> dict[str, int]:
    return {"opens": window[0], "closes": window[1]}
