"""What the store remembers of a collector itself: its origin and the state of its source.

Its row is also the lock of the collector's ledger: whoever changes coverage, or decides what may
be collected, takes it first. All functions work inside a transaction.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.store.tables import collectors


def lock(connection: Connection, collector: str) -> None:
    """Let no other transaction touch the collector's ledger until this one ends."""
    row = collectors.c.name == collector
    query = sa.select(collectors.c.name).where(row).with_for_update(key_share=True)
    if connection.execute(query).first() is None:
        kind = sqlite if connection.dialect.name == "sqlite" else postgresql
        values = {"name": collector, "state": "{}"}
        connection.execute(kind.insert(collectors).values(values).on_conflict_do_nothing())
        connection.execute(query)


def origin(connection: Connection, collector: str, first: int) -> int:
    """Give where the collector's history begins; ``first`` is kept if it has none yet."""
    row = collectors.c.name == collector
    known = connection.execute(sa.select(collectors.c.origin).where(row)).scalar()
    if known is None:
        connection.execute(collectors.update().where(row).values(origin=first))
        return first
    return int(known)


def source_state(connection: Connection, collector: str) -> dict[str, str]:
    """Give what the collector's source remembers from its last success."""
    row = collectors.c.name == collector
    text: Any = connection.execute(sa.select(collectors.c.state).where(row)).scalar()
    state: dict[str, str] = orjson.loads(text) if text else {}
    return state


def remember(connection: Connection, collector: str, state: Mapping[str, str]) -> None:
    """Keep what the collector's source wants to remember."""
    values = {"state": orjson.dumps(dict(state)).decode()}
    connection.execute(collectors.update().where(collectors.c.name == collector).values(values))
