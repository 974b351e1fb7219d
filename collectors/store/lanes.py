"""Lanes: one target and data set each; who sends there now, and why it may stand still.

All functions work inside a transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.statements import Statement
from collectors.store.owner import LEASE, Owner, is_free
from collectors.store.tables import lanes, outbox


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane. ``failures`` counts those in a row; ``accepted`` counts observations ever."""

    id: int
    target: str
    data_set: str
    owner: str | None
    lease_until: int | None
    parked_at: int | None
    reason: str | None
    retry_at: int | None
    failures: int
    accepted: int
    accepted_at: int | None

    @property
    def name(self) -> str:
        """The lane as messages call it."""
        return f"{self.data_set} at {self.target}"


_ALL = sa.select(*(lanes.c[name] for name in Lane.__slots__))
_ID = Statement(
    sa.select(lanes.c.id).where(
        lanes.c.target == bindparam("target"), lanes.c.data_set == bindparam("data_set")
    )
)
_SIZED = Statement(
    sa.select(
        lanes.c.id,
        sa.select(sa.func.sum(outbox.c.size))
        .where(outbox.c.lane_id == lanes.c.id)
        .scalar_subquery()
        .label("size"),
    ).where(lanes.c.target == bindparam("target"), lanes.c.data_set == bindparam("data_set"))
)
_INSERT = {
    kind.dialect.name: Statement(kind.insert(lanes).on_conflict_do_nothing().returning(lanes.c.id))
    for kind in (sqlite, postgresql)
}
_GET = Statement(_ALL.where(lanes.c.id == bindparam("lane_id")))
_LISTED = lanes.c.id.in_(bindparam("lane_ids", expanding=True))
_LOCK = _ALL.order_by(lanes.c.id).with_for_update(key_share=True)
"""Always in one order, so that nobody waits in a ring."""
_LOCK_LISTED = _LOCK.where(_LISTED)
_UPDATE = lanes.update().where(_LISTED)
_UPDATE_ONE = lanes.update().where(lanes.c.id == bindparam("lane_id"))
_COUNT_FAILURE = Statement(_UPDATE_ONE.values(failures=lanes.c.failures + 1))
_COUNT_ACCEPTED = Statement(_UPDATE_ONE.values(accepted=lanes.c.accepted + bindparam("more")))
_COUNTED = ("entries", "observations", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """What waits in a lane: entries, observations, bytes, and since when the oldest.

    ``emptying`` tells that the data set is emptied first.
    """

    lane: Lane
    entries: int
    observations: int
    size: int
    oldest: int | None
    emptying: bool = False


def ensure(connection: Connection, target: str, data_set: str) -> int:
    """Give the id of a lane, making it where it is new."""
    found = find(connection, target, data_set)
    return ensure_sized(connection, target, data_set)[0] if found is None else found


def find(connection: Connection, target: str, data_set: str) -> int | None:
    """Give the id of a lane; None where there is none yet."""
    found: int | None = _ID.scalar(connection, {"target": target, "data_set": data_set})
    return found


def sized(connection: Connection, target: str, data_set: str) -> tuple[int, int] | None:
    """As ``find``, with the bytes, before compression, that wait there."""
    row = _SIZED.first(connection, {"target": target, "data_set": data_set})
    return None if row is None else (row[0], int(row[1] or 0))


def ensure_sized(connection: Connection, target: str, data_set: str) -> tuple[int, int]:
    """As ``sized``, making the lane where it is new."""
    values = {"target": target, "data_set": data_set, "failures": 0, "accepted": 0}
    new = _INSERT[connection.dialect.name].scalar(connection, values)
    found = (new, 0) if new is not None else sized(connection, target, data_set)
    return found or ensure_sized(connection, target, data_set)


def get(connection: Connection, lane_id: int) -> Lane:
    """Give one lane by its id."""
    [row] = _GET.rows(connection, {"lane_id": lane_id})
    return Lane(*row)


def every(connection: Connection) -> dict[int, Lane]:
    """Give every lane, by its id."""
    return {lane.id: lane for lane in _lanes(connection.execute(_ALL))}


def acquire(
    connection: Connection, lane_ids: Sequence[int], owner: Owner, now: int
) -> dict[int, Lane]:
    """Take the lanes that nobody living sends on; gives those that are now this process's."""
    found = _lanes(connection.execute(_LOCK_LISTED, {"lane_ids": list(lane_ids)}))
    free = [lane for lane in found if is_free(lane.owner, lane.lease_until, owner, now)]
    values: dict[str, Any] = {"owner": str(owner), "lease_until": now + LEASE}
    _update(connection, free, values)
    return {lane.id: replace(lane, **values) for lane in free}


def release(connection: Connection, owner: Owner, lane_ids: Collection[int] | None = None) -> None:
    """Give back these lanes of this process, or every one."""
    which = lanes.c.owner == str(owner)
    if lane_ids is not None:
        which = sa.and_(which, lanes.c.id.in_(lane_ids))
    mine = _lanes(connection.execute(_LOCK.where(which)))
    _update(connection, mine, {"owner": None, "lease_until": None})


def prolong(connection: Connection, owner: Owner, now: int) -> None:
    """Beat the heart of every lane of this process."""
    mine = _lanes(connection.execute(_LOCK.where(lanes.c.owner == str(owner))))
    _update(connection, mine, {"lease_until": now + LEASE})


def set_trouble(
    connection: Connection,
    lane_id: int,
    *,
    reason: str,
    parked_at: int | None = None,
    retry_at: int | None = None,
) -> None:
    """Write down why a lane does not flow: parked until somebody acts, or waiting for a time."""
    values = {"reason": reason, "parked_at": parked_at, "retry_at": retry_at}
    _COUNT_FAILURE.run(connection, {"lane_id": lane_id, **values})


def set_flowing(connection: Connection, lane_id: int, accepted: int, now: int) -> None:
    """Write down that a lane flows, and how many observations it has just accepted."""
    values = {
        "reason": None,
        "parked_at": None,
        "retry_at": None,
        "failures": 0,
        "more": accepted,
        "accepted_at": now,
    }
    _COUNT_ACCEPTED.run(connection, {"lane_id": lane_id, **values})


def freed(connection: Connection, lane_ids: Collection[int]) -> list[int]:
    """Give those of these lanes that are neither parked nor wait any more."""
    flows = (lanes.c.parked_at.is_(None), lanes.c.retry_at.is_(None))
    query = sa.select(lanes.c.id).where(*flows)
    return sorted(set(lane_ids).intersection(connection.execute(query).scalars()))


def unpark(connection: Connection, data_sets: Collection[str] | None) -> int:
    """Let parked and waiting lanes try at once; gives how many there were."""
    stopped = sa.or_(lanes.c.parked_at.is_not(None), lanes.c.retry_at.is_not(None))
    if data_sets is not None:
        stopped = sa.and_(stopped, lanes.c.data_set.in_(data_sets))
    found = _lanes(connection.execute(_LOCK.where(stopped)))
    _update(connection, found, {"parked_at": None, "retry_at": None})
    return len(found)


def depths(connection: Connection, *, empty_too: bool = False) -> list[Depth]:
    """Give what waits in each lane, by target and data set."""
    waiting = (
        sa.select(
            outbox.c.lane_id,
            sa.func.count().label("entries"),
            sa.func.sum(outbox.c.count).label("observations"),
            sa.func.sum(outbox.c.size).label("size"),
            sa.func.min(outbox.c.created_at).label("oldest"),
            sa.func.sum(sa.case((outbox.c.count == 0, 1), else_=0)).label("emptying"),
        )
        .group_by(outbox.c.lane_id)
        .subquery()
    )
    query = sa.select(
        lanes,
        *(waiting.c[name] for name in (*_COUNTED, "oldest", "emptying")),
    ).select_from(lanes.join(waiting, waiting.c.lane_id == lanes.c.id, isouter=empty_too))
    rows = connection.execute(query.order_by(lanes.c.target, lanes.c.data_set)).mappings()
    return [_depth(dict(row)) for row in rows]


def with_entries(
    connection: Connection, targets: Iterable[str], data_sets: Collection[str] | None
) -> list[int]:
    """Give the ids of the lanes of these targets (and data sets) in which something waits."""
    query = (
        sa.select(lanes.c.id)
        .where(lanes.c.target.in_(list(targets)))
        .where(sa.exists().where(outbox.c.lane_id == lanes.c.id))
    )
    if data_sets is not None:
        query = query.where(lanes.c.data_set.in_(data_sets))
    return list(connection.execute(query.order_by(lanes.c.id)).scalars())


def _lanes(rows: sa.CursorResult[Any]) -> list[Lane]:
    return list(starmap(Lane, rows))


def _update(connection: Connection, found: Sequence[Lane], values: dict[str, Any]) -> None:
    if found:
        connection.execute(_UPDATE, {"lane_ids": [lane.id for lane in found], **values})


def _depth(row: dict[str, Any]) -> Depth:
    counts = {name: int(row.pop(name) or 0) for name in _COUNTED}
    oldest, emptying = row.pop("oldest"), bool(row.pop("emptying"))
    return Depth(lane=Lane(**row), oldest=oldest, emptying=emptying, **counts)
