"""Slots: the requests of a key that are under way, over all processes of the store.

All functions work inside a transaction that holds the keys. A slot is leased: one that a dead
process left behind is cleared away, on its own host as soon as it is in the way, elsewhere when the
lease has run out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.statements import Statement
from collectors.store.owner import Owner
from collectors.store.quota_tables import among, named, slots

LEASE = 600
"""Seconds that a slot lasts: longer than any one request, so that it needs no heartbeat."""

_TAKE = Statement(slots.insert())
_GIVE_BACK = Statement(slots.delete().where(slots.c.holder == bindparam("by")))
_CLEAR = slots.delete().where(slots.c.holder.in_(bindparam("holders", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One request that is under way, as ``holder``."""

    key: str
    holder: str
    live: bool
    owner: str
    lease_until: int


def under_way(connection: Connection, keys: Collection[str], now: int) -> dict[str, list[Slot]]:
    """Give the slots of ``keys`` that are held, by key; those that have run out are cleared."""
    found: dict[str, list[Slot]] = defaultdict(list)
    rows = [Slot(**row) for row in _of(len(keys)).mappings(connection, named(keys))]
    if late := [one.holder for one in rows if one.lease_until < now]:
        connection.execute(_CLEAR, {"holders": late})
    for one in rows:
        if one.lease_until >= now:
            found[one.key].append(one)
    return found


@cache
def _of(count: int) -> Statement:
    return Statement(sa.select(slots).where(among(slots.c.key, count)))


def take(
    connection: Connection,
    keys: Collection[str],
    holder: str,
    owner: Owner,
    now: int,
    *,
    live: bool,
) -> None:
    """Hold a slot of each of the keys."""
    common = {"holder": holder, "live": live, "owner": str(owner), "lease_until": now + LEASE}
    for key in keys:
        _TAKE.run(connection, {"key": key, **common})


def give_back(connection: Connection, holder: str) -> None:
    """Let go of all slots of ``holder``."""
    _GIVE_BACK.run(connection, {"by": holder})


def clear_dead(connection: Connection, held: Iterable[Slot], owner: Owner) -> bool:
    """Clear those of the slots whose process has died here; tells whether there was one."""
    held = list(held)
    owners = {one.owner for one in held}
    dead = {name for name in owners if Owner.parse(name).died_beside(owner)}
    if left := [one.holder for one in held if one.owner in dead]:
        connection.execute(_CLEAR, {"holders": left})
    return bool(dead)


def counts(connection: Connection, now: int) -> dict[str, int]:
    """Give how many requests of each key are under way."""
    query = sa.select(slots.c.key, sa.func.count()).where(slots.c.lease_until >= now)
    return {key: int(count) for key, count in connection.execute(query.group_by(slots.c.key))}
