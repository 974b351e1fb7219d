"""What of one collector waits in which lane. All functions work inside a transaction."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval, union
from collectors.store import lanes
from collectors.store.lanes import Lane
from collectors.store.tables import lanes as lane_rows
from collectors.store.tables import outbox

_COLUMNS = ("lane_id", "start", "end", "count", "created_at", "failures")
_FLAGS = ("retraction", "emptying", "held")
_ENTRIES = (
    sa.select(*(outbox.c[name] for name in (*_COLUMNS, *_FLAGS)))
    .where(outbox.c.collector == bindparam("of"))
    .order_by(outbox.c.id)
)
_LANES = sa.select(lane_rows.c.id).where(lane_rows.c.data_set == bindparam("data_set"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A lane, and what of one collector waits there. Times are seconds since 1970.

    ``stretches`` are the periods that the entries are about; ``failures`` is how often the far
    side failed on the worst of them. With ``is_held`` some belong to a snapshot that is not whole
    yet; with ``is_emptied`` the data set is emptied first.
    """

    lane: Lane
    entries: int
    observations: int
    since: int | None
    stretches: tuple[Interval, ...]
    failures: int
    is_held: bool
    is_emptied: bool


def waiting(connection: Connection, collector: str, data_set: str | None) -> list[Waiting]:
    """Give what waits of a collector, lane by lane, those of its data set even where empty."""
    rows = connection.execute(_ENTRIES, {"of": collector}).mappings().all()
    found = set(connection.execute(_LANES, {"data_set": data_set}).scalars())
    return [
        _waiting(lanes.get(connection, lane_id), [row for row in rows if row["lane_id"] == lane_id])
        for lane_id in sorted(found | {row["lane_id"] for row in rows})
    ]


def _waiting(lane: Lane, rows: list[sa.RowMapping]) -> Waiting:
    return Waiting(
        lane=lane,
        entries=len(rows),
        observations=sum(row["count"] for row in rows if not row["retraction"]),
        since=min((row["created_at"] for row in rows), default=None),
        stretches=tuple(union((row["start"], row["end"]) for row in rows if not row["emptying"])),
        failures=max((row["failures"] for row in rows), default=0),
        is_held=any(row["held"] for row in rows),
        is_emptied=any(row["emptying"] for row in rows),
    )
