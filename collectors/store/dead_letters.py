"""Dead letters: observations that a data set, or the rules of the write API, refused.

All functions work inside a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.statements import Statement
from collectors.store.labels import Labels, is_within
from collectors.store.runs import OPEN
from collectors.store.tables import dead_letters, runs
from collectors.values import Rejected

_OLD = sa.and_(
    dead_letters.c.collector == bindparam("of"), dead_letters.c.run_id < bindparam("before")
)
ARE_THERE = sa.exists().where(
    _OLD, dead_letters.c.start <= bindparam("closes"), dead_letters.c.end >= bindparam("opens")
)
"""Whether there is anything to ``supersede``."""
_DELETE_INSIDE = Statement(
    dead_letters.delete().where(
        _OLD, dead_letters.c.start >= bindparam("opens"), dead_letters.c.end <= bindparam("closes")
    )
)
_SELECT_NEAR = Statement(
    sa.select(dead_letters.c.id, dead_letters.c.observation).where(
        _OLD, dead_letters.c.start < bindparam("closes"), dead_letters.c.end > bindparam("opens")
    )
)

_THERE = sa.select(dead_letters.c.id).where(dead_letters.c.id.in_(bindparam("ids", expanding=True)))
_OF_OTHER_RUNS = dead_letters.delete().where(
    dead_letters.c.collector == bindparam("of"),
    dead_letters.c.run_id != bindparam("own"),
    dead_letters.c.run_id.not_in(sa.select(runs.c.id).where(runs.c.state.in_(OPEN))),
)
_OF_RUN = dead_letters.delete().where(
    dead_letters.c.collector == bindparam("of"), dead_letters.c.run_id == bindparam("own")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One refused observation. ``target`` is None where our own check refused it for all."""

    id: int
    target: str | None
    data_set: str
    collector: str
    run_id: int
    start: int
    end: int
    observation: str
    reason: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Whom a refusal concerns: the lane, the collector, its run, and the period's bounds."""

    target: str | None
    data_set: str
    collector: str
    run_id: int
    period: Interval


def bury(connection: Connection, address: Address, rejected: Sequence[Rejected], now: int) -> None:
    """Keep refused observations, each with its reason."""
    same = {
        "target": address.target,
        "data_set": address.data_set,
        "collector": address.collector,
        "run_id": address.run_id,
        "start": address.period[0],
        "end": address.period[1],
        "created_at": now,
    }
    rows = [
        {**same, "observation": _text(one.observation), "reason": one.reason} for one in rejected
    ]
    if rows:
        connection.execute(dead_letters.insert(), rows)


def supersede(
    connection: Connection, collector: str, window: Interval, run_id: int, labels: Labels | None
) -> None:
    """Forget what earlier runs buried of a window that has been collected again.

    A letter bears the bounds of the chunk that it came with. Where these reach beyond the window,
    the observation's own ``_timestamp`` decides: it must lie within ``labels``.
    """
    old = {"of": collector, "before": run_id, "opens": window[0], "closes": window[1]}
    _DELETE_INSIDE.run(connection, old)
    if labels is not None:
        rows = _SELECT_NEAR.rows(connection, old)
        for letter_id in [number for number, text in rows if is_within(orjson.loads(text), labels)]:
            discard(connection, letter_id)


def supersede_all(connection: Connection, collector: str, run_id: int) -> None:
    """Forget what all runs of a collector buried, but this one and those that go on."""
    connection.execute(_OF_OTHER_RUNS, {"of": collector, "own": run_id})


def forget_run(connection: Connection, collector: str, run_id: int) -> None:
    """Forget what one run buried."""
    connection.execute(_OF_RUN, {"of": collector, "own": run_id})


def listed(connection: Connection, data_set: str | None = None) -> list[DeadLetter]:
    """Give all dead letters, or those of one data set, oldest first."""
    query = sa.select(dead_letters).order_by(dead_letters.c.id)
    if data_set is not None:
        query = query.where(dead_letters.c.data_set == data_set)
    return [DeadLetter(**row) for row in connection.execute(query).mappings()]


def newest(
    connection: Connection,
    *,
    data_set: str | None,
    collector: str | None,
    before: int | None,
    limit: int,
) -> list[DeadLetter]:
    """Give the dead letters buried last, the newest first; ``before`` is the id where a page ends.

    Without a data set or collector it is those of all.
    """
    query = sa.select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit)
    if data_set is not None:
        query = query.where(dead_letters.c.data_set == data_set)
    if collector is not None:
        query = query.where(dead_letters.c.collector == collector)
    if before is not None:
        query = query.where(dead_letters.c.id < before)
    return [DeadLetter(**row) for row in connection.execute(query).mappings()]


def reasons(connection: Connection, limit: int) -> list[tuple[str, str, int]]:
    """Give the commonest reasons: the data set, the reason, how many letters bear it."""
    number = sa.func.count()
    same = (dead_letters.c.data_set, dead_letters.c.reason)
    query = sa.select(*same, number).group_by(*same).order_by(number.desc(), *same).limit(limit)
    return [(data_set, reason, int(n)) for data_set, reason, n in connection.execute(query)]


def still_there(connection: Connection, letters: Sequence[DeadLetter]) -> set[int]:
    """Give the ids of those of ``letters`` that are not gone."""
    return set(connection.execute(_THERE, {"ids": [one.id for one in letters]}).scalars())


def counts(connection: Connection) -> dict[str, int]:
    """Give how many dead letters each collector has."""
    query = sa.select(dead_letters.c.collector, sa.func.count())
    rows = connection.execute(query.group_by(dead_letters.c.collector))
    return {collector: int(count) for collector, count in rows}


def discard(connection: Connection, letter_id: int) -> bool:
    """Throw a dead letter away; False where it is gone already."""
    row = dead_letters.c.id == letter_id
    return connection.execute(dead_letters.delete().where(row)).rowcount > 0


def _text(observation: object) -> str:
    return orjson.dumps(observation, default=repr).decode()
