"""Dead letters: observations that a data set, or the rules of the write API, refused.

All functions work inside a transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store.tables import dead_letters
from collectors.values import Rejected


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


def supersede(connection: Connection, collector: str, window: Interval, run_id: int) -> None:
    """Forget what earlier runs buried of a window that has been collected again."""
    old = sa.and_(
        dead_letters.c.collector == collector,
        dead_letters.c.run_id < run_id,
        dead_letters.c.start >= window[0],
        dead_letters.c.end <= window[1],
    )
    connection.execute(dead_letters.delete().where(old))


def listed(connection: Connection, data_set: str | None = None) -> list[DeadLetter]:
    """Give all dead letters, or those of one data set, oldest first."""
    query = sa.select(dead_letters).order_by(dead_letters.c.id)
    if data_set is not None:
        query = query.where(dead_letters.c.data_set == data_set)
    return [DeadLetter(**row) for row in connection.execute(query).mappings()]


def counts(connection: Connection) -> dict[str, int]:
    """Give how many dead letters each collector has."""
    query = sa.select(dead_letters.c.collector, sa.func.count())
    rows = connection.execute(query.group_by(dead_letters.c.collector))
    return {collector: int(count) for collector, count in rows}


def discard(connection: Connection, letter_ids: Iterable[int]) -> int:
    """Throw dead letters away; gives how many there were."""
    wanted = dead_letters.c.id.in_(list(letter_ids))
    return connection.execute(dead_letters.delete().where(wanted)).rowcount


def _text(observation: object) -> str:
    return orjson.dumps(observation, default=repr).decode()
