"""The outbox: observations that are safe here and not yet accepted there.

An entry is one request: observations of whole periods (or a piece of one period), or ids to be
retracted. Within a data set, entries about the same period leave in the order of their runs; the
rest goes by priority, then age. All functions work inside a transaction.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store.tables import outbox
from collectors.values import Rejected

GZIP = 31
"""The ``wbits`` that make zlib read and write gzip, as HTTP wants it."""


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
    """One entry of the outbox, without its payload. ``size`` is bytes before compression."""

    id: int
    lane_id: int
    collector: str
    run_id: int
    priority: int
    retraction: bool
    start: int
    end: int
    count: int
    size: int
    failures: int
    created_at: int


_COLUMNS = [column for column in outbox.c if column.name != "payload"]


def pack(items: Sequence[Any]) -> tuple[bytes, int]:
    """Give a list as gzipped JSON, and its size before compression in bytes."""
    plain = orjson.dumps(items)
    packer = zlib.compressobj(1, wbits=GZIP)
    return packer.compress(plain) + packer.flush(), len(plain)


def unpack(body: bytes) -> list[Any]:
    """Give the list that ``pack`` packed."""
    items: list[Any] = orjson.loads(zlib.decompress(body, wbits=GZIP))
    return items


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write entries; each row has every column but ``id`` and ``failures``."""
    if rows:
        connection.execute(outbox.insert(), [{"failures": 0, **row} for row in rows])


def ready(
    connection: Connection, lane_id: int, limit: int, excluding: Collection[int] = ()
) -> list[Entry]:
    """Give the entries of a lane that may leave now, the most urgent first.

    One waits while an earlier run's entry about the same period is still there; so nothing may be
    under way about the period of what is given here, except what ``excluding`` names.
    """
    before = outbox.alias("before")
    blocked = sa.exists().where(
        before.c.lane_id == outbox.c.lane_id,
        before.c.start < outbox.c.end,
        before.c.end > outbox.c.start,
        sa.or_(
            before.c.run_id < outbox.c.run_id,
            sa.and_(before.c.run_id == outbox.c.run_id, before.c.id < outbox.c.id),
        ),
    )
    query = sa.select(*_COLUMNS).where(outbox.c.lane_id == lane_id, ~blocked)
    if excluding:
        query = query.where(outbox.c.id.not_in(excluding))
    query = query.order_by(outbox.c.priority, outbox.c.id).limit(limit)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def entries(connection: Connection, lane_id: int | None = None) -> list[Entry]:
    """Give every entry, or those of one lane, oldest first."""
    query = sa.select(*_COLUMNS).order_by(outbox.c.id)
    if lane_id is not None:
        query = query.where(outbox.c.lane_id == lane_id)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def payload(connection: Connection, entry_id: int) -> bytes | None:
    """Give what an entry holds; None where it has been superseded meanwhile."""
    query = sa.select(outbox.c.payload).where(outbox.c.id == entry_id)
    return connection.execute(query).scalar()


def remove(connection: Connection, entry_id: int) -> bool:
    """Take out an entry; False where it had been superseded meanwhile."""
    return connection.execute(outbox.delete().where(outbox.c.id == entry_id)).rowcount > 0


def supersede(connection: Connection, collector: str, window: Interval, run_id: int) -> int:
    """Take out what earlier runs of this window left undelivered; retractions stay in line."""
    old = sa.and_(
        outbox.c.collector == collector,
        outbox.c.run_id < run_id,
        outbox.c.retraction.is_(False),
        outbox.c.start >= window[0],
        outbox.c.end <= window[1],
    )
    return connection.execute(outbox.delete().where(old)).rowcount


def outstanding(
    connection: Connection, lane_id: int, collector: str, window: Interval
) -> list[Interval]:
    """Give the stretches of ``window`` about which something of a collector still waits."""
    query = sa.select(outbox.c.start, outbox.c.end).where(
        outbox.c.lane_id == lane_id,
        outbox.c.collector == collector,
        outbox.c.start < window[1],
        outbox.c.end > window[0],
    )
    return [(start, end) for start, end in connection.execute(query)]


def waiting_since(connection: Connection, collector: str) -> tuple[int, int]:
    """Give how many observations of a collector wait, and in how many entries."""
    query = sa.select(sa.func.coalesce(sa.func.sum(outbox.c.count), 0), sa.func.count())
    observations, count = connection.execute(query.where(outbox.c.collector == collector)).one()
    return int(observations), int(count)


def sizes(connection: Connection, lane_ids: Sequence[int]) -> dict[int, int]:
    """Give the compressed bytes that wait in each lane."""
    query = sa.select(outbox.c.lane_id, sa.func.sum(sa.func.length(outbox.c.payload)))
    query = query.where(outbox.c.lane_id.in_(lane_ids)).group_by(outbox.c.lane_id)
    found = {lane: int(size) for lane, size in connection.execute(query)}
    return {lane: found.get(lane, 0) for lane in lane_ids}


def halve(connection: Connection, entry: Entry) -> bool:
    """Put two halves in the place of an entry; False where it had been superseded meanwhile."""
    body = payload(connection, entry.id)
    if body is None or not remove(connection, entry.id):
        return False
    items = unpack(body)
    middle = len(items) // 2
    same = {
        name: getattr(entry, name) for name in Entry.__slots__ if name not in ("id", "failures")
    }
    for half in (items[:middle], items[middle:]):
        packed, size = pack(half)
        add(connection, [{**same, "count": len(half), "size": size, "payload": packed}])
    return True


def count_failure(connection: Connection, entry_id: int) -> None:
    """Remember that the far side failed on this very entry."""
    row = outbox.c.id == entry_id
    connection.execute(outbox.update().where(row).values(failures=outbox.c.failures + 1))
