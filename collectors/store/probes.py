"""What a source that lives on ticks saw, one row a collector and tick, until it is gathered.

All functions work inside a transaction. Results are JSON; times are seconds since 1970.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, subtract
from collectors.store import coverage
from collectors.store.coverage import OWED
from collectors.store.daemon_tables import probes
from collectors.store.tables import lane_coverage

_INSERT = {
    kind.dialect.name: kind.insert(probes).on_conflict_do_nothing() for kind in (sqlite, postgresql)
}
_WITHIN = sa.and_(
    probes.c.collector == bindparam("of"),
    probes.c.at >= bindparam("opens"),
    probes.c.at < bindparam("closes"),
)
_SELECT = sa.select(probes.c.at, probes.c.result).where(_WITHIN).order_by(probes.c.at)
_DELETE = probes.delete().where(_WITHIN)
_OWED = sa.select(lane_coverage.c.start, lane_coverage.c.end).where(
    lane_coverage.c.collector == bindparam("of"), lane_coverage.c.state == OWED
)


def add(connection: Connection, collector: str, at: int, result: str) -> None:
    """Keep what was seen at a tick, unless something is kept of it already."""
    row = {"collector": collector, "at": at, "result": result}
    connection.execute(_INSERT[connection.dialect.name], row)


def between(connection: Connection, collector: str, start: int, end: int) -> list[tuple[int, str]]:
    """Give what was seen at the ticks in ``[start, end)``, in order."""
    asked = {"of": collector, "opens": start, "closes": end}
    return [(at, result) for at, result in connection.execute(_SELECT, asked)]


def last(
    connection: Connection, collectors: Sequence[str], since: int
) -> list[tuple[str, int, str, int]]:
    """Give the last probe of each of these: whose, when, its result, how many from ``since`` on."""
    newest = (
        sa.select(
            probes.c.collector,
            sa.func.max(probes.c.at).label("at"),
            sa.func.sum(sa.case((probes.c.at >= since, 1), else_=0)).label("gathered"),
        )
        .where(probes.c.collector.in_(collectors))
        .group_by(probes.c.collector)
        .subquery()
    )
    both = sa.and_(probes.c.collector == newest.c.collector, probes.c.at == newest.c.at)
    query = sa.select(probes.c.collector, probes.c.at, probes.c.result, newest.c.gathered)
    rows = connection.execute(query.join(newest, both)).all()
    return [(name, at, result, int(gathered)) for name, at, result, gathered in rows]


def forget(connection: Connection, collector: str, every: int, before: int) -> None:
    """Drop what only speaks of settled time that no lane is owed, and all that is older.

    A probe speaks for ``every`` seconds, so the last of a stretch may be needed after its end.
    """
    found = coverage.collected(connection, collector)
    settled = [(one.start, one.end - every + 1) for one in found if one.settled]
    for start, end in [(0, before), *subtract(settled, _owed(connection, collector, every))]:
        connection.execute(_DELETE, {"of": collector, "opens": start, "closes": end})


def _owed(connection: Connection, collector: str, every: int) -> Iterable[Interval]:
    rows = connection.execute(_OWED, {"of": collector})
    return [(start - every + 1, end) for start, end in rows]
