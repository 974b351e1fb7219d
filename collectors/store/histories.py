"""What the store remembers of a collector itself: its origin and the state of its source.

Its row is also the lock of the collector's ledger: whoever changes coverage, or decides what may
be collected, takes it first. All functions work inside a transaction.
"""

from collections.abc import Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.statements import Statement
from collectors.store.tables import collectors

_ITS_ROW = collectors.c.name == bindparam("collector")
_LOCK = Statement(sa.select(collectors.c.name).where(_ITS_ROW).with_for_update(key_share=True))
_LOCK_ALL = (
    sa.select(collectors.c.name)
    .where(collectors.c.name.in_(bindparam("names", expanding=True)))
    .order_by(collectors.c.name)
    .with_for_update(key_share=True)
)
_BEGIN = collectors.update().where(_ITS_ROW, collectors.c.origin.is_(None))
_ORIGIN = Statement(sa.select(collectors.c.origin).where(_ITS_ROW))
_STATE = Statement(sa.select(collectors.c.state).where(_ITS_ROW))
_UPDATE = Statement(collectors.update().where(_ITS_ROW))
_MAKE = {
    kind.dialect.name: kind.insert(collectors).on_conflict_do_nothing()
    for kind in (sqlite, postgresql)
}
_INSERT = {name: Statement(make) for name, make in _MAKE.items()}


def lock(connection: Connection, collector: str) -> None:
    """Let no other transaction touch the collector's ledger until this one ends."""
    row = {"collector": collector}
    if _LOCK.first(connection, row) is None:
        _INSERT[connection.dialect.name].run(connection, {"name": collector, "state": "{}"})
        _LOCK.run(connection, row)


def lock_all(connection: Connection, names: Sequence[str], origins: Mapping[str, int]) -> None:
    """As ``lock``, of many collectors: in one order, so that nobody waits in a ring.

    Of histories that have not begun, ``origins`` says where they begin.
    """
    ordered = sorted(names)
    found = set(connection.execute(_LOCK_ALL, {"names": ordered}).scalars())
    if missing := [name for name in ordered if name not in found]:
        rows = [{"name": one, "state": "{}", "origin": origins.get(one)} for one in missing]
        connection.execute(_MAKE[connection.dialect.name], rows)
        connection.execute(_LOCK_ALL, {"names": missing})
    if rows := [{"collector": one, "origin": origins[one]} for one in found & origins.keys()]:
        connection.execute(_BEGIN, rows)


def hold(connection: Connection, collector: str) -> None:
    """As ``lock``, of a collector that was planned: its row is there."""
    if connection.dialect.name != "sqlite":  # where who writes is alone anyway
        _LOCK.run(connection, {"collector": collector})


def origin(connection: Connection, collector: str, first: int) -> int:
    """Give where the collector's history begins; ``first`` is kept if it has none yet."""
    known = _ORIGIN.scalar(connection, {"collector": collector})
    if known is None:
        _UPDATE.run(connection, {"collector": collector, "origin": first})
        return first
    return int(known)


def note_look(connection: Connection, names: Sequence[str], now: int) -> None:
    """Note that these documents are as they were collected."""
    its = collectors.c.name.in_(bindparam("names", expanding=True))
    connection.execute(collectors.update().where(its), {"names": list(names), "looked_at": now})


def source_state(connection: Connection, collector: str) -> dict[str, str]:
    """Give what the collector's source remembers from its last success."""
    text = _STATE.scalar(connection, {"collector": collector})
    state: dict[str, str] = orjson.loads(text) if text else {}
    return state


def remember(connection: Connection, collector: str, state: Mapping[str, str]) -> None:
    """Keep what the collector's source wants to remember."""
    text = orjson.dumps(dict(state)).decode()
    _UPDATE.run(connection, {"collector": collector, "state": text})
